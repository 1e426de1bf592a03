"""What can be said only of many pictures together, gathered one by one: memory does not grow with them."""

import torch
from torch import Tensor

from deoldify_lite.color.metrics import frechet_distance

WAITING = 64  # pictures taken into the sums at once: one matrix product instead of many
# Salimans et al. 2016 and all implementations since: the mean over ten parts of the set.
INCEPTION_SPLITS = 10


class Moments:
    """Mean and covariance of features, float64."""

    def __init__(self) -> None:
        self.count = 0
        self._sum: Tensor | None = None
        self._products: Tensor | None = None
        self._waiting: list[Tensor] = []

    def add(self, features: Tensor) -> None:
        """Take in the features of one picture, (C,)."""
        self._waiting.append(features.detach().cpu().double())
        self.count += 1
        if len(self._waiting) == WAITING:
            self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        rows = torch.stack(self._waiting)
        products = rows.T @ rows
        self._sum = rows.sum(0) if self._sum is None else self._sum + rows.sum(0)
        self._products = products if self._products is None else self._products + products
        self._waiting = []

    def mean_and_covariance(self) -> tuple[Tensor, Tensor]:
        """(C,) and (C, C), unbiased; of two pictures at least."""
        self._flush()
        assert self._sum is not None and self._products is not None and self.count > 1
        mean = self._sum / self.count
        return mean, (self._products - self.count * torch.outer(mean, mean)) / (self.count - 1)

    def frechet_distance(self, truth: "Moments") -> float | None:
        """Frechet distance from another set; None of less than two pictures."""
        if min(self.count, truth.count) < 2:
            return None
        return frechet_distance(*self.mean_and_covariance(), *truth.mean_and_covariance())


class InceptionScore:
    """Salimans et al. 2016, https://arxiv.org/abs/1606.03498: exp( E KL(p(y|x) || p(y)) ).

    The mean over ten parts of the set; picture i belongs to part i mod 10.
    """

    def __init__(self) -> None:
        self._parts: list[tuple[int, Tensor, Tensor]] = []
        self.count = 0

    def add(self, logits: Tensor) -> None:
        """Take in the logits of one picture, (K,)."""
        log_p = logits.detach().cpu().double().log_softmax(0)
        p = log_p.exp()
        own = (1, p, (p * log_p).sum())
        part = self.count % INCEPTION_SPLITS
        if part == len(self._parts):
            self._parts.append(own)
        else:
            count, mean, negentropy = self._parts[part]
            self._parts[part] = (count + 1, mean + own[1], negentropy + own[2])
        self.count += 1

    def value(self) -> float | None:
        """The score, from 1 to the number of classes; None without pictures."""
        if not self.count:
            return None
        scores = []
        for count, total, negentropy in self._parts:
            marginal = total / count
            scores.append((negentropy / count - torch.special.xlogy(marginal, marginal).sum()).exp())
        return float(torch.stack(scores).mean())
