"""Hints in a film by the lines that they stand on, and the file with some lines more and some less."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deoldify_lite.color.hint import FilmHint
from deoldify_lite.film.probe import Film
from deoldify_lite.run.hint_file import parse_hints


@dataclass(frozen=True)
class HintLine:
    """A line of a file of hints."""

    text: str  # without space around it
    hint: FilmHint

    @property
    def color(self) -> str:
        """The colour as it is written: #rrggbb, or keep."""
        return self.text.split(",")[3].strip()


def hint_lines(data: bytes, path: Path, film: Film) -> list[HintLine]:
    """The hints in a film, in the order of their lines.

    Args:
        data: what the file holds; without a hint there are none.
        path: of the file, for errors.
        film: as it is written.

    Raises:
        InputError, OptionError: as in `read_hints` and `HintFile.in_film`.
    """
    if not has_hints(data):
        return []
    file = parse_hints(data, path, film=True)
    file.in_film(film.width, film.height, film.nearest_frame, each=film.per_frame)  # not too many on a frame
    lines = data.decode("utf-8-sig").splitlines()
    found = []
    for mark in file.marks:
        alone = replace(file, marks=(mark,))
        (hint,) = alone.in_film(film.width, film.height, film.nearest_frame, each=film.per_frame)
        found.append(HintLine(lines[mark.line - 1].strip(), hint))
    return found


def has_hints(data: bytes) -> bool:
    """Whether a file holds anything but comments and empty lines."""
    lines = data.removeprefix(b"\xef\xbb\xbf").splitlines()
    return any(line.strip() and not line.lstrip().startswith(b"#") for line in lines)


def change_lines(data: bytes, removed: Sequence[str], added: Sequence[str]) -> bytes:
    """A file of hints without some lines, and with others at its end; the rest stays, byte for byte.

    Args:
        data: what the file holds.
        removed: lines to remove, each once; those that are not there are ignored.
        added: lines to add.
    """
    gone = Counter(removed)
    kept = []
    lines = data.decode("utf-8").splitlines(keepends=True)
    for line in lines:
        text = line.removeprefix("\ufeff").strip()
        if gone[text] > 0:
            gone[text] -= 1
            kept.append("\ufeff" if line.startswith("\ufeff") else "")
        else:
            kept.append(line)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    text = "".join(kept)
    if added and text and text != "\ufeff" and not text.endswith(("\n", "\r")):
        text += end
    return (text + "".join(line + end for line in added)).encode()
