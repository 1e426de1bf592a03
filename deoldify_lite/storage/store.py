"""Files by URL, through fsspec: list, fetch and put them.

Only the protocol that the URL names is opened. The functions keep no state; fsspec keeps the connections.
"""

import os
import posixpath
import secrets
import shutil
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.storage.errors import store_errors
from deoldify_lite.storage.names import safe_name
from deoldify_lite.storage.url import Url, name_below
from deoldify_lite.system.files import atomic_path, natural_key
from deoldify_lite.system.selection import EVERYTHING, LeftOut, Selection, is_of_system

# An object store shows a file whole or not at all; on a file server it is put aside first and then moved.
OBJECT_STORES = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "memory")
FILE_SERVERS = ("sftp", "ssh", "ftp", "smb", "hdfs", "webhdfs")
# What pip installs for each, beside fsspec.
_DRIVERS = {
    **dict.fromkeys(("s3", "s3a"), "s3fs"),
    **dict.fromkeys(("gs", "gcs"), "gcsfs"),
    **dict.fromkeys(("az", "abfs", "abfss"), "adlfs"),
    **dict.fromkeys(("sftp", "ssh"), "paramiko"),
    "smb": "smbprotocol",
    "hdfs": "pyarrow",
    "webhdfs": "requests",
}
# Names of the time of the last change, by store.
_TIMES = ("LastModified", "mtime", "last_modified", "updated", "modify", "modificationTime", "created")


@dataclass(frozen=True)
class RemoteFile:
    """A file as it was listed."""

    url: Url
    size: int  # bytes
    mtime_ns: int  # time of the last change; 0 where the store gives none


def media_among(
    files: Iterable[RemoteFile],
    folder: Url,
    suffixes: Iterable[str],
    *,
    skip: Url | None = None,
    selection: Selection = EVERYTHING,
    left_out: LeftOut | None = None,
) -> list[RemoteFile]:
    """Listed files whose suffix is one of `suffixes`, in natural order, without hidden ones.

    Args:
        files: as `list_files` gives them.
        folder: that was listed.
        suffixes: lower case, with the dot.
        skip: a folder inside to leave out, such as that of the results.
        selection: of the user.
        left_out: gets what is there beside these files.
    """
    wanted = frozenset(suffixes)
    left_out = left_out or LeftOut()
    found = []
    of_system: dict[str, str] = {}  # names of folders, by their paths
    for file in files:
        name = name_below(folder, file.url)
        if _is_hidden(name) or not selection.takes(name) or (skip and file.url.is_relative_to(skip)):
            continue
        *folders, last = name.split("/")
        inside = next((n for n, part in enumerate(folders, 1) if is_of_system(part, folder=True)), 0)
        if inside:
            of_system["/".join(folders[:inside])] = folders[inside - 1]
        elif file.url.suffix.lower() in wanted:
            found.append(file)
        elif not is_of_system(last, folder=False):
            left_out.files.append(file.url)
    left_out.folders += of_system.values()
    return sorted(found, key=lambda file: (natural_key(file.url), file.url))


def list_files(url: Url, *, deep: bool = True) -> list[RemoteFile]:
    """List all files below a URL; none where there is nothing.

    Args:
        url: a folder.
        deep: also list the folders inside.

    Raises:
        InputError: the store cannot be reached, or refuses.
        OptionError: we do not open this kind of URL, or its driver is not installed.
    """
    with store_errors(url):
        system, root = _open(url)
        system.invalidate_cache()
        try:
            found = list(_files_in(system, root, url, deep))
        except FileNotFoundError:
            return []
    inside = f"{root.rstrip('/')}/"  # stores search by prefix, and photos2 begins with photos
    return [
        RemoteFile(Url(f"{url}/{name.removeprefix(inside)}"), int(info["size"] or 0), _mtime_ns(info))
        for name, info in found
        if name.startswith(inside)
    ]


def _is_hidden(name: str) -> bool:
    # To a store . and .. are names like any other. They are not hidden, so that they are reported.
    return any(part.startswith(".") for part in name.split("/") if part not in (".", ".."))


