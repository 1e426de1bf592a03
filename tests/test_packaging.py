"""The wheel and the sdist: they hold the weights, ask for what they need, and work anywhere."""

import os
import re
import runpy
import site
import subprocess
import sys
import tarfile
import venv
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from deoldify_lite.cli.main import build_parsers
from deoldify_lite.film.kinds import FILM_SUFFIXES
from deoldify_lite.models.zoo import get_spec
from deoldify_lite.photo.kinds import PHOTO_SUFFIXES
from deoldify_lite.version import __version__
from helpers.commands import Command
from helpers.films import make, pattern
from helpers.places import ROOT


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the sdist and of the wheel that is built from it.

    Built from a copy of the files that git knows, so that nothing lying about gets in.
    """
    folder = tmp_path_factory.mktemp("packages")
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
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist", source]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "dist"


@pytest.fixture(scope="module")
def wheel(packages: Path) -> Path:
    (path,) = packages.glob("*.whl")
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


def test_what_the_packages_say_of_themselves_is_what_an_index_takes(
    packages: Path, metadata: Message
) -> None:
    files = sorted(packages.iterdir())
    assert [file.name.partition("-")[0] for file in files] == ["deoldify_lite", "deoldify_lite"]
    check = [sys.executable, "-m", "twine", "check", "--strict", *files]
    done = subprocess.run(check, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(file.stat().st_size < 100_000_000 for file in files)  # PyPI's limit
    assert metadata["Requires-Python"] == ">=3.10"


def test_the_sdist_holds_what_the_wheel_is_built_from_and_no_more(packages: Path) -> None:
    (path,) = packages.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    needed = {"LICENSE", "README.md", "pyproject.toml", "setup.cfg", "weights/lite.safetensors"}
    assert names >= needed | {"weights/SHA256SUMS", "deoldify_lite/py.typed", "deoldify_lite/cli/main.py"}
    assert not [name for name in names if name.startswith(("tests/", "docs/", "scripts/"))]


@pytest.mark.slow
def test_a_clean_environment_with_the_wheel_has_the_commands(
    wheel: Path, photos: Path, tmp_path: Path
) -> None:
    """As `pipx run --spec WHEEL deoldify-lite` does it, but with the dependencies that are here."""
    place = tmp_path / "environment"
    venv.create(place, with_pip=False)
    programs = place / ("Scripts" if sys.platform == "win32" else "bin")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--quiet",
        "--disable-pip-version-check",
        "--python",
        programs / "python",
    ]
    subprocess.run([*pip, "install", "--no-deps", "--no-compile", "--no-index", wheel], check=True)
    (here,) = place.rglob("site-packages")
    # a folder that is named so has its own .pth files ignored, and with them this checkout
    (here / "dependencies.pth").write_text("\n".join(site.getsitepackages()))

    def run(program: str, *arguments: object) -> str:
        result = subprocess.run(
            [programs / program, *map(str, arguments)],
            cwd=tmp_path,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    assert run("deoldify-lite", "--version") == f"deoldify-lite {__version__}\n"
    verified = run("deoldify-lite", "weights", "verify")
    assert str(here / "deoldify_lite/weights/lite.safetensors") in verified
    # with torch, which builds the network from the weights, whatever the cache has of it
    listed = run("colorize-folder", photos, "--render-factor", 4, "--report", "--backend", "torch")
    assert len(listed.splitlines()) == 3
    assert (photos.with_name("photos-colorized") / "report.html").is_file()
    film = make(tmp_path / "film.mkv", *pattern(0.4), "-c:v", "ffv1")
    run("colorize-video", film, "--render-factor", 4)
    assert (tmp_path / "film-colorized.mkv").is_file()


def test_a_checkout_releases_what_its_changelog_says() -> None:
    """The version has one place; the changelog is about it, or about what is yet to come."""
    release = runpy.run_path(str(ROOT / "scripts/release"))
    versions = release["changes_of"]((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    numbered = [name for name in versions if name != release["UNRELEASED"]]
    assert numbered[:1] in ([], [__version__])
    assert numbered == sorted(numbered, key=Version, reverse=True)
    assert all(versions[name][0] and versions[name][1] for name in numbered)
    for name in ("setup.cfg", "pyproject.toml"):
        assert not re.search(r"^version *= *\W*\d", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(
    ("tag", "changelog", "said"),
    [
        ("v1.2.0", "# Changelog\n\n## [1.2.0] - 2026-01-02\n\n- Faster.\n", ""),
        (
            "v1.2.0",
            "## [Unreleased]\n\n## [1.2.0] - 2026-01-02\n\n- Faster.\n\n## [1.1.0] - 2025-01-02\n",
            "",
        ),
        ("v1.3.0", "## [1.2.0] - 2026-01-02\n\n- Faster.\n", "the tag is v1.3.0"),
        ("v1.2.0", "## [1.2.0]\n\n- Faster.\n", "has no date"),
        ("v1.2.0", "## [1.1.0] - 2026-01-02\n\n- Faster.\n", "its newest version is 1.1.0"),
        ("v1.2.0", "## [Unreleased]\n\n- Faster.\n", "there are unreleased changes"),
    ],
)
def test_a_release_needs_tag_version_and_changelog_to_agree(tag: str, changelog: str, said: str) -> None:
    release = runpy.run_path(str(ROOT / "scripts/release"))
    found = release["faults"](tag, "1.2.0", changelog)
    assert said in "\n".join(found) and bool(found) == bool(said)
    if not found:
        assert release["changes_of"](changelog)["1.2.0"] == ("2026-01-02", "- Faster.")


def test_the_batch_file_for_windows_is_one_that_cmd_reads() -> None:
    data = (ROOT / "scripts/colorize.bat").read_bytes()
    lines = data.decode("ascii").splitlines()
    assert data.count(b"\n") == data.count(b"\r\n") == len(lines)  # else cmd may miss labels
    assert lines[0] == "@echo off"
    labels = {line[1:] for line in lines if line.startswith(":")}
    assert set(re.findall(r"(?:goto |call :)(\w+)", data.decode())) == labels
    parser = build_parsers()[0]
    calls = [line.split() for line in lines if line.strip().startswith("deoldify-lite")]
    assert {parser.parse_args(words[1:]).command for words in calls} == {"folder", "video"}
    named = [set(words.split()) for words in re.findall(r"for %%s in \(([^)]+)\)", data.decode())]
    assert len(named) == 3 and named[0] == named[2] <= FILM_SUFFIXES and named[1] <= PHOTO_SUFFIXES
    depth = 0
    for line in lines:
        depth += line.strip().endswith("(") - line.strip().startswith(")")
    assert depth == 0
