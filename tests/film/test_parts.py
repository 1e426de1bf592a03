"""film: parts of one file that differ in size or pixel aspect."""

import struct
from collections.abc import Iterator
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import pytest

from deoldify_lite.film.fields import deinterlaced
from deoldify_lite.film.parts import film_of_cut
from deoldify_lite.film.probe import probe_film
from helpers.film_runs import run_film
from helpers.films import info, joined, luma_hashes, make, pattern, tone
from helpers.networks import Fixed

CODECS = {
    "h264": ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-bf", 2),
    "mpeg2": ("-c:v", "mpeg2video", "-b:v", "2M", "-g", 12, "-c:a", "mp2"),
}
NESTED = {b"moov", b"trak", b"mdia", b"minf", b"stbl"}  # boxes of an mp4 that hold boxes
ASPECTS = {"h264": ("16/15", "64/45"), "mpeg2": ("1", "221/150")}


def recording(
    folder: Path,
    codec: str,
    sizes: tuple[str, str] = ("96x64", "128x96"),
    aspects: tuple[str, str] = ("1", "1"),
    seconds: tuple[float, float] = (2.0, 3.0),
) -> tuple[Path, Path]:
    """A broadcast stream of two parts, as one file; and the second part alone."""
    parts = [
        make(
            folder / f"part{n}.ts",
            *(*pattern(seconds[n], size=sizes[n]), *tone(seconds[n]), "-vf", f"setsar={aspects[n]}"),
            *(*CODECS[codec], "-output_ts_offset", 2.2 * n),
        )
        for n in (0, 1)
    ]
    whole = folder / "whole.ts"
    whole.write_bytes(parts[0].read_bytes() + parts[1].read_bytes())
    return whole, parts[1]


JOINED = {
    "mjpeg": ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p"),
    "png": ("-c:v", "png"),
    "jpeg2000": ("-c:v", "jpeg2000", "-pix_fmt", "yuv420p"),
    "prores": ("-c:v", "prores_ks"),
    "h264": (*CODECS["h264"], "-bf", 0),
}


def remedies(text: str) -> list[dict[str, float]]:
    """Arguments of a run for each part, as a message has them."""
    parts = [part.split() for part in text.partition("own: ")[2].split("; ")]
    return [{f"{name[2:]}_s": float(time) for name, time in zip(p[::2], p[1::2], strict=True)} for p in parts]


def remux(source: Path, suffix: str) -> Path:
    return source if suffix == ".ts" else make(source.with_suffix(suffix), "-i", source, "-c", "copy")


@pytest.mark.parametrize(
    ("codec", "suffix"),
    [
        ("h264", ".ts"),
        ("mpeg2", ".ts"),
        ("mpeg2", ".mpg"),
        ("h264", ".mkv"),
        ("h264", ".mp4"),
    ],
)
@pytest.mark.logs_errors
def test_a_film_of_two_sizes_is_refused_and_the_remedy_works(tmp_path: Path, codec: str, suffix: str) -> None:
    whole, second = recording(tmp_path, codec)
    source = remux(whole, suffix)
    item = run_film(source, tmp_path / "out.mkv", Fixed())
    assert item.status == "failed" and "96 x 64 px, 128 x 96 px" in item.reason
    end, start = (float(part.split(" ")[1]) for part in item.reason.partition("own: ")[2].split("; "))
    first_item = run_film(source, tmp_path / "first.mkv", Fixed(), end_s=end)
    second_item = run_film(source, tmp_path / "second.mkv", Fixed(), start_s=start)
    assert (first_item.status, second_item.status) == ("done", "done")
    assert luma_hashes(tmp_path / "second.mkv") == luma_hashes(second)
    pictures = [info(tmp_path / name)["streams"][0] for name in ("first.mkv", "second.mkv")]
    assert [(picture["width"], picture["height"]) for picture in pictures] == [(96, 64), (128, 96)]


