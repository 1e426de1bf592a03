"""A picture's cast: what its predicted colours have in common, and what is least certain of them.

Pure, on numpy arrays: chroma (2, h, w) float32 Cb and Cr in [-0.5, 0.5].
"""

import numpy as np

from deoldify_lite.color.arrays import Chroma

# So much of the cast is taken out; and by so much all colours then grow, which keeps colourfulness as it was
# (docs/calibration.md).
CAST_TAKEN = 0.3
REGAINED = 1.15


def temper_cast(chroma: Chroma) -> Chroma:
    """Take a part of a picture's cast out of it, and give its other colours more room.

    A network does not know the light, nor which colour a whole scene was in, and answers with the mean of all
    that it has seen: brown. So the mean of a picture's chroma is wrong more often than how its colours differ
    from it.

    A pixel loses along the direction of the mean, no more than in proportion to what it has there and no more
    than the share of the mean itself. What is neutral stays so, and nothing turns to the opposite colour.
    """
    mean = chroma.mean(axis=(1, 2))
    strength = float(np.hypot(*mean))
    if strength == 0:
        return chroma * np.float32(REGAINED)
    blue, red = mean / np.float32(strength)
    along = np.clip(blue * chroma[0] + red * chroma[1], 0, np.float32(strength)) * np.float32(CAST_TAKEN)
    return np.stack([chroma[0] - blue * along, chroma[1] - red * along]) * np.float32(REGAINED)
