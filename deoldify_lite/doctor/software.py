"""Python, the installed packages, and ffmpeg."""

import platform
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, metadata, requires, version

from packaging.requirements import Requirement

from deoldify_lite.doctor.finding import Finding
from deoldify_lite.errors import VideoError
from deoldify_lite.film.encoders import ENCODERS, encoder_pix_fmts
from deoldify_lite.film.ffmpeg import ffmpeg_version, find_program
from deoldify_lite.version import __version__

PACKAGE = "deoldify_lite"
_OF_DEVELOPERS = ("test", "docs")  # extras
# These hold the same module, so that one spoils the other.
_OPENCVS = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
# Without the first, most results need another --codec.
_NEEDED_ENCODERS, _OTHER_ENCODERS = ("libx264", "aac"), ("ffv1", "prores_ks", "libopus", "flac")
_FULL_FFMPEG = "install a full build of ffmpeg"


def examine_system() -> Iterator[Finding]:
    """Find the system, Python, and this program's version."""
    yield Finding("system", "deoldify_lite", __version__)
    yield Finding("system", "system", platform.platform())
    yield Finding("system", "Python", f"{platform.python_version()} ({sys.executable})")


def examine_packages() -> Iterator[Finding]:
    """Find what setup.cfg asks for, and whether the versions fit; what only extras ask for may be missing."""
    try:
        texts = requires(PACKAGE) or []
    except PackageNotFoundError:
        yield Finding(
            "package",
            PACKAGE,
            "not installed",
            "runs from its sources, so the versions that it needs are not known",
            "run in its folder: pip install -e .",
        )
        return
    asked = [Requirement(text) for text in texts]
    needed = [one for one in asked if one.marker is None or one.marker.evaluate({"extra": ""})]
    for requirement in needed:
        yield _fit(requirement)
    yield from _examine_extras(asked, {requirement.name for requirement in needed})
    installed = [name for name in _OPENCVS if _version(name)]
    if len(installed) > 1:
        yield Finding(
            "package",
            "OpenCV",
            ", ".join(installed),
            "several packages bring the module cv2, and the last one installed overwrites the others",
            f"run: pip uninstall -y {' '.join(installed)} && pip install {_OPENCVS[0]}",
        )


def _examine_extras(asked: Sequence[Requirement], seen: set[str]) -> Iterator[Finding]:
    lacking = []
    for extra in metadata(PACKAGE).get_all("Provides-Extra") or []:
        if extra in _OF_DEVELOPERS:
            continue
        for requirement in asked:
            its = requirement.marker is not None and requirement.marker.evaluate({"extra": extra})
            if not its or requirement.name in seen:
                continue
            seen.add(requirement.name)
            if _version(requirement.name):
                yield _fit(requirement)
            else:
                lacking.append(f"{requirement.name} (of [{extra}])")
    if lacking:
        yield Finding("package", "not installed, of extras", ", ".join(lacking))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _fit(requirement: Requirement) -> Finding:
    found = _version(requirement.name)
    wanted = f'"{requirement.name}{requirement.specifier}"'  # which every shell takes for a word
    if not found:
        return Finding(
            "package",
            requirement.name,
            "missing",
            "is needed, and not installed",
            f"run: pip install {wanted}",
        )
    if requirement.specifier.contains(found, prereleases=True):
        return Finding("package", requirement.name, found)
    return Finding(
        "package", requirement.name, found, f"{requirement.specifier} is needed", f"run: pip install {wanted}"
    )


def examine_ffmpeg() -> Iterator[Finding]:
    """Find ffmpeg and ffprobe, and which encoders ffmpeg has."""
    try:
        program = find_program()
        words = ffmpeg_version().partition(" Copyright")[0].removeprefix("ffmpeg version ")
        yield Finding("ffmpeg", "ffmpeg", f"{words} ({program})")
        yield Finding("ffmpeg", "ffprobe", find_program("ffprobe"))
    except VideoError as error:
        yield Finding("ffmpeg", "ffmpeg", "not usable", "films cannot be colorized", str(error))
        return
    has = {name: _has_encoder(name) for name in (*_NEEDED_ENCODERS, *_OTHER_ENCODERS, *ENCODERS)}
    lacks = [name for name, is_there in has.items() if not is_there]
    listing = ", ".join(name for name, is_there in has.items() if is_there) or "none that is of use"
    listing += f"; not {', '.join(lacks)}" if lacks else ""
    if missing := [name for name in lacks if name in _NEEDED_ENCODERS]:
        problem = f"most results need {' and '.join(missing)}"
        yield Finding("ffmpeg", "encoders", listing, problem, f"{_FULL_FFMPEG}, or choose another --codec")
    else:
        yield Finding("ffmpeg", "encoders", listing)


def _has_encoder(name: str) -> bool:
    try:
        encoder_pix_fmts(name)
    except VideoError:
        return False
    return True
