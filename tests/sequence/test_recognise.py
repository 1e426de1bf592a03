"""Films among photos: what becomes a film without being asked for, and what stays photos."""

from pathlib import Path

import cv2
import numpy as np

from deoldify_lite.sequence.recognise import recognise
from helpers.frames import ramp, write_dpx


def scene(seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 256, (9, 12), dtype=np.uint8)
    return cv2.resize(noise, (48, 36), interpolation=cv2.INTER_CUBIC)


def write_all(folder: Path, pattern: str, pictures: list[np.ndarray]) -> None:
    folder.mkdir(exist_ok=True)
    for number, picture in enumerate(pictures):
        cv2.imwrite(str(folder / (pattern % number)), picture)


def test_dpx_is_a_film_and_one_picture_is_none(tmp_path: Path) -> None:
    write_dpx(tmp_path / "a_1.dpx", ramp(4, 4, 1, 10), 10)
    assert recognise(tmp_path) == []
    write_dpx(tmp_path / "a_2.dpx", ramp(4, 4, 1, 10), 10)
    assert [one.pattern.name for one in recognise(tmp_path)] == ["a_%d.dpx"]


def test_numbered_pictures_that_look_alike_are_a_film(tmp_path: Path) -> None:
    film = [np.roll(scene(0), shift, 1) for shift in range(20)] + [
        np.roll(scene(1), at, 0) for at in range(20)
    ]
    for kind in ("tif", "png"):
        write_all(tmp_path / kind, f"reel_%04d.{kind}", film)
        assert [one.pattern.name for one in recognise(tmp_path / kind)] == [f"reel_%04d.{kind}"]


def test_albums_stay_photos(tmp_path: Path) -> None:
    photos = [scene(number) for number in range(40)]
    write_all(tmp_path / "album", "scan_%04d.tif", photos)
    assert recognise(tmp_path / "album") == []
    film = [np.roll(scene(0), shift, 1) for shift in range(40)]
    write_all(tmp_path / "jpeg", "IMG_%04d.jpg", film)
    assert recognise(tmp_path / "jpeg") == []
    write_all(tmp_path / "few", "scan_%04d.tif", film[:23])
    assert recognise(tmp_path / "few") == []
    write_all(tmp_path / "gap", "scan_%04d.tif", film)
    (tmp_path / "gap" / "scan_0020.tif").unlink()
    assert recognise(tmp_path / "gap") == []
    write_all(tmp_path / "sizes", "scan_%04d.tif", [one[:, : 48 - at % 2] for at, one in enumerate(film)])
    assert recognise(tmp_path / "sizes") == []
    write_all(tmp_path / "damaged", "scan_%04d.tif", film)
    (tmp_path / "damaged" / "scan_0000.tif").write_bytes(b"")
    assert recognise(tmp_path / "damaged") == []
