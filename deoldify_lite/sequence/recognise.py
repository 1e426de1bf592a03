"""Films among photos: which numbered files of a folder are the frames of one.

DPX and EXR are kinds for films alone. The others are photos, too, and an album of scans has numbers as well:
it is a film only if there are many files without a gap, all of one size, and neighbours that look alike.
"""

from pathlib import Path

import numpy as np

from deoldify_lite.color.arrays import shrink
from deoldify_lite.errors import InputError
from deoldify_lite.sequence.frames import look, read
from deoldify_lite.sequence.light import luma_of
from deoldify_lite.sequence.names import Sequence, list_sequences

FILM_KINDS = ("DPX", "EXR")
_LEAST_FILM, _LEAST_OTHER = 2, 24  # frames; 24 are a second of film
_LOOKED_AT = 24  # headers, spread over the files
# Pairs of neighbours that are compared, how many must look alike, and their correlation from which they do.
# At a cut they do not.
_PAIRS, _LEAST_ALIKE, _ALIKE = 5, 3, 0.9
_SMALL = (32, 32)


def recognise(folder: Path) -> list[Sequence]:
    """Find the sequences of a folder, its own files alone, in natural order.

    Raises:
        InputError: the folder cannot be listed.
    """
    return [one for one in list_sequences(folder) if _is_film(one)]


def _is_film(sequence: Sequence) -> bool:
    if sequence.kind in FILM_KINDS:
        return len(sequence) >= _LEAST_FILM
    if len(sequence) < _LEAST_OTHER or sequence.missing:
        return False
    spread = np.linspace(sequence.first, sequence.last, _LOOKED_AT).round().astype(int)
    starts = np.linspace(sequence.first, sequence.last - 1, _PAIRS).round().astype(int)
    try:
        if len({look(sequence.path(int(number))).layout for number in spread}) > 1:
            return False
        alike = sum(_look_alike(sequence.path(int(at)), sequence.path(int(at) + 1)) for at in starts)
    except InputError:  # photos of a folder are judged one by one, each by its own error
        return False
    return alike >= _LEAST_ALIKE


def _look_alike(one: Path, other: Path) -> bool:
    first, second = (shrink(luma_of(read(path)), _SMALL).astype(np.float64).ravel() for path in (one, other))
    first, second = first - first.mean(), second - second.mean()
    size = np.linalg.norm(first) * np.linalg.norm(second)
    return bool(size == 0 or first @ second >= _ALIKE * size)
