"""photo.io: names, bad input, bad output, and what must never be touched."""

import logging
import os
import re
import struct
import subprocess
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
import pytest
from PIL import Image

from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.photo import io as photo_io
from deoldify_lite.photo.io import read_photo, write_photo
from deoldify_lite.photo.kinds import output_suffix
from deoldify_lite.photo.limits import MAX_SIDE_PX
from deoldify_lite.photo.photo import Photo
from helpers.photos import GREY8, NO_WARNINGS, RGB8, chunk, good_files, png_bytes, save, smooth

pytestmark = NO_WARNINGS


def test_no_truncated_file_gives_half_a_picture(tmp_path: Path, caplog) -> None:
    caplog.set_level(logging.CRITICAL, logger="tifffile")  # it tells of damage before it raises
    for path in good_files(tmp_path):
        read_photo(path)
        data = path.read_bytes()
        cut = tmp_path / f"cut{path.suffix}"
        for share in (0.001, 0.02, 0.3, 0.6, 0.97):
            cut.write_bytes(data[: max(1, int(len(data) * share))])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with pytest.raises(InputError, match=r"cut\."):
                    read_photo(cut)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"<!doctype html><html>404</html>", "not a picture"),
        (b"II*\0", "damaged"),
        (None, "opened"),
    ],
)
def test_what_is_no_picture(tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / "a.jpg"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(InputError, match=rf"a\.jpg.*{reason}"):
        read_photo(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.jpg.*No such file"):
        read_photo(tmp_path / "none.jpg")


def test_too_many_pixels(tmp_path: Path) -> None:
    data = bytearray(png_bytes(GREY8, 0, 8))
    data[8:33] = chunk(b"IHDR", struct.pack(">IIBBBBB", MAX_SIDE_PX, MAX_SIDE_PX + 1, 8, 0, 0, 0, 0))
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(InputError, match="20000 x 20001 pixels"):
        read_photo(tmp_path / "a.png")


def test_pillow_keeps_its_own_limit(tmp_path: Path) -> None:
    limit = Image.MAX_IMAGE_PIXELS
    data = bytearray(png_bytes(GREY8, 0, 8))
    data[8:33] = chunk(b"IHDR", struct.pack(">IIBBBBB", MAX_SIDE_PX, MAX_SIDE_PX, 1, 0, 0, 0, 0))
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(InputError, match="damaged"):  # gets past the limit, then there are no such pixels
        read_photo(tmp_path / "a.png")
    assert limit == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize("link", ["same", "symlink", "hardlink", "roundabout"])
def test_the_source_is_never_written_to(tmp_path: Path, link: str) -> None:
    source = save(tmp_path / "a.jpg", smooth())
    before = source.read_bytes()
    target = {"same": source, "roundabout": tmp_path / "x" / ".." / "a.jpg"}.get(link, tmp_path / "b.jpg")
    (tmp_path / "x").mkdir()
    if link == "symlink":
        target.symlink_to(source)
    elif link == "hardlink":
        os.link(source, target)
    with pytest.raises(OptionError, match="source photo itself"):
        write_photo(read_photo(source), target)
    assert source.read_bytes() == before


def test_reading_and_writing_leave_the_source_alone(tmp_path: Path) -> None:
    for path in good_files(tmp_path):
        before, stamp = path.read_bytes(), path.stat().st_mtime_ns
        write_photo(read_photo(path), tmp_path / "out" / f"{path.stem}{output_suffix(path, 'keep')}")
        assert path.read_bytes() == before and path.stat().st_mtime_ns == stamp


def test_a_target_that_cannot_be_written(tmp_path: Path) -> None:
    photo = Photo(tmp_path / "s", RGB8)
    (tmp_path / "file").touch()
    (tmp_path / "folder.png").mkdir()
    for target in (tmp_path / "file" / "a.png", tmp_path / "folder.png", tmp_path / ("n" * 300 + ".png")):
        with pytest.raises(InputError, match="cannot be written"):
            write_photo(photo, target)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder.png"]


def open_full(really_open: Callable[..., BinaryIO], path: Path, mode: str) -> BinaryIO:
    return really_open("/dev/full", mode)


def test_a_full_disk(tmp_path: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("needs Linux")
    photo = Photo(tmp_path / "s", RGB8)
    for name in ("a.jpg", "a.png", "a.tif"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(photo_io, "open", partial(open_full, open), raising=False)
            with pytest.raises(InputError, match=rf"{name}: cannot be written: No space left"):
                write_photo(photo, tmp_path / name)
        assert not list(tmp_path.iterdir())


def test_options_that_make_no_sense(tmp_path: Path) -> None:
    photo = Photo(tmp_path / "s", RGB8)
    for target, quality in (("a.gif", 95), ("a", 95), ("a.jpg", 0), ("a.jpg", 101)):
        with pytest.raises(OptionError):
            write_photo(photo, tmp_path / target, quality=quality)
    with pytest.raises(OptionError, match="keep, jpg"):
        output_suffix(Path("a.jpg"), "tiff2")


def test_side_longer_than_the_format_holds(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="WEBP cannot hold 16384 x 1"):
        write_photo(Photo(tmp_path / "s", np.zeros((1, 16384, 3), np.uint8)), tmp_path / "a.webp")


@pytest.mark.parametrize(
    ("name", "format", "suffix"),
    [
        ("a.JPG", "keep", ".JPG"),
        ("a.tiff", "keep", ".tiff"),
        ("a.gif", "keep", ".png"),
        ("a.bmp", "tif", ".tif"),
    ],
)
def test_output_suffix(name: str, format: str, suffix: str) -> None:
    assert output_suffix(Path(name), format) == suffix


def test_good_files_are_silent_and_torch_is_not_needed(tmp_path: Path) -> None:
    good_files(tmp_path)
    code = (
        "import sys; from pathlib import Path; from deoldify_lite.photo.io import read_photo, write_photo\n"
        f"for path in Path({str(tmp_path)!r}).iterdir():\n"
        "    write_photo(read_photo(path), path.parent / 'o' / (path.name + '.png'))\n"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (lambda: cv2.cvtColor(np.zeros((2, 2), np.int8), cv2.COLOR_GRAY2RGB), r"\(Unsupported depth of"),
        (lambda: struct.unpack(">I", b""), r"\(unpack requires"),
        (lambda: {}["a\n  b"], r"\('a"),
    ],
)
def test_an_error_of_a_decoder_is_one_line_of_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: Callable[[], object], reason: str
) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    monkeypatch.setattr(photo_io, "decode_photo", lambda *_, **__: code())
    with pytest.raises(InputError, match=reason) as caught:
        read_photo(tmp_path / "a.png")
    assert "a.png" in str(caught.value) and not re.search(r"\n|\.hpp|\.cpp", str(caught.value))
