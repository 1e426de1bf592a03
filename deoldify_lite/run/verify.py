"""Check finished results against their records in the manifest."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from deoldify_lite.errors import InputError
from deoldify_lite.run.frame_marks import frame_name, mark_of, ranges_of, unpack_marks
from deoldify_lite.run.manifest import NAME, Manifest, Record, read_manifest
from deoldify_lite.storage.places import (
    Folder,
    Source,
    find_file,
    is_folder,
    on_disk,
    place_of,
    size_and_time,
)
from deoldify_lite.storage.store import look_up
from deoldify_lite.storage.url import Place, Url, name_below
from deoldify_lite.system.files import sha256_of


@dataclass(frozen=True)
class Verdict:
    """Whether one result is sound."""

    output: Place
    sound: bool  # its bytes are those that were written
    reason: str = ""  # what is wrong with it, or was not checked


def verify(out: Place) -> Iterator[Verdict]:
    """Check one result, or all results in a folder and in the folders inside it.

    A result is sound if its bytes are those that were written; a sequence, if those of all its frames are.
    Old records hold no hash; for these only the size is compared. Results by URL are fetched one by one and
    removed again.

    Args:
        out: a folder of results, or a result.

    Raises:
        InputError: nothing is recorded there, or the store cannot be reached or refuses.
        OptionError: the URL is of a kind that we do not open.
    """
    if is_folder(out):
        folder = Folder(out)
        manifests = folder.named(NAME)
        if not manifests:
            raise InputError(f"{out}: holds no results of ours: there is no {NAME} in it")
        for file in manifests:
            known = read_manifest(file)
            for record in known.records():
                yield _check(place_of(file).parent, record, folder.file, known)
        return
    result = out if isinstance(out, Url) else out.absolute()
    for parent in result.parents:
        if manifest := find_file(parent / NAME):
            key, known = name_below(parent, result), read_manifest(manifest)
            if found := [record for record in known.records() if key in (record.output, *record.marks())]:
                yield from (_check(parent, record, find_file, known) for record in found)
                return
    if isinstance(out, Url):
        look_up(out)  # raises, with the reason, if the store shows us nothing
    raise InputError(f"{out}: nothing is recorded of it in its folder or those above")


def _check(
    folder: Place, record: Record, find: Callable[[Place], Source | None], manifest: Manifest
) -> Verdict:
    output = folder / record.output
    if record.frames:
        return _check_frames(folder, record, find, manifest)
    try:
        missing = [name for name in record.extras if find(folder / name) is None]
        file = find(output)
        if file is None:
            return Verdict(output, False, "is missing; colorize its source again")
        size, _ = size_and_time(file)
        if size != record.size:
            sizes = f"has {size} bytes and not {record.size}"
            return Verdict(output, False, f"{sizes}: changed or cut short since it was made")
        if record.sha256:
            with on_disk(file) as path:
                if sha256_of(path) != record.sha256:
                    return Verdict(output, False, "its bytes are not those that were written: it is damaged")
    except InputError as error:
        return Verdict(output, False, str(error))
    except OSError as error:
        return Verdict(output, False, f"cannot be read: {error.strerror or error}")
    if missing:
        return Verdict(output, False, f"what was made beside it is missing: {', '.join(missing)}")
    return Verdict(output, True, "" if record.sha256 else "only its size is known, and right")


def _check_frames(
    folder: Place, record: Record, find: Callable[[Place], Source | None], manifest: Manifest
) -> Verdict:
    output = folder / record.output
    missing: list[int] = []
    changed: list[int] = []
    for number in unpack_marks(record.frames, record.sizes, record.digests):
        name = frame_name(record.output, number)
        try:
            file = find(folder / name)
            if file is None:
                missing.append(number)
                continue
            with on_disk(file) as path:
                # Another part of the sequence may have been rendered over it.
                if mark_of(path) != manifest.frame_mark(name):
                    changed.append(number)
        except InputError as error:
            return Verdict(output, False, str(error))
        except OSError as error:
            return Verdict(output, False, f"{name} cannot be read: {error.strerror or error}")
    reasons = [f"frames {ranges_of(missing)} are missing; colorize their source again"] if missing else []
    reasons += [f"frames {ranges_of(changed)} are not as they were written"] if changed else []
    if lost := [name for name in record.extras if find(folder / name) is None]:
        reasons.append(f"what was made beside it is missing: {', '.join(lost)}")
    return Verdict(output, not reasons, "; ".join(reasons))
