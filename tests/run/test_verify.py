"""Finished results checked again."""

import json
from pathlib import Path

import pytest

from deoldify_lite.cli import main as cli
from deoldify_lite.errors import InputError
from deoldify_lite.run.manifest import NAME, Manifest
from deoldify_lite.run.verify import verify


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Three results as runs leave them, one of them in a folder inside, one with a comparison."""
    out = tmp_path / "out"
    (out / "inside").mkdir(parents=True)
    manifest = Manifest(out)
    for name in ("a.jpg", "inside/b.jpg", "c.mp4"):
        (out / name).write_bytes(name.encode() * 100)
    (out / "a-compare.jpg").write_bytes(b"both")
    manifest.add(out / "a.jpg", "f", [out / "a-compare.jpg"], source=tmp_path / "a.jpg")
    manifest.add(out / "inside/b.jpg", "f")
    manifest.add(out / "c.mp4", "f")
    return out


def unsound(out: Path) -> dict[str, str]:
    return {verdict.output.name: verdict.reason for verdict in verify(out) if not verdict.sound}


def test_what_was_left_alone_is_sound(results: Path) -> None:
    assert [verdict.sound for verdict in verify(results)] == [True] * 3
    assert [verdict.output.name for verdict in verify(results / "inside" / "b.jpg")] == ["b.jpg"]


def test_whatever_changed_is_found(results: Path) -> None:
    (results / "a-compare.jpg").unlink()
    b, c = results / "inside" / "b.jpg", results / "c.mp4"
    c.write_bytes(c.read_bytes()[:-1])
    data = bytearray(b.read_bytes())
    data[50] ^= 1
    b.write_bytes(data)
    found = unsound(results)
    assert set(found) == {"a.jpg", "b.jpg", "c.mp4"}
    assert (
        "a-compare.jpg" in found["a.jpg"]
        and "bytes are not" in found["b.jpg"]
        and "cut short" in found["c.mp4"]
    )
    b.unlink()
    assert "missing" in unsound(results)["b.jpg"]


def test_the_last_record_counts(results: Path) -> None:
    (results / "c.mp4").write_bytes(b"made again")
    assert unsound(results)
    Manifest(results).add(results / "c.mp4", "g")
    assert not unsound(results)


def test_records_of_before_say_little_but_are_read(results: Path) -> None:
    lines = [json.loads(line) for line in (results / NAME).read_text().splitlines()]
    for line in lines:
        del line["sha256"], line["source"]
    (results / NAME).write_text("".join(json.dumps(line) + "\n" for line in lines))
    verdicts = list(verify(results))
    assert all(verdict.sound and "only its size" in verdict.reason for verdict in verdicts)


def test_where_nothing_is_recorded(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(b"x")
    for out in (tmp_path, tmp_path / "x.jpg", tmp_path / "none"):
        with pytest.raises(InputError, match=r"recorded|no results"):
            list(verify(out))


@pytest.mark.logs_errors
def test_the_command_tells_and_fails(results: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    assert cli.main(["verify", str(results), "--json", str(report)]) == 0
    (results / "c.mp4").unlink()
    assert cli.main(["verify", str(results), "--json", str(report)]) == 1
    found = json.loads(report.read_text())
    assert [item["sound"] for item in found] == [True, False, True]
