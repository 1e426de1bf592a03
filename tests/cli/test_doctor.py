"""`deoldify-lite doctor`, as it is run."""

import json
from pathlib import Path

import pytest

from deoldify_lite.cli.main import main
from deoldify_lite.doctor import examination
from deoldify_lite.doctor.finding import Finding

SOUND = Finding("system", "Python", "3.12")
WRONG = Finding("disk", "here", "0.1 GB free in /", "results may not fit", "make room")


@pytest.mark.parametrize("findings", [(SOUND,), (SOUND, WRONG)])
def test_what_is_printed_and_written(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    findings: tuple[Finding, ...],
) -> None:
    monkeypatch.setattr(examination, "examine", lambda: iter(findings))
    code = main(["doctor", "--json", str(tmp_path / "doctor.json")])
    printed = capsys.readouterr().out
    written = json.loads((tmp_path / "doctor.json").read_text())
    assert code == (WRONG in findings)
    assert written["healthy"] == (WRONG not in findings)
    assert [Finding(**finding) for finding in written["findings"]] == list(findings)
    assert "system\n  Python: 3.12\n" in printed
    assert ("WRONG: results may not fit\n    remedy: make room\n" in printed) == (WRONG in findings)
    assert printed.endswith("1 wrong: here\n" if code else "nothing is wrong\n")


@pytest.mark.slow
def test_this_machine_is_sound(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0, capsys.readouterr().out
    assert "libx264" in capsys.readouterr().out
