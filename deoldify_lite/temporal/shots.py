"""Where the shots of a film begin, and which of them are already in colour.

PySceneDetect's detector finds candidates on small luma. A flash or a shaken camera make candidates too, so
each is looked at again: in a true cut nothing of what came before is seen afterwards.

A film gives the same marks in one go and in pieces that start at its cuts: nothing is remembered over a cut,
no frame after the next cut has a say, and no two cuts, nor a cut and the film's end, are closer than
CUT_LOOKAHEAD.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray
from scenedetect import AdaptiveDetector, FrameTimecode

from deoldify_lite.color.arrays import Luma, Plane, shrink
from deoldify_lite.temporal.in_color import is_in_color

# Frames that a new shot must last; a flash of up to five, with frames on both sides of it, fits well in.
CUT_LOOKAHEAD = 8
# A longer shot is taken for two: it bounds the work that a stop can undo, since films are rendered in pieces.
# What is known of the scene goes over, by the memory that holds scenes together.
MOST_SHOT_FRAMES = 2000
# Frames of a shot by which its colour is judged: two seconds of film.
COLOR_LOOKAHEAD = 48
# One in so many of these is looked at; the others show much the same.
_COLOR_STRIDE = 4

_SIDE = 64  # luma is shrunk to squares of this side, px: at this size grain is gone
_SHIFT = 10  # px of these by which the picture may move within a shot from one frame to another
# Chosen on films with known cuts: docs/calibration.md.
_LEAST_CHANGE = 8.0  # of a candidate: mean change of luma, in levels of 8 bits
_LEAST_RATIO = 2.0  # of a candidate: how many times the change of the frames around it its own is
_MOST_ALIKE = 0.5  # of a cut: the highest correlation of frames before with frames after
_BLACK = 32  # in black no px of the small luma is as bright as this
_BLACK_FRAMES = 24  # a fade through black takes less


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame of a film, small."""

    luma: Luma  # (S, S), full range
    chroma: NDArray[np.uint8] | None = None  # (2, h, w) the source's own Cb and Cr, 128 = neutral; None: grey
    begins_shot: bool = False  # set by mark_shots
    in_color: bool = False  # set by mark_shots: so is the whole shot, and it needs no other colours


