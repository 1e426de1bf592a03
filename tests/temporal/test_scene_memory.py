"""Scenes that come back."""

import numpy as np
import pytest

from deoldify_lite.temporal import scene_memory
from deoldify_lite.temporal.scene_memory import SceneMemory
from helpers.pictures import textured

SIZE = (96, 96)


def colored(cb: float, cr: float) -> np.ndarray:
    return np.full((*SIZE, 2), (cb, cr), np.float32)


def test_a_scene_is_known_again_and_another_is_not() -> None:
    memory = SceneMemory()
    assert memory.recall(textured(), SIZE) is None
    memory.remember(textured(), colored(0.1, -0.2))
    known = memory.recall(textured(), SIZE)
    assert known is not None
    np.testing.assert_allclose(known[..., 2], 1)
    np.testing.assert_allclose(known[..., :2], colored(0.1, -0.2), rtol=1e-6)
    assert memory.recall(textured(seed=1), SIZE) is None


def test_a_scene_that_moved_is_known_where_it_is_seen_again() -> None:
    memory = SceneMemory()
    ramp = np.repeat(np.linspace(-0.3, 0.3, 96, dtype=np.float32)[None], 96, 0)
    memory.remember(textured(), np.dstack([ramp, ramp]))
    known = memory.recall(textured(8), SIZE)  # 4 px of chroma to the right
    assert known is not None
    trust = known[..., 2]
    assert trust[:, :3].max() == 0 and trust[20:-20, 20:-20].mean() > 0.8
    step = 0.6 / 95
    found = (known[..., 0] / np.maximum(trust, 1e-6))[20:-20, 20:-20]
    assert np.abs(found - (ramp[20:-20, 20:-20] - 4 * step)).max() < step


def test_the_first_colors_of_a_scene_stay() -> None:
    memory = SceneMemory()
    memory.remember(textured(), colored(0.1, 0.1))
    memory.remember(textured(), colored(-0.3, -0.3))
    known = memory.recall(textured(), SIZE)
    assert known is not None and known[50, 50, 0] == pytest.approx(0.1)


def test_it_forgets_what_was_not_seen_for_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene_memory, "MOST_SCENES", 2)
    memory = SceneMemory()
    for seed in (0, 1):
        memory.remember(textured(seed=seed), colored(0, 0))
    assert memory.recall(textured(seed=0), SIZE) is not None
    memory.remember(textured(seed=2), colored(0, 0))
    found = [memory.recall(textured(seed=seed), SIZE) is not None for seed in (0, 1, 2)]
    assert found == [True, False, True]


def test_plain_frames_are_no_scene() -> None:
    memory = SceneMemory()
    memory.remember(np.full((192, 192), 16, np.uint8), colored(0, 0))
    assert memory.recall(np.full((192, 192), 90, np.uint8), SIZE) is None


def test_scenes_are_numbered_as_they_come() -> None:
    memory = SceneMemory()
    numbers = [memory.number(frame, SIZE) for frame in (textured(), textured(seed=1), textured(8))]
    assert numbers == [1, 2, 1]
