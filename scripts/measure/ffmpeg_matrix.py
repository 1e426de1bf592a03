#!/usr/bin/env python3
"""Colorize short films of all muxers and all encoders that the installed ffmpeg has, and tell what happens.

Each encoder of pictures and of sound writes 0.4 seconds once. Each muxer of films then takes a copy of some
of them, the usual ones of all, if it can. Those that ffmpeg can play go through colorize_video, with the
defaults. Then frames, luma and sound of each result are compared with its source, and the outcome goes to
stderr. The tables are in Markdown: what happens, how often, and to what; and the films of each muxer.
"""

import argparse
import functools
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.api import colorize_video, settle
from deoldify_lite.run.items import Item

SECONDS, SIZES, SOUNDS = "0.4", ("64x48", "352x288", "720x576"), ((48000, 2), (8000, 1), (22050, 1))
# Muxers that write to a device or a network, several files, checksums, text, or what is not a film.
NO_FILMS = re.compile(
    r"alsa|caca|fbdev|opengl|oss|pulse|sdl.*|video4linux2.*|xv|chromaprint|fifo.*|.*crc|.*hash|.*md5|null|"
    r"dash|hls|image2.*|.*segment.*|smoothstreaming|tee|hds|rtp.*|rtsp|sap|ffmetadata|mkvtimestamp_v2|a64"
)
EXTENSIONS = {"matroska": "mkv", "mpegts": "ts", "asf": "wmv", "ipod": "m4v", "mpeg": "mpg"}
SOURCE_TOLERANCE, SOUND_TOLERANCE = 3.0, 0.02  # levels of 255; share of full scale


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--muxers", default=".*", help="a regular expression for names of muxers")
    parser.add_argument("--codecs", default=".*", help="a regular expression for names of encoders")
    parser.add_argument(
        "--wide",
        default="avi|mov|mp4|matroska|mpegts|asf",
        help="a regular expression for names of muxers that are tried with all encoders, not just with their "
        "own ones, MPEG-4 and PCM",
    )
    parser.add_argument("--weights", default="lite", help="lite, deoldify or a file")
    args = parser.parse_args()
    found: dict[str, list[str]] = defaultdict(list)

    def take(item: Item, _: int) -> None:
        name, outcome = Path(str(item.source)).stem, outcome_of(item)
        print(f"{name}: {outcome}", file=sys.stderr, flush=True)
        found[outcome].append(name)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wanted = map(re.compile, (args.muxers, args.codecs, args.wide))
        for sources in films(folder, *wanted):
            colorize_video(
                [str(source) for source in sources],
                folder / "out",
                rendering=settle("video", weights=args.weights, render_factor=4),
                recolor_all=True,
                on_item=take,
            )
            for source in sources:
                source.unlink()
    if not found:
        parser.error("this ffmpeg makes no such film")
    print(f"{sum(map(len, found.values()))} films\n")
    print("| what happens | films | muxer and encoder |\n|---|---|---|")
    for outcome, names in sorted(found.items(), key=lambda each: -len(each[1])):
        print(f"| {outcome} | {len(names)} | {', '.join(sorted(names))} |")
    print("\n| muxer | films | not simply done |\n|---|---|---|")
    of_muxer: dict[str, list[str]] = defaultdict(list)
    for outcome, names in found.items():
        for muxer, _, encoder in (name.partition(" ") for name in names):
            of_muxer[muxer].append("" if outcome == "done" else encoder)
    for muxer, encoders_ in sorted(of_muxer.items()):
        print(f"| {muxer} | {len(encoders_)} | {', '.join(sorted(filter(None, encoders_)))} |")


def films(
    folder: Path, muxers: re.Pattern[str], codecs: re.Pattern[str], wide: re.Pattern[str]
) -> Iterator[list[Path]]:
    """Make the films of each muxer, named after it and the encoder."""
    names = [name.split(",")[0] for name in listed("-muxers", r" *E (\w\S*)") if not NO_FILMS.fullmatch(name)]
    pictures, sounds = (
        {
            name: made
            for name in encoders(kind)
            if codecs.fullmatch(name) and (made := encode(folder, kind, name))
        }
        for kind in "VA"
    )
    usual = [made for name in ("mpeg4", "mpeg2video", "libvpx") if (made := encode(folder, "V", name))]
    for muxer in filter(muxers.fullmatch, names):
        own = {kind: own_encoder(muxer, kind) for kind in ("video", "audio")}
        if not own["video"]:  # it takes no pictures
            continue
        takes_all = wide.fullmatch(muxer)
        made = [
            path
            for name, picture in pictures.items()
            if takes_all or name in (own["video"], "mpeg4")
            for path in muxed(folder, muxer, name, picture)
        ]
        beside = next((picture for picture in usual if [*muxed(folder, muxer, "usual", picture)]), None)
        for name, sound in sounds.items() if beside else ():
            if takes_all or name in (own["audio"], "pcm_s16le"):
                made += muxed(folder, muxer, name, beside, sound)
        if made:
            yield made


def own_encoder(muxer: str, kind: str) -> str | None:
    """The encoder of the codec that ffmpeg takes by default for a muxer; None if it takes no such stream."""
    help_text = subprocess.run(
        ["ffmpeg", "-hide_banner", "-h", f"muxer={muxer}"], capture_output=True, text=True
    ).stdout
    found = re.search(rf"Default {kind} codec: (\w+)", help_text)
    return encoder_of(kind[0].upper()).get(found[1]) if found else None


@functools.lru_cache
def encoder_of(kind: str) -> dict[str, str]:
    """The first encoder of each codec of pictures, V, or sound, A."""
    names = listed("-encoders", rf"{kind}\S{{5}} (\w\S*)")
    codecs = listed("-encoders", rf"{kind}\S{{5}} (?=\w)(?:.*\(codec )?(\w+)")
    return {codec: name for name, codec in zip(reversed(names), reversed(codecs), strict=True)}


