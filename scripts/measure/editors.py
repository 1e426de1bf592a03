#!/usr/bin/env python3
"""Lay layers over their originals in real editing programs, change them there, and give them back.

    scripts/measure/editors.py PHOTOS FILM [--most 1]

Photos go through GIMP (2.10), the first 12 frames of the film through `melt`, which renders for
Kdenlive. What a program shows is compared with our result: PSNR of RGB, and by how many levels of 8 bits luma
and chroma differ. Then a red patch is painted on the layer, which is exported and given back: outside the
patch the result should stay. A program that is not installed is named, and skipped.
"""

import argparse
import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from deoldify_lite import api
from deoldify_lite.film.encoding import Encoding
from deoldify_lite.photo.kinds import PHOTO_SUFFIXES
from deoldify_lite.photo.thumbnail import look_of, read_small

Levels = NDArray[np.float64]  # of 8 bits
LUMA = np.array([0.114, 0.587, 0.299])  # of BGR
PATCH = (40, 30, 60, 40)  # left, top, width and height of what is painted over
SIDE, FILM_SIZE, FRAMES = 400, (320, 180), 12
# GIMP's mode, and precision: 0 leaves the 8 bits of the photo.
GIMP = {
    "grain merge": ("LAYER-MODE-GRAIN-MERGE", "PRECISION-U16-GAMMA"),
    "grain merge, 8 bits": ("LAYER-MODE-GRAIN-MERGE", "0"),
    "LCh color": ("LAYER-MODE-LCH-COLOR", "PRECISION-U16-GAMMA"),
    "HSL color": ("LAYER-MODE-HSL-COLOR", "PRECISION-U16-GAMMA"),
}
MELT = {
    "grain merge": ("frei0r.grain_merge",),
    "cairo blend, HSL color": ("frei0r.cairoblend", "0=1", "1=hslcolor"),
    "color only": ("frei0r.color_only",),
}
SCRIPT_FU = """
(define (export image out)
  (let* ((copy (car (gimp-image-duplicate image)))
         (flat (car (gimp-image-merge-visible-layers copy CLIP-TO-IMAGE))))
    (file-png-save RUN-NONINTERACTIVE copy flat out out 0 1 0 0 0 0 0) (gimp-image-delete copy)))
(define (try below above mode precision shown back)
  (let* ((image (car (gimp-file-load RUN-NONINTERACTIVE below below)))
         (grey (aref (cadr (gimp-image-get-layers image)) 0)))
    (if (not (= (car (gimp-image-base-type image)) RGB)) (gimp-image-convert-rgb image))
    (if (not (= precision 0)) (gimp-image-convert-precision image precision))
    (let* ((layer (car (gimp-file-load-layer RUN-NONINTERACTIVE image above))))
      (gimp-image-insert-layer image layer 0 -1)
      (gimp-layer-set-mode layer mode)
      (export image shown)
      (gimp-image-select-rectangle image CHANNEL-OP-REPLACE {patch})
      (gimp-context-set-foreground '(255 0 0))
      (gimp-drawable-edit-fill layer FILL-FOREGROUND)
      (gimp-selection-none image)
      (gimp-item-set-visible grey FALSE)
      (export image back)
      (gimp-image-delete image))))
"""


def in_gimp(folder: Path, names: list[str]) -> None:
    """Make `NAME-MODE.png`, which GIMP shows, and `NAME-MODE-back.png`, the layer with a patch."""
    lines = [SCRIPT_FU.replace("{patch}", " ".join(map(str, PATCH)))]
    for name in names:
        for mode, (constant, precision) in GIMP.items():
            paths = (f"{name}.png", f"out/{name}-layer.png", f"{name}-{mode}.png", f"{name}-{mode}-back.png")
            below, above, shown, back = (f'"{folder / path}"' for path in paths)
            lines.append(f"(try {below} {above} {constant} {precision} {shown} {back})")
    script = folder / "try.scm"
    script.write_text("\n".join([*lines, "(gimp-quit 0)"]))
    _run("gimp", "-i", "-d", "-f", "-b", f'(load "{script}")')


def in_melt(folder: Path) -> None:
    """Make `film-MODE.mkv`, which Kdenlive renders, and `film-back.mkv`, the layer with a patch."""
    width, height = FILM_SIZE
    profile, layer = folder / "profile", folder / "film-colorized-layer.mkv"
    profile.write_text(
        f"description=film\nframe_rate_num=25\nframe_rate_den=1\nwidth={width}\nheight={height}\nprogressive=1\ncolorspace=709\n"
        f"sample_aspect_num=1\nsample_aspect_den=1\ndisplay_aspect_num={width}\ndisplay_aspect_den={height}\n"
    )
    start = ("melt", "-silent", "-profile", profile)
    end = ("vcodec=ffv1", "an=1", "real_time=-1")
    for mode, words in MELT.items():
        over = (folder / "film.mkv", "-track", layer, "-transition", *words, "a_track=0", "b_track=1")
        consumer = f"avformat:{folder / f'film-{mode}.mkv'}"
        _run(*start, *over, "-consumer", consumer, *end, "pix_fmt=yuv420p")
    patch = (f"av.{key}={value}" for key, value in zip(("x", "y", "width", "height"), PATCH, strict=True))
    paint = ("-attach", "avfilter.drawbox", *patch, "av.color=red", "av.thickness=fill")
    consumer = f"avformat:{folder / 'film-back.mkv'}"
    _run(*start, layer, *paint, "-consumer", consumer, *end, "pix_fmt=yuv422p")


