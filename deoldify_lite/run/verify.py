"""Finished results checked again, against what was recorded of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deoldify_lite.errors import InputError
from deoldify_lite.run.manifest import NAME, Manifest, Record
from deoldify_lite.storage.url import Place
from deoldify_lite.system.files import sha256_of


@dataclass(frozen=True)
class Verdict:
    """What was found of one result."""

    output: Place
    sound: bool  # it is as it was left
    reason: str = ""  # what is wrong, or is not known


def verify(out: Path) -> Iterator[Verdict]:
    """Check a folder of results, with all folders in it, or one result.

    A result is sound if its bytes are those that were written. Of records from before these were kept only
    the size is compared.

    Args:
        out: a folder of results, or a result.

    Raises:
        InputError: nothing is recorded there.
    """
    if out.is_dir():
        manifests = sorted(out.rglob(NAME))
        if not manifests:
            raise InputError(f"{out}: holds no results of ours: there is no {NAME} in it")
        for path in manifests:
            manifest = Manifest(path.parent)
            yield from (_check(manifest, record) for record in manifest.records())
        return
    for folder in out.absolute().parents:
        if (folder / NAME).is_file():
            manifest = Manifest(folder)
            key = manifest.key(out.absolute())
            if found := [record for record in manifest.records() if record.output == key]:
                yield _check(manifest, found[0])
                return
    raise InputError(f"{out}: nothing is recorded of it in its folder or those above")


def _check(manifest: Manifest, record: Record) -> Verdict:
    output = manifest.folder / record.output
    missing = [name for name in record.extras if not (manifest.folder / name).is_file()]
    try:
        if not output.is_file():
            return Verdict(output, False, "is missing; colorize its source again")
        if output.stat().st_size != record.size:
            sizes = f"has {output.stat().st_size} bytes and not {record.size}"
            return Verdict(output, False, f"{sizes}: changed or cut short since it was made")
        if record.sha256 and sha256_of(output) != record.sha256:
            return Verdict(output, False, "its bytes are not those that were written: it is damaged")
    except OSError as error:
        return Verdict(output, False, f"cannot be read: {error.strerror or error}")
    if missing:
        return Verdict(output, False, f"what was made beside it is missing: {', '.join(missing)}")
    if not record.sha256:
        return Verdict(output, True, "only its size is known, and right")
    return Verdict(output, True)
