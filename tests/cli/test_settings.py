"""Settings from files: which win, what is checked, and what is shown."""

from argparse import Namespace
from pathlib import Path

import pytest

from deoldify_lite.cli import main as cli
from deoldify_lite.cli.settings import parse
from deoldify_lite.cli.settings_files import user_file
from helpers.commands import Command


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deoldify_lite.cli.settings.user_file", lambda: tmp_path / "config.toml")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"")
    return folder


def parsed(*argv: object) -> Namespace:
    return parse(cli.build_folder_parser(), [str(one) for one in argv], cli.WITH_SETTINGS)


def refused(capsys: pytest.CaptureFixture[str], *argv: object) -> str:
    """What a run says that ends at once."""
    with pytest.raises(SystemExit) as end:
        cli.main_folder([str(one) for one in argv])
    assert end.value.code == 2
    return capsys.readouterr().err.rpartition("error: ")[2].strip()


def test_each_level_wins_over_the_one_below(photos: Path, tmp_path: Path) -> None:
    default = parsed(photos)
    assert (default.mode, default.quality, default.format, default.saturation) == (
        "artistic",
        None,
        "keep",
        None,
    )
    (tmp_path / "config.toml").write_text(
        'mode = "stable"\nrender-factor = 7\nsaturation = 0.5\n[folder]\nquality = 60\n'
        '[video]\nsaturation = 3\n[preset.album]\nformat = "png"\n[preset.album.folder]\nsaturation = 2\n'
    )
    mine = parsed(photos)
    assert (mine.mode, mine.render_factor, mine.saturation, mine.quality) == ("stable", 7, 0.5, 60)
    (photos / "deoldify_lite.toml").write_text("render_factor = 8\nquality = 61\n")
    beside = parsed(photos)
    assert (beside.mode, beside.render_factor, beside.quality, beside.format) == ("stable", 8, 61, "keep")
    assert parsed(photos / "a.jpg").render_factor == 8
    preset = parsed(photos, "--preset", "album")
    assert (preset.format, preset.saturation, preset.render_factor) == ("png", 2, 8)
    named = parsed("--preset", "album", "--saturation", 3, photos, "--mode", "video", "--quality=62")
    assert (named.mode, named.saturation, named.quality, named.format) == ("video", 3, 62, "png")
    assert vars(parsed(photos, "--no-settings"))["mode"] == "artistic"
    as_sub_command = parse(cli.build_parser(), ["folder", str(photos)], cli.WITH_SETTINGS)
    assert (as_sub_command.mode, as_sub_command.quality, as_sub_command.inputs) == ("stable", 61, [photos])
    video = parse(cli.build_video_parser(), [str(photos)], cli.WITH_SETTINGS)
    assert (video.mode, video.saturation, video.render_factor) == ("stable", 3, 8)


@pytest.mark.parametrize("command", sorted(cli.WITH_SETTINGS))
def test_every_command_takes_settings(command: str, photos: Path, tmp_path: Path) -> None:
    """Also those with an option that must be given."""
    (tmp_path / "config.toml").write_text(f'device = "cpu"\n[{command}]\nbackend = "torch"\n')
    found = parse(cli.build_parser(), [command, str(photos), "-o", str(tmp_path)], cli.WITH_SETTINGS)
    assert (found.device, found.backend, found.out) == ("cpu", "torch", tmp_path)


def test_a_preset_of_the_folder_adds_to_that_of_the_user(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[preset.a]\nquality = 60\nsaturation = 2\n")
    (photos / "deoldify_lite.toml").write_text("quality = 50\n[preset.a]\nsaturation = 3\n")
    found = parsed(photos, "--preset", "a")
    assert (found.quality, found.saturation) == (60, 3)


def test_flags_lists_and_paths(photos: Path) -> None:
    (photos / "deoldify_lite.toml").write_text(
        'no-mark = true\ncompare = false\nreport = true\nexclude = ["*.png", "b*"]\nreference = "c.jpg"\n'
        'layer = "only"\n'
    )
    found = parsed(photos)
    assert (found.mark, found.compare, found.report) == (False, False, Path())
    assert found.exclude == ["*.png", "b*"] and found.layer == "only" and found.inputs == [photos]
    assert found.reference == photos / "c.jpg"
    assert parsed("--exclude", "x", "--", photos).exclude == ["x"]


def test_what_is_wrong_names_file_key_and_remedy(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = photos / "deoldify_lite.toml"
    for text, words in {
        "render_facto = 3": "render_facto is not a setting: did you mean render-factor?",
        "[vide]\ncodec = 'ffv1'": "[vide] is not a setting: did you mean video?",
        "[folder]\ncodec = 'ffv1'": "folder.codec is not a setting: ",
        "[preset.a]\nqualit = 3": "preset.a.qualit is not a setting: did you mean quality?",
        "[preset.a.folder.b]\nx = 3": "[preset.a.folder.b] is not a setting",
        "preset = 3": "preset: write [preset.NAME]",
        "mode = ": "is not TOML",
        "mode = 'sepia'": "mode: invalid choice: 'sepia'",
        "quality = 'high'": "quality: invalid int value: 'high'",
        "compare = 'yes'": "compare: write true or false",
        "quality = []": "quality: write a text, a number",
        "overwrite = true": "overwrite is not a setting",
        "out = '/'": "out is not a setting",
    }.items():
        path.write_text(text)
        said = refused(capsys, photos)
        assert said.startswith(str(path)) and words in said, said
    path.write_bytes(b"\xff\xfe")
    assert "cannot be read" in refused(capsys, photos)
    path.write_text("[preset.a]\n")
    assert refused(capsys, photos, "--preset", "b") == "--preset b: there is no such preset: choose from a"
    assert "--no-settings" in refused(capsys, photos, "--preset", "a", "--no-settings")
    other = tmp_path / "other"
    other.mkdir()
    assert "a run of its own" in refused(capsys, photos, other)
    assert parsed(photos, other, "--no-settings").inputs == [photos, other]


def test_what_is_in_force_is_shown(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = photos / "deoldify_lite.toml"
    path.write_text('mode = "stable"\nwatermark = true\n[preset.a]\nquality = 9\n')
    arguments = [str(photos), "--preset", "a", "--format", "png", "--show-settings"]
    assert cli.main_folder(arguments) == 0
    shown = {line.split()[0]: line.split(maxsplit=2)[1:] for line in capsys.readouterr().out.splitlines()}
    assert shown["mode"] == ["stable", str(path)]
    assert shown["watermark"] == ["yes", str(path)]
    assert shown["quality"] == ["9", f"preset a of {path}"]
    assert shown["format"] == ["png", "command line"]
    assert shown["compare"] == ["no", "default"] and shown["hints"] == ["-", "default"]
    assert "colours-from" in shown and "colors-from" not in shown  # two names of one
    assert not photos.with_name("photos-colorized").exists()


@pytest.mark.slow
def test_a_run_by_settings_beside_the_photos(command: Command, photos: Path, tmp_path: Path) -> None:
    (photos / "a.jpg").unlink()
    (photos / "a.pgm").write_bytes(b"P5 8 8 255 " + bytes(range(64)))
    (photos / "deoldify_lite.toml").write_text('format = "png"\nrender-factor = 4\n')
    done = command("folder", photos)
    assert done.returncode == 0, done.stderr
    results = [path.name for path in (tmp_path / "photos-colorized").iterdir() if path.name[0] != "."]
    assert results == ["a.png"]
    assert ".toml" not in done.stderr  # it is not a file that was left out


def test_the_place_of_the_users_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert user_file().name == "config.toml" and user_file().parent.name == "deoldify_lite"
