"""What must be on this machine is not taken by URL, and the refusal says so by name."""

from pathlib import Path

import pytest

from deoldify_lite import api
from deoldify_lite.cli import main as cli
from deoldify_lite.errors import OptionError

WORDS = "s3://bucket/x: is a URL, and only files on this machine do here: download it first"


def refused(capsys: pytest.CaptureFixture[str], *argv: object) -> str:
    """What a run says that ends at once."""
    with pytest.raises(SystemExit) as end:
        cli.main([str(one) for one in argv])
    assert end.value.code == 2
    return capsys.readouterr().err.rpartition("error: ")[2].strip()


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("folder", ("--hints", "--colours-from", "--reference")),
        ("video", ("--hints", "--colours-from", "--reference", "--keys", "--shots", "--sound")),
        ("shots", ("--shots", "--reference")),
    ],
)
def test_options_name_what_is_here(
    command: str, options: tuple[str, ...], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for option in options:
        words = refused(capsys, command, "clip.mp4", option, "s3://bucket/x")
        assert words.startswith(f"argument {option}") and words.endswith(WORDS)
    (tmp_path / "deoldify_lite.toml").write_text('reference = "s3://bucket/x"\n')
    words = refused(capsys, command, tmp_path / "clip.mp4")
    assert "deoldify_lite.toml" in words and words.endswith(WORDS)


@pytest.mark.parametrize("command", ["shots", "preview"])
def test_sources_that_are_looked_at_are_here(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, command, "s3://bucket/x").endswith(WORDS)


def test_the_api_refuses_them_too(tmp_path: Path) -> None:
    for name, option in (("keys", "--keys"), ("shots", "--shots"), ("colors_from", "--colours-from")):
        with pytest.raises(OptionError, match=f"^{option} {WORDS}"):
            api.colorize_video(tmp_path / "clip.mp4", **{name: "s3://bucket/x"})
    with pytest.raises(OptionError, match="needs files on this machine: download s3://bucket/clip"):
        api.colorize_video("s3://bucket/clip.mp4", keys=tmp_path)
    with pytest.raises(OptionError, match="name a place here in place of s3://bucket/out"):
        api.colorize_video(tmp_path / "clip.mp4", "s3://bucket/out", keys=tmp_path)
