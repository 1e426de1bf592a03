#!/usr/bin/env python3
"""Measure what a reference photo brings: colours pulled by region (ours), shifted as a whole, and left alone.

    scripts/measure/reference.py ../shared/data --every 3 --films ../shared/samples/films/c*.mp4

Each validation photo is turned grey and coloured with four kinds of reference in true colour:

    half    the left half of the photo is coloured, and its right half, mirrored, is the reference
    view    the upper left of it (0.8 of each side); the lower right, mirrored, and exposed otherwise
    alike   the whole; the photo most like it among the others, by its grey, small, and the network's chroma
    other   the whole; a photo that has nothing to do with it

"whole" gives predicted chroma the mean and deviation of the reference's: E. Reinhard et al. 2001, "Color
transfer between images", https://doi.org/10.1109/38.946629, on Cb and Cr. Differences are to no reference,
paired by photo, with the 95 % bootstrap interval over photos; "worse" is the share of photos that lose PSNR
by more than 0.1 dB. "far" is the distance of a picture's mean chroma from the reference's, as a share of what
it is without.

Of films, frames are coloured with the first true frame of their shot as the reference, --far seconds and more
after it, each alone and steadied. By photos 1, 4, 7 ... of those to validate with (--first 1 --every 3) the
constants of deoldify_lite/color/reference.py were chosen; 0, 3, 6 ... are others.
"""

import argparse
import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from deoldify_lite.api import load_colorizer
from deoldify_lite.color.arrays import Chroma, Picture, Square, shrink, shrink_luma, shrink_planes
from deoldify_lite.color.merge import chroma_of_rgb, merge_picture
from deoldify_lite.color.metrics import lab_error, psnr
from deoldify_lite.color.reference import Reference
from deoldify_lite.errors import DeoldifyError, InputError
from deoldify_lite.evaluation.bootstrap import Bootstrap, estimate
from deoldify_lite.evaluation.films.frames import read_rgb, size_to_measure
from deoldify_lite.evaluation.films.measure import FilmFigures, measure_frames
from deoldify_lite.evaluation.photos.measure import grey_picture, tensor_of
from deoldify_lite.film.probe import Film, probe_film
from deoldify_lite.film.reader import FrameReader
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.render.modes import MODES
from deoldify_lite.temporal.key_frames import find_key_frames
from deoldify_lite.temporal.shots import Frame, mark_shots
from deoldify_lite.temporal.steady import Predicted, steady
from deoldify_lite.training.data import open_photos

log = logging.getLogger("deoldify_lite")

NONE, WHOLE, REGION = "none", "whole", "region"
KINDS = ("half", "view", "alike", "other")
LOSS_DB = 0.1
ROWS = {"psnr": ("PSNR, dB", 2), "cf": ("CF", 2), "warp": ("warp error", 4), "flicker": ("flicker", 4)}

# The ways to use a reference: a true picture -> what changes chroma, given the square.
Pull = Callable[[Chroma, Square], Chroma]


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="training set, whose validation photos are used")
    parser.add_argument("--weights", default="lite", help="lite, deoldify or a file (default: lite)")
    parser.add_argument(
        "--mode", choices=list(MODES), default="artistic", help="of photos (default: artistic)"
    )
    parser.add_argument("--every", type=int, default=1, help="use only every so many-th photo")
    parser.add_argument("--first", type=int, default=0, help="and begin with this one (default: 0)")
    parser.add_argument("--films", type=Path, nargs="*", default=[], help="films in colour")
    parser.add_argument("--far", type=float, default=2.0, metavar="S", help="of films (default: 2)")
    return parser


def pulls_of(picture: Picture, colorizer: Colorizer) -> dict[str, Pull]:
    """The ways to use a true picture as the reference."""
    side = colorizer.chroma_size[0]
    true = chroma_of_rgb(shrink(picture, (side, side)) / np.float32(255))
    mean, spread = true.mean((1, 2), keepdims=True), true.std((1, 2), keepdims=True)

    def whole(chroma: Chroma, _: Square) -> Chroma:
        own, own_spread = chroma.mean((1, 2), keepdims=True), chroma.std((1, 2), keepdims=True)
        return (chroma - own) * (spread / np.maximum(own_spread, np.float32(1e-3))) + mean

    return {
        NONE: lambda chroma, _: chroma,
        WHOLE: whole,
        REGION: Reference.from_picture(picture, colorizer).pull,
    }


