"""Small training sets for the tests: photos in tar shards."""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray


def jpeg(rgb: NDArray[np.uint8]) -> bytes:
    """A picture file with (H, W, 3) RGB."""
    return cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 98])[1].tobytes()


def plain(red: int, green: int, blue: int, *, height: int = 48, width: int = 64) -> NDArray[np.uint8]:
    """(H, W, 3) of one colour."""
    return np.full((height, width, 3), (red, green, blue), np.uint8)


def write_shard(path: Path, members: Mapping[str, bytes]) -> None:
    """Write a tar shard with files of these names and contents."""
    with tarfile.open(path, "w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def write_index(folder: Path, shard_of: Mapping[str, str | int]) -> None:
    """Write an index.tsv that names photos, in order, and their shards."""
    rows = [("name", "shard"), *shard_of.items()]
    (folder / "index.tsv").write_text("".join(f"{name}\t{shard}\n" for name, shard in rows))
