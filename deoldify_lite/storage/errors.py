"""Errors of a store, raised as ours: with the URL, the reason, and what to do."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from deoldify_lite.errors import DeoldifyError, InputError
from deoldify_lite.storage.url import Url


class UnreachableError(InputError):
    """A store that cannot be reached now; a later try may succeed."""


@contextmanager
def store_errors(url: Url, done: str = "read") -> Iterator[None]:
    """Raise any error of a store as an InputError.

    Args:
        url: of the file or folder.
        done: what could not be done with it: read, written or removed.
    """
    try:
        yield
    except DeoldifyError:
        raise
    except Exception as error:
        reason = _reason(url, error, done)
        kind = UnreachableError if reason.startswith("cannot be reached") else InputError
        raise kind(f"{url}: {reason}") from error


def _reason(url: Url, error: Exception, done: str) -> str:
    # Drivers raise classes of their own. We import none of them, so their names decide.
    kinds = " ".join(kind.__name__ for kind in type(error).__mro__)
    said = " ".join(str(error).split())[:300]
    if getattr(error, "errno", None) == errno.ENOSPC:
        return f"cannot be {done}: {said}: make room on that disk"
    if "credential" in said or re.search("Credential|Authentication|PasswordRequired", kinds):
        return (
            f"cannot be {done} without valid credentials ({said}): set those of {url.protocol}:// as its own "
            "tools expect them (AWS_PROFILE, `gcloud auth application-default login`, an SSH key ...)"
        )
    if isinstance(error, FileNotFoundError):
        if done == "written":
            return "there is no such bucket or folder: create it first"
        return "there is no such file, folder or bucket: check the name, and that you may see it"
    if isinstance(error, PermissionError) or "Forbidden" in kinds:
        return f"may not be {done} ({said or 'access denied'}): check what your credentials allow"
    unreached = re.search("Connect|Timeout|gaierror|SSH|DNS", kinds)
    if isinstance(error, ConnectionError | TimeoutError) or unreached:
        return (
            f"cannot be reached ({said or type(error).__name__}): check the network and the address, then "
            "run it again"
        )
    return f"cannot be {done} ({type(error).__name__}: {said}); run the same command again"
