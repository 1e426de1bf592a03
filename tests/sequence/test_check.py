"""What is wrong with a sequence, found by names and headers."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from deoldify_lite.sequence import check, frames
from deoldify_lite.sequence.check import examine
from deoldify_lite.sequence.names import find_sequence
from helpers.frames import ramp, write_dpx


def make(folder: Path, *numbers: int) -> Path:
    """A folder of frames, 8 x 6, 10-bit grey."""
    folder.mkdir(exist_ok=True)
    for number in numbers:
        write_dpx(folder / f"{number:04}.dpx", ramp(6, 8, 1, 10), 10)
    return folder


def troubles(folder: Path, pattern: str = "") -> list[tuple[str, tuple[tuple[int, int], ...]]]:
    return [(one.sort, one.frames) for one in examine(find_sequence(folder / pattern)).troubles]


def test_a_good_sequence_has_no_troubles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, *range(3, 20))
    monkeypatch.setattr(frames, "read", lambda *_: pytest.fail("decodes a frame"))
    found = examine(find_sequence(tmp_path))
    assert (found.troubles, found.lost, found.usable) == ((), (), ((3, 19),))
    assert str(found.facts) == "DPX, 8 x 6, 10-bit grey"


def test_missing_frames_and_gaps_at_the_ends(tmp_path: Path) -> None:
    make(tmp_path, 3, 4, 7, 8)
    assert troubles(tmp_path) == [(check.MISSING, ((5, 6),))]
    assert troubles(tmp_path, "[0001-0009].dpx") == [(check.MISSING, ((1, 2), (5, 6), (9, 9)))]
    found = examine(find_sequence(tmp_path / "[0001-0009].dpx"))
    assert found.lost == ((1, 2), (5, 6), (9, 9)) and found.usable == ((3, 4), (7, 8))
    assert "%04d.dpx: 0001-0002, 0005-0006, 0009: missing; copy them" in found.troubles[0].text


def test_empty_and_damaged_files(tmp_path: Path) -> None:
    make(tmp_path, *range(6))
    (tmp_path / "0001.dpx").write_bytes(b"")
    os.truncate(tmp_path / "0003.dpx", 2100)
    (tmp_path / "0004.dpx").write_bytes(b"no picture" * 300)
    found = examine(find_sequence(tmp_path))
    assert [(one.sort, one.frames) for one in found.troubles] == [
        (check.EMPTY, ((1, 1),)),
        (check.UNREADABLE, ((3, 3),)),
        (check.UNREADABLE, ((4, 4),)),
    ]
    assert found.usable == ((0, 0), (2, 2), (5, 5)) and not found.to_mend
    assert "0003.dpx: cut short: has 2,100 of 2,120 bytes" in found.troubles[1].text


def test_frames_of_another_size_depth_and_kind(tmp_path: Path) -> None:
    make(tmp_path, *range(8))
    write_dpx(tmp_path / "0002.dpx", ramp(6, 9, 1, 10), 10)
    write_dpx(tmp_path / "0003.dpx", ramp(6, 8, 1, 16), 16)
    write_dpx(tmp_path / "0004.dpx", ramp(6, 8, 3, 10), 10)
    write_dpx(tmp_path / "0005.dpx", ramp(6, 8, 3, 10), 10)
    found = examine(find_sequence(tmp_path))
    assert [(one.sort, one.frames) for one in found.to_mend] == [
        (check.DIFFERENT, ((2, 2),)),
        (check.DIFFERENT, ((3, 3),)),
        (check.DIFFERENT, ((4, 5),)),
    ]
    assert "10-bit RGB, while most are DPX, 8 x 6, 10-bit grey" in found.troubles[2].text
    assert found.usable == ((0, 1), (6, 7)) and found.lost == ()


def test_two_names_for_one_frame(tmp_path: Path) -> None:
    make(tmp_path, *range(1, 6))
    shutil.copy(tmp_path / "0001.dpx", tmp_path / "001.dpx")
    shutil.copy(tmp_path / "0003.dpx", tmp_path / "3.dpx")
    found = examine(find_sequence(tmp_path))
    assert [(one.sort, one.frames) for one in found.to_mend] == [(check.DUPLICATE, ((1, 1), (3, 3)))]
    assert "named a second way: 001.dpx, 3.dpx" in found.troubles[0].text


def test_nothing_that_can_be_read(tmp_path: Path) -> None:
    make(tmp_path, 1)
    (tmp_path / "0001.dpx").write_bytes(b"")
    found = examine(find_sequence(tmp_path))
    assert found.facts is None and found.usable == ()


@pytest.mark.slow
def test_ten_thousand_frames_take_one_listing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(10_000):
        (tmp_path / f"reel_{number:07}.dpx").touch()
    real, listings = os.scandir, []
    monkeypatch.setattr(os, "scandir", lambda path: listings.append(path) or real(path))
    found = find_sequence(tmp_path)
    assert found.ranges == ((0, 9999),) and listings == [tmp_path]
    assert found.path(42) == tmp_path / "reel_0000042.dpx" and len(np.unique([*found.numbers()])) == 10_000
