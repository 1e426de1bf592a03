"""Which frames are predicted: in still, moving, cut and repeated pictures."""

from collections.abc import Iterator

import numpy as np

from deoldify_lite.temporal.key_frames import MOST_STEPS, Step, find_key_frames
from deoldify_lite.temporal.shots import Frame
from helpers.pictures import textured

SIZE = (96, 96)


def flickered(count: int, *, seed: int = 0) -> list[Frame]:
    """A shot of one picture in which no two frames are the same."""
    frames = []
    for i in range(count):
        luma = textured(seed=seed)
        luma[0, 0] = i
        frames.append(Frame(luma, begins_shot=not i))
    return frames


def stands_for(steps: list[Step]) -> list[int]:
    return [step.stands_for for step in steps]


def test_a_calm_shot_is_predicted_at_its_ends_and_every_so_often() -> None:
    steps = list(find_key_frames(flickered(11), SIZE, most_steps=4))
    assert stands_for(steps) == [1, 0, 0, 0, 4, 0, 0, 0, 4, 0, 2]
    assert steps[0].forth is None and steps[0].back is None
    for step in steps[1:]:
        assert step.forth is not None and step.forth.trust.mean() > 0.99
        assert step.back is not None and step.back.trust.mean() > 0.99


def test_each_shot_begins_anew() -> None:
    steps = list(
        find_key_frames(flickered(6) + flickered(1, seed=1) + flickered(3, seed=2), SIZE, most_steps=4)
    )
    assert stands_for(steps) == [1, 0, 0, 0, 4, 1, 1, 1, 0, 2]
    assert steps[6].forth is None and steps[7].forth is None


def test_a_frame_of_something_new_is_predicted() -> None:
    """Something comes up in a third of the picture, as from behind a corner."""
    frames = flickered(7)
    for frame in frames[3:]:
        frame.luma[10:120, 10:120] = textured(seed=1)[10:120, 10:120]
    assert stands_for(list(find_key_frames(frames, SIZE, most_steps=8))) == [1, 0, 0, 3, 0, 0, 3]


def test_where_all_is_new_each_time_all_is_predicted() -> None:
    frames = [Frame(textured(seed=i), begins_shot=not i) for i in range(5)]
    assert stands_for(list(find_key_frames(frames, SIZE))) == [1] * 5


def test_repeats_and_color_do_not_count() -> None:
    a, b, c, d = flickered(4)
    colored = [Frame(textured(seed=2), begins_shot=not i, in_color=True) for i in range(3)]
    steps = list(find_key_frames([a, a, b, b, b, c, d, *colored, *flickered(2)], SIZE, most_steps=2))
    # The first frame, said again, does not begin a shot again.
    assert [step.repeats for step in steps[3:5]] == [True, True]
    assert stands_for(steps[2:]) == [0, 0, 0, 2, 1, 0, 0, 0, 1, 1]
    for step in steps[7:10]:
        assert step.forth is None and not step.repeats


def test_without_motion_each_frame_is_predicted_but_repeats() -> None:
    frames = flickered(4)
    frames.insert(2, frames[1])
    steps = list(find_key_frames(frames, SIZE, moves=False))
    assert stands_for(steps) == [1, 1, 0, 1, 1] and steps[2].repeats
    assert all(step.forth is None and step.back is None for step in steps)


def test_pieces_that_begin_at_cuts_are_as_the_whole() -> None:
    shots = [[Frame(textured(7 * i, seed=n), begins_shot=not i) for i in range(9)] for n in range(3)]
    whole = find_key_frames([frame for part in shots for frame in part], SIZE)
    pieces = [step for part in shots for step in find_key_frames(part, SIZE)]
    for one, other in zip(whole, pieces, strict=True):
        assert one.stands_for == other.stands_for and one.frame is other.frame
        assert (one.forth is None) == (other.forth is None)
        if one.forth is not None and other.forth is not None:
            np.testing.assert_array_equal(one.forth.source, other.forth.source)
            np.testing.assert_array_equal(one.forth.trust, other.forth.trust)


def test_one_frame_is_held() -> None:
    taken = 0

    def endless() -> Iterator[Frame]:
        nonlocal taken
        while True:
            taken += 1
            yield Frame(textured(taken % 2), begins_shot=taken == 1)

    for shown, _ in enumerate(find_key_frames(endless(), SIZE, most_steps=MOST_STEPS), start=1):
        assert taken - shown <= 1
        if shown == 10:
            break
