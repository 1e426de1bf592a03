"""Finished results elsewhere checked again, against what was recorded of them there."""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from deoldify_lite.errors import InputError
from deoldify_lite.run.manifest import NAME, Manifest, Record
from deoldify_lite.run.verify import Verdict
from deoldify_lite.storage.store import RemoteFile, fetch, list_files, look_up, name_below
from deoldify_lite.storage.url import Url
from deoldify_lite.system.files import sha256_of


def verify_elsewhere(out: Url) -> Iterator[Verdict]:
    """Check a folder of results, with all folders in it, or one result; as `verify.verify` does here.

    Each is fetched, one after the other, and removed again.

    Raises:
        InputError: nothing is recorded there, or the store cannot be reached or refuses.
        OptionError: the URL is of no kind that we open.
    """
    if look_up(out) is None:
        files = {file.url: file for file in list_files(out)}
        manifests = [file for url, file in sorted(files.items()) if url.name == NAME]
        if not manifests:
            raise InputError(f"{out}: holds no results of ours: there is no {NAME} in it")
        for file in manifests:
            for record in _records(file):
                yield _check(file.url.parent, record, files)
        return
    folder = out.parent
    while True:
        if manifest := _look_for(folder / NAME):
            found = [record for record in _records(manifest) if record.output == name_below(folder, out)]
            if found:
                names = (found[0].output, *found[0].extras)
                there = {folder / name: _look_for(folder / name) for name in names}
                yield _check(folder, found[0], {url: file for url, file in there.items() if file})
                return
        if not folder.name:
            raise InputError(f"{out}: nothing is recorded of it in its folder or those above")
        folder = folder.parent


def _look_for(url: Url) -> RemoteFile | None:
    try:
        return look_up(url)
    except InputError:
        return None


def _records(manifest: RemoteFile) -> list[Record]:
    with tempfile.TemporaryDirectory(prefix="deoldify_lite-") as folder:
        fetch(manifest, Path(folder)).rename(Path(folder) / NAME)
        return Manifest(Path(folder)).records()


def _check(folder: Url, record: Record, files: Mapping[Url, RemoteFile]) -> Verdict:
    output = folder / record.output
    missing = [name for name in record.extras if folder / name not in files]
    if output not in files:
        return Verdict(output, False, "is missing; colorize its source again")
    if files[output].size != record.size:
        sizes = f"has {files[output].size} bytes and not {record.size}"
        return Verdict(output, False, f"{sizes}: changed or cut short since it was made")
    try:
        with tempfile.TemporaryDirectory(prefix="deoldify_lite-") as temporary:
            sha256 = sha256_of(fetch(files[output], Path(temporary)))
    except InputError as error:
        return Verdict(output, False, str(error))
    if record.sha256 and sha256 != record.sha256:
        return Verdict(output, False, "its bytes are not those that were written: it is damaged")
    if missing:
        return Verdict(output, False, f"what was made beside it is missing: {', '.join(missing)}")
    return Verdict(output, True, "" if record.sha256 else "only its size is known, and right")
