"""film: parts of one file that differ in size or pixel aspect."""

from fractions import Fraction
from pathlib import Path

import pytest

from deoldify_lite.film.fields import deinterlaced
from deoldify_lite.film.parts import film_of_cut
from deoldify_lite.film.probe import probe_film
from helpers.film_runs import run_film
from helpers.films import info, luma_hashes, make, pattern, tone
from helpers.networks import Fixed

CODECS = {
    "h264": ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-bf", 2),
    "mpeg2": ("-c:v", "mpeg2video", "-b:v", "2M", "-g", 12, "-c:a", "mp2"),
}
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
