#!/usr/bin/env python3
"""Measure how near the colours of films come to the truth: PSNR gain over grey, and share of the truth's CF.

    scripts/measure/film_colors.py DAVIS/JPEGImages/480p/* --sheet films.jpg
    scripts/measure/film_colors.py FILM.mp4 ... --render-factors 12 16 --saturations 1 1.15

Each film, in colour, or a folder of its frames as JPEG or PNG, is taken as its luma alone and colorized as
`colorize-video` does: predicted, followed along its motion and steadied, before any encoding. One frame in
--every is compared with the truth at full size. Rows are films; for each render factor and saturation there
is the mean of

    gain       PSNR over that of the grey frame, dB
    CF         colourfulness, as a share of the truth's

and with --alone the same of each frame predicted alone. Below them are the mean and the lowest, and how many
films come out further from the truth than grey.
"""

import argparse
import logging
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import torch
from keys import as_film
from numpy.typing import NDArray

from deoldify_lite.api import load_colorizer
from deoldify_lite.color.arrays import Chroma, Picture
from deoldify_lite.color.merge import merge_picture
from deoldify_lite.color.metrics import colorfulness, psnr
from deoldify_lite.errors import DeoldifyError
from deoldify_lite.evaluation.films.frames import read_rgb
from deoldify_lite.evaluation.photos.measure import grey_of, tensor_of
from deoldify_lite.film.probe import Film, probe_film
from deoldify_lite.film.reader import FrameReader
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.render.modes import MODES, PRECISIONS
from deoldify_lite.temporal.key_frames import find_key_frames
from deoldify_lite.temporal.shots import Frame, mark_shots
from deoldify_lite.temporal.steady import Predicted, steady

log = logging.getLogger("deoldify_lite")

SHEET_PX = 320  # width of a picture on the sheet


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("films", nargs="+", type=Path, help="films in colour, or folders of their frames")
    parser.add_argument("--mode", choices=list(MODES), default="video", help="default: video")
    parser.add_argument("--weights", default="lite", help="lite, deoldify or a file (default: lite)")
    parser.add_argument("--render-factors", nargs="+", type=int, help="default: that of the mode")
    parser.add_argument("--saturations", nargs="+", type=float, help="default: that of the mode")
    parser.add_argument("--every", type=int, default=8, help="compare one frame in so many (default: 8)")
    parser.add_argument("--alone", action="store_true", help="measure each frame predicted alone, too")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda", "mps"], default="auto")
    parser.add_argument("--precision", choices=PRECISIONS, default="auto")
    parser.add_argument(
        "--sheet", type=Path, help="write the middle frames as a picture: truth, then each setting"
    )
    return parser


def main() -> int:
    args = build_parser().parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    found: list[NDArray[np.float64]] = []
    sheet: list[Picture] = []
    try:
        colorizers = {
            f"{colorizer.render_factor}, {colorizer.saturation:g}": colorizer
            for factor in args.render_factors or [None]
            for saturation in args.saturations or [None]
            for colorizer in [
                load_colorizer(
                    args.mode,
                    weights=args.weights,
                    render_factor=factor,
                    saturation=saturation,
                    device=args.device,
                    precision=args.precision,
                )
            ]
        }
        columns = [f"{name}{kind}" for name in colorizers for kind in ["", " alone"][: 1 + args.alone]]
        print(" " * 28 + "".join(f"{name:>20}" for name in columns))
        print(f"{'film':20}{'truth CF':>8}" + f"{'gain, dB':>12}{'CF':>8}" * len(columns), flush=True)
        with tempfile.TemporaryDirectory() as scratch:
            for path in args.films:
                film = probe_film(as_film(path, Path(scratch)))
                chromas = [
                    chroma
                    for colorizer in colorizers.values()
                    for chroma in colorize(film, colorizer, args.mode, alone=args.alone, every=args.every)
                ]
                figures, pictures = compare(film, chromas, args.every)
                found.append(figures)
                sheet.append(np.hstack([fitted(picture) for picture in pictures]))
                cells = cells_of(figures[1::2], figures[2::2] / max(figures[0], 1e-9))
                print(f"{path.stem[:19]:20}{figures[0]:8.1f}{cells}", flush=True)
    except DeoldifyError as error:
        log.error("%s", error)
        return 1
    print_summary(np.array(found))
    if args.sheet:
        width = max(strip.shape[1] for strip in sheet)
        rows = [np.pad(strip, ((0, 0), (0, width - strip.shape[1]), (0, 0))) for strip in sheet]
        cv2.imwrite(str(args.sheet), np.vstack(rows)[..., ::-1])
    return 0


