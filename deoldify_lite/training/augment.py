"""How training photos are changed before the network sees them: crops, colour jitter, and marks of age.

Crops and jitter work on one uint8 photo in a data worker; ageing works on a batch on the training device, and
only on what the network sees. Everything is drawn from seeds, picture by picture, so a batch that is split
over several processes is aged as it would be whole.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from deoldify_lite.color.bt601 import LUMA_BLUE, LUMA_GREEN, LUMA_RED

Photo = NDArray[np.uint8]  # (H, W, 3) RGB
Seed = int | tuple[int, ...]  # not negative


@dataclass(frozen=True)
class Augmentation:
    """How far a crop may differ from its photo. Hue never changes: it is what the network learns."""

    min_area: float = 0.45  # of the largest square in the photo, before rotation
    rotation_deg: float = 5.0  # to either side
    rotated: float = 0.5  # share of crops that are rotated at all: it costs some sharpness
    brightness: float = 0.04  # added to or taken from every channel at most, of full scale 1
    contrast: float = 0.1  # 0.1: between 0.9 and 1.1
    saturation: float = 0.1


MILD = Augmentation()


def random_crop(
    photo: Photo, size_px: int, rng: np.random.Generator, *, augmentation: Augmentation = MILD
) -> Photo:
    """A square from somewhere in a photo, maybe mirrored, slightly turned and jittered, at size_px.

    A turned square is the one inscribed in an upright square of the photo, so it never shows a border.

    Args:
        photo: (H, W, 3).

    Returns:
        (size_px, size_px, 3).
    """
    height, width = photo.shape[:2]
    side = max(1, round(min(height, width) * rng.uniform(augmentation.min_area, 1.0) ** 0.5))
    top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
    crop: NDArray[Any] = photo[top : top + side, left : left + side]
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    angle_deg = rng.uniform(-1, 1) * augmentation.rotation_deg if rng.random() < augmentation.rotated else 0.0
    angle = math.radians(angle_deg)
    # the upright square is brought to the size at which the square turned in it measures size_px
    upright_px = math.ceil(size_px * (abs(math.cos(angle)) + abs(math.sin(angle))) - 1e-6)
    # INTER_AREA averages where it shrinks; a warp alone would alias
    shrinks = side > upright_px
    crop = cv2.resize(
        np.ascontiguousarray(crop),
        (upright_px, upright_px),
        interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
    )
    if angle:
        centre = (upright_px - 1) / 2
        turn = cv2.getRotationMatrix2D((centre, centre), angle_deg, 1.0)
        turn = turn + np.array([[0, 0, 1], [0, 0, 1]]) * (size_px - upright_px) / 2
        crop = cv2.warpAffine(
            crop, turn, (size_px, size_px), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
        )
    return _jitter(crop, rng, augmentation)


def _jitter(photo: NDArray[Any], rng: np.random.Generator, augmentation: Augmentation) -> Photo:
    """Brightness, contrast and saturation in one linear map of the channels."""
    brightness, contrast, saturation = rng.uniform(-1, 1, 3) * (
        augmentation.brightness,
        augmentation.contrast,
        augmentation.saturation,
    )
    luma = np.array([[LUMA_RED, LUMA_GREEN, LUMA_BLUE]] * 3)
    mix = (1 + contrast) * (luma + (1 + saturation) * (np.eye(3) - luma))
    offset = 255 * (brightness - 0.5 * contrast)  # contrast turns about mid grey
    return cv2.transform(photo, np.hstack([mix, np.full((3, 1), offset)])).astype(np.uint8, copy=False)


def emulsion_weights(count: int, *, seed: Seed, first: int = 0, share: float = 0.25) -> Tensor:
    """Channel weights of the emulsions that a batch was photographed on: those of luma, or blue-sensitive.

    Plates saw no red until panchromatic film of the 1920s, and early ones little but blue: skies are white,
    lips and freckles dark (https://en.wikipedia.org/wiki/Orthochromasia).

    Args:
        share: how many pictures get an emulsion blind to red to some degree.

    Returns:
        (count, 3) for red, green and blue; each row sums to 1.
    """
    luma = np.array([LUMA_RED, LUMA_GREEN, LUMA_BLUE])
    rows = []
    for rng in _generators(count, seed, first):
        green, blindness = rng.uniform(0.1, 0.6), rng.uniform(0.3, 1.0)
        old = blindness * np.array([0, green, 1 - green]) + (1 - blindness) * luma
        rows.append(old if rng.random() < share else luma)
    return torch.from_numpy(np.array(rows, np.float32))


def emulsion_luma(rgb: Tensor, weights: Tensor) -> Tensor:
    """The grey picture that an emulsion makes: (N, 3, H, W) RGB, (N, 3) weights -> (N, 1, H, W) in [0, 1]."""
    return torch.einsum("nchw,nc->nhw", rgb, weights.to(rgb)).unsqueeze(1)


@torch.no_grad()
def age(
    luma: Tensor, *, seed: Seed, first: int = 0, strength: float = 1.0, pixel_noise: float = 0.0
) -> Tensor:
    """Make grey pictures look like old prints and films: each suffers some of the effects, to some degree.

    Softness, exposure, gamma and contrast, film grain, uneven fading and vignettes, scratches and dust.
    A quarter of the pictures stays unchanged, but for `pixel_noise`.

    Args:
        luma: (N, 1, H, W) in [0, 1], float32, on any device.
        seed: decides everything, with `first`.
        first: number of the first picture. Picture i draws from (seed, first + i) alone, so that processes
            that share a batch get what one process would.
        strength: 0 changes nothing but rounding, 1 looks like most old material.
        pixel_noise: most that a pixel's value is changed by white noise, on 0.1 to 40 % of the pixels; the
            original's video model was trained with 30 / 255
            (https://github.com/jantic/DeOldify/blob/master/deoldify/augs.py).

    Returns:
        The same shape, range and device.
    """
    count, _, height, width = luma.shape
    rngs = list(_generators(count, seed, first))
    ages = np.array([rng.random() < 0.75 for rng in rngs])

    def draw(low: float, high: float) -> NDArray[np.float32]:
        return np.array([rng.uniform(low, high) for rng in rngs], np.float32)

    def some(share: float, low: float, high: float) -> NDArray[np.float32]:
        """(N,) amounts of an effect, 0 for the pictures that it spares."""
        return strength * draw(low, high) * (ages & (draw(0, 1) < share))

    def spread(values: NDArray[np.float32]) -> Tensor:
        return torch.from_numpy(values).to(luma.device).view(-1, 1, 1, 1)

    # the lens and the exposure
    aged = _blur(luma, some(0.3, 0.4, 1.0))
    aged = aged.clamp_min(1e-4) ** spread(some(1, -0.3, 0.3)).exp()
    aged = (aged - 0.5) * (1 + spread(some(1, -0.25, 0.15))) + 0.5 + spread(some(1, -0.08, 0.08))

    # the film: grain shows most in the mid tones
    grain, size_px = some(0.4, 0.0, 0.05), draw(0.0, 0.8)
    chosen = np.flatnonzero(grain)
    if len(chosen):
        noise = torch.cat([_noise(rngs[i], (1, 1, height, width), luma.device) for i in chosen])
        noise = _blur(noise, size_px[chosen])
        noise = noise / noise.std((-2, -1), keepdim=True).clamp_min(1e-3)
        shows = (0.4 + 2.4 * aged[chosen] * (1 - aged[chosen])).clamp_min(0.2)
        aged[chosen] += spread(grain[chosen]) * shows * noise

    # the print: a veil that lifts the blacks more here than there, and dark corners
    veil, tone = some(0.3, 0.1, 0.5), draw(0.5, 0.9)
    chosen = np.flatnonzero(veil)
    if len(chosen):
        field = torch.from_numpy(np.stack([rngs[i].random((1, 3, 3), np.float32) for i in chosen]))
        field = F.interpolate(field.to(luma.device), (height, width), mode="bicubic", align_corners=True)
        share = (spread(veil[chosen]) * field.clamp(0, 1)).clamp_max(1)
        aged[chosen] = torch.lerp(aged[chosen], spread(tone[chosen]).expand_as(share), share)
    corners, across, down = some(0.2, 0.1, 0.5), draw(-0.4, 0.4), draw(-0.4, 0.4)
    x = torch.linspace(-1, 1, width, device=luma.device)
    y = torch.linspace(-1, 1, height, device=luma.device).view(-1, 1)
    distance = ((x - spread(across)) ** 2 + (y - spread(down)) ** 2) / 2  # 1 in the corners, when centred
    aged *= 1 - spread(corners) * distance

    # wear: whatever is scratched off or lies on it is nearly white, or nearly black on a copy of a negative
    scratched, dusty, white = some(0.15, 0.2, 0.8), some(0.2, 0.3, 1.0), draw(0, 1) < 0.6
    chosen = np.flatnonzero(scratched + dusty)
    if len(chosen):
        marks = np.stack([_marks(rngs[i], height, width, scratched[i], dusty[i]) for i in chosen])
        cover = torch.from_numpy(marks).to(luma.device).float().div_(255).unsqueeze(1)
        ink = spread(np.where(white[chosen], 0.97, 0.03).astype(np.float32))
        aged[chosen] = torch.lerp(aged[chosen], ink.expand_as(cover), cover)

    aged = torch.where(spread(ages.astype(np.float32)) > 0, aged, luma)
    if pixel_noise:
        struck = spread(draw(0.001, 0.4))
        noise = torch.cat([_noise(rng, (1, 2, height, width), luma.device, normal=False) for rng in rngs])
        aged = aged + pixel_noise * (2 * noise[:, :1] - 1) * (noise[:, 1:] < struck)
    return aged.clamp(0, 1)


def _generators(count: int, seed: Seed, first: int) -> Iterator[np.random.Generator]:
    """One generator for each picture."""
    parts = (seed,) if isinstance(seed, int) else seed
    return (np.random.default_rng((*parts, first + i)) for i in range(count))


def _noise(
    rng: np.random.Generator, shape: tuple[int, ...], device: torch.device, *, normal: bool = True
) -> Tensor:
    """White noise made on the device, normal or uniform in [0, 1), from a seed drawn from rng."""
    generator = torch.Generator(device).manual_seed(int(rng.integers(2**63)))
    make = torch.randn if normal else torch.rand
    return make(shape, generator=generator, device=device)


def _blur(pictures: Tensor, sigma_px: NDArray[np.float32]) -> Tensor:
    """Gaussian blur of (N, 1, H, W), each with its own sigma, at most 1.5 px; 0 changes nothing."""
    chosen = np.flatnonzero(sigma_px)
    if not len(chosen):
        return pictures
    reach = 3
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma_px[chosen, None]) ** 2)
    taps /= taps.sum(1, keepdims=True)
    kernel = torch.from_numpy(taps.astype(np.float32)).to(pictures.device)[:, None, :, None]
    padding = (reach, reach, reach, reach)
    soft = F.pad(pictures[chosen], padding, mode="replicate").transpose(
        0, 1
    )  # pictures as channels: (1, n, H, W)
    soft = F.conv2d(soft, kernel, groups=len(chosen))
    soft = F.conv2d(soft, kernel.transpose(2, 3), groups=len(chosen))
    blurred = pictures.clone()
    blurred[chosen] = soft.transpose(0, 1)
    return blurred


def _marks(
    rng: np.random.Generator, height: int, width: int, scratched: float, dusty: float
) -> NDArray[np.uint8]:
    """Opacity (H, W) of scratches, which film gets along its way, and of specks and hairs.

    Args:
        scratched, dusty: greatest opacity of either; 0 = none of these, values above 1 count as 1.
    """
    shift = 4  # OpenCV draws at 1/16 px
    marks = np.zeros((height, width), np.uint8)

    def opacity(most: float) -> int:
        return round(255 * min(most, 1.0) * rng.uniform(0.4, 1.0))

    def draw(points: NDArray[np.float64], shade: int) -> None:
        fixed = np.round(points * 2**shift).astype(np.int32)
        cv2.polylines(marks, [fixed.reshape(-1, 1, 2)], False, shade, 1, cv2.LINE_AA, shift)

    for _ in range(rng.integers(1, 4) if scratched else 0):
        y = np.linspace(-1, height, 8)
        if rng.random() < 0.5:  # some begin or end in the picture
            y = np.sort(rng.uniform(-0.3, 1.3, 2))[:, None] * height
            y = np.linspace(y[0, 0], y[1, 0], 8)
        x = rng.uniform(0, width) + rng.uniform(-0.03, 0.03) * y + 0.4 * rng.standard_normal(8).cumsum()
        draw(np.stack([x, y], 1), opacity(scratched))
    for _ in range(rng.integers(2, 14) if dusty else 0):
        centre = tuple(int(v) for v in rng.uniform(0, (width, height)) * 2**shift)
        axes = tuple(int(v) for v in rng.uniform(0.4, 1.6, 2) * 2**shift)
        cv2.ellipse(marks, centre, axes, rng.uniform(0, 180), 0, 360, opacity(dusty), -1, cv2.LINE_AA, shift)
    if dusty and rng.random() < 0.4:  # a hair: a short line that bends steadily
        heading = rng.uniform(0, 2 * math.pi) + rng.uniform(-0.3, 0.3) * np.arange(10)
        steps = rng.uniform(0.5, 2.0) * np.stack([np.cos(heading), np.sin(heading)], 1)
        draw(rng.uniform(0, (width, height)) + steps.cumsum(0), opacity(dusty))
    return marks
