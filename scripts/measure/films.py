#!/usr/bin/env python3
"""Measure how steady the colour of films is: each frame alone, a mean over five frames, and ours.

The luma of each film, which must be in colour, is coloured by one network; its chroma is steadied in each way
and measured beside the truth, before any encoding, as `deoldify-lite evaluate` measures films: by a flow that
the smoother does not use. Then come drift, the share of frames that ours has predicted, and what it costs to
follow motion and to steady. With several --most-steps there is a column of ours for each.
"""

import argparse
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from deoldify_lite.api import load_colorizer
from deoldify_lite.color.arrays import Chroma
from deoldify_lite.color.merge import merge_picture
from deoldify_lite.evaluation.films.flow import FLOWS
from deoldify_lite.evaluation.films.frames import read_rgb, size_to_measure
from deoldify_lite.evaluation.films.measure import FilmFigures, measure_frames
from deoldify_lite.evaluation.films.metrics import in_one_shot
from deoldify_lite.evaluation.pairs import TRUTH
from deoldify_lite.film.probe import Film, probe_film
from deoldify_lite.film.reader import FrameReader
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.render.modes import MODES
from deoldify_lite.render.rendering import CPU_BATCH
from deoldify_lite.system.threads import in_batches
from deoldify_lite.temporal.key_frames import MOST_STEPS, find_key_frames
from deoldify_lite.temporal.motion import motion_between
from deoldify_lite.temporal.shots import Frame, mark_shots
from deoldify_lite.temporal.steady import Predicted, steady

ALONE, MEAN, OURS = "alone", "mean of 5", "ours"
ROWS = {  # measure: (what the table calls it, decimals)
    "psnr": ("PSNR, dB", 2),
    "psnr_gain": ("gain over grey, dB", 2),
    "cf": ("CF", 2),
    "cdc": ("CDC", 5),
    "warp_cf": ("warp error / CF", 4),
    "flicker_cf": ("flicker / CF", 4),
}
FAR_S = 2.0  # drift is measured between frames so far apart


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("films", nargs="+", type=Path, help="films in colour")
    parser.add_argument("--weights", default="lite", help="lite, deoldify or a file")
    parser.add_argument("--mode", choices=list(MODES), default="video")
    parser.add_argument("--steadiness", type=float, help="of ours (default: by the mode)")
    parser.add_argument("--flow", choices=list(FLOWS), default="dis", help="that judges")
    parser.add_argument(
        "--most-steps",
        nargs="+",
        type=int,
        default=[MOST_STEPS],
        help="ours predicts one frame in so many at least; 1: all",
    )
    args = parser.parse_args()

    colorizer = load_colorizer(args.mode, weights=args.weights)
    steadiness = MODES[args.mode].steadiness if args.steadiness is None else args.steadiness
    ours = {k: OURS if len(args.most_steps) == 1 else f"{OURS}, {k}" for k in args.most_steps}
    found = []
    for path in args.films:
        found.append(measure(probe_film(path), colorizer, steadiness, args.flow, ours))
        print_table(path.name, [found[-1]])
    print_table(f"mean of {len(found)} films", found)
    print("times that of each frame alone, mean over films:")
    for name in ("warp_cf", "flicker_cf", "cf", "drift"):
        shares = [
            f"{column} {mean(f.scores[name, column] / f.scores[name, ALONE] for f in found):.3f}"
            for column in (*ours.values(), MEAN)
        ]
        print(f"  {name:12}{'   '.join(shares)}")
    network = mean(f.scores["ms", "network"] for f in found)
    print(f"a frame through the network, ms: {network:.1f}; any frame:")
    for column in ours.values():
        against = mean(f.scores["warp_cf", column] / f.scores["warp_cf", TRUTH] for f in found)
        motion, steadying = (
            mean(f.scores[name, column] for f in found) for name in ("motion ms", "steady ms")
        )
        print(
            f"  {column}: motion {motion:.2f} ms, steadying {steadying:.2f} ms, "
            f"warp error / CF {against:.3f} times the truth's"
        )


