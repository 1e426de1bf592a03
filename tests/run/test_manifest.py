"""What is remembered of finished results."""

import os
from pathlib import Path

import pytest

from deoldify_lite.run.manifest import Manifest, fingerprint_of


@pytest.fixture
def result(tmp_path: Path) -> Path:
    path = tmp_path / "out" / "a ü.jpg"
    path.parent.mkdir()
    path.write_bytes(b"picture")
    return path


def test_a_recorded_result_is_done_in_the_next_run(result: Path) -> None:
    Manifest(result.parent).add(result, "f1", [result.with_name("a-compare.jpg")])
    again = Manifest(result.parent)
    assert again.find([result.name], "f1", "") == result.name
    assert not again.find([result.name], "f2", "")
    assert again.made(result.with_name("a-compare.jpg")) and not again.made(result.with_name("b.jpg"))


def test_a_result_that_was_changed_or_deleted_is_not_done(result: Path) -> None:
    manifest = Manifest(result.parent)
    manifest.add(result, "f1")
    result.write_bytes(b"retouched by hand")
    assert not manifest.is_ours(result)
    result.unlink()
    assert not manifest.find([result.name], "f1", "")


def test_a_torn_line_costs_only_its_own_result(result: Path) -> None:
    manifest = Manifest(result.parent)
    manifest.add(result, "f1")
    with open(manifest.path, "a") as file:
        file.write('{"output": "b.jp')  # power lost here
    other = result.with_name("c.jpg")
    other.write_bytes(b"other")
    Manifest(result.parent).add(other, "f3")
    again = Manifest(result.parent)
    assert again.find([result.name], "f1", "") and again.find([other.name], "f3", "")
    assert not again.made(result.with_name("b.jpg"))


def test_fingerprint_follows_source_and_settings(result: Path) -> None:
    first = fingerprint_of(result, {"render_factor": 16})
    assert first == fingerprint_of(result, {"render_factor": 16})
    assert first != fingerprint_of(result, {"render_factor": 17})
    os.utime(result, ns=(1, 1))
    assert first != fingerprint_of(result, {"render_factor": 16})
