"""Hints in films: carried along the motion of their shot, and no further."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pytest

from deoldify_lite.color.hint import FilmHint, Hint
from deoldify_lite.temporal.hinting import spread_through_shots
from deoldify_lite.temporal.key_frames import Step, find_key_frames
from deoldify_lite.temporal.shots import MOST_SHOT_FRAMES, Frame
from deoldify_lite.temporal.steady import Predicted, steady
from helpers.pictures import textured

SIZE = (96, 96)
RED = (-0.1, 0.3)


def shot(lumas: Iterable[np.ndarray], *, most_steps: int = 4) -> list[Predicted]:
    """A shot that the network left grey."""
    frames = (Frame(luma, begins_shot=not i) for i, luma in enumerate(lumas))
    steps = find_key_frames(frames, SIZE, most_steps=most_steps)
    return [Predicted(step, np.zeros((2, *SIZE), np.float32) if step.stands_for else None) for step in steps]


def still(count: int, *, seed: int = 0) -> list[Predicted]:
    """A shot in which nothing moves, and yet no frame equals the one before."""
    lumas = [textured(seed=seed) for _ in range(count)]
    for luma in lumas[::2]:
        luma[0, 0] += 1
    return shot(lumas)


def run(frames: Iterable[Predicted], hints: Sequence[FilmHint], first: int = 0) -> list[Predicted]:
    return list(spread_through_shots(frames, hints, aspect=1.0, first=first))


def red_at(frame: Predicted, column: int, row: int = 48) -> float:
    """Mean Cr around a point."""
    assert frame.chroma is not None
    return float(frame.chroma[1, row - 2 : row + 3, max(column - 2, 0) : column + 3].mean())


def hint(frame: int, column: int = 48, radius: float | None = 0.3) -> FilmHint:
    return FilmHint(frame, Hint((column + 0.5) / 96, 48.5 / 96, RED, radius))


def test_shots_without_hints_pass_untouched_and_at_once() -> None:
    one, other = still(9), still(9, seed=1)
    passed = run([*one, *other], [hint(12)])
    assert passed[:9] == one  # the very same objects
    assert all(new is not old for new, old in zip(passed[9:], other, strict=True) if old.chroma is not None)
    given: list[int] = []

    def counted() -> Iterator[Predicted]:
        for i, frame in enumerate(one):
            given.append(i)
            yield frame

    stream = spread_through_shots(counted(), [hint(MOST_SHOT_FRAMES)], aspect=1.0)
    assert next(stream) is one[0]
    assert given == [0]


def test_no_hint_reaches_beyond_a_cut() -> None:
    frames = [*still(6), *still(6), *still(6)]
    passed = run(frames, [hint(8)])
    assert passed[:6] == frames[:6] and passed[12:] == frames[12:]
    assert red_at(passed[6], 48) > 0.2 and red_at(passed[11], 48) > 0.2


@pytest.mark.parametrize("hinted", [0, 20, 39, 22])  # the last is a frame that the network did not predict
def test_color_moves_with_a_panned_picture_both_ways(hinted: int) -> None:
    lumas = [textured(2 * i) for i in range(40)]  # a pixel of the chroma for each frame
    frames = shot(lumas)
    passed = run(frames, [hint(hinted, 28 + hinted, 0.12)])
    assert frames[22].chroma is None
    for i in (0, 12, 24, 39):
        frame = next(f for f in passed[i:] if f.chroma is not None)
        now = passed.index(frame)
        assert red_at(frame, 28 + now) > 0.15
        assert red_at(frame, (28 + now + 40) % 96) < 0.08


def test_films_that_are_not_steadied_are_followed_all_the_same() -> None:
    lumas = [textured(2 * i) for i in range(12)]
    frames = (Frame(luma, begins_shot=not i) for i, luma in enumerate(lumas))
    plain = [
        Predicted(step, np.zeros((2, *SIZE), np.float32))
        for step in find_key_frames(frames, SIZE, moves=False)
    ]
    assert all(frame.step.forth is None for frame in plain)
    passed = run(plain, [hint(3, 31, 0.12)])
    assert [frame.step for frame in passed] == [frame.step for frame in plain]
    for i, frame in enumerate(passed):
        assert red_at(frame, 28 + i) > 0.2
        assert red_at(frame, 68 + i) < 0.05


def test_hints_of_several_frames_stand_side_by_side() -> None:
    left, right = hint(2, 20, 0.15), FilmHint(10, Hint(76.5 / 96, 0.5, (0.3, -0.1), 0.15))
    passed = run(still(16, seed=2), [right, left])
    for frame in passed:
        if frame.chroma is not None:
            assert red_at(frame, 20) > 0.15
            assert frame.chroma[0, 46:51, 74:79].mean() > 0.15


def test_what_was_hidden_is_found_again() -> None:
    def covered(i: int) -> np.ndarray:
        luma = textured(seed=3)
        luma[0, 0] = i
        if 6 <= i < 14:  # something with a texture of its own passes before the middle
            luma[60:132, 60:132] = textured(7 * i, seed=40 + i)[60:132, 60:132]
        return luma

    passed = run(shot([covered(i) for i in range(24)]), [hint(0, 48, 0.2)])
    last = passed[-1]
    assert red_at(last, 48) > 0.2


def test_repeated_frames_count_and_pass() -> None:
    lumas = [textured(2 * (i // 2)) for i in range(12)]
    frames = shot(lumas)
    passed = run(frames, [hint(5)])
    assert [frame.step for frame in passed] == [frame.step for frame in frames]
    assert red_at(passed[0], 44) > 0.1


def test_shots_in_color_stay_so() -> None:
    frames = [Predicted(Step(Frame(textured(), begins_shot=not i, in_color=True))) for i in range(4)]
    assert run(frames, [hint(1)]) == frames


def test_frames_are_counted_from_the_first_and_hints_before_it_are_left_out() -> None:
    frames = still(6)
    assert run(frames, [hint(99)], first=100) == frames
    assert red_at(run(frames, [hint(103)], first=100)[0], 48) > 0.2


def test_a_film_cut_at_a_shot_gives_the_same() -> None:
    frames = [*shot([textured(2 * i) for i in range(9)]), *shot([textured(2 * i, seed=1) for i in range(9)])]
    hints = [hint(4), hint(13), hint(17, 20)]
    whole, later = run(frames, hints), run(frames[9:], hints, first=9)
    for one, other in zip(whole[9:], later, strict=True):
        assert np.array_equal(one.chroma, other.chroma) if one.chroma is not None else other.chroma is None


def test_steadied_the_hint_is_still_there() -> None:
    frames = shot([textured(2 * i) for i in range(24)])
    chromas = list(steady(run(frames, [hint(0, 28)]), steadiness=0.9))
    for i, chroma in enumerate(chromas):
        assert chroma is not None
        assert chroma[1, 46:51, 26 + i : 31 + i].mean() > 0.2
