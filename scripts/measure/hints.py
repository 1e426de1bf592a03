#!/usr/bin/env python3
"""Measure what colour hints gain: PSNR of validation photos by the number of true-colour hints on them.

    scripts/measure/hints.py ../shared/data --plot hints.png
    scripts/measure/hints.py --films FILM.mp4 ...

Each photo, at most --longest px, is coloured by the network; then hints of its true colours are set, and what
they change is measured in dB of PSNR beside the truth. The points are either drawn at random over the photo,
from a fixed seed, or where the network errs most: the greatest errors, smoothed, a tenth of the photo apart.
A hint's colour is the mean over a hundredth of the photo around its point. Four ways to spread them:

    ours     deoldify_lite.color.hinting
    wide     its first step alone, for all of the correction: what is alike anywhere in the photo
    near     its second step alone: what is alike near by
    levin    colorization by optimisation, Levin et al. 2004, on the correction: neighbours of like luma get
             like corrections, with a weak pull to 0; the sparse system is solved at 128 px, by scipy

Intervals are 95 % of the bootstrap over photos. `changed` is how far a hint is from home: a colour is set to
be red on one random point of each photo, and the mean change of chroma in 8-bit levels is taken over pixels
that are further than a quarter of the photo from it, or differ from it by more than 0.2 of luma.

In films, which must be in colour, ten hints at random points are set on the first frame of each shot, or on
the middle one, and the gain is given by the distance in frames from there; steadiness as `evaluate` finds it.
"""

import argparse
import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from deoldify_lite.api import load_colorizer
from deoldify_lite.color.arrays import Chroma, Luma, shrink, shrink_luma, shrink_planes
from deoldify_lite.color.guided import guide_chroma
from deoldify_lite.color.hint import FilmHint, Hint
from deoldify_lite.color.hinting import NEAR, WIDE, spread_hints
from deoldify_lite.color.merge import chroma_of_rgb, merge_picture
from deoldify_lite.errors import DeoldifyError, InputError
from deoldify_lite.evaluation.bootstrap import Bootstrap, estimate
from deoldify_lite.evaluation.films.frames import read_rgb, size_to_measure
from deoldify_lite.evaluation.films.measure import measure_frames
from deoldify_lite.evaluation.photos.measure import grey_picture, tensor_of
from deoldify_lite.film.probe import Film, probe_film
from deoldify_lite.film.reader import FrameReader
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.render.modes import MODES, PRECISIONS
from deoldify_lite.temporal.hinting import spread_through_shots
from deoldify_lite.temporal.key_frames import find_key_frames
from deoldify_lite.temporal.shots import Frame, mark_shots
from deoldify_lite.temporal.steady import Predicted, steady
from deoldify_lite.training.data import open_photos

log = logging.getLogger("deoldify_lite")

Spread = Callable[[Chroma, Luma, Sequence[Hint]], Chroma]

POINTS = ("anywhere", "worst")
RED = (-0.15, 0.3)  # Cb, Cr of a strong one
SMALLEST_PX = 96
LEVIN_PX = 128
# Chosen on photos of the training split, as ours was: the luma at which likeness of neighbours falls, its
# least value, the pull to 0 of all pixels together, and of a hint to its colour.
LEVIN_LUMA, LEVIN_LEAST, LEVIN_PULL, LEVIN_HOLD = 0.02, 1e-3, 0.1, 1.0


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, nargs="?", help="training set: its validation photos are used")
    parser.add_argument("--films", type=Path, nargs="+", default=[], help="films in colour")
    parser.add_argument("--weights", default="lite", help="lite or a file (default: lite)")
    parser.add_argument("--mode", choices=list(MODES), default="stable")
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--counts", nargs="+", type=int, default=[1, 2, 3, 5, 7, 10], help="of hints")
    parser.add_argument("--every", type=int, default=5, help="use only every so many-th photo (default: 5)")
    parser.add_argument("--longest", type=int, default=480, metavar="PX", help="side of a photo")
    parser.add_argument("--seed", type=int, default=0, help="of the points")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda", "mps"], default="auto")
    parser.add_argument("--precision", choices=PRECISIONS, default="auto")
    parser.add_argument("--plot", type=Path, help="write the gains as a picture, such as hints.png")
    return parser


def ours(chroma: Chroma, luma: Luma, hints: Sequence[Hint]) -> Chroma:
    return spread_hints(chroma, luma, hints)


def wide(chroma: Chroma, luma: Luma, hints: Sequence[Hint]) -> Chroma:
    return spread_hints(chroma, luma, hints, near=replace(WIDE, everywhere=0), most_wide=np.inf)


