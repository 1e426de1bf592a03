"""When what is trained, and how fast."""

from dataclasses import replace

import pytest

from deoldify_lite.training.recipes import RECIPES, Phase
from deoldify_lite.training.schedule import (
    cycle_progress,
    distillation_factor,
    learning_rate_factor,
    phase_at,
)

PHASES = (Phase(0.5, 64, 8), Phase(0.125, 96, 8), Phase(0.125, 64, 8, "critic"), Phase(0.25, 64, 8, "both"))


@pytest.mark.parametrize("name", RECIPES)
def test_the_phases_of_a_recipe_fill_the_run(name: str) -> None:
    recipe = RECIPES[name]
    assert sum(phase.share for phase in recipe.phases) == pytest.approx(1)
    assert {phase.trains for phase in recipe.phases} <= {"encoder", "generator", "critic", "both"}
    assert (recipe.critic is not None) == any(phase.trains in ("critic", "both") for phase in recipe.phases)


def test_phases_follow_one_another() -> None:
    found = [phase_at(PHASES, progress) for progress in (0, 0.49, 0.5, 0.7, 0.75, 1)]
    assert [PHASES.index(phase) for phase in found] == [0, 0, 1, 2, 3, 3]


def test_a_cycle_goes_on_over_sizes_and_begins_anew_with_other_networks() -> None:
    wanted = {0.0: 0.0, 0.3125: 0.5, 0.5: 0.8, 0.625: 0.0, 0.6875: 0.5, 0.75: 0.0, 0.875: 0.5, 1.0: 1.0}
    for progress, done in wanted.items():
        assert cycle_progress(PHASES, progress) == pytest.approx(done, abs=1e-6)


def test_the_learning_rate_rises_once_and_falls_to_a_thousandth() -> None:
    recipe = replace(RECIPES["lite"], phases=(Phase(1.0, 64, 8),), warmup=0.1)
    rates = [learning_rate_factor(recipe, progress) for progress in (0, 0.05, 0.1, 0.55, 1)]
    assert rates == pytest.approx([0.02, 0.5, 1.0, 0.5005, 0.001])


def test_the_teacher_falls_silent() -> None:
    assert [distillation_factor(p) for p in (0, 0.45, 0.95)] == pytest.approx([1, 0.5, 0])