def colorize(
    film: Film, colorizer: Colorizer, mode: str, *, alone: bool, every: int
) -> list[dict[int, Chroma]]:
    """The chroma of the frames that are compared, by number: as a film, and each alone if asked for."""
    with FrameReader(film, colorizer.render_size) as reader:
        frames = list(mark_shots(Frame(luma) for luma in reader))
    steps = list(find_key_frames(frames, colorizer.chroma_size))
    predicted = (
        Predicted(step, colorizer.predict_chroma([step.frame.luma])[0] if step.stands_for else None)
        for step in steps
    )
    shown = steady(predicted, steadiness=MODES[mode].steadiness)
    # All frames of these films are colorized: `mark_shots` has seen no colour.
    results = [{i: chroma for i, chroma in enumerate(shown) if chroma is not None and i % every == 0}]
    if alone:
        results.append(
            {i: colorizer.predict_chroma([frame.luma])[0] for i, frame in enumerate(frames) if i % every == 0}
        )
    return results


def compare(
    film: Film, chromas: Sequence[dict[int, Chroma]], every: int
) -> tuple[NDArray[np.float64], list[Picture]]:
    """Compare frames with the truth.

    Returns:
        The truth's CF, and PSNR gain and CF of each of `chromas`, means over the frames; and the truth and
        the results of the frame in the middle.
    """
    rows, middle = [], max(chromas[0]) // every // 2 * every
    pictures: list[Picture] = []
    with closing(read_rgb(film, (film.width, film.height))) as truths:
        for i, truth in enumerate(truths):
            if i not in chromas[0]:
                continue
            true = tensor_of(truth)
            grey = psnr(grey_of(true), true)
            row, results = [colorfulness(true).item()], [merge_picture(truth, own[i]) for own in chromas]
            for result in map(tensor_of, results):
                row += [(psnr(result, true) - grey).item(), colorfulness(result).item()]
            rows.append(row)
            if i == middle:
                pictures = [truth, *results]
    return np.mean(rows, axis=0), pictures


def fitted(picture: Picture) -> Picture:
    """A picture of the sheet."""
    height = round(picture.shape[0] * SHEET_PX / picture.shape[1])
    return np.asarray(cv2.resize(picture, (SHEET_PX, height), interpolation=cv2.INTER_AREA), np.uint8)


def cells_of(gains: NDArray[np.float64], shares: NDArray[np.float64]) -> str:
    return "".join(f"{gain:>+12.2f}{share:>8.2f}" for gain, share in zip(gains, shares, strict=True))


def print_summary(found: NDArray[np.float64]) -> None:
    """Print what all films have in common; shares of CF are means of the films' shares."""
    gains, shares = found[:, 1::2], found[:, 2::2] / np.maximum(found[:, :1], 1e-9)
    print(f"{f'mean of {len(found)}':20}{found[:, 0].mean():8.1f}{cells_of(gains.mean(0), shares.mean(0))}")
    print(f"{'lowest':28}{cells_of(gains.min(0), shares.min(0))}")
    print(f"{'below -0.2 dB':28}" + "".join(f"{count:>12}{'':8}" for count in (gains < -0.2).sum(0)))


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    sys.exit(main())