def near(chroma: Chroma, luma: Luma, hints: Sequence[Hint]) -> Chroma:
    return spread_hints(chroma, luma, hints, near=NEAR, most_wide=0)


@lru_cache(maxsize=1)
def levin_system(data: bytes, height: int, width: int) -> object:
    """The factorised system of a small luma, without hints."""
    from scipy import sparse
    from scipy.sparse.linalg import splu

    small = np.frombuffer(data, np.uint8) / 255
    number = np.arange(height * width).reshape(height, width)
    pairs = [
        (number[:, :-1], number[:, 1:]),
        (number[:-1], number[1:]),
        (number[:-1, :-1], number[1:, 1:]),
        (number[:-1, 1:], number[1:, :-1]),
    ]
    one, other = (np.concatenate([pair[i].ravel() for pair in pairs]) for i in (0, 1))
    alike = np.exp(-((small[one] - small[other]) ** 2) / (2 * LEVIN_LUMA**2)) + LEVIN_LEAST
    graph = sparse.coo_matrix((alike, (one, other)), shape=(number.size, number.size))
    graph = graph + graph.T
    system = sparse.diags(np.asarray(graph.sum(1)).ravel() + LEVIN_PULL / number.size) - graph
    return splu(system.tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})


def levin(chroma: Chroma, luma: Luma, hints: Sequence[Hint]) -> Chroma:
    """The correction that minimises the squares of its differences of neighbours, by likeness."""
    scale = LEVIN_PX / max(luma.shape)
    height, width = (max(1, round(scale * side)) for side in luma.shape)
    small = shrink(luma, (height, width))
    solver = levin_system(small.tobytes(), height, width)
    grid = shrink_planes(chroma, (height, width))
    places = [int(hint.y * height) * width + int(hint.x * width) for hint in hints]
    asked = np.array([hint.chroma for hint in hints]) - grid.reshape(2, -1)[:, places].T
    # The hints enter by Woodbury's identity, so that the system is factorised without them.
    points = np.zeros((height * width, len(hints)))
    points[places, np.arange(len(hints))] = 1
    columns = solver.solve(points)
    weights = np.linalg.solve(columns[places] + np.eye(len(hints)) / LEVIN_HOLD, asked)
    change = (columns @ weights).T.reshape(2, height, width).astype(np.float32)
    rgb = np.repeat(luma[..., None], 3, axis=2)
    return guide_chroma(chroma, rgb) + guide_chroma(change, rgb)


WAYS: dict[str, Spread] = {"ours": ours, "wide": wide, "near": near, "levin": levin}


def blurred(planes: Chroma, share: float) -> Chroma:
    """Means over squares whose side is a share of the longer side."""
    side = 2 * round(share * max(planes.shape[1:]) / 2) + 1
    return np.stack([cv2.blur(plane, (side, side)) for plane in planes])


def random_points(shape: tuple[int, int], count: int, seed: Sequence[int]) -> list[tuple[int, int]]:
    drawn = np.random.default_rng(seed).random((count, 2))
    return [(int(row * shape[0]), int(column * shape[1])) for row, column in drawn]


def worst_points(error: Chroma, count: int) -> list[tuple[int, int]]:
    """Rows and columns of the greatest errors, smoothed, a tenth of the longer side apart."""
    size = np.linalg.norm(blurred(error, 0.03), axis=0).astype(np.float32)
    points = []
    for _ in range(count):
        row, column = np.unravel_index(int(size.argmax()), size.shape)
        points.append((int(row), int(column)))
        cv2.circle(size, (int(column), int(row)), round(0.1 * max(size.shape)), 0.0, -1)
    return points


def psnr(picture: NDArray[np.uint8], truth: NDArray[np.uint8]) -> float:
    return float(cv2.PSNR(picture, truth))


def bleed(spread: Spread, chroma: Chroma, luma: Luma, point: tuple[int, int]) -> float:
    """Mean change in 8-bit levels, of what one red hint does not mean."""
    height, width = luma.shape
    hint = Hint((point[1] + 0.5) / width, (point[0] + 0.5) / height, RED)
    keep = replace(hint, chroma=(0.0, 0.0))
    # What two hints on one point do otherwise: the size of the photo and the guide are the same for both.
    changed = np.linalg.norm(spread(chroma, luma, [hint]) - spread(chroma, luma, [keep]), axis=0)
    rows, columns = np.mgrid[: changed.shape[0], : changed.shape[1]]
    scale = changed.shape[0] / height
    away = np.hypot(rows - scale * point[0], columns - scale * point[1]) > 0.25 * max(changed.shape)
    small = shrink_luma(luma, changed.shape)
    here = cv2.blur(small, (5, 5))[min(round(scale * point[0]), len(small) - 1)][
        min(round(scale * point[1]), small.shape[1] - 1)
    ]
    other = away | (np.abs(small - here) > 0.2)
    return float(255 * changed[other].mean()) if other.any() else float("nan")


