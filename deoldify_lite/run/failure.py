"""Turn an error into an item that says what happened, to which file, and what to do about it."""

import errno
import logging
import os

from deoldify_lite.errors import DeoldifyError
from deoldify_lite.run.items import Item
from deoldify_lite.run.task import Task

log = logging.getLogger(__name__)


# What to do about errors of the system, whichever program reports them.
_REMEDIES = {
    errno.ENOSPC: "make room on that disk, or choose another with -o; then run the same command again",
    errno.EDQUOT: "make room there, or choose another disk with -o; then run the same command again",
    errno.EFBIG: "name a folder on a disk that holds larger files with -o",
    errno.EROFS: "name a folder that you may write to with -o",
    errno.EACCES: "check its permissions, or name another folder with -o",
    errno.EPERM: "check its permissions, or name another folder with -o",
    errno.ENOENT: "it was there before: check its disk and its name, and run the same command again",
    errno.EIO: "its disk may be failing: copy what is on it, and try another one",
}


def failed(task: Task, error: BaseException) -> Item:
    """The item of a failure; the traceback of an unforeseen one is logged for --verbose."""
    if not isinstance(error, DeoldifyError | OSError):
        log.debug("%s", task.source, exc_info=error)
    return Item(task.source, task.output, "failed", _reason_of(task, error))


def _reason_of(task: Task, error: BaseException) -> str:
    """What happened, to which file, and what to do about it."""
    if isinstance(error, MemoryError) and not isinstance(error, DeoldifyError):
        return f"{task.source}: out of memory; close other programs, and run the same command again"
    if isinstance(error, OSError):
        name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else task.output
        reason = f"{name}: {error.strerror or error}"
    elif isinstance(error, DeoldifyError):
        reason = str(error)
    else:
        return (
            f"{task.source}: unexpected error ({type(error).__name__}: {error}); if other programs open the "
            "file, please report it with the output of --verbose"
        )
    # ffmpeg and the decoders pass on the system's words, too.
    for number, remedy in _REMEDIES.items():
        if any(line.rstrip().endswith(os.strerror(number)) for line in reason.splitlines()):
            return f"{reason}: {remedy}"
    return reason
