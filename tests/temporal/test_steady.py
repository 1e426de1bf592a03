"""Steady colour: still, moving, cut, and in pieces."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pytest

from deoldify_lite.color.arrays import Chroma
from deoldify_lite.temporal.key_frames import MOST_STEPS, Step, find_key_frames
from deoldify_lite.temporal.motion import Motion
from deoldify_lite.temporal.scene_memory import SceneMemory
from deoldify_lite.temporal.shots import Frame
from deoldify_lite.temporal.steady import LOOK_AHEAD, Predicted, steady
from helpers.pictures import textured

SIZE = (96, 96)
rng = np.random.default_rng(0)


def plain(value: float) -> Chroma:
    return np.full((2, *SIZE), value, np.float32)


def noisy(amount: float = 0.05) -> Chroma:
    return rng.normal(0, amount, (2, *SIZE)).astype(np.float32)


def shot(lumas: Iterable[np.ndarray], chromas: Iterable[Chroma], *, most_steps: int = 1) -> list[Predicted]:
    """A shot in which one frame of so many is predicted, and one at each end."""
    frames = (Frame(luma, begins_shot=not i) for i, luma in enumerate(lumas))
    steps = find_key_frames(frames, SIZE, most_steps=most_steps)
    return [Predicted(step, c if step.stands_for else None) for step, c in zip(steps, chromas, strict=False)]


def unmoved(trust: float = 1.0) -> Motion:
    rows, columns = np.mgrid[:96, :96].astype(np.float32)
    return Motion(np.dstack([columns, rows]), np.full(SIZE, trust, np.float32))


def still(
    chromas: Sequence[Chroma | None], *, seed: int = 0, motion: Motion | None = None
) -> list[Predicted]:
    """A shot in which nothing moves; without chroma a frame is not predicted."""
    frames, gap = [], 1
    for i, chroma in enumerate(chromas):
        moved = (motion or unmoved()) if i else None
        stands_for = 0 if chroma is None else gap
        frame = Frame(textured(seed=seed), begins_shot=not i)
        frames.append(Predicted(Step(frame, stands_for=stands_for, forth=moved, back=moved), chroma))
        gap = 1 if stands_for else gap + 1
    return frames


def run(
    frames: Iterable[Predicted], steadiness: float = 0.9, memory: SceneMemory | None = None
) -> list[Chroma]:
    found = list(steady(frames, steadiness=steadiness, memory=memory))
    assert all(chroma is not None for chroma in found)
    return found  # type: ignore[return-value]


def test_steadiness_zero_leaves_each_frame_as_it_was_predicted() -> None:
    predicted = [noisy() for _ in range(3 * LOOK_AHEAD)]
    lumas = [textured(2 * i) for i in range(len(predicted))]
    for ours, theirs in zip(run(shot(lumas, predicted), 0.0), predicted, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_still_picture_keeps_its_color_exactly() -> None:
    chroma = noisy()
    for found in run(still([chroma] * 50)):
        np.testing.assert_allclose(found, chroma, atol=1e-6)  # a hundredth of a step of 16 bits


def test_flicker_on_a_still_picture_all_but_goes() -> None:
    flickering = [plain(0.1 + 0.05 * (-1) ** i) for i in range(60)]
    levels = [found.mean() for found in run(still(flickering))]
    assert np.ptp(levels) < 0.1 * 0.1
    assert np.mean(levels) == pytest.approx(0.1, abs=0.002)


def test_the_first_frame_hears_of_the_later_ones() -> None:
    frames = still([plain(0.3)] + [plain(0.1)] * 39)
    first = run(frames)[0]
    # 10 frames' worth in all (1 / (1 - 0.9)), one of them its own
    assert first.mean() == pytest.approx(0.12, abs=0.005)


def test_color_moves_with_a_panned_picture() -> None:
    """Colours are painted on a still picture, predicted with noise, and panned over."""
    painted = np.repeat(np.sin(np.arange(192) / 6).astype(np.float32)[None] * 0.2, 96, 0)
    lumas, predicted, true = [], [], []
    for i in range(40):
        lumas.append(textured(2 * i))
        columns = 48 - i + np.arange(96)
        true.append(np.stack([painted[:, columns]] * 2))
        predicted.append(true[-1] + noisy())
    inner = np.s_[:, 10:-10, 10:-10]
    found = run(shot(lumas, predicted))
    before, after = (
        np.mean([np.abs(ours - wanted)[inner].mean() for ours, wanted in zip(result, true, strict=True)])
        for result in (predicted, found)
    )
    assert after < 0.45 * before


def test_nothing_passes_a_cut() -> None:
    frames = still([plain(0.3)] * 20) + still([plain(-0.3)] * 20)
    forgetful = Forgetful()
    levels = [found.mean() for found in run(frames, memory=forgetful)]
    np.testing.assert_allclose(levels, [0.3] * 20 + [-0.3] * 20, atol=1e-6)


class Forgetful(SceneMemory):
    """Knows nothing again."""

    def recall(self, luma: np.ndarray, size: tuple[int, int]) -> None:
        return None


def test_a_scene_comes_back_in_its_colors() -> None:
    away = still([plain(0.0)] * 20, seed=1)
    frames = still([plain(0.3)] * 20) + away + still([plain(0.1)] * 60)
    with_memory = [found.mean() for found in run(frames)][40:]
    without = [found.mean() for found in run(frames, memory=Forgetful())][40:]
    assert np.abs(np.array(without) - 0.1).max() < 1e-6
    assert with_memory[0] > 0.2 and min(with_memory) > 0.17


def test_colors_of_a_long_shot_do_not_drift() -> None:
    drifting = [plain(0.1 + 0.001 * i) for i in range(200)]
    frames = still(drifting)
    assert np.ptp([found.mean() for found in run(frames)]) < 0.6 * 0.2


def test_frames_without_a_prediction_lie_between_those_around_them() -> None:
    found = run(still([plain(0.1), None, None, None, plain(0.3)]))
    levels = np.array([chroma.mean() for chroma in found])
    # From the past 0.1 with weight 1, from the future 0.3 with weight 4, for it stands for four; each has
    # decayed by 0.9 for every frame between.
    past, future = 0.9 ** np.arange(5), 4 * 0.9 ** np.arange(5)[::-1]
    np.testing.assert_allclose(levels, (0.1 * past + 0.3 * future) / (past + future), rtol=1e-5)


def test_a_frame_without_a_prediction_is_colored_though_nothing_is_trusted() -> None:
    lost = unmoved(trust=0.0)
    for steadiness in (0.01, 0.95, 1.0):
        found = run(still([plain(0.2)] + [None] * 7 + [plain(0.2)] + [None] * 7, motion=lost), steadiness)
        np.testing.assert_allclose([chroma.mean() for chroma in found], 0.2, rtol=1e-5)


def test_one_prediction_for_several_frames_weighs_as_one_for_each() -> None:
    """Seen from afar: a scene was shown at 0.3, and comes back at 0.1."""
    levels = []
    for most in (1, MOST_STEPS):
        back = [plain(0.1) if i % most == 0 else None for i in range(61)]
        away = still([plain(0.0)] * 20, seed=1)
        found = run(still([plain(0.3)] * 20) + away + still(back))
        levels.append(np.mean([chroma.mean() for chroma in found[40:]]))
    assert levels[0] > 0.17
    assert levels[1] == pytest.approx(levels[0], abs=0.01)


def test_few_predictions_do_for_a_panned_picture() -> None:
    painted = np.repeat(np.sin(np.arange(192) / 6).astype(np.float32)[None] * 0.2, 96, 0)
    lumas = [textured(2 * i) for i in range(40)]
    true = [np.stack([painted[:, 48 - i + np.arange(96)]] * 2) for i in range(40)]
    frames = shot(lumas, true, most_steps=MOST_STEPS)
    assert sum(frame.chroma is not None for frame in frames) <= 12
    for ours, wanted in zip(run(frames), true, strict=True):
        assert np.abs(ours - wanted)[:, 4:-4, :].mean() < 0.01  # also where the picture comes in


def test_repeated_frames_show_the_same_color() -> None:
    lumas = [textured(shift) for shift in (0, 0, 2, 2, 2, 4)]
    found = run(shot(lumas, [noisy() for _ in lumas]))
    for i in (1, 3, 4):
        np.testing.assert_array_equal(found[i], found[i - 1])
    assert len(found) == 6 and not np.array_equal(found[1], found[2])


def test_shots_in_color_are_passed_on() -> None:
    grey = still([plain(0.1)] * 3)
    color = [Predicted(Step(Frame(textured(seed=1), begins_shot=not i, in_color=True))) for i in range(4)]
    found = list(steady(grey + color + grey, steadiness=0.9))
    assert [chroma is None for chroma in found] == [False] * 3 + [True] * 4 + [False] * 3


def long_film(most_steps: int) -> list[list[Predicted]]:
    """Shots of various lengths; the fourth is of the first one's scene."""
    shots = []
    for seed, length in ((0, 70), (1, 5), (2, 33), (0, 40), (3, 1), (1, 17)):
        lumas = [textured(i, seed=seed) for i in range(length)]
        shots.append(shot(lumas, [noisy() for _ in range(length)], most_steps=most_steps))
    return shots


def flat(shots: Sequence[Sequence[Predicted]]) -> list[Predicted]:
    return [frame for part in shots for frame in part]


@pytest.mark.slow
@pytest.mark.parametrize("most_steps", [1, MOST_STEPS])
def test_pieces_that_begin_at_cuts_come_out_as_the_whole(most_steps: int) -> None:
    film = long_film(most_steps)
    whole = run(flat(film))
    memory = SceneMemory()
    pieces = [found for part in (film[:2], film[2:4], film[4:]) for found in run(flat(part), memory=memory)]
    for a, b in zip(whole, pieces, strict=True):
        np.testing.assert_array_equal(a, b)


def test_few_frames_wait() -> None:
    taken, luma, still = 0, textured(), unmoved()

    def endless() -> Iterator[Predicted]:
        nonlocal taken
        while True:
            motion = still if taken else None
            step = Step(Frame(luma, begins_shot=not taken), stands_for=1, forth=motion, back=motion)
            yield Predicted(step, plain(0.1))
            taken += 1

    for shown, _ in enumerate(steady(endless(), steadiness=0.9)):
        assert taken - shown <= 2 * LOOK_AHEAD + 1
        if shown == 5 * LOOK_AHEAD:
            break
