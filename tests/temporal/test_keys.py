"""Key frames: their colours go along the motion of their shot, and no further."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from deoldify_lite.color.arrays import Chroma
from deoldify_lite.color.hint import FilmHint, Hint
from deoldify_lite.color.key import FilmKey
from deoldify_lite.errors import InputError
from deoldify_lite.temporal.hinting import spread_through_shots
from deoldify_lite.temporal.key_frames import find_key_frames
from deoldify_lite.temporal.keys import (
    follow_keys,
    heed_hints,
    keyed_size,
    lay_keys,
)
from deoldify_lite.temporal.scene_memory import KeyScenes, SceneMemory
from deoldify_lite.temporal.shots import MOST_SHOT_FRAMES, Frame
from deoldify_lite.temporal.steady import Predicted, steady
from helpers.pictures import textured

SMALL, SIZE = (96, 96), (192, 192)


def shot(shifts: Iterable[int], *, seed: int = 0, in_color: bool = False) -> list[Predicted]:
    """A shot that the network left grey."""
    frames = [
        Frame(textured(shift, seed=seed), begins_shot=not i, in_color=in_color)
        for i, shift in enumerate(shifts)
    ]
    steps = find_key_frames(frames, SMALL)
    return [Predicted(step, np.zeros((2, *SMALL), np.float32) if step.stands_for else None) for step in steps]


def stripes(shift: int) -> Chroma:
    """Red and blue by turns, moved like the picture."""
    column = np.arange(192) - shift
    cr = np.where(column // 24 % 2, 0.2, -0.1).astype(np.float32)
    return np.stack([np.tile(-cr / 2, (192, 1)), np.tile(cr, (192, 1))])


def key(frame: int, shift: int, *, seed: int = 0, trust: np.ndarray | None = None) -> FilmKey:
    trusted = np.ones(SIZE) if trust is None else trust
    luma = textured(shift, seed=seed)
    return FilmKey(
        frame, luma, stripes(shift).astype(np.float16), trusted.astype(np.float16), f"frame-{frame}.png"
    )


def render(
    frames: Iterable[Predicted], keys: list[FilmKey], hints: list[FilmHint] | None = None
) -> list[Chroma]:
    """The chroma of each frame."""
    followed = follow_keys(frames, keys, size=SIZE)
    if hints:
        followed = heed_hints(spread_through_shots(followed, hints, aspect=1.0))
    seen: list[Predicted] = []

    def noted() -> Iterator[Predicted]:
        for frame in followed:
            seen.append(frame)
            yield frame

    shown = []
    for i, chroma in enumerate(steady(noted(), steadiness=0.95)):
        assert chroma is not None
        shown.append(lay_keys(chroma, seen[i], SIZE))
    return shown


def error(chroma: Chroma, shift: int) -> float:
    """Mean error of chroma away from what has come in and from the borders of stripes."""
    off = np.abs(chroma - stripes(shift)).sum(0)
    inner = (np.arange(192) - shift + 4) % 24 > 8
    return float(off[:, 48:144][:, inner[48:144]].mean())


@pytest.mark.parametrize("at", [0, 8, 15])
def test_colors_move_with_the_picture_both_ways_in_time(at: int) -> None:
    shifts = [2 * i for i in range(16)]
    shown = render(shot(shifts), [key(at, shifts[at])])
    for chroma, shift in zip(shown, shifts, strict=True):
        assert error(chroma, shift) < 0.02  # of 0.45 between red and blue


def test_no_color_crosses_a_cut() -> None:
    frames = [*shot([0, 1, 2, 3, 4, 5, 6, 7]), *shot([0, 1, 2, 3, 4, 5, 6, 7], seed=3)]
    shown = render(frames, [key(3, 3)])
    assert all(error(chroma, i) < 0.02 for i, chroma in enumerate(shown[:8]))
    assert all(np.abs(chroma).max() == 0 for chroma in shown[8:])


def red_of(frames: list[Predicted], keys: list[FilmKey], steadiness: float = 0.95) -> list[float]:
    """The mean of Cr, without what the motion brings from the key itself."""
    shown = steady(frames, steadiness=steadiness, keys=KeyScenes(keys))
    return [0.0 if chroma is None else float(chroma[1].mean()) for chroma in shown]


def test_a_shot_of_the_same_scene_takes_its_colors_a_little_weaker() -> None:
    again = shot(range(9))
    red = float(stripes(4)[1].mean())
    assert red_of(again, [key(50, 4)])[4] == pytest.approx(red, rel=0.25)
    assert red_of(again, [key(50, 4, seed=1)]) == [0.0] * 9, "another scene's"
    assert red_of(again, [key(50, 4, trust=np.zeros(SIZE))]) == [0.0] * 9, "nothing of it is trusted"
    alone = shot([4])
    assert red_of(alone, [key(50, 4)], steadiness=0) == [0.0], "scenes hold together by steadiness"


def test_key_scenes_come_before_what_is_remembered() -> None:
    memory = SceneMemory()
    memory.remember(textured(0), np.full((*SMALL, 2), 0.3, np.float32))
    known = list(steady(shot(range(3)), steadiness=0.95, memory=memory, keys=KeyScenes([key(50, 0)])))
    plain = list(steady(shot(range(3)), steadiness=0.95, keys=KeyScenes([key(50, 0)])))
    assert all(np.array_equal(one, other) for one, other in zip(known, plain, strict=True))


def test_a_hinted_shot_asks_no_scene() -> None:
    hinted = [replace(frame, hinted=True) for frame in shot(range(3))]
    assert red_of(hinted, [key(50, 0)]) == [0.0] * 3


def test_where_a_key_is_not_trusted_it_says_nothing() -> None:
    trust = np.zeros(SIZE)
    trust[:, :96] = 1
    keys = [key(0, 0, trust=trust)]
    (frame, *_) = follow_keys(shot([0, 0, 0]), keys, size=SIZE)
    assert frame.keyed is not None
    assert frame.keyed[:, :90, 2].min() > 0.95
    assert frame.keyed[:, 102:, 2].max() == 0


def test_between_two_keys_the_nearer_counts_more() -> None:
    green = np.full((2, *SIZE), -0.2, np.float16)
    other = FilmKey(10, textured(0), green, np.ones(SIZE, np.float16), "frame-10.png")
    shown = list(follow_keys(shot([0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0]), [key(0, 0), other], size=SIZE))
    place = (60, 100)  # within a stripe
    reds = [frame.keyed[place][1] for frame in shown if frame.keyed is not None]
    assert reds[0] > reds[2] > reds[8] > reds[10]


def test_a_key_of_a_part_leaves_the_rest_to_other_keys() -> None:
    trust = np.zeros(SIZE, np.float32)
    trust[:, :48] = 1
    shown = render(shot(range(9)), [key(0, 0, trust=trust), key(8, 8)])
    assert error(shown[0], 0) < 0.02


def test_hints_win_over_keys() -> None:
    hint = FilmHint(0, Hint(0.505, 0.505, (0.3, -0.3), 0.1))
    both = render(shot([0, 0, 0, 0, 0]), [key(0, 0)], [hint])
    (alone, *_) = spread_through_shots(shot([0, 0, 0, 0, 0]), [hint], aspect=1.0)
    assert alone.chroma is not None
    hinted = alone.chroma[0, 48, 48]
    assert hinted > 0.15
    assert both[0][0, 96, 96] == pytest.approx(hinted, abs=0.06)
    keyed = render(shot([0, 0, 0, 0, 0]), [key(0, 0)])
    assert keyed[0][0, 96, 96] < hinted - 0.1
    assert np.abs(both[0] - keyed[0])[:, :, :40].mean() < 0.02


def test_shots_without_keys_pass_untouched_and_at_once() -> None:
    one, other = shot(range(9)), shot(range(9), seed=1)
    passed = list(follow_keys([*one, *other], [key(12, 3, seed=1)], size=SIZE))
    assert passed[:9] == one  # the very same objects
    assert all(frame.keyed is not None for frame in passed[9:])
    given: list[int] = []

    def counted() -> Iterator[Predicted]:
        for i, frame in enumerate(one):
            given.append(i)
            yield frame

    stream = follow_keys(counted(), [key(0, 0), key(MOST_SHOT_FRAMES + 5, 0)], size=SIZE)
    assert next(stream).keyed is not None
    assert given == [0]  # nothing is held back once the shot's last key has come


def test_a_film_gives_the_same_in_pieces_and_always() -> None:
    one, other = shot(range(9)), shot(range(9), seed=1)
    keys = [key(4, 4), key(14, 5, seed=1)]
    whole = list(follow_keys([*one, *other], keys, size=SIZE))
    pieces = [*follow_keys(one, keys, size=SIZE), *follow_keys(other, keys, size=SIZE, first=9)]
    for left, right in zip(whole, pieces, strict=True):
        assert left.keyed is not None and right.keyed is not None
        assert np.array_equal(left.keyed, right.keyed)


def test_a_key_in_a_shot_that_is_in_color_is_an_error() -> None:
    with pytest.raises(InputError, match=r"frame-1.png: is for frame 1, whose shot is in colour already"):
        list(follow_keys(shot([0, 1, 2], in_color=True), [key(1, 1)], size=SIZE))


def test_the_size_is_that_of_what_the_network_sees() -> None:
    assert keyed_size(192, (96, 96)) == (192, 192)
    assert keyed_size(1024, (512, 512)) == (512, 512)
    assert keyed_size(800, (200, 200)) == (384, 384)
