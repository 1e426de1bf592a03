#!/usr/bin/env python3
"""Measure how far the colours of one key frame reach: PSNR of films beside the truth, by the key's place.

    scripts/measure/keys.py DAVIS/JPEGImages/480p/* --plot keys.png
    scripts/measure/keys.py FILM.mp4 ... --at first middle --disturb

Each film, in colour, or a folder of its frames as JPEG or PNG, is taken as its luma alone. The true colours
of its first frame, or of the middle one, are laid on it as `--keys` does, and go through its shots; what
comes out is compared with the truth at full size, before any encoding. Rows are films; columns are

    none             the network alone
    first, middle    PSNR in dB with that frame given, mean over one frame in --every, from the middle of the
                     first so many on
    far              likewise, of the quarter of the frames that is furthest from the first
    warp             warp error / CF with the first frame, times that without keys, as `evaluate` finds it

With --disturb the first frame's picture is shifted, scaled, turned, relit, compressed or partly redrawn
before it is laid, and replaced by the next film's; the table gives the change of PSNR in dB.
"""

import argparse
import logging
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from deoldify_lite.api import load_colorizer
from deoldify_lite.color.alignment import lay_chroma
from deoldify_lite.color.arrays import Chroma, Plane, resize
from deoldify_lite.color.bt601 import LUMA_BLUE, LUMA_GREEN, LUMA_RED
from deoldify_lite.color.key import MOST_KEY_PX, FilmKey
from deoldify_lite.color.merge import merge_picture
from deoldify_lite.errors import DeoldifyError, InputError
from deoldify_lite.evaluation.films.frames import read_rgb
from deoldify_lite.evaluation.films.measure import measure_frames
from deoldify_lite.film.probe import Film, probe_film
from deoldify_lite.film.reader import FrameReader
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.render.modes import MODES
from deoldify_lite.run.steps import predict_steps
from deoldify_lite.temporal.key_frames import find_key_frames
from deoldify_lite.temporal.keys import follow_keys, keyed_size, lay_keys
from deoldify_lite.temporal.shots import Frame, mark_shots
from deoldify_lite.temporal.steady import Predicted, steady

log = logging.getLogger("deoldify_lite")

Rgb = NDArray[np.uint8]  # (H, W, 3)

FRAMES_PER_SECOND = 24  # of folders of frames
MEASURED_PX = 432  # the longer side at which steadiness is measured
WEIGHTS = np.array([LUMA_RED, LUMA_GREEN, LUMA_BLUE], np.float32)


def moved(rgb: Rgb, *, shift: float = 0, scale: float = 1, turn: float = 0) -> Rgb:
    height, width = rgb.shape[:2]
    affine = cv2.getRotationMatrix2D((width / 2, height / 2), turn, scale)
    affine[:, 2] += shift * width
    return np.asarray(cv2.warpAffine(rgb, affine, (width, height)), np.uint8)


def relit(rgb: Rgb, gamma: float) -> Rgb:
    return np.rint(255 * (rgb / 255) ** gamma).astype(np.uint8)


