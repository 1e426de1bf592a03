"""A dry run of photos and films that have a URL, or whose results get one: nothing is fetched or put."""

import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from deoldify_lite.errors import DeoldifyError
from deoldify_lite.remote.jobs import Colorize, skip_done
from deoldify_lite.remote.outbox import Outbox
from deoldify_lite.run.items import Item
from deoldify_lite.run.manifest import Manifest, Record
from deoldify_lite.run.outlook import Outlook
from deoldify_lite.run.planned import Planned
from deoldify_lite.run.settings import Settings
from deoldify_lite.run.task import Task, check_output
from deoldify_lite.storage.url import Place


def plan_elsewhere(
    planned: Sequence[Planned], colorize: Colorize, settings: Settings, *, overwrite: bool = False
) -> Generator[Item, None, None]:
    """Yield what would become of each; of what would be fetched only its bytes are known.

    Args:
        planned: the sources, and the names of their results.
        colorize: says what would become of files on this machine.
        settings: as of the run.
        overwrite: as of the run.

    Raises:
        InputError: a store cannot be reached or refuses.
        OptionError: a URL is of a kind that we do not open, or its driver is not installed.
    """
    roots: dict[Place, list[Planned]] = {}
    for one in planned:
        roots.setdefault(one.root, []).append(one)
    for root, below in roots.items():
        with ExitStack() as stack:
            if isinstance(root, Path):
                manifest, is_whole, mark = Manifest(root), None, _leave
            else:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="deoldify-lite-")))
                deep = any("/" in one.output for one in below)
                outbox = stack.enter_context(Outbox(root, folder / "out", deep=deep))
                manifest, is_whole, mark = outbox.manifest, outbox.holds, outbox.mark_foreign
            yield from _plan(below, root, colorize, settings, manifest, is_whole, mark, overwrite=overwrite)


def _plan(
    planned: Sequence[Planned],
    root: Place,
    colorize: Colorize,
    settings: Settings,
    manifest: Manifest,
    is_whole: Callable[[Record], bool] | None,
    mark_foreign: Callable[[Task], None],
    *,
    overwrite: bool,
) -> Generator[Item, None, None]:
    """Plan what goes to one root; `mark_foreign` shows the user's files there to the manifest's folder."""
    todo = yield from skip_done(planned, settings, manifest, overwrite=overwrite, is_whole=is_whole)
    here = []
    for one in todo:
        task = one.task(Path(one.place.name) if not isinstance(one.place, Path) else one.place, manifest)
        mark_foreign(task)
        if isinstance(one.source, Path):
            here.append(task)
            continue
        there = root / one.output
        try:
            check_output(task, overwrite)
        except DeoldifyError as error:
            reason = str(error).replace(str(manifest.folder), str(root))
            yield Item(one.place, there, "failed", reason)
        else:
            outlook = Outlook(fetched_bytes=one.source.size)
            reason = "its size in pixels is known once it is fetched"
            yield Item(one.place, there, "planned", reason, outlook=outlook)
    for item in colorize(here) if here else ():
        reason = item.reason.replace(str(manifest.folder), str(root))
        yield replace(item, output=root / manifest.key(Path(str(item.output))), reason=reason)


def _leave(task: Task) -> None:
    """On this machine the user's files are seen where they are."""
