"""Weight files as files: found, verified, fetched. Nothing here is downloaded unasked."""

import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from deoldify_lite.errors import WeightsError
from deoldify_lite.models.zoo import ModelSpec
from deoldify_lite.system.cache import user_cache
from deoldify_lite.system.files import sha256_of

# Called with the bytes that are there so far and the bytes of the whole file.
Progress = Callable[[int, int], None]

_TIMEOUT_S = 30.0  # without a single byte
_ATTEMPTS = 5  # at one mirror, as long as each brings something
_CHUNK_BYTES = 1 << 18
# What one mirror can do to us; any other OSError is about our own disk.
_NETWORK_ERRORS = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError)


def weight_folders() -> list[Path]:
    """Folders that may hold weights, in order: the user's choice, the program's own, the cache."""
    folders = []
    if chosen := os.environ.get("DEOLDIFY_LITE_WEIGHTS"):
        folders.append(Path(chosen).expanduser())
    package = Path(__file__).resolve().parents[1]
    folders.append(package / "weights")
    # Only a checkout has this file beside the package: in site-packages `weights` would be a stranger's.
    if (package.parent / "setup.cfg").is_file():
        folders.append(package.parent / "weights")
    folders.append(user_cache())
    return folders


def find_weights(spec: ModelSpec) -> Path:
    """Path of a network's weight file.

    Raises:
        WeightsError: no folder has it; the message lists the folders and how to get the file.
    """
    folders = weight_folders()
    for folder in folders:
        if (folder / spec.file).is_file():
            return folder / spec.file
    looked = "".join(f"\n  {folder}" for folder in folders)
    raise WeightsError(f"no {spec.file} (weights of {spec.name!r}); {_how_to_get(spec)}. Looked in:{looked}")


def _how_to_get(spec: ModelSpec) -> str:
    """The remedy where weights are missing or damaged."""
    if spec.urls:
        return f"get it with: deoldify-lite weights fetch {spec.name}"
    return "reinstall deoldify_lite, which these weights ship with"


def verify_weights(spec: ModelSpec, path: Path) -> None:
    """Check size and SHA-256 of a weight file, as far as the table knows them.

    Raises:
        WeightsError: the file is missing or is not the one it should be.
    """
    try:
        size = path.stat().st_size
        if spec.bytes and size != spec.bytes:
            raise WeightsError(f"{path} has {size} bytes instead of {spec.bytes}: {_how_to_get(spec)}")
        if spec.sha256 and (found := sha256_of(path)) != spec.sha256:
            raise WeightsError(
                f"{path} has SHA-256 {found} instead of {spec.sha256}, so it is damaged or another file: "
                f"{_how_to_get(spec)}"
            )
    except OSError as error:
        raise WeightsError(f"cannot read {path} ({error}): {_how_to_get(spec)}") from error


def fetch_weights(spec: ModelSpec, folder: Path, *, progress: Progress | None = None) -> Path:
    """Download a network's weights and verify them; continue where an earlier try stopped.

    The mirrors are tried in turn. The file gets its name only when its size and SHA-256 are right.

    Args:
        spec: the network.
        folder: where the file goes; made if missing.
        progress: called after each piece with the bytes so far and in all.

    Returns:
        Path of the file; a verified file is not fetched again.

    Raises:
        WeightsError: no mirror gave the file; the message names each and its failure. Or the disk failed.
    """
    path = folder / spec.file
    if path.is_file():
        try:
            verify_weights(spec, path)
            return path
        except WeightsError:
            pass  # a damaged file is replaced
    if not spec.urls:
        raise WeightsError(f"{spec.file} cannot be fetched: {_how_to_get(spec)}")
    part = folder / f"{spec.file}.part"
    failures = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for url in spec.urls:
            try:
                _fetch_from(url, spec, part, progress)
            except WeightsError as error:
                failures.append(f"\n  {url}: {error}")
                continue
            os.replace(part, path)
            return path
    except OSError as error:
        raise WeightsError(f"cannot write {part}: {error}") from error
    raise WeightsError(
        f"could not fetch {spec.file}; check the connection and try again, or put the file into {folder} "
        f"yourself. Tried:{''.join(failures)}"
    )


def _fetch_from(url: str, spec: ModelSpec, part: Path, progress: Progress | None) -> None:
    """Bring `part` to a whole, verified file from one mirror.

    Raises:
        WeightsError: why this mirror failed; `part` stays if a later try can continue from it.
    """
    for attempt in range(_ATTEMPTS):
        before = part.stat().st_size if part.exists() else 0
        try:
            _download(url, part, spec.bytes, progress)
        except _NETWORK_ERRORS as error:
            grown = part.exists() and part.stat().st_size > before
            if grown and attempt + 1 < _ATTEMPTS:
                continue
            raise WeightsError(str(error) or type(error).__name__) from error
        try:
            verify_weights(spec, part)
            return
        except WeightsError:
            part.unlink(missing_ok=True)
            # The first bytes may have come from another mirror, or another version of the file.
            if before == 0 or attempt + 1 == _ATTEMPTS:
                raise WeightsError("returned another file than expected (wrong size or SHA-256)") from None


def _download(url: str, part: Path, total: int, progress: Progress | None) -> None:
    """Bring `part` to the length that one server promises, resuming if the server can.

    Raises:
        One of `_NETWORK_ERRORS`, or WeightsError if the server sends no file at all.
    """
    offset = part.stat().st_size if part.exists() else 0
    if total and offset == total:
        return  # whole already; whether it is right is seen next
    if total and offset > total:
        offset = 0
    _check_scheme(url)
    request = urllib.request.Request(url, headers={"User-Agent": "deoldify-lite"})
    if offset:
        request.add_header("Range", f"bytes={offset}-")
    opener = urllib.request.build_opener(_SafeRedirects)
    try:
        response = opener.open(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink(missing_ok=True)  # longer than the server's file: useless
        raise
    with response:
        if response.headers.get_content_type() == "text/html":
            raise WeightsError("returned a web page instead of the file")
        # A server that does not resume answers 200 with the whole file.
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            offset = 0
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {offset}-"):
            raise WeightsError("resumed at the wrong place")
        length = response.headers.get("Content-Length")
        expected = offset + int(length) if length else total
        if total and expected != total:
            raise WeightsError(f"offers a file of {expected} bytes instead of {total}")
        with open(part, "r+b" if offset else "wb") as file:
            file.seek(offset)
            file.truncate()
            for chunk in _pieces(response):
                file.write(chunk)
                offset += len(chunk)
                if progress:
                    progress(offset, expected)
    if expected and offset < expected:
        raise ConnectionError(f"stopped after {offset} of {expected} bytes")


def _pieces(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """The body in pieces; whatever the socket raises is a network error, and no error of our disk."""
    while True:
        try:
            chunk = response.read(_CHUNK_BYTES)
        except OSError as error:
            raise ConnectionError(f"the connection broke: {error}") from error
        if not chunk:
            return
        yield chunk


def _check_scheme(url: str) -> None:
    """Let only https through, and http to this very machine, as the tests use it."""
    parts = urlsplit(url)
    if parts.scheme != "https" and (parts.scheme, parts.hostname) != ("http", "127.0.0.1"):
        raise WeightsError(f"is not https: {url}")


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but never from https to something weaker."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        _check_scheme(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
