"""Steady colour: still, moving, cut, and in pieces."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pytest
from conftest import textured

from deoldify_lite.scene_memory import SceneMemory
from deoldify_lite.temporal import LOOK_AHEAD, Chroma, Predicted, steady

SIZE = (96, 96)
rng = np.random.default_rng(0)


def plain(value: float) -> Chroma:
    return np.full((2, *SIZE), value, np.float32)


def noisy(amount: float = 0.05) -> Chroma:
    return rng.normal(0, amount, (2, *SIZE)).astype(np.float32)


def shot(lumas: Iterable[np.ndarray], chromas: Iterable[Chroma | None]) -> list[Predicted]:
    return [
        Predicted(luma, chroma, begins_shot=not i)
        for i, (luma, chroma) in enumerate(zip(lumas, chromas, strict=False))
    ]


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


def test_a_still_picture_keeps_its_colour_exactly() -> None:
    chroma = noisy()
    for found in run(shot([textured()] * 50, [chroma] * 50)):
        np.testing.assert_allclose(found, chroma, atol=1e-6)  # a hundredth of a step of 16 bits


def test_flicker_on_a_still_picture_all_but_goes() -> None:
    flickering = [plain(0.1 + 0.05 * (-1) ** i) for i in range(60)]
    levels = [found.mean() for found in run(shot([textured()] * 60, flickering))]
    assert np.ptp(levels) < 0.1 * 0.1
    assert np.mean(levels) == pytest.approx(0.1, abs=0.002)


def test_the_first_frame_hears_of_the_later_ones() -> None:
    frames = shot([textured()] * 40, [plain(0.3)] + [plain(0.1)] * 39)
    first = run(frames)[0]
    # 10 frames' worth in all (1 / (1 - 0.9)), one of them its own
    assert first.mean() == pytest.approx(0.12, abs=0.005)


def test_colour_moves_with_a_panned_picture() -> None:
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
    frames = shot([textured()] * 20, [plain(0.3)] * 20) + shot([textured()] * 20, [plain(-0.3)] * 20)
    forgetful = Forgetful()
    levels = [found.mean() for found in run(frames, memory=forgetful)]
    np.testing.assert_allclose(levels, [0.3] * 20 + [-0.3] * 20, atol=1e-6)


class Forgetful(SceneMemory):
    """Knows nothing again."""

    def recall(self, luma: np.ndarray, size: tuple[int, int]) -> None:
        return None


def test_a_scene_comes_back_in_its_colours() -> None:
    away = shot([textured(seed=1)] * 20, [plain(0.0)] * 20)
    frames = shot([textured()] * 20, [plain(0.3)] * 20) + away + shot([textured()] * 60, [plain(0.1)] * 60)
    with_memory = [found.mean() for found in run(frames)][40:]
    without = [found.mean() for found in run(frames, memory=Forgetful())][40:]
    assert np.abs(np.array(without) - 0.1).max() < 1e-6
    assert with_memory[0] > 0.2 and min(with_memory) > 0.17


def test_colours_of_a_long_shot_do_not_drift() -> None:
    drifting = [plain(0.1 + 0.001 * i) for i in range(200)]
    frames = shot([textured()] * 200, drifting)
    assert np.ptp([found.mean() for found in run(frames)]) < 0.6 * 0.2


def test_repeated_frames_show_the_same_colour() -> None:
    chromas = [noisy(), None, noisy(), None, None, noisy()]
    found = run(shot([textured()] * 6, chromas))
    for i in (1, 3, 4):
        np.testing.assert_array_equal(found[i], found[i - 1])
    assert len(found) == 6


def test_shots_in_colour_are_passed_on() -> None:
    grey = shot([textured()] * 3, [plain(0.1)] * 3)
    colour = [Predicted(textured(seed=1), None, begins_shot=not i, in_colour=True) for i in range(4)]
    found = list(steady(grey + colour + grey, steadiness=0.9))
    assert [chroma is None for chroma in found] == [False] * 3 + [True] * 4 + [False] * 3


def long_film() -> list[list[Predicted]]:
    """Shots of various lengths; the fourth is of the first one's scene."""
    shots = []
    for seed, length in ((0, 70), (1, 5), (2, 33), (0, 40), (3, 1), (1, 17)):
        shots.append(shot([textured(i, seed=seed) for i in range(length)], [noisy() for _ in range(length)]))
    return shots


def flat(shots: Sequence[Sequence[Predicted]]) -> list[Predicted]:
    return [frame for part in shots for frame in part]


def test_pieces_that_begin_at_cuts_come_out_as_the_whole() -> None:
    film = long_film()
    whole = run(flat(film))
    memory = SceneMemory()
    pieces = [found for part in (film[:2], film[2:4], film[4:]) for found in run(flat(part), memory=memory)]
    for a, b in zip(whole, pieces, strict=True):
        np.testing.assert_array_equal(a, b)


def test_few_frames_wait() -> None:
    taken = 0

    def endless() -> Iterator[Predicted]:
        nonlocal taken
        while True:
            yield Predicted(textured(), plain(0.1), begins_shot=taken == 0)
            taken += 1

    for shown, _ in enumerate(steady(endless(), steadiness=0.9)):
        assert taken - shown <= 2 * LOOK_AHEAD + 1
        if shown == 5 * LOOK_AHEAD:
            break