def measure(
    film: Film, colorizer: Colorizer, steadiness: float, flow: str, ours: Mapping[int, str]
) -> FilmFigures:
    """All figures of a film: those of `evaluate`, and (drift, column), (ms, network), and of each of ours
    (share, column), (motion ms, column) and (steady ms, column)."""
    with FrameReader(film, colorizer.render_size) as reader:
        frames = list(mark_shots(Frame(luma) for luma in reader))
    began = time.perf_counter()
    batches = in_batches(frames, CPU_BATCH)
    predicted = [c for batch in batches for c in colorizer.predict_chroma([f.luma for f in batch])]
    costs = {("ms", "network"): 1000 * (time.perf_counter() - began) / len(frames)}
    starts = [i for i, frame in enumerate(frames) if frame.begins_shot]
    columns: dict[str, Sequence[Chroma]] = {ALONE: predicted, MEAN: means_of_five(predicted, starts)}
    for most_steps, name in ours.items():
        times = [time.perf_counter()]
        steps = list(find_key_frames(frames, colorizer.chroma_size, most_steps=most_steps))
        times.append(time.perf_counter())
        chromas = [c if step.stands_for else None for step, c in zip(steps, predicted, strict=True)]
        given = [Predicted(step, chroma) for step, chroma in zip(steps, chromas, strict=True)]
        columns[name] = [chroma for chroma in steady(given, steadiness=steadiness) if chroma is not None]
        times.append(time.perf_counter())
        costs["share", name] = sum(chroma is not None for chroma in chromas) / len(frames)
        for part, (start, end) in zip(("motion", "steady"), pairwise(times), strict=True):
            costs[f"{part} ms", name] = 1000 * (end - start) / len(frames)

    def pictures() -> Iterator[list[np.ndarray]]:
        with closing(read_rgb(film, size_to_measure(film))) as truths:
            for i, truth in enumerate(truths):
                yield [*(merge_picture(truth, chromas[i]) for chromas in columns.values()), truth]

    figures = measure_frames(list(columns), pictures(), flow=flow)
    scores = {**figures.scores, **costs}
    distance = round(FAR_S * float(film.rate))
    for name, chromas in columns.items():
        scores["drift", name] = drift(frames, chromas, starts, distance)
    return FilmFigures(figures.columns, figures.frames, figures.starts, figures.series, scores)


def means_of_five(chromas: Sequence[Chroma], starts: Sequence[int]) -> list[Chroma]:
    """The plain mean of each frame with its neighbours, up to two on each side in its shot."""
    result = []
    for start, end in pairwise([*starts, len(chromas)]):
        shot = chromas[start:end]
        result += [np.mean(shot[max(i - 2, 0) : i + 3], axis=0) for i in range(len(shot))]
    return result


def drift(frames: Sequence[Frame], chromas: Sequence[Chroma], starts: Sequence[int], distance: int) -> float:
    """Mean change of chroma, in 8-bit levels, of what is seen in two frames of a shot that lie far apart.

    NaN if no shot is so long, or nothing is seen in both.
    """
    changes, weights = 0.0, 0.0
    whole = in_one_shot(len(frames), starts, distance)
    for i in range(distance, len(frames), max(distance // 4, 1)):
        if not whole[i]:
            continue
        before, now = chromas[i - distance], chromas[i]
        motion, _ = motion_between(frames[i - distance].luma, frames[i].luma, now.shape[1:])
        came = motion.carry(np.ascontiguousarray(np.moveaxis(before, 0, -1)))
        change = np.linalg.norm(came - np.moveaxis(now, 0, -1), axis=-1)
        changes += float((255 * change * motion.trust).sum())
        weights += float(motion.trust.sum())
    return changes / weights if weights > 1 else float("nan")


def mean(values: Iterator[float]) -> float:
    """Mean of the numbers among some values."""
    known = [value for value in values if np.isfinite(value)]
    return statistics.fmean(known) if known else float("nan")


def print_table(title: str, films: Sequence[FilmFigures]) -> None:
    columns = films[0].columns
    print(f"{title}\n{'':18}" + "".join(f"{column:>12}" for column in columns))
    rows = {**ROWS, "drift": (f"drift in {FAR_S:g} s", 2), "share": ("predicted", 3)}
    for name, (about, decimals) in rows.items():
        cells = [mean(f.scores.get((name, column), float("nan")) for f in films) for column in columns]
        texts = ["-" if np.isnan(cell) else f"{cell:.{decimals}f}" for cell in cells]
        print(f"{about:18}" + "".join(f"{text:>12}" for text in texts))
    print(flush=True)


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    main()
