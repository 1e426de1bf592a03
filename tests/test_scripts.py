"""The scripts in Python: each loads, and says what it is for."""

import hashlib
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from helpers.places import ROOT

SCRIPTS = ROOT / "scripts"
COMMANDS = [
    *sorted(SCRIPTS.glob("measure/*.py")),
    *sorted(SCRIPTS.glob("figures/*.py")),
    SCRIPTS / "benchmark",
    SCRIPTS / "benchmark/ray_workers.py",
    SCRIPTS / "fuzz",
    SCRIPTS / "manpages",
    SCRIPTS / "release",
]


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: str(path.relative_to(SCRIPTS)))
def test_help(path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", [str(path), "--help"])
    monkeypatch.syspath_prepend(path if path.is_dir() else path.parent)
    # Some scripts turn gradients off for good; this turns them on again for the tests that follow.
    with torch.enable_grad(), pytest.raises(SystemExit) as stopped:
        runpy.run_path(str(path), run_name="__main__")
    for name in [one.stem for one in SCRIPTS.glob("*/[a-z]*.py")]:  # siblings of one are not those of another
        sys.modules.pop(name, None)
    assert stopped.value.code == 0
    assert capsys.readouterr().out.startswith("usage: ")


@pytest.mark.logs_errors
def test_validation_photos_are_built_from_clones_and_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Photos come out in their original bytes; one that the table describes otherwise is left out."""
    clone = tmp_path / "clones/owner/name"
    clone.mkdir(parents=True)
    for name, content in (("a b.JPG", b"first"), ("n1_dog.jpg", b"second")):
        (clone / name).write_bytes(content)
    git = ["git", "-C", str(clone), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "photos"]):
        subprocess.run([*git, *command], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    first, second = (hashlib.sha256(content).hexdigest() for content in (b"first", b"second"))
    table = tmp_path / "list.tsv"
    rows = [
        ("set", "repository", "commit", "path", "sha256", "label", "subject"),
        ("photos", "owner/name", commit.stdout.strip(), "a b.JPG", first, "", "street"),
        ("labelled", "owner/name", commit.stdout.strip(), "n1_dog.jpg", second, "7", ""),
        ("labelled", "owner/name", commit.stdout.strip(), "n1_dog.jpg", first, "8", ""),
    ]
    table.write_text("".join("\t".join(row) + "\n" for row in rows))
    script, out = SCRIPTS / "measure/validation_set.py", tmp_path / "out"
    monkeypatch.setattr(sys, "argv", [str(script), str(clone.parents[1]), str(out), "--list", str(table)])
    with pytest.raises(SystemExit) as stopped:
        runpy.run_path(str(script), run_name="__main__")
    assert stopped.value.code == 1
    found = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert found == {f"photos/owner+name/{first[:12]}.jpg": b"first", "labelled/007_n1_dog.jpg": b"second"}


def test_validation_list_names_each_photo_once() -> None:
    """No place in the folder is taken twice, and the sets are as large as they should be."""
    script = runpy.run_path(str(SCRIPTS / "measure/validation_set.py"))
    rows = script["read_list"](script["LIST"])
    places = [script["place_of"](row) for row in rows]
    assert len(set(places)) == len(rows)
    photos = [row for row in rows if row["set"] == "photos"]
    assert len(photos) >= 400
    assert len({row["repository"] for row in photos}) >= 8
    assert sum(row["set"] == "labelled" for row in rows) >= 500