def _files_in(system: Any, root: str, url: Url, deep: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    # One request for a thousand objects where the store can; else one for each folder.
    if deep and url.protocol in OBJECT_STORES:
        found = system.find(root, detail=True)
        yield from ((name, info) for name, info in found.items() if not name.endswith("/"))
        return
    folders = [root]
    while folders:
        for info in system.ls(folders.pop(), detail=True):
            name = str(info["name"])
            if info["type"] == "directory":
                folders += [name] if deep else []
            elif not name.endswith("/") and name != root:
                yield name, info


def look_up(url: Url) -> RemoteFile | None:
    """The file at a URL; None for a folder, or what a store takes for one.

    Raises:
        InputError: there is nothing, or the store cannot be reached, or refuses.
        OptionError: see `list_files`.
    """
    with store_errors(url):
        system, path = _open(url)
        system.invalidate_cache()
        info = system.info(path)
    return None if info["type"] == "directory" else RemoteFile(url, int(info["size"] or 0), _mtime_ns(info))


def fetch(file: RemoteFile, folder: Path, *, stop: threading.Event | None = None) -> Path:
    """Copy a file into a private folder, whole or not at all, with its time of change.

    Args:
        file: as it was listed.
        folder: for this file alone, since two names may become one here.
        stop: another thread sets it to break off.

    Returns:
        The copy. Its name is safe here and keeps the suffix.

    Raises:
        InputError: the file is gone, has changed since it was listed or cannot be fetched, or the disk
            has no room for it.
        OptionError: see `list_files`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < file.size:
        raise InputError(
            f"{file.url}: takes {file.size / 1e9:.1f} GB, for which there is no room in {folder}: make room "
            "there, or name a folder on a larger disk in XDG_CACHE_HOME"
        )
    local = folder / safe_name(file.url.name)
    with store_errors(file.url), atomic_path(local) as part:
        system, path = _open(file.url)
        system.get_file(path, str(part), callback=_stopper(stop))
        if part.stat().st_size != file.size:
            raise InputError(
                f"{file.url}: has {part.stat().st_size} bytes and not {file.size}, as it was listed: it was "
                "changed meanwhile, or cut short on its way; run the same command again"
            )
        os.utime(part, ns=(file.mtime_ns, file.mtime_ns))
    return local


def put(path: Path, url: Url) -> None:
    """Put a file to a URL, whole or not at all, in place of what is there.

    Raises:
        InputError: the store cannot be reached, or refuses.
        OptionError: see `list_files`.
    """
    with store_errors(url, "written"):
        system, target = _open(url)
        if url.protocol in OBJECT_STORES:
            system.put_file(str(path), target)
            return
        parent = posixpath.dirname(target)
        if parent:
            system.makedirs(parent, exist_ok=True)
        part = posixpath.join(parent, f".{secrets.token_hex(8)}.part")
        try:
            system.put_file(str(path), part)
            # Some servers refuse to move a file onto another one.
            if url.protocol not in ("sftp", "ssh") and system.exists(target):
                system.rm_file(target)
            system.mv(part, target)
            system.invalidate_cache()
            arrived = system.info(target)["size"]
        except BaseException:
            with suppress(Exception):
                system.rm_file(part)
            raise
        if arrived != path.stat().st_size:
            raise InputError(f"{url}: has {arrived} bytes and not {path.stat().st_size}: run it again")


def remove(url: Url) -> None:
    """Remove a file, if there is one.

    Raises:
        InputError, OptionError: see `put`.
    """
    with store_errors(url, "removed"):
        system, path = _open(url)
        system.invalidate_cache()
        if system.exists(path):
            system.rm_file(path)


def _open(url: Url) -> tuple[Any, str]:
    """The file system of a URL, and the path in it.

    Raises:
        OptionError: we do not open this kind of URL, or its driver is not installed.
    """
    known = ", ".join(f"{name}://" for name in (*OBJECT_STORES, *FILE_SERVERS) if name != "memory")
    if ":" in url.host.rpartition("@")[0]:
        shown = f"{url.protocol}://{url.host.rpartition('@')[2]}"
        raise OptionError(
            f"{shown}: name no password in a URL, where others see it: use a key, or "
            f"FSSPEC_{url.protocol.upper()}_PASSWORD in the environment"
        )
    if "::" in url:
        raise OptionError(
            f"{url}: has `::` in it, which would open one file through another: name it plainly"
        )
    if url.protocol not in OBJECT_STORES and url.protocol not in FILE_SERVERS:
        raise OptionError(
            f"{url}: {url.protocol}:// is not opened; {known} are: copy it to one of these, or to a folder "
            "here"
        )
    if not url.host:
        raise OptionError(f"{url}: names no bucket or host")
    try:
        import fsspec
    except ImportError:
        raise OptionError(
            f'{url}: fsspec is not installed; run: pip install "deoldify_lite[remote]"'
        ) from None
    try:
        system, path = fsspec.url_to_fs(url)
    except ImportError as error:
        extra = '"deoldify_lite[s3]"' if url.protocol in ("s3", "s3a") else _DRIVERS.get(url.protocol, "")
        raise OptionError(
            f"{url}: the driver for {url.protocol}:// is not installed ({error}); run: pip install {extra}"
        ) from error
    return system, path


def _mtime_ns(info: dict[str, Any]) -> int:
    """The time of the last change, in whole microseconds, from any of the forms that stores give."""
    value = next((info[key] for key in _TIMES if info.get(key) is not None), 0)
    if isinstance(value, str):
        if value.isdigit() and len(value) >= 14:  # ftp: 20240131235959
            value = datetime.strptime(value[:14], "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc)
        else:
            try:
                value = datetime.fromisoformat(value.replace("Z", "+00:00"))
            except ValueError:
                return 0
    if isinstance(value, datetime):
        value = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
        whole = int(value.timestamp())
        return (whole * 1_000_000 + value.microsecond) * 1000
    if isinstance(value, int | float):
        in_seconds = value / 1000 if value > 1e11 else value  # webhdfs counts milliseconds
        return int(in_seconds * 1_000_000) * 1000
    return 0


class _Stopped(Exception):
    """A transfer that was broken off."""


def _stopper(stop: threading.Event | None) -> Any:
    from fsspec.callbacks import Callback

    class Stopper(Callback):
        """Called with each piece that has arrived."""

        def call(self, *_args: object, **_kwargs: object) -> None:
            if stop is not None and stop.is_set():
                raise _Stopped("stopped")

    return Stopper()
