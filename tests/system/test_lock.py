"""lock: one run at a time, and work where there are no locks."""

import errno
import logging
import os
from pathlib import Path

import pytest

from deoldify_lite.errors import InputError
from deoldify_lite.system.lock import sole_run

fcntl = pytest.importorskip("fcntl", reason="Windows has other locks")


def test_a_second_run_is_told_and_the_next_is_not(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with sole_run(lock, tmp_path), pytest.raises(InputError, match="another run"), sole_run(lock, tmp_path):
        pytest.fail("two runs at once")
    with sole_run(lock, tmp_path):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EIO])
def test_a_file_system_without_locks_gets_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", fail)
    done = False
    with sole_run(tmp_path / "lock", "my results"):
        done = True
    assert done and not list(tmp_path.iterdir())
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert str(tmp_path) in record.getMessage() and "my results" in record.getMessage()
    # What others may be at work on is not cleared away without a lock.
    with pytest.raises(OSError), sole_run(tmp_path / "lock", "my results", needs_lock=True):
        pytest.fail("it went on")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to_stays_an_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match="lock"), sole_run(tmp_path / "lock", tmp_path):
        pytest.fail("it went on")


def test_a_missing_folder_stays_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="none"), sole_run(tmp_path / "none" / "lock", tmp_path):
        pytest.fail("it went on")