def difference(shown: Levels, result: Levels, keep: Any = slice(None)) -> str:
    """Tell how two pictures differ: (H, W, 3) BGR each, or (N, H, W, 3)."""
    error = (shown - result)[keep]
    luma = error @ LUMA
    chroma = np.abs(error - luma[..., None])
    psnr = -10 * np.log10(max(float(np.mean(np.square(error / 255))), 1e-12))
    return (
        f"{psnr:.1f} dB, luma at most {np.abs(luma).max():.1f}, mean {np.abs(luma).mean():.2f}, "
        f"chroma at most {chroma.max():.1f}, mean {chroma.mean():.2f}"
    )


def outside(shape: tuple[int, ...], margin: int) -> NDArray[np.bool_]:
    """Where a picture, or one of a film, was not painted over."""
    left, top, width, height = PATCH
    kept = np.ones(shape[-3:-1], bool)
    kept[top - margin : top + height + margin, left - margin : left + width + margin] = False
    return kept


def measure_photos(folder: Path, photos: list[Path]) -> None:
    """Print what GIMP makes of photos."""
    names = [path.stem for path in photos]
    for path in photos:
        photo = read_small(path, SIDE)
        grey = cv2.cvtColor(look_of(photo, photo.rgb), cv2.COLOR_RGB2GRAY)
        cv2.imwrite(str(folder / f"{path.stem}.png"), np.repeat(grey[..., None], 3, axis=2))
    sources = [folder / f"{name}.png" for name in names]
    rendering = api.settle("artistic")
    api.colorize_folder(sources, folder / "out", rendering=rendering, layer="beside")
    results = np.concatenate([_flat(folder / "out" / f"{name}.png") for name in names])
    if not shutil.which("gimp"):
        print("gimp: skipped, since it is not installed")
        return
    in_gimp(folder, names)
    for mode in GIMP:
        shown = np.concatenate([_flat(folder / f"{name}-{mode}.png") for name in names])
        print(f"gimp, {mode}: {difference(shown, results)}")
    for mode in GIMP:
        kept, again = [], []
        for name, source in zip(names, sources, strict=True):
            layer, back = folder / f"{name}-{mode}-back.png", folder / "again.png"
            (item,) = api.colorize_folder(
                source, back, rendering=rendering, colors_from=layer, overwrite=True
            )
            assert item.status == "done", item.reason
            again.append(_read(back))
            kept.append(outside(again[-1].shape, 0).reshape(-1))
        both = np.concatenate([picture.reshape(-1, 3) for picture in again])
        print(f"gimp, {mode}, given back: {difference(both, results, np.concatenate(kept))}")


def measure_film(folder: Path, film: Path) -> None:
    """Print what Kdenlive's renderer makes of a film."""
    if not shutil.which("melt"):
        print("melt: skipped, since it is not installed")
        return
    source, encoding = folder / "film.mkv", Encoding(codec="ffv1")
    look = ("-frames:v", FRAMES, "-an", "-vf", f"scale={FILM_SIZE[0]}:{FILM_SIZE[1]},hue=s=0,fps=25")
    _run("ffmpeg", "-y", "-i", film, *look, "-c:v", "ffv1", "-pix_fmt", "yuv420p", source)
    rendering = api.settle("video")
    (first,) = api.colorize_video(source, rendering=rendering, layer="beside", encoding=encoding)
    in_melt(folder)
    result = _frames(first.output)
    for mode in MELT:
        print(f"melt, {mode}: {difference(_frames(folder / f'film-{mode}.mkv'), result)}")
    (back,) = api.colorize_video(
        source, folder / "b.mkv", rendering=rendering, colors_from=folder / "film-back.mkv", encoding=encoding
    )
    assert back.status == "done", back.reason
    kept = (slice(None), outside(result.shape, 4))  # chroma of neighbours is mixed
    print(f"melt, given back: {difference(_frames(back.output), result, kept)}")


def _run(*words: object) -> None:
    # Nothing is shown or played: melt crashes where it looks for a screen.
    silent = os.environ | {"QT_QPA_PLATFORM": "offscreen", "SDL_AUDIODRIVER": "dummy"}
    subprocess.run(list(map(str, words)), check=True, capture_output=True, timeout=1800, env=silent)


def _read(path: Path) -> Levels:
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert picture is not None, f"{path}: was not written"
    return picture[..., :3] * (255 / np.iinfo(picture.dtype).max)


def _flat(path: Path) -> Levels:
    return _read(path).reshape(-1, 3)


def _frames(path: Path) -> Levels:
    """All frames of a film, (N, H, W, 3) BGR; chroma is not smoothed, so that equal files are equal here."""
    words = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "bgr24"]
    raw = subprocess.run([*words, "-sws_flags", "neighbor", "-"], check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, *FILM_SIZE[::-1], 3).astype(np.float64)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("photos", type=Path, help="a folder of photos")
    parser.add_argument("film", type=Path)
    parser.add_argument("--most", type=int, default=1, help="photos (default: 1)")
    args = parser.parse_args()
    photos = sorted(path for path in args.photos.rglob("*") if path.suffix.lower() in PHOTO_SUFFIXES)
    with TemporaryDirectory() as name:
        measure_photos(Path(name), photos[: args.most])
        measure_film(Path(name), args.film)


if __name__ == "__main__":
    main()
