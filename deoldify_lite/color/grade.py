"""White balance of coloured pictures: colour temperature and tint, as raw developers have them.

Pure, on numpy arrays. The picture's white is moved along the Planckian locus (temperature) and across it
(tint), and every colour with it: linear red, green and blue are multiplied by the ratio of the two whites, as
von Kries has it. Then each pixel is brought back to its own luma, so that only chroma changes: black stays
neutral, greys turn the more the brighter they are, and a pure white, which has no room for colour at its
luma, stays white in `merge`.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Chroma, Luma, Plane, shrink_luma
from deoldify_lite.color.bt601 import CB_SCALE, CR_SCALE, LUMA_BLUE, LUMA_GREEN, LUMA_RED
from deoldify_lite.errors import OptionError

MOST = 100.0  # of temperature and of tint, in both directions
# One unit of temperature is a mired, the unit of the filters that photographers put before lens and lamp:
# equal steps of it look equal. A unit of tint is as long in CIE 1960 (u, v) as one of temperature about here.
_WHITE_MIRED = 1e6 / 6504  # of D65, the white of sRGB and BT.709
_TINT_UV = 3e-4
# sRGB's and films' curves are near this power, with which a factor on light is a factor on the signal.
_GAMMA = 2.2
# CIE XYZ to linear sRGB, IEC 61966-2-1.
_RGB_OF_XYZ = np.array(
    [
        [3.2404542, -1.5371385, -0.4985314],
        [-0.9692660, 1.8760108, 0.0415560],
        [0.0556434, -0.2040259, 1.0572252],
    ]
)


@dataclass(frozen=True)
class Grade:
    """A change of white balance.

    Raises:
        OptionError: a value lies outside of its range.
    """

    temperature: float = 0.0  # -100 (cold, blue) to 100 (warm, orange), in mired
    tint: float = 0.0  # -100 (green) to 100 (magenta)

    def __post_init__(self) -> None:
        for name, value in (("temperature", self.temperature), ("tint", self.tint)):
            if not -MOST <= value <= MOST:  # not a number fails, too
                raise OptionError(
                    f"{name} {value:g}: choose a value from {-MOST:g} to {MOST:g}; 0 changes none"
                )

    @property
    def is_neutral(self) -> bool:
        """Whether it changes nothing."""
        return self.temperature == 0 == self.tint


NEUTRAL = Grade()


def apply_grade(chroma: Chroma, luma: Luma, grade: Grade) -> Chroma:
    """Change the white balance of a picture that is given by its chroma and its luma.

    Args:
        chroma: (2, h, w) float32 Cb and Cr in [-0.5, 0.5].
        luma: (H, W) of the same picture; resized to (h, w) here, by the mean over areas.
        grade: the change.

    Returns:
        (2, h, w) float32 that shows the changed colour at the same luma; `chroma` itself where the grade is
        neutral.
    """
    if grade.is_neutral:
        return chroma
    y = shrink_luma(luma, chroma.shape[1:])
    blue, red = np.float32(CB_SCALE) * chroma[0], np.float32(CR_SCALE) * chroma[1]
    share = _share_within(y, blue, red)
    blue_gain, luma_gain_blue, red_gain, luma_gain_red = _factors(grade)
    blue *= share
    red *= share
    # With gains k: B' - Y' and R' - Y' of k * (R, G, B), times Y / Y'. The weights of k sum to 1 on a grey.
    mixed = y + luma_gain_blue * blue + luma_gain_red * red
    scale = y / np.maximum(mixed, np.float32(1e-6))
    result = np.empty_like(chroma)
    # What could not be shown at this luma goes through unchanged: it matters where chroma is enlarged.
    result[0] = (blue_gain * (y + blue) * scale - y - blue) / np.float32(CB_SCALE)
    result[1] = (red_gain * (y + red) * scale - y - red) / np.float32(CR_SCALE)
    result += chroma
    return result


def _share_within(y: Plane, blue: Plane, red: Plane) -> Plane:
    """How much of B - Y and R - Y fits between black and white at their luma: (h, w) in [0, 1]."""
    green = np.float32(-LUMA_BLUE / LUMA_GREEN) * blue - np.float32(LUMA_RED / LUMA_GREEN) * red
    tiny = np.float32(1e-6)
    highest = np.maximum(np.maximum(np.maximum(red, green), blue), tiny)
    lowest = np.maximum(-np.minimum(np.minimum(red, green), blue), tiny)
    return np.minimum(np.minimum((1 - y) / highest, y / lowest), np.float32(1))


@lru_cache
def gains_of(grade: Grade) -> tuple[float, float, float]:
    """Factors on red, green and blue as they are coded, that keep the luma of greys."""
    light = _white(_WHITE_MIRED + grade.temperature, grade.tint) / _white(_WHITE_MIRED, 0)
    gains = light ** (1 / _GAMMA)
    red, green, blue = gains / (LUMA_RED * gains[0] + LUMA_GREEN * gains[1] + LUMA_BLUE * gains[2])
    return float(red), float(green), float(blue)


@lru_cache
def _factors(grade: Grade) -> tuple[np.float32, np.float32, np.float32, np.float32]:
    """The gain of blue, what B - Y adds to the changed luma, and the same two of red."""
    red, green, blue = gains_of(grade)
    # G - Y is a mixture of B - Y and R - Y, since their own luma is 0.
    return (
        np.float32(blue),
        np.float32(LUMA_BLUE * (blue - green)),
        np.float32(red),
        np.float32(LUMA_RED * (red - green)),
    )


def _white(mired: float, tint: float) -> NDArray[np.float64]:
    """Linear sRGB of a white, of luminance 1: (3,).

    The locus is Krystek's rational approximation: M. Krystek 1985, "An algorithm to calculate correlated
    colour temperature", https://doi.org/10.1002/col.5080100109.
    """

    def locus(kelvin: float) -> NDArray[np.float64]:
        u = (0.860117757 + 1.54118254e-4 * kelvin + 1.28641212e-7 * kelvin**2) / (
            1 + 8.42420235e-4 * kelvin + 7.08145163e-7 * kelvin**2
        )
        v = (0.317398726 + 4.22806245e-5 * kelvin + 4.20481691e-8 * kelvin**2) / (
            1 - 2.89741816e-5 * kelvin + 1.61456053e-7 * kelvin**2
        )
        return np.array([u, v])

    # Across the locus; magenta is below it, to the right of the way towards warmer light.
    along = locus(1e6 / (mired + 1)) - locus(1e6 / (mired - 1))
    across = np.array([along[1], -along[0]]) / np.hypot(*along)
    u, v = locus(1e6 / mired) + tint * _TINT_UV * across
    x, y = 3 * u / (2 * u - 8 * v + 4), 2 * v / (2 * u - 8 * v + 4)
    return _RGB_OF_XYZ @ np.array([x / y, 1, (1 - x - y) / y])
