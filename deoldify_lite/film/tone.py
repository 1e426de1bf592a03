"""HDR and wide colours: luma as the networks know it, and chroma as the film needs it.

The networks have learnt pictures with BT.709's primaries and BT.1886's gamma. A film in PQ or HLG has its
middle tones elsewhere, and with BT.2020's primaries the same numbers mean stronger colours. Pure, on numpy
arrays.
"""

import functools

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.film.chroma import MATRICES, convert_chroma
from deoldify_lite.film.colors import Colors

# x and y of red, green, blue and white, by ffmpeg's names (ITU-T H.273, table 2).
_PRIMARIES = {
    "bt709": ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), (0.3127, 0.3290)),
    "bt2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), (0.3127, 0.3290)),
    "smpte432": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.3127, 0.3290)),
}
_WHITE = 203.0  # cd/m² of white paper; brighter values are lights: ITU-R BT.2408, table 1
_GAMMA = 2.4  # of the screens for films that are not HDR: ITU-R BT.1886
_SHOULDER = 0.75  # luma above this is compressed, to make room for HDR's lights
_HLG_PEAK, _HLG_GAMMA = (
    1000.0,
    1.2,
)  # of the screen that HLG is made for: ITU-R BT.2100, table 5


def luma_table(colors: Colors) -> NDArray[np.uint8] | None:
    """Luma for the networks, by luma of a film, 0 to 255; None if they are the same."""
    if not colors.is_hdr:
        return None
    light = _light_from_signal(np.linspace(0, 1, 256), colors.transfer)
    luma = (light / _WHITE) ** (1 / _GAMMA)
    over = np.maximum((luma - _SHOULDER) / (1 - _SHOULDER), 0)
    luma = np.minimum(luma, _SHOULDER) + (1 - _SHOULDER) * over / (1 + over)
    return np.rint(luma * 255).astype(np.uint8)


def needs_luma(colors: Colors) -> bool:
    """Whether the chroma of a colour depends on the luma below it."""
    return colors.is_hdr or colors.primaries in _PRIMARIES.keys() - {"bt709"}


def fit_chroma(chroma: NDArray[np.floating], luma: NDArray[np.uint8], colors: Colors) -> NDArray[np.float32]:
    """Convert chroma so that it shows the same colour on a film's luma as on the luma of BT.709.

    Args:
        chroma: (2, h, w) Cb and Cr of BT.601, from a network.
        luma: (H, W) as the network saw it, after `luma_table`; H and W are multiples of h and w.
        colors: of the film.

    Returns:
        (2, h, w) float32 Cb and Cr of the film's matrix, full range.
    """
    if not needs_luma(colors):
        return convert_chroma(chroma, colors.matrix)
    _, height, width = chroma.shape
    rows, columns = luma.shape[0] // height, luma.shape[1] // width
    grey = luma.reshape(height, rows, width, columns).mean((1, 3)) / 255
    grey = np.maximum(grey, 1 / 255)  # Black shows no colour, but we divide by it.
    cb, cr = chroma.astype(np.float64)
    red_weight, blue_weight = MATRICES["bt470bg"]
    red, blue = 2 * (1 - red_weight) * cr, 2 * (1 - blue_weight) * cb
    green = -(red_weight * red + blue_weight * blue) / (1 - red_weight - blue_weight)
    rgb = np.clip(grey + np.stack([red, green, blue]), 0, 1)
    if colors.is_hdr:
        # Undo the shoulder by the same factor for all three, so that the hue stays.
        over = np.clip((grey - _SHOULDER) / (1 - _SHOULDER), 0, 0.9)
        rgb *= (np.minimum(grey, _SHOULDER) + (1 - _SHOULDER) * over / (1 - over)) / grey
    light = _WHITE * rgb**_GAMMA
    if colors.primaries in _PRIMARIES:
        light = np.maximum(np.tensordot(_from_bt709(colors.primaries), light, 1), 0)
    red, green, blue = _signal_from_light(light, colors)
    red_weight, blue_weight = MATRICES[colors.matrix]
    luma_then = red_weight * red + (1 - red_weight - blue_weight) * green + blue_weight * blue
    fitted = [(blue - luma_then) / (2 * (1 - blue_weight)), (red - luma_then) / (2 * (1 - red_weight))]
    return np.stack(fitted).astype(np.float32)


@functools.lru_cache
def _from_bt709(primaries: str) -> NDArray[np.float64]:
    """(3, 3) from linear RGB with BT.709's primaries to that with others."""
    return np.linalg.inv(_to_xyz(primaries)) @ _to_xyz("bt709")


def _to_xyz(primaries: str) -> NDArray[np.float64]:
    """(3, 3) from linear RGB to CIE XYZ: SMPTE RP 177."""
    points = np.array([(x / y, 1, (1 - x - y) / y) for x, y in _PRIMARIES[primaries]]).T
    colors, white = points[:, :3], points[:, 3]
    return colors * np.linalg.solve(colors, white)


# SMPTE ST 2084, as in ITU-R BT.2100, table 4.
_M1, _M2, _C1, _C2, _C3 = 2610 / 16384, 2523 / 4096 * 128, 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
# ARIB STD-B67, as in ITU-R BT.2100, table 5.
_A, _B, _C = 0.17883277, 0.28466892, 0.55991073


def _light_from_signal(signal: NDArray[np.float64], transfer: str | None) -> NDArray[np.float64]:
    """cd/m² of a grey in PQ or HLG, 0 to 1."""
    if transfer == "smpte2084":
        power = signal ** (1 / _M2)
        return 10000 * (np.maximum(power - _C1, 0) / (_C2 - _C3 * power)) ** (1 / _M1)
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - _C) / _A) + _B) / 12)
    return _HLG_PEAK * scene**_HLG_GAMMA


def _signal_from_light(light: NDArray[np.float64], colors: Colors) -> NDArray[np.float64]:
    """(3, h, w) signal, 0 to 1, of red, green and blue in cd/m²."""
    if colors.transfer == "smpte2084":
        power = (light / 10000) ** _M1
        return ((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2
    if colors.transfer == "arib-std-b67":
        red_weight, blue_weight = MATRICES["bt2020nc"]
        luminance = red_weight * light[0] + (1 - red_weight - blue_weight) * light[1] + blue_weight * light[2]
        luminance = np.maximum(luminance / _HLG_PEAK, 1e-9)
        scene = np.clip(light / _HLG_PEAK * luminance ** (1 / _HLG_GAMMA - 1), 0, 1)
        return np.where(
            scene <= 1 / 12, np.sqrt(3 * scene), _A * np.log(np.maximum(12 * scene - _B, 1e-9)) + _C
        )
    return (light / _WHITE) ** (1 / _GAMMA)
