"""Why files failed: a text for each, in a folder of their own among the results."""

import logging
import time
from dataclasses import dataclass
from pathlib import Path

from deoldify_lite.system.files import atomic_path

log = logging.getLogger(__name__)

FOLDER = "failed"


@dataclass(frozen=True)
class Failures:
    """The texts about files of a folder.

    Args:
        folder: that is watched.
        out: of the results.
    """

    folder: Path
    out: Path

    def path(self, source: Path) -> Path:
        """Return the text of a file: its name below the folder, with .txt added."""
        name = source.relative_to(self.folder)
        return self.out / FOLDER / name.with_name(f"{name.name}.txt")

    def tell(self, source: Path, reason: str) -> None:
        """Write why a file failed; warn if that cannot be written."""
        when = time.strftime("%Y-%m-%d %H:%M:%S")
        text = (
            f"{reason}\n\n{source} failed on {when}. The file stays where it is. It is tried again when it "
            "changes, after some time, and when watching starts again. This text goes once it is done.\n"
        )
        try:
            with atomic_path(self.path(source)) as part:
                part.write_text(text, encoding="utf-8", errors="replace")
        except OSError as error:
            log.warning("%s: cannot be written: %s", self.path(source), error.strerror)

    def clear(self, source: Path) -> None:
        """Remove the text of a file that is done, and folders that are empty now."""
        path = self.path(source)
        try:
            path.unlink()
            for parent in path.parents:
                if parent == self.out:
                    break
                parent.rmdir()
        except OSError:  # there is none, or the folder holds others
            return
