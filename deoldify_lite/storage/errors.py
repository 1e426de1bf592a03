"""What goes wrong with a store, told with the URL and what to do about it."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from deoldify_lite.errors import DeoldifyError, InputError
from deoldify_lite.storage.url import Url


class UnreachableError(InputError):
    """A store that cannot be reached now, and perhaps can be later."""


@contextmanager
def told(url: Url, done: str = "read") -> Iterator[None]:
    """Tell of any store's error with the URL and what to do about it."""
    try:
        yield
    except DeoldifyError:
        raise
    except Exception as error:
        reason = _reason(url, error, done)
        kind = UnreachableError if reason.startswith("cannot be reached") else InputError
        raise kind(f"{url}: {reason}") from error


def _reason(url: Url, error: Exception, done: str) -> str:
    # Drivers raise kinds of their own, which are told apart by name: we import none of them.
    kinds = " ".join(kind.__name__ for kind in type(error).__mro__)
    said = " ".join(str(error).split())[:300]
    if getattr(error, "errno", None) == errno.ENOSPC:
        return f"cannot be {done}: {said}: make room on that disk"
    if (
        "Credential" in kinds
        or "credential" in said
        or "Authentication" in kinds
        or "PasswordRequired" in kinds
    ):
        return (
            f"cannot be {done} without valid credentials ({said}): set those of {url.protocol}:// as its own "
            "tools expect them (AWS_PROFILE, `gcloud auth application-default login`, an SSH key ...)"
        )
    if isinstance(error, FileNotFoundError):
        what = (
            "there is no such bucket or folder: create it first"
            if done == "written"
            else ("there is no such file, folder or bucket: check the name, and that you may see it")
        )
        return what
    if isinstance(error, PermissionError) or "Forbidden" in kinds:
        return f"may not be {done} ({said or 'access denied'}): check what your credentials allow"
    unreached = re.search("Connect|Timeout|gaierror|SSH|DNS", kinds)
    if isinstance(error, ConnectionError | TimeoutError) or unreached:
        return (
            f"cannot be reached ({said or type(error).__name__}): check the network and the address, then "
            "run it again"
        )
    return f"cannot be {done} ({type(error).__name__}: {said}); run the same command again"
