"""Measure films frame by frame: how colourful, how near to the truth, and above all how steady."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Luma
from deoldify_lite.color.metrics import colorfulness, lab_of, psnr
from deoldify_lite.color.tensors import luma_of
from deoldify_lite.errors import InputError
from deoldify_lite.evaluation.films.flow import Matches, find_matches
from deoldify_lite.evaluation.films.frames import Frame, read_in_step
from deoldify_lite.evaluation.films.metrics import (
    CDC_DISTANCES,
    Series,
    cdc,
    flicker,
    histograms,
    in_one_shot,
    js_divergence,
    warp_error,
)
from deoldify_lite.evaluation.pairs import TRUTH
from deoldify_lite.film.probe import probe_film
from deoldify_lite.temporal.shots import Frame as SmallFrame
from deoldify_lite.temporal.shots import mark_shots

# Luma of all frames in order -> of each, whether a shot begins with it; it may look some frames ahead.
ShotMarker = Callable[[Iterable[Luma]], Iterable[bool]]

CDC_SERIES = tuple(f"js_{distance}" for distance in CDC_DISTANCES)


@dataclass(frozen=True)
class FilmFigures:
    """All figures of one film. A column is a result or the truth."""

    columns: tuple[str, ...]  # the results, then the truth, if there is one
    frames: int
    starts: tuple[int, ...]  # numbers of the frames with which shots begin, 0 first
    series: Mapping[tuple[str, str], Series]
    """(measure, column) -> a value for each frame, NaN where there is none: psnr, psnr_gain (over grey, both
    not of the truth), cf, a and b (means of the frame), js_1, js_2, js_4 (divergence from the frame so many
    before), warp (error, from the frame before) and flicker; nothing across a cut."""
    scores: Mapping[tuple[str, str], float]
    """(measure, column) -> the film's figure, NaN where there is none: psnr, psnr_gain, cf, cdc, warp,
    flicker, and warp_cf and flicker_cf, which are divided by CF. Means over frames."""
    rate: float | None = None  # frames per second, if known


def mark_starts(lumas: Iterable[Luma]) -> Iterator[bool]:
    """Whether a shot begins with each frame: (H, W) uint8 each."""
    return (frame.begins_shot for frame in mark_shots(SmallFrame(luma) for luma in lumas))


def measure_frames(
    names: Sequence[str],
    steps: Iterable[Sequence[Frame]],
    *,
    has_truth: bool = True,
    flow: str = "dis",
    marker: ShotMarker = mark_starts,
    on_frame: Callable[[], None] | None = None,
) -> FilmFigures:
    """Measure several results of one film side by side, in one go and in constant memory.

    Of each frame a few numbers are kept. Motion and cuts are found once, in the luma of the last film of
    each step, so all columns are judged by the same.

    Args:
        names: of the results, each other than "truth".
        steps: for every frame those of the results, in the order of `names`, then that of the truth, or of
            the source if there is none: (H, W, 3) uint8 RGB, all of one size. Such as
            zip(ours, frame_by_frame, truth), each a generator.
        has_truth: False: the last frame of a step is that of the black-and-white source; nothing is compared
            with it and it gets no column.
        flow: key of `film_flow.FLOWS`.
        marker: given the lumas, (H, W) uint8, it says of each whether a shot begins with it. As many frames
            as it looks ahead are held.
        on_frame: called after each frame.

    Raises:
        InputError: there is no frame, or a step's frames differ in size or number.
    """
    columns = (*names, TRUTH) if has_truth else tuple(names)
    waiting: deque[tuple[Sequence[Frame], Luma]] = deque()  # for the marker's word

    def lumas() -> Iterator[Luma]:
        for number, frames in enumerate(steps):
            if len(frames) != len(names) + 1 or len({frame.shape for frame in frames}) > 1:
                shapes = ", ".join("x".join(map(str, frame.shape)) for frame in frames)
                raise InputError(
                    f"frame {number}: {len(names) + 1} pictures of one size are needed, results and truth; "
                    f"given are {shapes}"
                )
            luma = np.asarray(cv2.cvtColor(frames[-1], cv2.COLOR_RGB2GRAY), np.uint8)
            waiting.append((frames, luma))
            yield luma

    tally = _Tally(columns)
    starts = [0]
    before: Luma | None = None
    for number, begins in enumerate(marker(lumas())):
        frames, luma = waiting.popleft()
        matches = None
        if before is not None and begins:  # across a cut there is nothing to follow
            starts.append(number)
        elif before is not None:
            matches = find_matches(before, luma, flow=flow)
        tally.add(frames[: len(columns)], matches)
        before = luma
        if on_frame:
            on_frame()
    if before is None:
        raise InputError("there is no frame to measure")
    return tally.figures(starts)


class _Tally:
    """Numbers gathered frame by frame, and what the next frames need of the last ones."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns = columns
        self.series: dict[tuple[str, str], list[float]] = {}
        self._histograms: deque[list[NDArray[np.float64]]] = deque(maxlen=max(CDC_DISTANCES))
        self._ab: list[NDArray[np.float32]] = []  # of the frame before

    @torch.inference_mode()
    def add(self, frames: Sequence[Frame], matches: Matches | None) -> None:
        """Measure the frames of all columns; `matches` with the frame before, None without any."""
        rgb = torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).float() / 255
        lab = lab_of(rgb)[:, 1:]
        ab = [np.ascontiguousarray(one) for one in lab.permute(0, 2, 3, 1).numpy()]
        self._put("cf", colorfulness(rgb).tolist())
        for name, values in zip(("a", "b"), lab.double().mean((2, 3)).T.tolist(), strict=True):
            self._put(name, values)
        if self.columns[-1] == TRUTH:
            truth = rgb[-1:]
            grey = ((luma_of(truth) * 255).round() / 255).expand_as(truth)
            ratios = psnr(rgb[:-1], truth)
            self._put("psnr", ratios.tolist())
            self._put("psnr_gain", (ratios - psnr(grey, truth)).tolist())
        if matches is not None and self._ab:
            errors = [warp_error(x, y, matches) for x, y in zip(self._ab, ab, strict=True)]
        else:
            errors = [float("nan")] * len(ab)
        self._put("warp", errors)
        own = [histograms(frame) for frame in frames]
        for name, distance in zip(CDC_SERIES, CDC_DISTANCES, strict=True):
            known = len(self._histograms) >= distance
            earlier = self._histograms[-distance] if known else None
            self._put(
                name,
                [js_divergence(x, y) for x, y in zip(earlier, own, strict=True)]
                if earlier
                else [float("nan")] * len(own),
            )
        self._histograms.append(own)
        self._ab = ab

    def _put(self, measure: str, values: Sequence[float]) -> None:
        for column, value in zip(self.columns, values, strict=False):  # of the truth itself there may be none
            self.series.setdefault((measure, column), []).append(value)

    def figures(self, starts: Sequence[int]) -> FilmFigures:
        """Sum up; what crosses the start of a shot is left out."""
        series = {key: np.array(values) for key, values in self.series.items()}
        count = len(series["cf", self.columns[0]])
        scores: dict[tuple[str, str], float] = {}
        for column in self.columns:
            for name, distance in zip(CDC_SERIES, CDC_DISTANCES, strict=True):
                series[name, column][~in_one_shot(count, starts, distance)] = np.nan
            means = np.stack([series["a", column], series["b", column]], 1)
            series["flicker", column] = flicker(means, starts)
            for name in ("psnr", "psnr_gain", "cf", "warp", "flicker"):
                if (name, column) in series:
                    scores[name, column] = mean_of(series[name, column])
            divergences = np.stack([series[name, column] for name in CDC_SERIES], 1)
            scores["cdc", column] = cdc(divergences, starts)
            for name in ("warp", "flicker"):
                color = scores["cf", column]
                scores[f"{name}_cf", column] = scores[name, column] / color if color else float("nan")
        return FilmFigures(self.columns, count, tuple(starts), series, scores)


def mean_of(series: Series) -> float:
    """Mean of what is known; NaN if nothing is."""
    known = series[np.isfinite(series)]
    return float(known.mean()) if len(known) else float("nan")


def measure_film(
    names: Sequence[str],
    results: Sequence[Path],
    truth: Path,
    *,
    has_truth: bool = True,
    flow: str = "dis",
    marker: ShotMarker = mark_starts,
    on_frame: Callable[[], None] | None = None,
) -> FilmFigures:
    """`measure_frames` of films, read at no more than 432 px.

    Args:
        names: of the results.
        results: a film for each name.
        truth: the true film, or the black-and-white source if `has_truth` is False.

    Raises:
        InputError: a film cannot be read, or they differ in shape or length.
        VideoError: ffmpeg is missing or failed.
    """
    films = [probe_film(path) for path in (*results, truth)]
    with closing(read_in_step(films)) as steps:
        found = measure_frames(names, steps, has_truth=has_truth, flow=flow, marker=marker, on_frame=on_frame)
    return replace(found, rate=float(films[-1].rate))