@pytest.mark.parametrize(("codec", "suffix"), [("h264", ".ts"), ("mpeg2", ".ts"), ("mpeg2", ".mpg")])
def test_an_aspect_that_changes_is_told_and_the_remedy_works(tmp_path: Path, codec: str, suffix: str) -> None:
    whole, second = recording(tmp_path, codec, ("96x64", "96x64"), ASPECTS[codec])
    source = remux(whole, suffix)
    item = run_film(source, tmp_path / "out.mkv", Fixed())
    names = [aspect.replace("/", ":") for aspect in ASPECTS[codec]]
    (warning,) = (warning for warning in item.warnings if "aspect" in warning)
    assert item.status == "done" and f"{names[1]}, which lasts longest" in warning
    assert probe_film(item.output).pixel_aspect == Fraction(ASPECTS[codec][1])
    end, start = (float(part.split(" ")[1]) for part in warning.partition("own: ")[2].split("; "))
    for name, cut, aspect in (("a", {"end_s": end}, 0), ("b", {"start_s": start}, 1)):
        part = run_film(source, tmp_path / f"{name}.mkv", Fixed(), **cut)
        assert probe_film(part.output).pixel_aspect == Fraction(ASPECTS[codec][aspect])
        assert not any("aspect" in warning for warning in part.warnings)
    assert luma_hashes(tmp_path / "b.mkv") == luma_hashes(second)


def test_a_part_can_be_deinterlaced(tmp_path: Path) -> None:
    """Frames of the other size lie before the cut, where ffmpeg begins to read."""
    whole, _ = recording(tmp_path, "h264")
    film = film_of_cut(probe_film(whole), 2.3, None)
    assert (film.width, film.height) == (128, 96)
    assert deinterlaced(film) is film  # it is not interlaced
    item = run_film(whole, tmp_path / "out.mkv", Fixed(), start_s=2.3, deinterlace=True)
    assert item.status == "done"


def test_most_films_have_no_parts(tmp_path: Path) -> None:
    source = make(tmp_path / "plain.ts", *pattern(2), *CODECS["h264"], "-g", 10)
    film = probe_film(source)
    assert film.parts == () and film_of_cut(film, None, None) is film


@pytest.mark.parametrize(
    ("codec", "suffix"),
    [
        ("mjpeg", ".avi"),
        ("mjpeg", ".mov"),
        ("png", ".mov"),
        ("jpeg2000", ".mkv"),
        ("prores", ".mov"),
        ("h264", ".mp4"),
        ("h264", ".avi"),
    ],
)
@pytest.mark.logs_errors
def test_codecs_of_key_frames_and_even_mp4_are_looked_at_too(tmp_path: Path, codec: str, suffix: str) -> None:
    source = joined(tmp_path / f"whole{suffix}", *JOINED[codec])
    assert len(probe_film(source).parts) == 2
    item = run_film(source, tmp_path / "out.mkv", Fixed(), recolor_all=True)
    assert item.status == "failed" and "(96 x 64 px, 128 x 96 px)" in item.reason
    assert not (tmp_path / "out.mkv").exists()
    hashes = []
    for n, cut in enumerate(remedies(item.reason)):
        item = run_film(source, tmp_path / f"{n}.mkv", Fixed(), recolor_all=True, **cut)
        picture = info(item.output)["streams"][0]
        assert (item.status, item.frames) == ("done", 25)
        assert (picture["width"], picture["height"]) == ((96, 64), (128, 96))[n]
        hashes.append(luma_hashes(item.output))
    if codec != "png":  # whose films become YUV
        assert hashes == [luma_hashes(tmp_path / f"{n}.mov") for n in (0, 1)]


@pytest.mark.logs_errors
def test_a_change_that_only_the_run_meets_is_refused_the_same(tmp_path: Path) -> None:
    source = joined(
        tmp_path / "whole.avi",
        *JOINED["mjpeg"],
        seconds=(0.8, 0.2, 1.6),
        sizes=("96x64", "128x96", "96x64"),
    )
    assert probe_film(source).parts == ()  # no glimpse falls upon the short part
    item = run_film(source, tmp_path / "out.mkv", Fixed())
    assert item.status == "failed" and "(96 x 64 px, 128 x 96 px, 96 x 64 px)" in item.reason
    assert [*tmp_path.glob(".out*")] == []
    counts = []
    for n, cut in enumerate(remedies(item.reason)):
        item = run_film(source, tmp_path / f"{n}.mkv", Fixed(), **cut)
        counts.append(item.frames)
        assert luma_hashes(item.output) == luma_hashes(tmp_path / f"{n}.mov")
    assert counts == [20, 5, 40]


