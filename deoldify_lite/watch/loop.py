"""Watch a folder: colorize what has stopped growing there, photos before films, until a stop."""

import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deoldify_lite.errors import DeoldifyError, OptionError
from deoldify_lite.film.kinds import FILM_SUFFIXES
from deoldify_lite.run.items import Item
from deoldify_lite.watch.bell import Bell
from deoldify_lite.watch.drop import Drop
from deoldify_lite.watch.failures import Failures

log = logging.getLogger(__name__)

# After an error that concerns all files, such as a drive that is gone.
PAUSE_S = 30.0
# Between looks at files that may still grow.
GROWING_S = 1.0

# Colorizes these files of the folder, and returns the outcome of each.
Colorize = Callable[[Collection[Path]], Sequence[Item]]


@dataclass
class Watch:
    """What is watched, and what is to be done.

    Each item reaches `on_item` once it is finished. `on_idle` is called whenever nothing is left to do.
    """

    drop: Drop
    failures: Failures
    colorize_photos: Colorize
    colorize_films: Colorize
    on_item: Callable[[Item], None]
    on_idle: Callable[[], None] = lambda: None
    _trouble: str = field(default="", init=False)

    def run(self, bell: Bell) -> None:
        """Watch until KeyboardInterrupt.

        Raises:
            OptionError: an option is wrong for whatever is colorized.
        """
        while True:
            try:
                worked = self.work()
                if not worked:
                    self.on_idle()
                self._trouble = ""
            except OptionError:
                raise
            except (DeoldifyError, OSError) as error:
                if str(error) != self._trouble:
                    log.warning("%s; trying again every %.0f s", error, PAUSE_S)
                self._trouble = str(error)
                bell.wait(PAUSE_S)
                continue
            if not worked:
                bell.wait(GROWING_S if self.drop.are_growing else None)

    def work(self) -> bool:
        """Colorize the photos that are ready, or one film; return whether there was anything.

        Raises:
            DeoldifyError, OSError: nothing can be done at all.
        """
        ready = self.drop.look(time.monotonic())
        photos = [path for path in ready if path.suffix.lower() not in FILM_SUFFIXES]
        if photos:
            self._end(photos, self.colorize_photos(photos))
        elif ready:
            # One at a time, since photos that come meanwhile are done before the next one.
            self._end(ready[:1], self.colorize_films(ready[:1]))
        return bool(ready)

    def _end(self, paths: Sequence[Path], items: Sequence[Item]) -> None:
        by_source = {item.source: item for item in items}
        for path in paths:
            item = by_source.get(path)
            # Of one that is gone meanwhile there is no item.
            self.drop.end(path, time.monotonic(), failed=item is not None and item.status == "failed")
            if item is None or item.status == "skipped":
                continue
            if item.status == "failed":
                self.failures.tell(path, item.reason)
            else:
                self.failures.clear(path)
            self.on_item(item)
