#!/usr/bin/env python3
"""Write a film in each pixel format of the installed ffmpeg with a lossless codec, and compare the results.

Every film has all greys, and noise in colour and in transparency. It gets one colour, without a network. The
table, in Markdown, says whether luma and transparency are the source's, bit by bit; luma of films stored as
RGB is compared with that of their colours, which is rounded.
"""

import argparse
import re
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.errors import DeoldifyError
from deoldify_lite.film.colors import is_grey
from deoldify_lite.film.encoding import Encoding
from deoldify_lite.film.fit import fit_film
from deoldify_lite.film.probe import Film, probe_film
from deoldify_lite.film.writer import ChromaWriter

FRAMES, WIDTH, HEIGHT = 3, 96, 64
CHROMA = np.broadcast_to(np.array([[[0.1]], [[-0.1]]], np.float32), (2, 16, 16))
# Who can hold which format: most are raw numbers, and FFV1, PNG, MJPEG and VP9 have some more.
HOLDERS = (
    *(("rawvideo", "nut"), ("ffv1", "mkv"), ("rawvideo", "mov"), ("rawvideo", "avi")),
    *(("png", "mkv"), ("mjpeg", "avi"), ("libvpx-vp9", "mkv"), ("prores_ks", "mov")),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--only", default=".*", help="a regular expression for names of pixel formats")
    parser.add_argument("--codec", default="ffv1", help="of the results")
    args = parser.parse_args()
    lines = subprocess.run(["ffmpeg", "-hide_banner", "-pix_fmts"], capture_output=True, text=True).stdout
    found: dict[str, list[str]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        for is_written, is_hardware, name in re.findall(r"^.(\S)(\S)..\s+(\w+)\s+\d", lines, re.MULTILINE):
            if is_hardware == "H" or not re.fullmatch(args.only, name):
                continue
            source = make_film(Path(folder), name, can_convert=is_written == "O")
            if source is None:
                found["no film holds it"].append(name)
            else:
                found[outcome_of(source, Encoding(codec=args.codec))].append(name)
    print("| what becomes of it | formats | which |\n|---|---|---|")
    for outcome, names in sorted(found.items(), key=lambda each: -len(each[1])):
        print(f"| {outcome} | {len(names)} | {', '.join(sorted(names))} |")


def make_film(folder: Path, name: str, *, can_convert: bool) -> Path | None:
    """A film in a pixel format, if any codec here holds that."""
    raw, form = folder / "source.raw", "gbrap16le" if can_convert else name
    rng = np.random.default_rng(0)
    planes = rng.integers(0, 65536, (FRAMES, 4, HEIGHT, WIDTH))
    planes[:, :3, : HEIGHT // 2] = np.linspace(0, 65535, WIDTH * HEIGHT // 2).reshape(-1, WIDTH)
    raw.write_bytes(planes.astype("<u2").tobytes())
    given = ("-f", "rawvideo", "-pixel_format", form, "-video_size", f"{WIDTH}x{HEIGHT}", "-framerate", "25")
    for encoder, suffix in HOLDERS:
        source = folder / f"pixels.{suffix}"
        frames = ("-frames:v", FRAMES if can_convert else 1, "-c:v", encoder, "-pix_fmt", name)
        if ffmpeg(*given, "-i", raw, *frames, "-strict", "-2", source).returncode == 0:
            try:
                if probe_film(source).pix_fmt == name:
                    return source
            except DeoldifyError:
                continue
    return None


def outcome_of(source: Path, encoding: Encoding) -> str:
    """Colorize a film in one colour, and say how it went."""
    try:
        film = probe_film(source)
        out_path, fit = fit_film(film, [source.with_name("out.mkv")], encoding)
        with ChromaWriter(film, out_path, CHROMA.shape[1:], fit.streams, encoding=encoding) as writer:
            for _ in range(film.frame_count):
                writer.write(CHROMA, np.full((16, 16), 128, np.uint8))
        result = probe_film(out_path)
    except DeoldifyError as error:
        return "refused: " + re.sub(r"/\S+: ", "", str(error)).splitlines()[0].replace("|", "or")
    told = "; ".join(fit.losses).replace(film.pix_fmt, "it")
    if told:
        return f"done, with the warning: {told}"
    if film.pix_fmt.startswith("bayer"):
        return "done; there is no luma to compare with"
    differs = compare_luma(film, result) or (film.has_alpha and compare_alpha(film, result))
    return f"**{differs}**" if differs else "the same"


def compare_luma(film: Film, result: Film) -> str:
    """How luma differs; empty: no more than by rounding."""
    wanted = luma_of(film)
    luma = samples(result, "extractplanes=y", result.depth)
    # More bits of full range scale its white, those of limited range are zeros.
    full = result.colors.range == "pc" and film.is_rgb
    luma /= (2**result.depth - 1) / (2**film.depth - 1) if full else 2 ** (result.depth - film.depth)
    # Rounded once, and by the weights, too.
    allowed = 1 if film.is_rgb else 0
    worst = np.abs(luma[: wanted.size] - wanted).max()
    return f"luma is off by {worst:.2f} of {2**film.depth - 1}" if worst > allowed else ""


def luma_of(film: Film) -> NDArray[np.float64]:
    """Luma of all frames of a film at its depth; of RGB by its weights, in full range."""
    bits = "" if film.depth == 8 else f"{film.depth}le"
    if film.is_rgb:
        first = "format=bgr24," if film.pixels.few_colors else ""
        frames = samples(film, f"{first}format=gbrp{bits}", film.depth).reshape(-1, 3, HEIGHT * WIDTH)
        return np.einsum("fcp,c->fp", frames, (0.7152, 0.0722, 0.2126)).ravel()
    if is_grey(film.pix_fmt):
        return samples(film, f"format=gray{bits}", film.depth)
    form = film.pixels.little_endian if film.planar else f"yuv{film.sampling}p{bits}"
    return samples(film, f"format={form},extractplanes=y", film.depth)


def compare_alpha(film: Film, result: Film) -> str:
    """How transparency differs; empty: no more than by rounding."""
    # ffmpeg's extractplanes gives that of greys a pixel late.
    wide = "rgba" if film.depth == 8 else "rgba64le"
    first = f"format={wide}," if is_grey(film.pix_fmt) else ""
    theirs = samples(film, f"{first}extractplanes=a", film.depth) / (2**film.depth - 1)
    ours = samples(result, "extractplanes=a", result.depth) / (2**result.depth - 1)
    worst = np.abs(ours - theirs).max() * (2**film.depth - 1)
    return f"transparency is off by {worst:.2f} of {2**film.depth - 1}" if worst > 0.5 else ""


def samples(film: Film, graph: str, depth: int) -> NDArray[np.float64]:
    """All samples that a filter gives of a film's frames, in its output's own format."""
    # Planes of the other byte order stay so.
    order = ">u2" if film.pix_fmt.endswith("be") and "format=" not in graph else "<u2"
    data = ffmpeg("-i", film.path, "-map", f"0:{film.index}", "-vf", graph, "-f", "rawvideo", "-").stdout
    return np.frombuffer(data, np.uint8 if depth == 8 else order).astype(np.float64)


def ffmpeg(*arguments: object) -> subprocess.CompletedProcess[bytes]:
    """Run ffmpeg."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, timeout=60)


if __name__ == "__main__":
    main()
