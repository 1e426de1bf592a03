"""When what is trained, and how fast: pure functions of the progress of a run."""

import math
from collections.abc import Sequence

from deoldify_lite.training.recipes import Phase, Recipe


def phase_at(phases: Sequence[Phase], progress: float) -> Phase:
    """The phase that a run is in after a share `progress` in [0, 1] of its steps."""
    end = 0.0
    for phase in phases:
        end += phase.share
        if progress < end:
            return phase
    return phases[-1]


def cycle_progress(phases: Sequence[Phase], progress: float) -> float:
    """How much of the present cycle is over, in [0, 1].

    A cycle is a stretch of phases that train the same networks: a new size continues where the last one was,
    but a generator that meets its critic begins anew.
    """
    begin = end = 0.0
    for i, phase in enumerate(phases):
        if i and phase.trains != phases[i - 1].trains:
            if progress < end:
                break
            begin = end
        end += phase.share
    return min((progress - begin) / max(end - begin, 1e-9), 1.0)


def learning_rate_factor(recipe: Recipe, progress: float) -> float:
    """One cycle: a linear rise to 1, then half a cosine down to a thousandth.

    After Smith and Topin 2017, https://arxiv.org/abs/1708.07120.
    """
    done = cycle_progress(recipe.phases, progress)
    if done < recipe.warmup:
        return max(done / recipe.warmup, 0.02)
    fall = (done - recipe.warmup) / (1 - recipe.warmup)
    return 0.001 + 0.999 * 0.5 * (1 + math.cos(math.pi * fall))


def distillation_factor(progress: float) -> float:
    """The teacher's word counts less and less, and colour alone decides at the end."""
    return max(0.0, 1 - progress / 0.9)
