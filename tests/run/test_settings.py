"""What fingerprints are made from: as long as it stays the same, finished work is recognised."""

import os
from pathlib import Path

import pytest

from deoldify_lite.color.grade import Grade
from deoldify_lite.color.hint import FilmHint, Hint
from deoldify_lite.film.encoding import Encoding
from deoldify_lite.render.look import Look
from deoldify_lite.run.manifest import fingerprint_of
from deoldify_lite.run.settings import FilmSettings, PhotoSettings

GRADE = {"temperature": 20.0, "tint": -10.0}
LOOK = Look("a" * 64, 12, 1.15, "auto", Grade(20.0, -10.0), "b" * 64)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file of which all that a fingerprint hashes is known."""
    path = tmp_path / "source"
    path.write_bytes(bytes(1000))
    os.utime(path, ns=(2000, 2000))
    return path


def test_photo_settings_as_manifests_of_version_0_1_0_have_them(source: Path) -> None:
    settings = PhotoSettings(LOOK, format="png", quality=85, compare=True)
    assert settings.as_dict() == {
        "weights": "a" * 64,
        "render_factor": 12,
        "saturation": 1.15,
        "precision": "auto",
        "grade": GRADE,
        "reference": "b" * 64,
        "format": "png",
        "quality": 85,
        "compare": True,
        "mark": True,
        "watermark": False,
    }
    assert fingerprint_of(source, settings.as_dict()) == "54917c2e30112f1ca39c7e6fb2826ced"


def test_another_effort_is_another_result() -> None:
    usual, small = PhotoSettings(LOOK), PhotoSettings(LOOK, effort="small")
    assert small.as_dict() == usual.as_dict() | {"effort": "small"}


def test_film_settings_as_manifests_of_version_0_1_0_have_them(source: Path) -> None:
    settings = FilmSettings(
        Look("a" * 64, 12, 1.3, "fp32", Grade(20.0, -10.0)),
        steadiness=0.95,
        end_s=1.5,
        hints=(FilmHint(30, Hint(0.5, 0.25, (0.1, -0.1))),),
        encoding=Encoding("libx264", 18),
    )
    assert settings.as_dict() == {
        "weights": "a" * 64,
        "render_factor": 12,
        "saturation": 1.3,
        "precision": "fp32",
        "grade": GRADE,
        "reference": "",
        "steadiness": 0.95,
        "recolor_all": False,
        "start_s": None,
        "end_s": 1.5,
        "deinterlace": False,
        "hints": ({"frame": 30, "hint": {"x": 0.5, "y": 0.25, "chroma": (0.1, -0.1), "radius": None}},),
        "encoding": {"codec": "libx264", "crf": 18, "pix_fmt": None, "on_gpu": False},
    }
    assert fingerprint_of(source, settings.as_dict()) == "95b58e3aba183504f49a3078a9c112a4"


def test_another_render_factor_changes_nothing_else() -> None:
    before = PhotoSettings(LOOK, quality=70)
    after = before.with_render_factor(9)
    assert (before.render_factor, after.render_factor) == (12, 9)
    assert after.as_dict() == before.as_dict() | {"render_factor": 9}


def test_a_purpose_is_in_the_fingerprint_only_where_there_is_one() -> None:
    usual = FilmSettings(LOOK, steadiness=0.95)
    web = FilmSettings(LOOK, steadiness=0.95, encoding=Encoding(purpose="web"))
    assert "purpose" not in usual.as_dict()["encoding"]
    assert web.as_dict()["encoding"] == usual.as_dict()["encoding"] | {"purpose": "web"}