def part(photo: Picture, top: float, bottom: float, left: float, right: float) -> Picture:
    """A part of a photo, its edges as shares of the sides."""
    height, width = photo.shape[:2]
    rows, columns = np.rint([top * height, bottom * height]), np.rint([left * width, right * width])
    return photo[int(rows[0]) : int(rows[1]), int(columns[0]) : int(columns[1])].copy()


def pairs_of(
    photos: Sequence[Picture], likest: Sequence[int], number: int
) -> Iterator[tuple[Picture, Picture]]:
    """A photo, or a part of it, and its reference, of each of KINDS."""
    photo = photos[number]
    yield part(photo, 0, 1, 0, 0.5), part(photo, 0, 1, 0.5, 1)[:, ::-1].copy()
    view = part(photo, 0.2, 1, 0.2, 1)[:, ::-1] / 255
    yield part(photo, 0, 0.8, 0, 0.8), np.rint(255 * np.clip(1.1 * view**1.25, 0, 1)).astype(np.uint8)
    yield photo, photos[likest[number]]
    yield photo, photos[(number + len(photos) // 2) % len(photos)]


def find_likest(photos: Sequence[Picture], colorizer: Colorizer) -> list[int]:
    """Of each photo the one most like it, by 8 x 8 of luma, less its mean, and of predicted chroma."""
    thumbs = []
    for photo in photos:
        square = colorizer.prepare(photo)
        luma = shrink_luma(square, (8, 8))
        chroma = colorizer.predict_chroma([square])[0]
        small = 4 * shrink_planes(chroma, (8, 8))
        thumbs.append(np.stack([luma - luma.mean(), *small]).ravel())
    table = np.stack(thumbs)
    distances = np.square(table[:, None] - table).sum(-1)
    np.fill_diagonal(distances, np.inf)
    return [int(number) for number in distances.argmin(1)]


def read_photos(args: argparse.Namespace) -> list[Picture]:
    """The photos asked for that can be read."""
    _, held_out = open_photos(args.data, validation_every=50)
    photos = []
    for number in range(args.first, len(held_out), args.every):
        try:
            photos.append(held_out.read(number))
        except InputError as error:
            log.warning("%s", error)
    return photos


def measure_photos(photos: Sequence[Picture], colorizer: Colorizer) -> None:
    """Print the table of photos."""
    likest = find_likest(photos, colorizer)
    series: dict[tuple[str, str, str], list[float]] = {}
    seconds = 0.0
    for number in tqdm(range(len(photos)), unit="photo"):
        for kind, (photo, picture) in zip(KINDS, pairs_of(photos, likest, number), strict=True):
            truth = tensor_of(photo)
            grey = grey_picture(truth)
            square = colorizer.prepare(grey)
            chroma = colorizer.predict_chroma([square])[0]
            try:
                pulls = pulls_of(picture, colorizer)
            except InputError:  # a grey photo among them
                pulls = dict.fromkeys((NONE, WHOLE, REGION), lambda chroma, _: chroma)
            mean = chroma_of_rgb(picture / np.float32(255)).mean((1, 2))
            for way, pull in pulls.items():
                began = time.perf_counter()
                pulled = pull(chroma, square)
                seconds += (time.perf_counter() - began) * (way == REGION)
                result = tensor_of(colorizer.finish(grey, pulled))
                found = {
                    "psnr": psnr(result, truth).item(),
                    "lab": lab_error(result, truth).item(),
                    "far": float(np.linalg.norm(pulled.mean((1, 2)) - mean)),
                }
                for name, value in found.items():
                    series.setdefault((kind, way, name), []).append(value)
    figures = Bootstrap({key: np.array(values) for key, values in series.items()})
    print(f"{len(photos)} photos; a pull takes {1000 * seconds / len(photos) / len(KINDS):.1f} ms")
    print(
        f"{'reference':10}{'way':>8}{'PSNR':>8}{'to none':>24}{'Lab':>7}{'to none':>24}{'worse':>7}{'far':>6}"
    )
    for kind, way in dict.fromkeys((kind, way) for kind, way, _ in series):
        cells = [f"{kind:10}{way:>8}"]
        for name, decimals, width in (("psnr", 2, 8), ("lab", 2, 7)):
            mean_of, base = figures.mean((kind, way, name)), figures.mean((kind, NONE, name))
            gain = estimate(mean_of - base)
            cells.append(f"{mean_of[0]:>{width}.{decimals}f}")
            between = (
                f"{gain.value:+.2f} [{gain.low:+.2f}, {gain.high:+.2f}]"
                if gain and gain.low is not None
                else ""
            )
            cells.append(f"{between if way != NONE else '':>24}")
        loss = np.array(series[kind, NONE, "psnr"]) - np.array(series[kind, way, "psnr"])
        far = figures.mean((kind, way, "far"))[0] / figures.mean((kind, NONE, "far"))[0]
        print("".join(cells) + f"{(loss > LOSS_DB).mean():>7.0%}{far:>6.2f}")


def measure_film(film: Film, colorizer: Colorizer, steadiness: float, far_s: float) -> FilmFigures | None:
    """All figures of a film; None if no shot of it is long enough."""
    with FrameReader(film, colorizer.render_size) as reader:
        frames = list(mark_shots(Frame(luma) for luma in reader))
    with closing(read_rgb(film, size_to_measure(film))) as truths:
        pictures = list(truths)[: len(frames)]
    distance = round(far_s * float(film.rate))
    chromas = [colorizer.predict_chroma([frame.luma])[0] for frame in frames]
    alone: dict[str, list[Chroma]] = {way: list(chromas) for way in (NONE, WHOLE, REGION)}
    chosen: list[int] = []
    starts = [i for i, frame in enumerate(frames) if frame.begins_shot]
    for start, end in pairwise([*starts, len(pictures)]):
        if end - start <= distance + 2:
            continue
        chosen += range(start + distance, end)
        for way, pull in pulls_of(pictures[start], colorizer).items():
            alone[way][start:end] = [pull(chromas[i], frames[i].luma) for i in range(start, end)]
    if not chosen:
        return None
    steps = list(find_key_frames(frames, colorizer.chroma_size))
    columns = dict(alone)
    for way, some in alone.items():
        given = [Predicted(s, c if s.stands_for else None) for s, c in zip(steps, some, strict=True)]
        columns[f"{way}, steady"] = [c for c in steady(given, steadiness=steadiness) if c is not None]

    def shown() -> Iterator[list[NDArray[np.uint8]]]:
        for i in chosen:
            yield [*(merge_picture(pictures[i], planes[i]) for planes in columns.values()), pictures[i]]

    return measure_frames(list(columns), shown())


def measure_films(films: Sequence[Path], weights: str, far_s: float) -> None:
    """Print the table of films, each alone, since they are few."""
    colorizer = load_colorizer("video", weights=weights)
    for path in films:
        figures = measure_film(probe_film(path), colorizer, MODES["video"].steadiness, far_s)
        if figures is None:
            print(f"{path.name}: no shot is longer than {far_s:g} s")
            continue
        print(f"{path.name}: {figures.frames} frames, {far_s:g} s and more after their reference")
        print(f"{'':12}" + "".join(f"{column:>16}" for column in figures.columns))
        for name, (about, decimals) in ROWS.items():
            values = [figures.scores.get((name, column), float("nan")) for column in figures.columns]
            print(
                f"{about:12}"
                + "".join("-".rjust(16) if np.isnan(v) else f"{v:>16.{decimals}f}" for v in values)
            )


def main() -> int:
    args = build_parser().parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    torch.set_grad_enabled(False)
    try:
        measure_photos(read_photos(args), load_colorizer(args.mode, weights=args.weights))
        measure_films(args.films, args.weights, args.far)
    except DeoldifyError as error:
        log.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