def measure(
    photo: NDArray[np.uint8], number: int, colorizer: Colorizer, args: argparse.Namespace
) -> dict[tuple[str, str, int], float]:
    """Of one photo: (way, points, hints) -> PSNR, and (way, "changed", 1) and (way, "ms", 10)."""
    scale = args.longest / max(photo.shape[:2])
    if scale < 1:
        photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    truth = tensor_of(photo)
    grey = grey_picture(truth)
    luma = np.ascontiguousarray(grey[..., 0])
    shape = (luma.shape[0], luma.shape[1])
    chroma = np.asarray(colorizer.predict_chroma([colorizer.prepare(grey)])[0], np.float32)
    true = chroma_of_rgb(photo.astype(np.float32) / 255)
    spots = blurred(true, 0.01)
    most = max(args.counts)
    points = {
        "anywhere": random_points(shape, most, [args.seed, number]),
        "worst": worst_points(guide_chroma(chroma, grey) - true, most),
    }
    found = {("network", "", 0): psnr(colorizer.finish(grey, chroma), photo)}
    found["grey", "", 0] = psnr(grey, photo)
    for way in args.ways:
        spread = WAYS[way]
        spread(chroma, luma, [Hint(0.5, 0.5, (0.0, 0.0))])  # what is made once for a photo counts for nobody
        for kind, places in points.items():
            hints = [
                Hint((column + 0.5) / shape[1], (row + 0.5) / shape[0], tuple(spots[:, row, column].tolist()))
                for row, column in places
            ]
            for count in args.counts:
                began = time.perf_counter()
                result = spread(chroma, luma, hints[:count])
                found[way, "ms", count] = 1000 * (time.perf_counter() - began)
                found[way, kind, count] = psnr(colorizer.finish(grey, result), photo)
        found[way, "changed", 1] = bleed(spread, chroma, luma, points["anywhere"][0])
    return found


def print_tables(figures: Bootstrap, args: argparse.Namespace) -> None:
    base = figures.mean(("network", "", 0))
    print(f"PSNR of the grey photo {figures.mean(('grey', '', 0))[0]:.2f} dB, coloured {base[0]:.2f} dB")
    for kind in POINTS:
        print(f"gain by hints, dB; points: {kind}")
        print(f"{'hints':>8}" + "".join(f"{count:>21}" for count in args.counts))
        for way in args.ways:
            cells = []
            for count in args.counts:
                gain = estimate(figures.mean((way, kind, count)) - base)
                assert gain is not None
                between = "" if gain.low is None else f" [{gain.low:.2f}, {gain.high:.2f}]"
                cells.append(f"{gain.value:+.2f}{between}".rjust(21))
            print(f"{way:>8}" + "".join(cells))
    most = max(args.counts)
    for way in args.ways:
        print(
            f"{way:>8}: {figures.mean((way, 'ms', most))[0]:.0f} ms for {most} hints; one red hint changes "
            f"what it does not mean by {figures.mean((way, 'changed', 1))[0]:.2f} levels"
        )


def draw(figures: Bootstrap, args: argparse.Namespace, photos: int) -> None:
    from matplotlib.figure import Figure  # which draws without a screen

    figure = Figure(figsize=(11, 4.5), dpi=110, layout="constrained")
    base = figures.mean(("network", "", 0))
    for axis, kind in zip(figure.subplots(1, 2, sharey=True), POINTS, strict=True):
        for way in args.ways:
            gains = [estimate(figures.mean((way, kind, count)) - base) for count in args.counts]
            values = [0.0, *(gain.value for gain in gains)]
            axis.plot([0, *args.counts], values, "o-", label=way, markersize=4)
            if gains[0].low is not None:
                bounds = [[0.0, *(getattr(gain, name) for gain in gains)] for name in ("low", "high")]
                axis.fill_between([0, *args.counts], *bounds, alpha=0.15)
        axis.set_xlabel(
            f"true-colour hints, {'at random' if kind == POINTS[0] else 'where errors are largest'}"
        )
        axis.grid(alpha=0.3)
    figure.axes[0].set_ylabel(f"gain in PSNR, dB, mean of {photos} photos")
    figure.axes[0].legend()
    figure.savefig(args.plot)


