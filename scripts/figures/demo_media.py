"""The demo's grey photos and film, made of scikit-image's photographs, and its sheets of before and after.

All four photographs are free, as scikit-image's documentation of `skimage.data` says: `astronaut` by NASA and
`rocket` by SpaceX are in the public domain, `chelsea` by Stefan van der Walt and `coffee` by Rachel Michetti
are CC0.
"""

import argparse
import subprocess
from pathlib import Path

import cv2
import ffmpeg
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage import data

PICTURES = ("astronaut", "chelsea", "coffee", "rocket")
README_PICTURES = PICTURES[:3]
README_PICTURE = Path(__file__).resolve().parents[2] / "docs/before-after.jpg"
FRAME_RATE = 25
SHOT_S = 3
WIDTH, HEIGHT = 640, 360
Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]  # before and after


def make(folder: Path) -> None:
    """Write grey photos to `folder/photos` and a film of them, with sound, to `folder/film.mp4`."""
    photos = folder / "photos"
    photos.mkdir(parents=True, exist_ok=True)
    for name in PICTURES:
        path = photos / f"{name}.png"
        if not path.exists():  # a new file would look like a changed photo, and be colorized again
            Image.fromarray(getattr(data, name)()).convert("L").save(path)
    film = folder / "film.mp4"
    if not film.exists():
        make_film([photos / f"{name}.png" for name in PICTURES[:3]], film)


def make_film(photos: list[Path], film: Path) -> None:
    """A shot of each photo, slowly zoomed and panned, with hard cuts between, over a chord."""
    frames = FRAME_RATE * SHOT_S
    shots = [
        ffmpeg.input(str(photo))
        # enlarged first, since zoompan moves by whole pixels and would shake otherwise
        .filter("scale", 4 * WIDTH, 4 * HEIGHT, force_original_aspect_ratio="increase")
        .filter("crop", 4 * WIDTH, 4 * HEIGHT, "(iw-ow)/2", "(ih-oh)/8")  # faces are near the top
        .filter(
            "zoompan",
            zoom="1+0.2*on/" + str(frames),
            x=f"(iw-iw/zoom)*on/{frames}" if i % 2 else f"(iw-iw/zoom)*(1-on/{frames})",
            y="(ih-ih/zoom)/2",
            d=frames,
            s=f"{WIDTH}x{HEIGHT}",
            fps=FRAME_RATE,
        )
        .filter("format", "yuv420p")
        .filter("setsar", 1)
        for i, photo in enumerate(photos)
    ]
    chord = "+".join(f"sin({hertz}*2*PI*t)" for hertz in (220, 277.2, 329.6))
    sound = ffmpeg.input(f"aevalsrc=0.1*({chord}):d={SHOT_S * len(photos)}", f="lavfi")
    part = film.with_name(f"part-{film.name}")  # so that the name stands for a whole film
    command = ffmpeg.output(
        ffmpeg.concat(*shots), sound, str(part), vcodec="libx264", crf=18, acodec="aac", loglevel="error"
    )
    subprocess.run(command.overwrite_output().compile(), check=True, stdin=subprocess.DEVNULL)
    part.replace(film)


def frame_of(film: Path, time_s: float) -> NDArray[np.uint8]:
    """One frame of a film: (H, W, 3) RGB."""
    command = (
        ffmpeg.input(str(film), ss=time_s)
        .output("pipe:", vframes=1, f="image2pipe", vcodec="png", loglevel="error")
        .compile()
    )
    png = subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True).stdout
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def photo_pair(folder: Path, name: str) -> Pair:
    """A photo of the demo, grey and colorized: two (H, W, 3) RGB arrays."""
    grey, color = (
        np.asarray(Image.open(folder / kind / f"{name}.png").convert("RGB"))
        for kind in ("photos", "photos-colorized")
    )
    return grey, color


def grey_above_color(pairs: list[Pair], height: int) -> Image.Image:
    """One column for each pair, its two pictures `height` pixels high."""
    columns = [
        np.vstack(
            [cv2.resize(p, (round(p.shape[1] * height / p.shape[0]), height), interpolation=cv2.INTER_AREA)
             for p in pair]
        )
        for pair in pairs
    ]  # fmt: skip
    return Image.fromarray(np.hstack(columns))


def make_sheet(folder: Path) -> None:
    """Write `folder/before-after.png`: all photos, and two frames of the film."""
    pairs = [photo_pair(folder, name) for name in PICTURES]
    pairs += [
        (frame_of(folder / "film.mp4", time_s), frame_of(folder / "film-colorized.mp4", time_s))
        for time_s in (SHOT_S / 2, SHOT_S * 3 / 2)
    ]
    grey_above_color(pairs, 300).save(folder / "before-after.png")


def make_readme_picture(folder: Path) -> None:
    """Write `docs/before-after.jpg`, about 1600 pixels wide: the picture of README."""
    pairs = [photo_pair(folder, name) for name in README_PICTURES]
    grey_above_color(pairs, 400).save(README_PICTURE, quality=88, optimize=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["make", "sheet", "readme"])
    parser.add_argument("folder", type=Path, help="the demo's folder")
    args = parser.parse_args()
    {"make": make, "sheet": make_sheet, "readme": make_readme_picture}[args.what](args.folder)