def encoders(kind: str) -> list[str]:
    """Names of the encoders of pictures, V, or sound, A: one for each codec."""
    return sorted(set(encoder_of(kind).values()))


def encode(folder: Path, kind: str, encoder: str) -> Path | None:
    """Encode a picture or a sound once, in a container that holds it."""
    picture = ("-f", "lavfi", "-i", f"testsrc=r=25:d={SECONDS}:s=64x48,hue=s=0")
    sound = ("-f", "lavfi", "-i", f"sine=d={SECONDS}:r=48000")
    options = [["-s", size] for size in SIZES]
    if kind == "A":
        options = [["-ar", str(rate), "-ac", str(channels)] for rate, channels in SOUNDS]
    for option in options:
        for suffix in ("nut", "mkv", "mov", "avi"):
            made = folder / f"{kind}-{encoder}.{suffix}"
            if made.exists():
                return made
            given = picture if kind == "V" else sound
            if ffmpeg(*given, *option, f"-c:{kind.lower()}", encoder, "-strict", "-2", made):
                return made
            made.unlink(missing_ok=True)
    return None


def muxed(folder: Path, muxer: str, encoder: str, *parts: Path) -> Iterator[Path]:
    """A film of a muxer from encoded parts, if it takes them and ffmpeg can play what comes out.

    An encoder that was told of another container leaves headers out that some containers need.
    """
    path = folder / f"{muxer} {encoder}.{EXTENSIONS.get(muxer, muxer)}"
    inputs = [argument for part in parts for argument in ("-i", part)]
    maps = [argument for number, _ in enumerate(parts) for argument in ("-map", number)]
    if (
        ffmpeg(*inputs, *maps, "-c", "copy", "-r", 25, "-strict", "-2", "-f", muxer, path)
        and path.stat().st_size
        and len(lumas(path))
    ):
        yield path


def outcome_of(item: Item) -> str:
    """What has become of a film."""
    source, result = Path(str(item.source)), Path(str(item.output))
    if item.status != "done":
        return f"refused: {shorten(item.reason)}"
    told = "; ".join(map(shorten, item.warnings))
    differs = "; ".join(filter(None, (compare_pictures(source, result), compare_sound(source, result))))
    result.unlink()
    if differs:
        return f"**{differs}**" + (f", with the warning: {told}" if told else "")
    return f"done, with the warning: {told}" if told else "done"


def compare_pictures(source: Path, result: Path) -> str:
    """How frames and their luma differ; empty: not to be seen."""
    ours, theirs = (lumas(path) for path in (result, source))
    if len(ours) != len(theirs):
        return f"{len(theirs)} frames became {len(ours)}"
    worst = np.abs(ours - theirs).mean(axis=1).max(initial=0)
    return f"luma differs by {worst:.0f} levels" if worst > SOURCE_TOLERANCE else ""


def lumas(path: Path) -> NDArray[np.float64]:
    """(N, 256) luma of all frames, made small."""
    graph = "scale=16:16:flags=area+accurate_rnd:out_range=pc,format=gray"
    data = read("-i", path, "-map", "0:V:0", "-vf", graph, "-fps_mode", "passthrough", "-f", "rawvideo", "-")
    return np.frombuffer(data, np.uint8).reshape(-1, 256).astype(np.float64)


def compare_sound(source: Path, result: Path) -> str:
    """How sound differs; empty: not to be heard."""
    ours, theirs = (sound_of(path) for path in (result, source))
    if bool(len(ours)) != bool(len(theirs)):
        return "the sound is lost"
    if abs(len(ours) - len(theirs)) > 8000 * 0.1:
        return f"{len(theirs) / 8000:.2f} s of sound became {len(ours) / 8000:.2f} s"
    loudness = [np.sqrt((each**2).mean()) if len(each) else 0 for each in (ours, theirs)]
    return "the sound has another loudness" if abs(loudness[0] - loudness[1]) > SOUND_TOLERANCE else ""


def sound_of(path: Path) -> NDArray[np.float32]:
    """Samples of the first track, at 8 kHz."""
    data = read("-i", path, "-map", "0:a:0", "-ac", 1, "-ar", 8000, "-f", "f32le", "-")
    return np.frombuffer(data, np.float32)


def shorten(message: str) -> str:
    """A message without names and numbers of one film."""
    message = re.sub(r"/tmp/[^:]*: ", "", message.splitlines()[0] if message else "")
    message = re.sub(r"stream \d+ \((\w+), [^)]*\)", r"a stream of \1", message)
    message = re.sub(r"ff(mpeg|probe) said:.*", "", message)
    message = re.sub(r"(name the result|ffmpeg -i) .*", "...", message)
    return re.sub(r"/tmp/\S+", "FILM", message).replace("|", "or").strip("; ")


def listed(option: str, pattern: str) -> list[str]:
    """Names that ffmpeg lists with an option."""
    lines = subprocess.run(["ffmpeg", "-hide_banner", option], capture_output=True, text=True).stdout
    found = [re.match(pattern, line.removeprefix(" ")) for line in lines.splitlines()]
    return [each[1] for each in found if each and each[1] != "="]


def ffmpeg(*arguments: object) -> bool:
    """Run ffmpeg; whether it made what it should."""
    return run(*arguments).returncode == 0


def read(*arguments: object) -> bytes:
    """What ffmpeg writes to its output."""
    return run(*arguments).stdout


def run(*arguments: object) -> subprocess.CompletedProcess[bytes]:
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments)]
    try:
        return subprocess.run(command, capture_output=True, timeout=60)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, b"", b"")


if __name__ == "__main__":
    main()