def predicted_frames(film: Film, colorizer: Colorizer) -> list[Predicted]:
    with FrameReader(film, colorizer.render_size) as reader:
        frames = list(mark_shots(Frame(luma) for luma in reader))
    steps = find_key_frames(frames, colorizer.chroma_size)
    return [
        Predicted(step, colorizer.predict_chroma([step.frame.luma])[0] if step.stands_for else None)
        for step in steps
    ]


def film_hints(film: Film, hinted: Sequence[int], seed: int) -> list[FilmHint]:
    """Ten true colours at random points of each of some frames."""
    hints, wanted = [], set(hinted)
    with closing(read_rgb(film, size_to_measure(film))) as frames:
        for number, rgb in enumerate(frames):
            if number in wanted:
                spots = blurred(chroma_of_rgb(rgb.astype(np.float32) / 255), 0.03)
                height, width = spots.shape[1:]
                for row, column in random_points((height, width), 10, [seed, number]):
                    color = tuple(spots[:, row, column].tolist())
                    hints.append(FilmHint(number, Hint((column + 0.5) / width, (row + 0.5) / height, color)))
    return hints


def measure_film(path: Path, colorizer: Colorizer, steadiness: float, seed: int) -> None:
    film = probe_film(path)
    frames = predicted_frames(film, colorizer)
    starts = [i for i, frame in enumerate(frames) if frame.step.frame.begins_shot]
    shots = list(pairwise([*starts, len(frames)]))
    columns = {"without": list(steady(frames, steadiness=steadiness))}
    hinted = {"first": starts, "middle": [(start + end) // 2 for start, end in shots]}
    costs = {}
    for name, numbers in hinted.items():
        hints = film_hints(film, numbers, seed)
        began = time.perf_counter()
        spread = list(spread_through_shots(frames, hints, aspect=film.width / film.height))
        costs[name] = 1000 * (time.perf_counter() - began) / len(frames)
        columns[name] = list(steady(spread, steadiness=steadiness))

    def pictures() -> Iterator[list[NDArray[np.uint8]]]:
        with closing(read_rgb(film, size_to_measure(film))) as truths:
            for i, truth in enumerate(truths):
                yield [*(merge_picture(truth, chromas[i]) for chromas in columns.values()), truth]

    figures = measure_frames(list(columns), pictures())
    print(f"{path.name}: {len(frames)} frames, {len(shots)} shots")
    base = np.array(figures.series["psnr", "without"])
    for name, numbers in hinted.items():
        gain = np.array(figures.series["psnr", name]) - base
        away = np.concatenate(
            [np.abs(np.arange(*shot) - number) for shot, number in zip(shots, numbers, strict=True)]
        )
        cells = [
            f"{low}-{high}: {gain[(away >= low) & (away <= high)].mean():+.2f}"
            for low, high in ((0, 0), (1, 5), (6, 10), (11, 25), (26, 50), (51, 100))
            if ((away >= low) & (away <= high)).any()
        ]
        print(
            f"  hints on the {name} frame: {gain.mean():+.2f} dB;  {'  '.join(cells)}  ({costs[name]:.1f} ms)"
        )
    for name in ("warp_cf", "flicker_cf"):
        print(f"  {name}: " + ", ".join(f"{c} {figures.scores[name, c]:.4f}" for c in figures.columns))


def main() -> int:
    parser = build_parser()
    args = parser.parse_args()
    if (args.data is None) != bool(args.films):
        parser.error("name either a training set or --films")
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        colorizer = load_colorizer(
            args.mode, weights=args.weights, device=args.device, precision=args.precision
        )
        if args.films:
            film_colorizer = load_colorizer(
                "video", weights=args.weights, device=args.device, precision=args.precision
            )
            for path in args.films:
                measure_film(path, film_colorizer, MODES["video"].steadiness, args.seed)
            return 0
        _, held_out = open_photos(args.data, validation_every=50)
    except DeoldifyError as error:
        log.error("%s", error)
        return 1
    found: list[dict[tuple[str, str, int], float]] = []
    for number in tqdm(range(0, len(held_out), args.every), unit="photo"):
        try:
            photo = held_out.read(number)
        except InputError as error:
            log.warning("%s", error)
            continue
        if min(photo.shape[:2]) >= SMALLEST_PX:
            found.append(measure(photo, number, colorizer, args))
    if not found:
        log.error("%s: no photo could be measured", args.data)
        return 1
    figures = Bootstrap({key: np.array([row[key] for row in found]) for key in found[0]})
    print(f"{len(found)} photos")
    print_tables(figures, args)
    if args.plot:
        draw(figures, args, len(found))
        print(f"wrote {args.plot}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
