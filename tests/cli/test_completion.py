"""What shells and `man` know of the commands."""

import argparse
import builtins
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deoldify_lite.cli.completion import SHELLS, print_completion
from deoldify_lite.cli.main import build_parsers
from deoldify_lite.errors import OptionError
from helpers.commands import Command
from helpers.places import ROOT

pytest.importorskip("shtab")

# As bash does at the Tab key: the words so far, of which the last is to be completed.
TAB = """
eval "$(cat)"
tab() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE} COMPREPLY=()
    local spec; spec=$(complete -p "$1"); spec=${spec#*-F }
    "${spec%% *}" "$1" "${@: -1}" "${@: -2:1}"
    echo "${COMPREPLY[@]}"
}
"""


@pytest.fixture(scope="module")
def bash_script() -> str:
    result = subprocess.run(
        [sys.executable, "-m", "deoldify_lite", "completion", "bash"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["colorize-folder", "--mode", ""], {"artistic", "stable", "video"}),
        (["colorize-folder", "--mode", "st"], {"stable"}),
        (["colorize-video", "--backend", "o"], {"openvino"}),
        (["colorize-video", "--render-f"], {"--render-factor"}),
        (["deoldify-lite", "fol"], {"folder"}),
        (["deoldify-lite", "folder", "--precision", ""], {"auto", "fp32", "bf16", "fp16"}),
        (["deoldify-lite", "weights", "ver"], {"verify"}),
        (["deoldify-lite", "completion", ""], set(SHELLS)),
        (["colorize-folder", "gran"], {"grandma.jpg"}),
        (["colorize-folder", "--json", "gran"], {"grandma.jpg"}),
        (["colorize-video", "--keys", "gran"], {"grandma.jpg"}),
        (["deoldify-lite", "preview", "gran"], {"grandma.jpg"}),
    ],
    ids=lambda value: " ".join(value if isinstance(value, list) else sorted(value)),
)
def test_bash_completes(bash_script: str, tmp_path: Path, words: list[str], completed: set[str]) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    (tmp_path / "grandma.jpg").touch()
    (tmp_path / "holiday.jpg").touch()
    result = subprocess.run(
        [bash, "--norc", "-c", TAB + 'tab "$@"', "bash", *words],
        input=bash_script,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert set(result.stdout.split()) == completed, result.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_all_commands(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert print_completion(shell, build_parsers()) == 0
    script = capsys.readouterr().out
    for name in ("deoldify-lite", "colorize-folder", "colorize-video", "artistic"):
        assert name in script
    program = shutil.which(shell)
    if program and shell != "tcsh":  # which cannot check without running
        assert subprocess.run([program, "-n"], input=script, text=True).returncode == 0


def test_wrong_shells_are_refused(command: Command) -> None:
    assert command("completion", "powershell").returncode == 2


def test_without_shtab_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "shtab":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(OptionError, match="pip install shtab"):
        print_completion("bash", [argparse.ArgumentParser(prog="colorize-folder")])


def test_help_does_not_load_it() -> None:
    code = "import sys, deoldify_lite.cli.main as cli; cli.build_parsers(); sys.exit('shtab' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


@pytest.mark.skipif(importlib.util.find_spec("argparse_manpage") is None, reason="no argparse-manpage")
def test_manual_pages_are_such_as_man_takes(tmp_path: Path) -> None:
    made = subprocess.run(
        [sys.executable, ROOT / "scripts/manpages", tmp_path],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    pages = [tmp_path / f"{name}.1" for name in ("deoldify-lite", "colorize-folder", "colorize-video")]
    assert made.stdout.split() == [str(page) for page in pages]
    assert "bring colour to old films" in pages[2].read_text()
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("there is no groff to read them")
    for page in pages:
        result = subprocess.run(
            [groff, "-man", "-ww", "-Tascii", "-P-c", page], capture_output=True, text=True
        )
        assert (result.returncode, result.stderr) == (0, "")
        plain = re.sub(".\b", "", result.stdout)  # without the overstrikes that make letters bold
        assert "SYNOPSIS" in plain and "--mode" in plain
