"""Read results and truth, measure them picture by picture, and keep only the figures."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from deoldify_lite.color.arrays import Picture
from deoldify_lite.color.metrics import absolute_colorfulness, colorfulness, lab_error, psnr, ssim
from deoldify_lite.color.tensors import luma_of
from deoldify_lite.errors import InputError
from deoldify_lite.evaluation.pairs import GREY, TRUTH, Pair
from deoldify_lite.evaluation.photos.judges import Judges
from deoldify_lite.evaluation.photos.networks import Efficientnet, network_input
from deoldify_lite.evaluation.photos.populations import InceptionScore, Moments
from deoldify_lite.photo.io import pixels_of, read_photo
from deoldify_lite.system.threads import Workers, map_ahead

log = logging.getLogger(__name__)

# Pixels being read ahead, truth and results together; or one picture with its results, where it has more.
MOST_PIXELS = 64_000_000
LEAST_PIXELS = 1_000_000  # what a picture counts for at least, so that small ones do not pile up

# Measures of one picture beside its truth, and of one picture alone.
AGAINST_TRUTH: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "psnr": psnr,
    "ssim": ssim,
    "lab_error": lab_error,
}
ALONE: dict[str, Callable[[Tensor], Tensor]] = {"cf": colorfulness, "cf_abs": absolute_colorfulness}


@dataclass(frozen=True)
class Measured:
    """All figures of a run. A column is grey, a folder of results, or truth."""

    columns: tuple[str, ...]  # in this order: grey, the folders of results, truth
    pairs: tuple[Pair, ...]  # that were measured
    scores: Mapping[tuple[str, str], NDArray[np.float64]]  # (measure, column) -> a value for each pair
    classes: Mapping[str, NDArray[np.int64]]  # column -> class of each pair; empty without a classifier
    labels: NDArray[np.int64] | None  # true class of each pair, -1 where unknown
    population: Mapping[tuple[str, str], float]  # (measure, column) -> a value for the whole set
    problems: tuple[str, ...]  # what was left out, and why

    @property
    def results(self) -> tuple[str, ...]:
        """The columns of results."""
        return self.columns[1:-1]


def grey_of(rgb: Tensor) -> Tensor:
    """A picture without its colour, rounded to 8 bits: (N, 3, H, W) in [0, 1] -> the same shape."""
    return ((luma_of(rgb) * 255).round() / 255).expand_as(rgb)


def grey_picture(rgb: Tensor) -> Picture:
    """`grey_of` as a picture: (1, 3, H, W) in [0, 1] -> (H, W, 3) uint8."""
    return (grey_of(rgb)[0] * 255).round().byte().permute(1, 2, 0).numpy()


def tensor_of(picture: Picture) -> Tensor:
    """(H, W, 3) uint8 or uint16 -> (1, 3, H, W) float32 in [0, 1]."""
    top = float(np.iinfo(picture.dtype).max)
    return torch.from_numpy(picture.astype(np.float32) / np.float32(top)).permute(2, 0, 1)[None].contiguous()


def read_pair(pair: Pair) -> list[Picture]:
    """The pictures of a pair, upright: each result, then the truth.

    Raises:
        InputError: one cannot be read, or a result is not of the truth's size.
    """
    truth = _read(pair.truth)
    height, width = truth.shape[:2]
    results = []
    for path in pair.results:
        result = _read(path)
        if result.shape != truth.shape:
            raise InputError(
                f"{path}: is {result.shape[1]} x {result.shape[0]} px, but the truth {width} x {height}: "
                "make results of the size of the truth"
            )
        results.append(result)
    return [*results, truth]


def _read(path: Path) -> Picture:
    photo = read_photo(path)
    for warning in photo.warnings:
        log.warning("%s: %s", path, warning)
    return photo.rgb


def read_pairs(pairs: Sequence[Pair]) -> Iterator[tuple[Pair, list[Picture] | InputError]]:
    """The pictures of each pair, or why they cannot be had; read ahead, with few pixels in memory."""

    def read(pair: Pair) -> list[Picture] | InputError:
        try:
            return read_pair(pair)
        except InputError as error:
            return error

    def weigh(pair: Pair) -> int:
        return max(pixels_of(pair.truth), LEAST_PIXELS) * (1 + len(pair.results))

    with Workers(2) as readers:
        reading = map_ahead(readers, read, pairs, most=MOST_PIXELS, weigh=weigh)
        for pair, pending in zip(pairs, reading, strict=True):
            yield pair, pending.result()


def measure(
    pairs: Sequence[Pair],
    names: Sequence[str],
    *,
    judges: Judges,
    labels: Mapping[str, int] | None = None,
    on_picture: Callable[[Pair, str], None] | None = None,
) -> Measured:
    """Measure results beside the truth; a picture that cannot be read is left out in all columns.

    Args:
        pairs: the pictures.
        names: of the folders of results, in the order of each pair's results.
        judges: the networks to ask.
        labels: name of a true picture -> its class; None without labels.
        on_picture: called with each pair as it is done, and what was wrong with it, or "".

    Raises:
        InputError: not one pair could be read.
    """
    columns = (GREY, *names, TRUTH)
    tally = _Tally(columns, judges)
    good, problems = [], []
    for pair, pictures in read_pairs(pairs):
        problem = str(pictures) if isinstance(pictures, InputError) else ""
        if not isinstance(pictures, InputError):
            tally.add(pictures)
            good.append(pair)
        else:
            problems.append(problem)
        if on_picture:
            on_picture(pair, problem)
    if not good:
        raise InputError(f"no picture could be measured; the first: {problems[0]}")
    known = None if labels is None else np.array([labels.get(pair.name, -1) for pair in good], np.int64)
    return Measured(
        columns=columns,
        pairs=tuple(good),
        scores={key: np.array(values, np.float64) for key, values in tally.scores.items()},
        classes={column: np.array(values, np.int64) for column, values in tally.classes.items()},
        labels=known,
        population=tally.population(),
        problems=tuple(problems),
    )


class _Tally:
    """Figures gathered picture by picture."""

    def __init__(self, columns: Sequence[str], judges: Judges) -> None:
        self.columns = columns
        self.judges = judges
        self.scores: dict[tuple[str, str], list[float]] = {}
        self.classes: dict[str, list[int]] = {}
        self._features = {column: Moments() for column in columns}
        self._inception = {column: Moments() for column in columns}
        self._inception_score = {column: InceptionScore() for column in columns}

    @torch.inference_mode()
    def add(self, pictures: Sequence[Picture]) -> None:
        """Measure the results and the truth of one pair."""
        judges = self.judges
        *results, truth = (tensor_of(picture).to(judges.device) for picture in pictures)
        inputs = []
        for column, rgb in zip(self.columns, (grey_of(truth), *results, truth), strict=True):
            values = {name: function(rgb).item() for name, function in ALONE.items()}
            if column != TRUTH:
                values |= {name: function(rgb, truth).item() for name, function in AGAINST_TRUTH.items()}
                if judges.lpips:
                    values["lpips"] = judges.lpips(rgb, truth)
            for name, value in values.items():
                self.scores.setdefault((name, column), []).append(value)
            if judges.inception:
                features, logits = judges.inception(rgb)
                self._inception[column].add(features[0])
                self._inception_score[column].add(logits[0])
            if judges.feature_network or judges.classifier:
                inputs.append(network_input(rgb))
        features = torch.empty(0)
        if judges.feature_network:
            features = judges.feature_network.features(torch.cat(inputs))
            for column, own in zip(self.columns, features, strict=True):
                self._features[column].add(own)
        if judges.classifier:
            if isinstance(judges.classifier, Efficientnet) and judges.classifier is judges.feature_network:
                found = judges.classifier.classes_of(features)
            else:
                found = judges.classifier.classes(torch.cat(inputs))
            for column, number in zip(self.columns, found.tolist(), strict=True):
                self.classes.setdefault(column, []).append(number)

    def population(self) -> dict[tuple[str, str], float]:
        """(measure, column) -> value, of all pictures added."""
        values: dict[tuple[str, str], float | None] = {}
        for column in self.columns:
            if column != TRUTH and self.judges.feature_network:
                distance = self._features[column].frechet_distance(self._features[TRUTH])
                values["frechet", column] = distance
            if self.judges.inception:
                values["inception_score", column] = self._inception_score[column].value()
                if column != TRUTH:
                    values["fid", column] = self._inception[column].frechet_distance(self._inception[TRUTH])
        return {key: value for key, value in values.items() if value is not None}


def read_labels(path: Path) -> dict[str, int]:
    """Read a table of labels: lines of a true picture's path below its folder, a tab, and its class.

    Args:
        path: of the table, UTF-8; classes are 0 to 999.

    Returns:
        Path with forward slashes -> class.

    Raises:
        InputError: the file cannot be read, or a line is not of this form.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    labels = {}
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        name, _, label = line.rpartition("\t")
        if not name or not label.isdecimal() or int(label) > 999:
            raise InputError(
                f"{path}: line {number} is not a path, a tab and a class from 0 to 999: {line!r}"
            )
        labels[name] = int(label)
    return labels
