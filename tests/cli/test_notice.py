"""The program that runs when a run has ended."""

import logging
import sys
from pathlib import Path

import pytest

from deoldify_lite.cli import notice
from deoldify_lite.errors import OptionError
from helpers.commands import Command

PYTHON = Path(sys.executable).as_posix()


def test_it_gets_the_summary_and_no_shell(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    told = tmp_path / "told"
    script = tmp_path / "tell it.py"
    script.write_text(f"import sys; print('out'); open({str(told)!r}, 'w').write('|'.join(sys.argv[1:]))")
    words = notice.words_of(f"{PYTHON} '{script.as_posix()}' '$HOME; false'")
    notice.notify(words, "3 done, 1 failed")
    assert told.read_text() == "$HOME; false|3 done, 1 failed"
    assert not caplog.records


def test_what_cannot_run_is_refused_before_the_work() -> None:
    with pytest.raises(OptionError, match="no program no-such-program"):
        notice.words_of("no-such-program now")
    with pytest.raises(OptionError, match="close the quotes"):
        notice.words_of("echo 'now")


def test_what_fails_is_warned_of(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        notice.notify([PYTHON, "-c", "raise SystemExit(3)"], "1 done")
        assert "ended with exit code 3" in caplog.text
        monkeypatch.setattr(notice, "MOST_S", 0.2)
        notice.notify([PYTHON, "-c", "import time; time.sleep(60)"], "1 done")
        assert "was stopped" in caplog.text
        notice.notify(["/no/such/program"], "1 done")
        assert "No such file" in caplog.text


@pytest.mark.slow
def test_a_run_ends_with_it(command: Command, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.pgm").write_bytes(b"P5 8 8 255 " + bytes(range(64)))
    (tmp_path / "tell.py").write_text("import sys; open(sys.argv[1], 'w').write(sys.argv[2])")
    notify = f"{PYTHON} {tmp_path / 'tell.py'} {tmp_path / 'told'}"
    report = tmp_path / "report.json"
    done = command(
        "folder", tmp_path / "in", "--render-factor", 4, "--notify", notify, "--json", report, "--quiet"
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "told").read_text().startswith("1 done")
    assert "notify" not in report.read_text() and "takes_settings" not in report.read_text()
    refused = command("folder", tmp_path / "in", "--notify", "no-such-program")
    assert refused.returncode == 2 and "no-such-program" in refused.stderr
