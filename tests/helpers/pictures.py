"""Grey pictures to colorize, and a look at the results."""

from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from deoldify_lite.color.tensors import luma_of


def grey_picture(height: int, width: int) -> NDArray[np.uint8]:
    """(H, W, 3) grey with gradients, edges and texture: something to look at for a network."""
    y, x = np.mgrid[:height, :width]
    luma = 128 + 60 * np.sin(x / 9 + y / 23) + 40 * ((x // 16 + y // 24) % 2) + 0.1 * (x % 7)
    return np.repeat(np.clip(luma, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def textured(shift: int = 0, *, seed: int = 0) -> np.ndarray:
    """A grey square of 192 px with detail of several sizes, moved to the right by some pixels."""
    noise = np.random.default_rng(seed).random((24, 48)).astype(np.float32)
    wide = sum(
        cv2.resize(noise[: 24 // n, : 48 // n], (384, 192), interpolation=cv2.INTER_CUBIC) / n
        for n in (1, 2, 4)
    )
    low, high = np.min(wide), np.max(wide)
    return ((wide - low) / (high - low) * 200 + 28).astype(np.uint8)[:, 96 - shift : 288 - shift].copy()


def luma_levels(picture: np.ndarray) -> np.ndarray:
    rgb = torch.from_numpy(picture.astype(np.float64)).permute(2, 0, 1)[None]
    return luma_of(rgb)[0, 0].numpy()


def save_damaged_fax(path: Path) -> None:
    """A TIFF of which libtiff reads on after the damage; it only prints where that was."""
    Image.fromarray(grey_picture(120, 160)).convert("1").save(path, compression="group4")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 40] = b"\xa5\x01" * 20
    path.write_bytes(data)
