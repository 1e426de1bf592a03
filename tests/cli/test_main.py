"""The commands as a user runs them."""

import argparse
import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deoldify_lite.cli import main as cli
from deoldify_lite.cli import video as video_cli
from deoldify_lite.models.zoo import MODELS
from helpers.commands import Command
from helpers.places import ROOT


@pytest.mark.slow
def test_colorize_folder_end_to_end(command: Command, photos: Path, tmp_path: Path) -> None:
    """Names that a shell would trip over, a broken photo, a report; and then the same command again."""
    (photos / "a.jpg").rename(photos / "it's 100 % $HOME «né».jpg")
    (photos / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    arguments = ("folder", photos, "--render-factor", 4, "--json", tmp_path / "r.json")
    first = command(*arguments)
    assert first.returncode == 1
    root = photos.with_name("photos-colorized")
    outputs = sorted(str(path) for path in root.rglob("*") if path.suffix in {".jpg", ".png", ".tif"})
    assert sorted(first.stdout.splitlines()) == outputs and len(outputs) == 3
    assert "broken.png" in first.stderr and "3 done, 1 failed" in first.stderr
    assert "Traceback" not in first.stderr
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["counts"] == {"done": 3, "failed": 1}
    assert len(report["settings"]["weights_sha256"]) == 64
    colors = np.asarray(Image.open(root / "it's 100 % $HOME «né».jpg")).astype(int)
    assert np.ptp(colors, axis=2).mean() > 5

    (photos / "broken.png").unlink()
    second = command(*arguments, "--quiet")
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")


def test_usage_errors_are_told_apart(command: Command, photos: Path, tmp_path: Path) -> None:
    assert command("folder").returncode == 2
    assert command("folder", photos, "--mode", "sepia").returncode == 2
    missing = command("folder", tmp_path / "nowhere")
    assert missing.returncode == 1 and "nowhere: no such file or folder" in missing.stderr


@pytest.mark.logs_errors
def test_weights_that_are_not_there_are_named(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert cli.main(["folder", str(photos), "--weights", str(tmp_path / "lost.pth")]) == 1
    assert "lost.pth" in caplog.text and "Traceback" not in caplog.text + capsys.readouterr().err


def test_official_weights_that_are_not_there_name_the_remedy(
    command: Command, photos: Path, tmp_path: Path
) -> None:
    result = command("folder", photos, "--weights", "deoldify", env={"XDG_CACHE_HOME": str(tmp_path)})
    assert result.returncode == 1
    assert "deoldify-lite weights fetch artistic" in result.stderr


def test_help_is_quick_and_loads_no_torch() -> None:
    code = (
        "import sys; from deoldify_lite.cli import main as cli\n"
        "try: cli.main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "sys.exit('torch' in sys.modules or 'cv2' in sys.modules)"
    )
    for arguments in (["--help"], ["folder", "--help"], ["video", "--help"], ["weights", "list"]):
        result = subprocess.run(
            [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True
        )
        assert result.returncode == 0, arguments
        assert result.stdout


def test_commands_of_their_own_take_the_same_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    for entry, words in ((cli.main_folder, "PHOTOS"), (cli.main_video, "CLIP")):
        with pytest.raises(SystemExit) as stop:
            entry(["--help"])
        assert stop.value.code == 0 and words in capsys.readouterr().out


def test_times() -> None:
    assert [video_cli.seconds(text) for text in ("7.5", "1:30", "1:00:02")] == [7.5, 90, 3602]
    for wrong in ("x", "1:2:3:4", "-3"):
        with pytest.raises(ValueError):
            video_cli.seconds(wrong)


def test_weights_list_and_convert(
    capsys: pytest.CaptureFixture[str], tiny_weights: Path, tmp_path: Path
) -> None:
    assert cli.main(["weights", "list"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in MODELS)
    target = tmp_path / "half.safetensors"
    assert cli.main(["weights", "convert", str(tiny_weights), str(target), "--half"]) == 0
    assert 0.4 < target.stat().st_size / tiny_weights.stat().st_size < 0.6


@pytest.mark.logs_errors
def test_known_errors_become_messages(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    assert cli.main(["weights", "verify", "nonsense"]) == 2
    assert "nonsense" in caplog.text
    assert cli.main(["weights", "convert", str(tmp_path / "no.pth"), str(tmp_path / "x.safetensors")]) == 1
    assert "no.pth" in caplog.text


@pytest.mark.slow
def test_ctrl_c_is_130_and_the_next_run_goes_on(photos: Path, tmp_path: Path) -> None:
    """Stopped at the first result; then the same command does the rest."""
    import os
    import signal

    for i in range(30):
        (photos / f"more{i}.png").write_bytes((photos / "b.png").read_bytes())
    run = [sys.executable, "-m", "deoldify_lite", "folder", str(photos)]
    run += ["--render-factor", "4", "--batch-size", "1", "--report"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        run,
        env=env,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that a shell runs in the background inherit that Ctrl-C is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130 and "run the same command again" in stderr and "Traceback" not in stderr
    out = photos.with_name("photos-colorized")
    assert not [path for path in out.rglob("*") if ".part" in path.name]
    # the report shows what was finished
    page = (out / "report.html").read_text()
    results = [path for path in out.rglob("*") if path.suffix in (".png", ".jpg", ".tif")]
    assert "The run was stopped." in page and 1 <= page.count("<article") <= len(results)

    rest = subprocess.run(run, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert rest.returncode == 0 and "skipped" in rest.stderr
    assert len(list(out.rglob("*.png"))) == 31


def options_of(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.Action]]:
    """Options of a parser and of its sub-commands that take a value, each with its heading."""
    for group in parser._action_groups:
        for action in group._group_actions:
            if isinstance(action, argparse._SubParsersAction):
                for command in action.choices.values():
                    yield from options_of(command)
            elif action.option_strings and action.nargs != 0:
                yield group.title or "", action


def test_helps_state_defaults_and_end_in_examples() -> None:
    for parser in cli.build_parsers():
        for heading, action in options_of(parser):
            assert "default" in (action.help or "") + heading, f"{parser.prog} {action.option_strings}"
        assert (parser.epilog or "").startswith("examples:\n"), parser.prog


def test_examples_in_helps_are_right() -> None:
    parsers = {parser.prog: parser for parser in cli.build_parsers()}
    commands = next(a for a in parsers["deoldify-lite"]._actions if isinstance(a, argparse._SubParsersAction))
    for described in [*parsers.values(), *commands.choices.values()]:
        for line in (described.epilog or "").splitlines()[1:]:
            program, *words = shlex.split(line, comments=True)
            if program in parsers and ">" not in words:
                parsers[program].parse_args(words)
