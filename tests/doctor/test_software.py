"""Packages and ffmpeg, as they are and as they could be."""

from importlib.metadata import PackageNotFoundError, version

import pytest

from deoldify_lite.doctor import software
from deoldify_lite.doctor.finding import Finding
from deoldify_lite.errors import VideoError
from deoldify_lite.version import __version__


def named(findings: list[Finding], name: str) -> Finding:
    (found,) = (finding for finding in findings if finding.name == name)
    return found


def given(monkeypatch: pytest.MonkeyPatch, wanted: list[str], installed: dict[str, str]) -> list[Finding]:
    """What is found of packages where these are wanted and those installed."""

    def version_of(name: str) -> str:
        if name not in installed:
            raise PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr(software, "requires", lambda name: wanted)
    monkeypatch.setattr(software, "version", version_of)
    return list(software.examine_packages())


def test_this_machine_has_all_that_is_needed() -> None:
    system = list(software.examine_system())
    assert named(system, "deoldify_lite").found == __version__
    packages = list(software.examine_packages())
    assert not [finding for finding in packages if finding.problem]
    assert named(packages, "numpy").found == version("numpy")
    ffmpeg = list(software.examine_ffmpeg())
    assert not [finding for finding in ffmpeg if finding.problem]
    assert "libx264" in named(ffmpeg, "encoders").found.partition(";")[0]


def test_packages_that_are_missing_or_do_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = [
        "numpy>=1.24",
        "tqdm>=99",
        "psutil>=5.9",
        'colorama>=0.4; sys_platform == "no such"',
        'rawpy>=0.22; extra == "formats"',
        'pytest>=8; extra == "test"',
    ]
    found = given(monkeypatch, wanted, {"numpy": "2.0.1rc1", "tqdm": "4.65"})
    assert [finding.name for finding in found] == ["numpy", "tqdm", "psutil", "not installed, of extras"]
    assert not named(found, "numpy").problem
    assert named(found, "tqdm").problem == ">=99 is needed"
    assert named(found, "tqdm").remedy == 'run: pip install "tqdm>=99"'
    assert "not installed" in named(found, "psutil").problem
    assert named(found, "not installed, of extras").found == "rawpy (of [formats])"
    assert not named(found, "not installed, of extras").problem


def test_two_opencvs(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = {"opencv-python": "4.9", "opencv-python-headless": "4.9"}
    assert not given(monkeypatch, ["opencv-python>=4.8"], {"opencv-python": "4.9"})[-1].problem
    last = given(monkeypatch, ["opencv-python>=4.8"], installed)[-1]
    assert "cv2" in last.problem
    assert last.remedy == (
        "run: pip uninstall -y opencv-python opencv-python-headless && pip install opencv-python"
    )


def test_sources_that_are_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(software, "PACKAGE", "no-such-package")
    (found,) = software.examine_packages()
    assert found.problem and "pip install" in found.remedy


def test_an_ffmpeg_that_is_missing_or_poor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(software, "_has_encoder", lambda name: name == "aac")
    found = list(software.examine_ffmpeg())
    assert named(found, "encoders").problem == "most results need libx264"
    assert named(found, "encoders").found.startswith("aac; not libx264, ffv1")

    def nowhere(name: str = "ffmpeg") -> str:
        raise VideoError("install it")

    monkeypatch.setattr(software, "find_program", nowhere)
    (finding,) = software.examine_ffmpeg()
    assert (finding.problem, finding.remedy) == ("films cannot be colorized", "install it")
