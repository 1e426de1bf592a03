"""Numbers of ITU-R BT.601, in which all luma and chroma inside the program are."""

# Luma weights of red, green and blue.
LUMA_RED, LUMA_GREEN, LUMA_BLUE = 0.299, 0.587, 0.114
# Cb = (B - Y) / CB_SCALE and Cr = (R - Y) / CR_SCALE span [-0.5, 0.5].
CB_SCALE = 2 * (1 - LUMA_BLUE)
CR_SCALE = 2 * (1 - LUMA_RED)
