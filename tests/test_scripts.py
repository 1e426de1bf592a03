"""The scripts in Python: each loads, and says what it is for."""

import runpy
import sys
from pathlib import Path

import pytest
import torch

from helpers.places import ROOT

SCRIPTS = ROOT / "scripts"
COMMANDS = [
    *sorted(SCRIPTS.glob("measure/*.py")),
    *sorted(SCRIPTS.glob("figures/*.py")),
    SCRIPTS / "benchmark",
    SCRIPTS / "benchmark/ray_workers.py",
    SCRIPTS / "fuzz",
    SCRIPTS / "manpages",
]


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: str(path.relative_to(SCRIPTS)))
def test_help(path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", [str(path), "--help"])
    monkeypatch.syspath_prepend(path if path.is_dir() else path.parent)
    # Some scripts turn gradients off for good; this turns them on again for the tests that follow.
    with torch.enable_grad(), pytest.raises(SystemExit) as stopped:
        runpy.run_path(str(path), run_name="__main__")
    for name in [one.stem for one in SCRIPTS.glob("*/[a-z]*.py")]:  # siblings of one are not those of another
        sys.modules.pop(name, None)
    assert stopped.value.code == 0
    assert capsys.readouterr().out.startswith("usage: ")