def jpeg(rgb: Rgb) -> Rgb:
    _, data = cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, 60])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def redrawn(rgb: Rgb, other: Rgb) -> Rgb:
    """A fifth of the picture shows something else."""
    height, width = rgb.shape[:2]
    part = (slice(height // 4, height // 4 + round(0.447 * height)), slice(width // 4, round(0.697 * width)))
    result = rgb.copy()
    result[part] = cv2.resize(other, (width, height))[part]
    return result


DISTURBANCES: dict[str, Callable[[Rgb, Rgb], Rgb]] = {
    "shift 3 %": lambda rgb, other: moved(rgb, shift=0.03),
    "scale 5 %": lambda rgb, other: moved(rgb, scale=1.05),
    "turn 1 degree": lambda rgb, other: moved(rgb, turn=1),
    "gamma 0.7": lambda rgb, other: relit(rgb, 0.7),
    "gamma 1.4": lambda rgb, other: relit(rgb, 1.4),
    "JPEG 60": lambda rgb, other: jpeg(rgb),
    "a fifth redrawn": redrawn,
    "another film's": lambda rgb, other: other,
}


@dataclass(frozen=True)
class Clip:
    """A film in memory, small, with what the network predicts."""

    name: str
    film: Film
    predicted: list[Predicted]

    def truth(self, number: int) -> Rgb:
        """A frame at full size."""
        with closing(read_rgb(self.film, (self.film.width, self.film.height))) as frames:
            for i, frame in enumerate(frames):
                if i == number:
                    return frame
        raise InputError(f"{self.name}: has no frame {number}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("films", nargs="+", type=Path, help="films in colour, or folders of their frames")
    parser.add_argument("--at", nargs="+", choices=["first", "middle"], default=["first", "middle"])
    parser.add_argument("--every", type=int, default=3, help="compare one frame in so many (default: 3)")
    parser.add_argument("--disturb", action="store_true", help="disturb the first frame's picture, too")
    parser.add_argument("--steadiness", action="store_true", help="measure the warp error, too")
    parser.add_argument("--plot", type=Path, help="write PSNR by distance as a picture, such as keys.png")
    args = parser.parse_args()
    colorizer = load_colorizer("video")
    by_distance: dict[int, list[float]] = {}
    rows: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as scratch:
        films = [as_film(path, Path(scratch)) for path in args.films]
        others = [Clip(path.stem, probe_film(path), []) for path in (*films[1:], films[0])]
        for path, other in zip(films, others, strict=True):
            rows.append(measure(read_clip(path, colorizer), other, colorizer, args, by_distance))
            print(path.stem, "  ".join(f"{key} {value:.2f}" for key, value in rows[-1].items()), flush=True)
    keys = list(dict.fromkeys(key for row in rows for key in row))
    print(f"mean of {len(rows)}", end="  ")
    print("  ".join(f"{key} {np.mean([row[key] for row in rows if key in row]):.2f}" for key in keys))
    if args.plot:
        plot(args.plot, by_distance)


def as_film(path: Path, scratch: Path) -> Path:
    """The film itself, or one of the pictures in a folder, which are copied as they are."""
    if not path.is_dir():
        return path
    pictures = sorted(one for one in path.iterdir() if one.suffix.lower() in (".jpg", ".jpeg", ".png"))
    if not pictures:
        raise InputError(f"{path}: holds no frames as .jpg or .png")
    film, listed = scratch / f"{path.name}.mkv", scratch / f"{path.name}.txt"
    listed.write_text("".join(f"file '{picture.absolute()}'\n" for picture in pictures))
    reading = ["-f", "concat", "-safe", "0", "-r", str(FRAMES_PER_SECOND), "-i", str(listed)]
    subprocess.run(["ffmpeg", "-v", "error", *reading, "-c:v", "copy", str(film)], check=True)
    return film


def read_clip(path: Path, colorizer: Colorizer) -> Clip:
    film = probe_film(path)
    with FrameReader(film, colorizer.render_size) as reader:
        frames = list(mark_shots(Frame(luma) for luma in reader))
    steps = find_key_frames(frames, colorizer.chroma_size)
    return Clip(path.stem, film, list(predict_steps(steps, colorizer, batch_size=1, described=True)))


def measure(
    clip: Clip,
    other: Clip,
    colorizer: Colorizer,
    args: argparse.Namespace,
    by_distance: dict[int, list[float]],
) -> dict[str, float]:
    count, steadiness = len(clip.predicted), MODES["video"].steadiness
    plain = [chroma for chroma in steady(clip.predicted, steadiness=steadiness) if chroma is not None]
    results: dict[str, Sequence[Chroma]] = {"none": plain}
    truths = {"first": clip.truth(0), "middle": clip.truth(count // 2)}
    for name in args.at:
        number = 0 if name == "first" else count // 2
        results[name] = render(clip, number, truths[name], truths[name], colorizer)
    if args.disturb:
        stranger = other.truth(0)
        for name, change in DISTURBANCES.items():
            picture = np.ascontiguousarray(change(truths["first"], stranger))
            results[name] = render(clip, 0, truths["first"], picture, colorizer)
    scores: dict[str, list[float]] = {name: [] for name in results}
    with closing(read_rgb(clip.film, (clip.film.width, clip.film.height))) as frames:
        for i, truth in enumerate(frames):
            if i < count and i % args.every == args.every // 2:  # a first frame that is the key would flatter
                for name, chromas in results.items():
                    scores[name].append(psnr(truth, chromas[i]))
    row = {name: float(np.mean(values)) for name, values in scores.items()}
    if "first" in scores:
        row["far"] = float(np.mean(scores["first"][-max(len(scores["first"]) // 4, 1) :]))
        for i, value in enumerate(scores["first"]):
            by_distance.setdefault(i * args.every + args.every // 2, []).append(value)
    for name in DISTURBANCES:
        if name in row:
            row[name] -= row["none" if name == "another film's" else "first"]
    if args.steadiness and "first" in results:
        row["warp"] = warp_share(clip, plain, results["first"])
    return row


def render(clip: Clip, number: int, truth: Rgb, picture: Rgb, colorizer: Colorizer) -> list[Chroma]:
    """The chroma of all frames, with a picture as the key of one; without, if it does not show the frame."""
    size = keyed_size(colorizer.render_size, colorizer.chroma_size)
    laid = lay_chroma(luma_of(truth), picture)
    keys = []
    if laid is not None:
        side = (min(colorizer.render_size, MOST_KEY_PX),) * 2
        chroma = np.stack([resize(plane, side) for plane in laid.chroma]).astype(np.float16)
        trust = resize(laid.trust, side).astype(np.float16)
        luma = resize(np.rint(255 * luma_of(truth)).astype(np.uint8), side)
        keys = [FilmKey(number, luma, chroma, trust, clip.name)]
    frames = list(
        follow_keys(
            clip.predicted,
            keys,
            size=size,
            describe=lambda luma: colorizer.predict_described([resize(luma, (colorizer.render_size,) * 2)])[
                1
            ][0],
        )
    )
    shown = steady(frames, steadiness=MODES["video"].steadiness)
    return [lay_keys(c, frame, size) for c, frame in zip(shown, frames, strict=True) if c is not None]


def luma_of(rgb: Rgb) -> Plane:
    return np.asarray(rgb @ WEIGHTS / np.float32(255), np.float32)


def psnr(truth: Rgb, chroma: Chroma) -> float:
    error = np.square(merge_picture(truth, chroma).astype(np.float32) - truth).mean()
    return float(10 * np.log10(255**2 / max(float(error), 1e-3)))


def warp_share(clip: Clip, plain: Sequence[Chroma], keyed: Sequence[Chroma]) -> float:
    scale = MEASURED_PX / max(clip.film.width, clip.film.height)
    size = (round(clip.film.width * scale), round(clip.film.height * scale))
    with closing(read_rgb(clip.film, size)) as truths:
        pictures = (
            [merge_picture(truth, plain[i]), merge_picture(truth, keyed[i]), truth]
            for i, truth in enumerate(truths)
            if i < len(plain)
        )
        scores = measure_frames(["none", "first"], pictures, flow="dis").scores
    return scores["warp_cf", "first"] / scores["warp_cf", "none"]


def plot(path: Path, by_distance: dict[int, list[float]]) -> None:
    """PSNR with the first frame given, by the frames that have passed since."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    distances = sorted(by_distance)
    axes.plot(distances, [np.mean(by_distance[one]) for one in distances], color="#2f4a8c")
    axes.set(xlabel="frames since the key frame", ylabel="PSNR, dB", title="True colours of the first frame")
    axes.grid(alpha=0.3)
    figure.savefig(path)


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    try:
        main()
    except DeoldifyError as error:
        log.error("%s", error)
        sys.exit(1)