def mark_shots(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Mark the first frame of each shot, and all frames of the shots that are in colour.

    Hard cuts begin shots, to the frame. Flashes, fades, dissolves and pans do not. What comes up after a
    second of black does: nothing can be carried over it, and black does not show what will be in colour.
    And so does every MOST_SHOT_FRAMES-th frame without any of that.

    Args:
        frames: in order, unmarked. At most COLOR_LOOKAHEAD + CUT_LOOKAHEAD of them are held at a time.

    Yields:
        The same frames, marked. The first one always begins a shot. Whether a shot is in colour is decided by
        its first COLOR_LOOKAHEAD frames and holds until the next cut.
    """
    return _mark_colors(_mark_cuts(frames))


def mark_listed(frames: Iterable[Frame], firsts: Collection[int]) -> Iterator[Frame]:
    """Mark the first frame of each shot of a list, and all frames of the shots that are in colour.

    Args:
        frames: in order, unmarked. At most COLOR_LOOKAHEAD of them are held at a time.
        firsts: numbers of the first frames of shots, counted from the first of `frames`, which is one.

    Yields:
        The same frames, marked; see `mark_shots` for what is in colour.
    """
    return _mark_colors(replace(frame, begins_shot=number in firsts) for number, frame in enumerate(frames))


def _mark_colors(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Mark the frames of shots in colour, where the first frame of each shot is marked."""
    held: list[Frame] = []
    decided: bool | None = None
    for frame in frames:
        if frame.begins_shot:
            yield from _mark_color(held)
            held, decided = [], None
        if decided is not None:
            yield replace(frame, in_color=decided)
            continue
        held.append(frame)
        if len(held) == COLOR_LOOKAHEAD:
            marked = _mark_color(held)
            held, decided = [], marked[0].in_color
            yield from marked
    yield from _mark_color(held)


def _mark_color(shot: Sequence[Frame]) -> list[Frame]:
    """Mark the first frames of a shot, by all of them."""
    looked_at = ((frame.luma, frame.chroma) for frame in shot[::_COLOR_STRIDE] if frame.chroma is not None)
    in_color = is_in_color(looked_at)
    return [replace(frame, in_color=in_color) for frame in shot]


def _mark_cuts(frames: Iterable[Frame]) -> Iterator[Frame]:
    waiting: deque[Frame] = deque()
    small: deque[Luma] = deque(maxlen=2 * CUT_LOOKAHEAD)
    detector = _Detector()
    start = 0  # of the present shot
    now = 0  # the frame to decide on
    black = 0  # frames of the present shot that came just before, all of them black
    for index, frame in enumerate(frames):
        waiting.append(frame)
        small.append(shrink(frame.luma, (_SIDE, _SIDE)))
        detector.step(small[-1])
        if len(waiting) < CUT_LOOKAHEAD:
            continue
        now = index + 1 - CUT_LOOKAHEAD
        if now >= start + CUT_LOOKAHEAD:
            before, after = list(islice(small, CUT_LOOKAHEAD)), list(islice(small, CUT_LOOKAHEAD, None))
            ends_black = black >= _BLACK_FRAMES and not _is_black(after[0])
            is_cut = now - start in detector.found and _is_cut(before, after)
            if is_cut or ends_black or now - start >= MOST_SHOT_FRAMES:
                start, black = now, 0
                detector = _Detector()
                for luma in after:
                    detector.step(luma)
        black = black + 1 if _is_black(small[-CUT_LOOKAHEAD]) else 0
        yield replace(waiting.popleft(), begins_shot=now == start)
        now += 1
    for at_end, frame in enumerate(waiting, start=now):
        yield replace(frame, begins_shot=at_end == start)


class _Detector:
    """Candidates for cuts in one shot: frames that differ from the last much more than those around them."""

    def __init__(self) -> None:
        # Frames, counted from the shot's first; no more can be waiting for their turn.
        self.found: deque[int] = deque(maxlen=CUT_LOOKAHEAD)
        self._steps = 0
        self._detector = AdaptiveDetector(
            adaptive_threshold=_LEAST_RATIO, min_scene_len=0, min_content_val=_LEAST_CHANGE, luma_only=True
        )

    def step(self, luma: Luma) -> None:
        # Frames are counted, so the rate plays no part.
        time = FrameTimecode(self._steps, fps=25.0)
        picture = cv2.cvtColor(luma, cv2.COLOR_GRAY2BGR)
        self.found.extend(cut.frame_num for cut in self._detector.process_frame(time, picture))
        self._steps += 1


def _is_black(luma: Luma) -> bool:
    return int(luma.max()) < _BLACK


def _is_cut(before: Sequence[Luma], after: Sequence[Luma]) -> bool:
    """Whether no frame after the candidate shows what one before it did, moved or of other brightness."""
    picture = _within_bars([*before, *after])
    seen = [_structure(luma[picture]) for luma in before]
    return not any(
        _alike(old, new) > _MOST_ALIKE for new in (_structure(y[picture]) for y in after) for old in seen
    )


def _within_bars(frames: Sequence[Luma]) -> tuple[slice, slice]:
    """The rows and columns that are not black in all frames: bars, and their edges, would look alike."""
    lit = np.max(frames, axis=0) >= _BLACK
    rows, columns = np.flatnonzero(lit.any(axis=1)), np.flatnonzero(lit.any(axis=0))
    if min(len(rows), len(columns)) < _SIDE // 4:  # hardly anything is to be seen
        return slice(None), slice(None)
    # The outermost px may be half bar.
    return slice(rows[0] + 1, rows[-1]), slice(columns[0] + 1, columns[-1])


def _structure(luma: Luma) -> Plane:
    """Edges and patches at equal strength all over: fades, flicker and vignettes leave it alone."""
    plane = shrink(luma, (_SIDE, _SIDE)).astype(np.float32)
    detail = cv2.GaussianBlur(plane, (0, 0), 1) - cv2.GaussianBlur(plane, (0, 0), 5)
    # Four levels are about what grain leaves at this size; they keep it from being blown up.
    return detail / (np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), 5)) + 4)


def _alike(one: Plane, other: Plane) -> float:
    """Correlation at the best of all shifts."""
    middle = one[_SHIFT:-_SHIFT, _SHIFT:-_SHIFT].copy()
    return float(cv2.matchTemplate(other, middle, cv2.TM_CCOEFF_NORMED).max())