def test_an_aspect_that_only_the_run_meets_is_told(tmp_path: Path) -> None:
    """It begins again, with the aspect that lasts longest."""
    source = tmp_path / "whole.dv"
    parts = [
        make(
            tmp_path / f"{n}.dv", *pattern(2, size="720x576"), "-pix_fmt", "yuv420p", "-aspect", aspect
        ).read_bytes()
        for n, aspect in enumerate(("4:3", "16:9"))
    ]
    source.write_bytes(b"".join(parts))
    item = run_film(source, tmp_path / "out.mkv", Fixed(), recolor_all=True)
    (warning,) = item.warnings
    assert item.status == "done" and "pixel" in warning and "16:15, 64:45" in warning
    assert probe_film(item.output).pixel_aspect == Fraction(64, 45)  # of 52 frames, as ffmpeg sees it
    cut = remedies(warning)[1]
    item = run_film(source, tmp_path / "second.mkv", Fixed(), recolor_all=True, **cut)
    assert item.warnings == () and probe_film(item.output).pixel_aspect == Fraction(64, 45)


@pytest.mark.logs_errors
def test_films_without_times_can_be_cut(tmp_path: Path) -> None:
    """ffmpeg finds no frame of them by its time, so it reads them from the start."""
    parts = [
        make(tmp_path / f"{n}.h264", *pattern(seconds, size=size), *CODECS["h264"], "-g", 10)
        for n, (seconds, size) in enumerate(((14, "96x64"), (1, "128x96")))
    ]
    source = tmp_path / "whole.h264"
    source.write_bytes(b"".join(part.read_bytes() for part in parts))
    item = run_film(source, tmp_path / "out.mkv", Fixed())
    assert item.status == "failed" and "(96 x 64 px, 128 x 96 px)" in item.reason
    item = run_film(source, tmp_path / "second.mkv", Fixed(), **remedies(item.reason)[1])
    assert luma_hashes(item.output) == luma_hashes(parts[1])
    item = run_film(parts[0], tmp_path / "late.mkv", Fixed(), start_s=13)
    assert luma_hashes(item.output) == luma_hashes(parts[0])[325:]


@pytest.mark.logs_errors
def test_an_mp4_of_two_descriptions_has_two_sizes(tmp_path: Path) -> None:
    source = joined(tmp_path / "whole.mp4", *JOINED["h264"])
    second = make(tmp_path / "second.mp4", "-i", tmp_path / "1.mov", "-c", "copy")
    source.write_bytes(with_second_description(source.read_bytes(), second.read_bytes(), frames=25))
    item = run_film(source, tmp_path / "out.mkv", Fixed())
    assert item.status == "failed" and "(96 x 64 px, 128 x 96 px)" in item.reason
    item = run_film(source, tmp_path / "second.mkv", Fixed(), **remedies(item.reason)[1])
    assert luma_hashes(item.output) == luma_hashes(second)


def with_second_description(film: bytes, second: bytes, *, frames: int) -> bytes:
    """An mp4 whose frames, but for so many first ones, have the description that another mp4 has."""
    sizes = find_box(film, b"stsz")
    (count,) = struct.unpack_from(">I", sizes, 8)
    lengths = struct.unpack_from(f">{count}I", sizes, 12)
    (first,) = struct.unpack_from(">I", find_box(film, b"stco"), 8)
    places = list(accumulate(lengths[:-1], initial=first))
    description = find_box(film, b"stsd")
    new = {
        b"stsd": description[:4] + struct.pack(">I", 2) + description[8:] + find_box(second, b"stsd")[8:],
        b"stsc": struct.pack(">8I", 0, 2, 1, 1, 1, frames + 1, 1, 2),  # a chunk for each frame
        b"stco": struct.pack(f">{2 + count}I", 0, count, *places),
    }
    return replace_boxes(film, new)


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and contents of each box of an mp4."""
    while data:
        size, kind = struct.unpack_from(">I4s", data)
        yield kind, data[8:size]
        data = data[size:]


def find_box(data: bytes, wanted: bytes) -> bytes:
    """The contents of the first box of a kind, or nothing."""
    for kind, inside in boxes(data):
        found = inside if kind == wanted else find_box(inside, wanted) if kind in NESTED else b""
        if found:
            return found
    return b""


def replace_boxes(data: bytes, new: dict[bytes, bytes]) -> bytes:
    """An mp4 with other contents of some boxes."""
    result = b""
    for kind, inside in boxes(data):
        inside = new.get(kind, replace_boxes(inside, new) if kind in NESTED else inside)
        result += struct.pack(">I4s", 8 + len(inside), kind) + inside
    return result
