"""The wheel: it holds the weights, and works from any folder."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from deoldify_lite.models.zoo import get_spec
from helpers.places import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of the files that git knows, so that nothing lying about gets in."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("this is not a git checkout")
    for name in filter(None, listed.stdout.split("\0")):
        if not name.startswith("tests/") and (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", str(folder), str(source)], check=True)
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_code_weights_and_commands(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        for name in (
            "cli/main.py",
            "py.typed",
            "training/loop.py",
            "weights/README.md",
            "weights/SHA256SUMS",
        ):
            assert f"deoldify_lite/{name}" in names
        entry_points = next(name for name in names if name.endswith("entry_points.txt"))
        commands = archive.read(entry_points).decode()
        size = archive.getinfo(f"deoldify_lite/weights/{get_spec('lite').file}").file_size
    assert size == get_spec("lite").bytes
    for command in ("colorize-folder", "colorize-video", "deoldify-lite"):
        assert f"{command} = deoldify_lite.cli.main:" in commands
    assert not [name for name in names if name.startswith(("tests/", "scripts/"))]


def test_the_wheel_works_from_any_folder(wheel: Path, photos: Path, tmp_path: Path) -> None:
    place = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)
    result = subprocess.run(
        [sys.executable, "-m", "deoldify_lite", "folder", str(photos), "--render-factor", "4"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(place), "XDG_CACHE_HOME": str(tmp_path / "cache")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert len(result.stdout.splitlines()) == 3
