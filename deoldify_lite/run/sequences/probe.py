"""Look at a sequence before the work: what its frames are, and what is wrong with them."""

import logging
from collections.abc import Iterable

from deoldify_lite.errors import InputError
from deoldify_lite.run.sequences.footage import USUAL_RATE, Footage, SequenceFilm, film_of
from deoldify_lite.run.sequences.frames import Frames
from deoldify_lite.sequence.check import examine
from deoldify_lite.sequence.ranges import count_of, gaps_of, text_of

log = logging.getLogger(__name__)

# Troubles that an error lists.
_MOST_TOLD = 20


def probe_sequence(frames: Frames) -> SequenceFilm:
    """Look at the header of every frame.

    Raises:
        InputError: frames are missing or damaged and shall not be, or are not alike; the error lists them.
    """
    sequence = frames.sequence
    found = examine(sequence)
    troubles = found.troubles if frames.missing == "fail" or found.facts is None else found.to_mend
    if troubles:
        raise InputError(_list(trouble.text for trouble in troubles))
    if found.facts is None:
        raise InputError(f"{sequence.pattern}: none of its files can be read: copy them anew")
    shown = found.usable if frames.missing == "skip" else ((sequence.first, sequence.last),)
    rate = frames.rate or found.facts.rate or USUAL_RATE
    film = film_of(Footage(sequence, found.facts, shown, found.usable), rate)
    log.info("%s: %d frames, %s", sequence, len(film.footage), found.facts)
    if frames.rate is None:
        why = "as its header says" if found.facts.rate else "since its header names none"
        log.info("%s: %.5g frames a second, %s; --fps changes it", sequence.pattern, rate, why)
    return film


def notes_on(frames: Frames, film: SequenceFilm) -> tuple[str, ...]:
    """Return the warning about frames that have no picture."""
    sequence = frames.sequence
    lost = gaps_of(film.footage.usable, sequence.first, sequence.last)
    if not lost:
        return ()
    what = "are left out" if frames.missing == "skip" else "show the frame before, which is held"
    facts = film.footage.facts
    if frames.missing != "skip" and facts.timecode:
        what += "; their timecode goes on"
        what += ", their keycode is that of the frame they show" if "keycode" in facts.texts else ""
    text = text_of(lost, sequence.digits)
    return (f"{count_of(lost)} frames have no picture of their own and {what}: {text}",)


def _list(texts: Iterable[str]) -> str:
    lines = [*texts]
    more = len(lines) - _MOST_TOLD
    return "\n".join([*lines[:_MOST_TOLD], *([f"and {more} more"] if more > 0 else [])])
