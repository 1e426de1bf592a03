"""The wheel: it holds the weights, asks for what it needs, and works from any folder."""

import os
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from deoldify_lite.models.zoo import get_spec
from deoldify_lite.version import __version__
from helpers.commands import Command
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


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def test_wheel_and_command_agree_on_the_version(wheel: Path, metadata: Message, command: Command) -> None:
    result = command("--version")
    assert (result.returncode, result.stdout) == (0, f"deoldify-lite {__version__}\n")
    assert metadata["Version"] == __version__
    assert wheel.name.startswith(f"deoldify_lite-{__version__}-")


@pytest.mark.parametrize(
    ("platform", "machine", "python", "wanted"),
    [
        ("linux", "x86_64", "3.10", True),
        ("linux", "x86_64", "3.14", True),
        ("linux", "x86_64", "3.15", False),
        ("linux", "aarch64", "3.12", False),
        ("win32", "AMD64", "3.12", True),
        ("win32", "ARM64", "3.12", False),
        ("darwin", "arm64", "3.12", True),
        ("darwin", "x86_64", "3.12", True),
        ("freebsd14", "amd64", "3.12", False),
    ],
)
def test_openvino_is_asked_for_where_it_has_wheels(
    metadata: Message, platform: str, machine: str, python: str, wanted: bool
) -> None:
    there = {"sys_platform": platform, "platform_machine": machine, "python_version": python, "extra": ""}
    requirements = [Requirement(text) for text in metadata.get_all("Requires-Dist", [])]
    found = [one.name for one in requirements if one.marker is None or one.marker.evaluate(there)]
    assert ("openvino" in found) == wanted and "torch" in found


def test_the_wheel_holds_code_weights_and_commands(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        for name in (
            "cli/main.py",
            "py.typed",
            "templates/report.html.j2",
            "templates/shared.css",
            "templates/slider.js",
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


@pytest.mark.slow
def test_the_wheel_works_from_any_folder(wheel: Path, photos: Path, tmp_path: Path) -> None:
    place = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)
    # with torch, which builds the network from the weights, whatever the cache has of it
    run = [sys.executable, "-m", "deoldify_lite", "folder", str(photos), "--render-factor", "4", "--report"]
    result = subprocess.run(
        [*run, "--backend", "torch"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(place)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert len(result.stdout.splitlines()) == 3
    assert (photos.with_name("photos-colorized") / "report.html").is_file()
