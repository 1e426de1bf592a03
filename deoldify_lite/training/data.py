"""Training photos: read from tar shards into memory, cropped and aged on the way out."""

import csv
import logging
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

log = logging.getLogger(__name__)

Photo = NDArray[np.uint8]  # (H, W, 3) RGB


def read_photos(
    folder: Path, *, validation_every: int, limit: int | None = None
) -> tuple[list[Photo], list[Photo]]:
    """Read a folder of tar shards with its index.tsv.

    Args:
        folder: holds `index.tsv` (columns `name` and `shard`) and `train-NNN.tar`.
        validation_every: rows whose 0-based number is divisible by this are for validation.
        limit: read only the first rows.

    Returns:
        The photos to train on and those to validate with, RGB, each in the order of the index.
        A photo that cannot be decoded is left out with a warning.
    """
    with open(folder / "index.tsv", newline="", encoding="utf-8") as index:
        rows = list(csv.DictReader(index, delimiter="\t", quoting=csv.QUOTE_NONE))[:limit]
    number = {row["name"]: i for i, row in enumerate(rows)}

    def decode(item: tuple[str, bytes]) -> tuple[int, Photo | None]:
        name, data = item
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if picture is None:
            log.warning("%s: cannot be decoded, left out", name)
            return number[name], None
        return number[name], cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)

    photos: dict[int, Photo] = {}
    for shard in sorted({int(row["shard"]) for row in rows}):
        with tarfile.open(folder / f"train-{shard:03}.tar") as tar:
            items = [
                (member.name, file.read())
                for member in tar
                if member.name in number and (file := tar.extractfile(member)) is not None
            ]
        with ThreadPoolExecutor() as pool:
            photos |= {i: photo for i, photo in pool.map(decode, items) if photo is not None}
    train = [photos[i] for i in sorted(photos) if i % validation_every]
    validation = [photos[i] for i in sorted(photos) if i % validation_every == 0]
    return train, validation


def random_crop(photo: Photo, size_px: int, rng: np.random.Generator) -> Photo:
    """A square of 45 to 100 % of the shorter side, somewhere, maybe mirrored, at size_px.

    Args:
        photo: (H, W, 3).

    Returns:
        (size_px, size_px, 3).
    """
    height, width = photo.shape[:2]
    side = round(min(height, width) * rng.uniform(0.45, 1.0) ** 0.5)
    top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
    crop = photo[top : top + side, left : left + side]
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    shrinks = side > size_px
    return cv2.resize(
        np.ascontiguousarray(crop),
        (size_px, size_px),
        interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
    ).astype(np.uint8, copy=False)


def centre_square(photo: Photo, size_px: int) -> Photo:
    """The whole photo squeezed into a square, as it is for rendering: (size_px, size_px, 3)."""
    return cv2.resize(photo, (size_px, size_px), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def to_tensor(photos: list[Photo]) -> Tensor:
    """Equal-sized photos -> (N, 3, H, W) float32 RGB in [0, 1], channels last in memory."""
    return torch.from_numpy(np.stack(photos)).permute(0, 3, 1, 2).float().div_(255)


def age(luma: Tensor, rng: np.random.Generator) -> Tensor:
    """Vary luma as old prints vary: contrast, exposure and gamma, softness, grain.

    Only what the network sees is aged; the colours to learn stay those of the photo.

    Args:
        luma: (N, 1, H, W) in [0, 1].

    Returns:
        The same shape and range.
    """
    count = luma.shape[0]

    def draw(low: float, high: float) -> Tensor:
        return torch.from_numpy(rng.uniform(low, high, (count, 1, 1, 1))).float()

    def some(share: float) -> Tensor:
        return torch.from_numpy(rng.random((count, 1, 1, 1)) < share)

    soft = torch.nn.functional.avg_pool2d(
        torch.nn.functional.pad(luma, (1, 1, 1, 1), mode="replicate"), 3, stride=1
    )
    aged = torch.where(some(0.25), soft, luma)
    aged = aged.clamp_min(1e-4) ** torch.exp(draw(-0.3, 0.3))
    aged = (aged - 0.5) * draw(0.75, 1.15) + 0.5 + draw(-0.08, 0.08)
    grain = torch.from_numpy(rng.standard_normal(tuple(luma.shape), dtype=np.float32))
    aged = aged + torch.where(some(0.4), draw(0.0, 0.06), torch.zeros(1)) * grain
    return torch.where(some(0.75), aged, luma).clamp(0, 1)


def batches(
    photos: list[Photo], size_px: int, batch_size: int, *, seed: int, start: int = 0
) -> Iterator[Tensor]:
    """Endless random batches, (batch_size, 3, size_px, size_px) RGB, prepared one ahead.

    Batch k depends on seed and k alone, so a run that resumes at `start` sees what it would have seen.
    """

    def make(k: int) -> Tensor:
        rng = np.random.default_rng((seed, size_px, k))
        picks = rng.integers(len(photos), size=batch_size)
        return to_tensor([random_crop(photos[i], size_px, rng) for i in picks])

    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(make, start)
        while True:
            start += 1
            batch, ahead = ahead.result(), pool.submit(make, start)
            yield batch
