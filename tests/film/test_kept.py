"""What a colorized film has of its source: one test for each promise, on films made with the real ffmpeg.

Sound, subtitles, chapters, attachments, rotation, variable rate and late starts are in
test_reader_and_writer.
"""

import logging
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from deoldify_lite.errors import DeoldifyError, VideoError
from deoldify_lite.film.encoding import Encoding
from deoldify_lite.film.fields import deinterlaced
from deoldify_lite.film.fit import fit_into
from deoldify_lite.film.probe import probe_film
from helpers.films import (
    LOSSLESS,
    colorize,
    fields,
    first_sound,
    frames_of,
    give_color,
    info,
    luma_hashes,
    make,
    noise,
    pattern,
    picture_times,
    plane_hashes,
    read_all,
    run,
    tone,
)

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
FAST_X264 = Encoding(codec="libx264")

# --- the lossless setting ---

FORMATS = {
    **{f"yuv{s}p": 8 for s in (410, 411, 420, 422, 440, 444)},
    **{f"yuvj{s}p": 8 for s in (420, 422, 444)},
    **{f"yuva{s}p": 8 for s in (420, 422, 444)},
    **{f"yuv{s}p{d}le": d for s in (420, 422, 444) for d in (9, 10, 12, 14, 16)},
    **{"yuv440p10le": 10, "yuv440p12le": 12, "yuva420p10le": 10, "yuva444p16le": 16},
    **{"gray": 8, "gray9le": 9, "gray10le": 10, "gray12le": 12, "gray14le": 14, "gray16le": 16},
}


@pytest.mark.slow
@pytest.mark.parametrize("pix_fmt", FORMATS)
def test_luma_is_lossless_in_every_planar_format(tmp_path: Path, pix_fmt: str) -> None:
    # As raw numbers, unless these do not tell the format.
    source = noise(tmp_path / "noise.nut", pix_fmt, FORMATS[pix_fmt])
    if pix_fmt.startswith("yuvj"):
        source = make(tmp_path / "noise.avi", "-i", source, "-c:v", "mjpeg", "-q:v", 2, "-pix_fmt", pix_fmt)
    elif pix_fmt.startswith("yuv440p1"):
        vp9 = ("-c:v", "libvpx-vp9", "-lossless", 1, "-cpu-used", 8, "-pix_fmt", pix_fmt)
        source = make(tmp_path / "noise.mkv", "-i", source, *vp9)
    film = probe_film(source)
    assert film.planar and (film.pix_fmt, film.depth) == (pix_fmt, FORMATS[pix_fmt])
    give_color(film, 3, tmp_path / "out.mkv")
    hashes = luma_hashes(source)
    assert luma_hashes(tmp_path / "out.mkv") == hashes
    assert len(set(hashes)) == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pix_fmt", "codec", "suffix"),
    [
        ("yuv420p", "libx264", ".mp4"),
        ("yuv422p10le", "libx264", ".mp4"),
        ("yuv444p10le", "libx264", ".mkv"),
        ("yuv420p10le", "libx265", ".mp4"),
        ("yuv444p12le", "libx265", ".mkv"),
    ],
)
def test_depth_and_sampling_are_kept_by_lossy_codecs(
    tmp_path: Path, pix_fmt: str, codec: str, suffix: str
) -> None:
    source = make(tmp_path / "a.mkv", *pattern(0.12), "-c:v", "ffv1", "-pix_fmt", pix_fmt)
    film, encoding = probe_film(source), Encoding(codec=codec)
    assert fit_into(film, suffix, encoding).losses == ()
    give_color(film, 3, tmp_path / f"out{suffix}", encoding)
    assert probe_film(tmp_path / f"out{suffix}").pix_fmt == pix_fmt


def test_what_a_codec_cannot_hold_of_depth_is_told(tmp_path: Path) -> None:
    film = probe_film(make(tmp_path / "a.mkv", *pattern(0.12), "-c:v", "ffv1", "-pix_fmt", "yuv422p12le"))
    (loss,) = fit_into(film, ".mkv", FAST_X264).losses
    assert "yuv422p10le, which holds less than yuv422p12le" in loss


# --- colours ---

BT601 = ("bt470bg", "bt470bg", "smpte170m")  # matrix, primaries, transfer
BT709 = ("bt709", "bt709", "bt709")
BT2020 = ("bt2020nc", "bt2020", "bt2020-10")
PQ, HLG = ("bt2020nc", "bt2020", "smpte2084"), ("bt2020nc", "bt2020", "arib-std-b67")


def tagged(path: Path, colors: tuple[str, str, str], color_range: str, *more: object) -> Path:
    matrix, primaries, transfer = colors
    tags = ("-colorspace", matrix, "-color_primaries", primaries, "-color_trc", transfer)
    return make(path, *pattern(0.12), *(more or X264), *tags, "-color_range", color_range)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("colors", "color_range", "codec", "suffix"),
    [
        (BT601, "tv", "libx264", ".mp4"),
        (BT601, "pc", "libx264", ".mkv"),
        (BT709, "pc", "libx265", ".mp4"),
        (BT2020, "tv", "libx264", ".mkv"),
        (BT2020, "pc", "ffv1", ".mkv"),
        (HLG, "tv", None, ".mp4"),
        (PQ, "tv", None, ".mkv"),
    ],
)
def test_range_and_color_tags_are_kept(
    tmp_path: Path, colors: tuple[str, str, str], color_range: str, codec: str | None, suffix: str
) -> None:
    source = tagged(tmp_path / "a.mkv", colors, color_range)
    give_color(probe_film(source), 3, tmp_path / f"out{suffix}", Encoding(codec=codec))
    (picture,) = info(tmp_path / f"out{suffix}")["streams"]
    names = ("color_space", "color_primaries", "color_transfer", "color_range")
    assert tuple(picture[name] for name in names) == (*colors, color_range)
    # HDR goes to screens by HEVC.
    assert picture["codec_name"] == {"libx264": "h264", "ffv1": "ffv1"}.get(str(codec), "hevc")


MASTERING = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"


@pytest.fixture(scope="module")
def hdr10(tmp_path_factory: pytest.TempPathFactory) -> Path:
    parameters = f"log-level=error:hdr10=1:master-display={MASTERING}:max-cll=1000,400"
    return tagged(
        tmp_path_factory.mktemp("hdr10") / "pq.mkv",
        *(PQ, "tv", "-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params", parameters),
    )


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_hdr10_metadata_is_kept(tmp_path: Path, hdr10: Path, suffix: str) -> None:
    film = probe_film(hdr10)
    assert film.hdr10 is not None and film.hdr10.mastering is not None
    # BT.2020 would be another red: this display is P3. 1000 cd/m² at most, 0.005 at least.
    assert film.hdr10.mastering[:2] == (Fraction("0.68"), Fraction("0.32"))
    assert film.hdr10.mastering[-2:] == (Fraction("0.005"), 1000)
    assert film.hdr10.light_level == (1000, 400)
    assert fit_into(film, suffix, Encoding()).losses == ()
    give_color(film, 3, tmp_path / f"out{suffix}", Encoding())
    after = probe_film(tmp_path / f"out{suffix}")
    assert after.hdr10 == film.hdr10
    assert (after.pix_fmt, after.colors.transfer) == ("yuv420p10le", "smpte2084")


def test_x264_takes_hdr10_metadata_too(tmp_path: Path, hdr10: Path) -> None:
    give_color(probe_film(hdr10), 3, tmp_path / "out.mkv", FAST_X264)
    trace = ("-c", "copy", "-bsf:v", "trace_headers", "-f", "null", "-")
    done = subprocess.run(["ffmpeg", "-i", tmp_path / "out.mkv", *trace], capture_output=True)
    found = [line.split()[-3:] for line in done.stderr.decode().splitlines() if "luminance " in line]
    assert found[0][-1] == "10000000" and found[1][-1] == "50"
    assert b"Content Light Level" in done.stderr


def test_what_takes_no_hdr10_metadata_is_told(hdr10: Path) -> None:
    (loss,) = fit_into(probe_film(hdr10), ".mkv", LOSSLESS).losses
    assert loss == "ffv1 takes no HDR10 metadata, which is not kept; --codec libx265 does"


@pytest.mark.slow
@pytest.mark.parametrize(
    # White paper is at 58 % and 75 %, grey at 38 % in both, which is 0.425 in BT.709: see test_film_tone,
    # where the share of chroma is tested exactly.
    ("colors", "white", "weakest", "strongest"),
    [(PQ, 0.58, 0.3, 0.5), (HLG, 0.75, 0.5, 0.8)],
    ids=["PQ", "HLG"],
)
def test_networks_see_hdr_as_they_know_it_and_its_color_is_as_strong(
    tmp_path: Path, colors: tuple[str, str, str], white: float, weakest: float, strongest: float
) -> None:
    planes = np.full(64 * 64 * 3 // 2, 512, "<u2")
    frame = planes[: 64 * 64].reshape(64, 64)
    frame[:, :32], frame[:, 32:] = (round(64 + 876 * signal) for signal in (white, 0.38))
    (tmp_path / "raw").write_bytes(planes.tobytes())
    source = make(
        tmp_path / "a.mkv",
        *("-f", "rawvideo", "-pixel_format", "yuv420p10le", "-video_size", "64x64", "-i", tmp_path / "raw"),
        *("-c:v", "ffv1", "-color_range", "tv", "-colorspace", colors[0], "-color_primaries", colors[1]),
        *("-color_trc", colors[2]),
    )
    film = probe_film(source)
    (luma,) = read_all(film)
    assert luma[:, :12].mean() == pytest.approx(0.875 * 255, abs=3)
    assert luma[:, 20:].mean() == pytest.approx(0.425 * 255, abs=4)
    colorize(source, tmp_path / "out.mkv", cr=0.1)
    data = run("ffmpeg", "-v", "error", "-i", tmp_path / "out.mkv", "-f", "rawvideo", "-")
    cr = np.frombuffer(data, "<u2")[64 * 64 + 32 * 32 :].reshape(32, 32)[:, 20:].mean()
    assert weakest < (cr - 512) / 896 / 0.1 < strongest


# --- fields ---


@pytest.mark.slow
@pytest.mark.parametrize("order", ["tff", "bff"])
@pytest.mark.parametrize(
    ("encoding", "suffix"),
    [(LOSSLESS, ".mkv"), (Encoding(crf=0), ".mp4"), (Encoding(codec="prores_ks"), ".mov")],
)
def test_interlaced_film_stays_so(
    tmp_path: Path, order: str, encoding: Encoding, suffix: str, caplog: pytest.LogCaptureFixture
) -> None:
    source = fields(tmp_path / "a.mkv", order, "-c:v", "ffv1")
    film = probe_film(source)
    assert film.interlaced and film.first_field == order
    with caplog.at_level(logging.INFO):
        give_color(film, 5, tmp_path / f"out{suffix}", encoding)
    marks = {(f["interlaced_frame"], f["top_field_first"]) for f in frames_of(tmp_path / f"out{suffix}")}
    assert marks == {(1, int(order == "tff"))}
    if encoding.codec != "prores_ks":
        assert luma_hashes(tmp_path / f"out{suffix}") == luma_hashes(source)
    assert "interlaced, and kept so" in caplog.text


def test_kept_chroma_is_converted_field_by_field(tmp_path: Path) -> None:
    source = fields(tmp_path / "a.mkv", "tff", "-c:v", "ffv1", "-pix_fmt", "yuv422p")
    give_color(probe_film(source), 5, tmp_path / "out.mkv", Encoding("ffv1", pix_fmt="yuv420p"), keep=True)
    by_field = plane_hashes(source, "scale=interl=1", "format=yuv420p")
    assert plane_hashes(tmp_path / "out.mkv") == by_field
    assert by_field != plane_hashes(source, "scale", "format=yuv420p")


def test_interlaced_lines_that_h264_cannot_halve_twice(tmp_path: Path) -> None:
    source = fields(tmp_path / "a.mkv", "tff", "-c:v", "ffv1", "-pix_fmt", "yuv420p", size="96x66")
    give_color(probe_film(source), 5, tmp_path / "out.mkv", Encoding(crf=0))
    after = probe_film(tmp_path / "out.mkv")
    assert (after.height, after.pix_fmt, after.interlaced) == (66, "yuv422p", True)
    assert luma_hashes(after.path) == luma_hashes(source)


def test_what_does_not_mark_fields_is_told(tmp_path: Path) -> None:
    film = probe_film(fields(tmp_path / "a.mkv", "tff", "-c:v", "ffv1"))
    (loss,) = fit_into(film, ".mkv", Encoding(codec="libx265")).losses
    assert loss.startswith("it is interlaced, and libx265 does not mark that")


@pytest.mark.slow
@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("order", ["tff", "bff"])
def test_deinterlaced_every_field_becomes_a_frame(tmp_path: Path, order: str, marked: bool) -> None:
    source = fields(tmp_path / "a.mkv", order, "-c:v", "ffv1", marked=marked, seconds=0.4)
    film = deinterlaced(probe_film(source))
    assert (film.first_field, film.deinterlace, film.rate, film.frame_count) == (order, True, 50, 20)
    give_color(film, 20, tmp_path / "out.mkv")
    bwdif = luma_hashes(source, f"bwdif=parity={order}")
    assert luma_hashes(tmp_path / "out.mkv") == bwdif and len(set(bwdif)) == 20
    assert not any(frame["interlaced_frame"] for frame in frames_of(tmp_path / "out.mkv"))
    np.testing.assert_allclose(picture_times(tmp_path / "out.mkv"), np.arange(20) / 50, atol=0.001)


def test_whole_frames_are_not_deinterlaced(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    film = probe_film(make(tmp_path / "a.mp4", *pattern(0.4), *X264))
    with caplog.at_level(logging.INFO):
        assert deinterlaced(film) is film
    assert "is not interlaced" in caplog.text


def test_interlaced_and_turned_is_refused_with_a_remedy_that_works(tmp_path: Path) -> None:
    flat = fields(tmp_path / "flat.mp4", "tff", *X264)
    turned = make(tmp_path / "turned.mp4", "-i", flat, "-c", "copy", "-metadata:s:v", "rotate=90")
    with pytest.raises(VideoError, match="asks to be turned") as caught:
        probe_film(turned)
    remedy = str(caught.value).split("first: ")[1].replace("FILM", str(turned))
    run(*remedy.replace("DEINTERLACED.mov", str(tmp_path / "whole.mov")).split())
    whole = probe_film(tmp_path / "whole.mov")
    assert (whole.width, whole.height, whole.first_field) == (64, 96, None)


# --- time ---


def test_an_edit_list_that_skips_the_start(tmp_path: Path) -> None:
    long = make(tmp_path / "long.mp4", *pattern(1.2), *tone(1.2), *X264, "-g", 50, "-c:a", "aac")
    source = make(tmp_path / "edited.mp4", "-ss", 0.6, "-i", long, "-c", "copy")
    assert info(source)["streams"][0]["nb_frames"] == "30"  # 15 of which are not shown
    film = probe_film(source)
    assert film.frame_count == 15
    give_color(film, 15, tmp_path / "out.mp4", Encoding(crf=0))
    assert luma_hashes(tmp_path / "out.mp4") == luma_hashes(source) == luma_hashes(long)[15:]
    assert first_sound(tmp_path / "out.mp4") == pytest.approx(first_sound(source), abs=0.001)
    assert picture_times(tmp_path / "out.mp4")[0] == picture_times(source)[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source_suffix", "suffix"),
    [(".mov", ".mov"), (".mov", ".mkv"), (".mp4", ".mp4"), (".mkv", ".m4v"), (".mpg", ".mkv")],
)
def test_timecode_is_kept(tmp_path: Path, source_suffix: str, suffix: str) -> None:
    codec = ("-c:v", "mpeg2video") if source_suffix == ".mpg" else X264
    source = make(tmp_path / f"a{source_suffix}", *pattern(0.12), *codec, "-timecode", "10:59:59:24")
    film = probe_film(source)
    assert film.timecode == "10:59:59:24"
    fit = fit_into(film, suffix, Encoding())
    assert fit.losses == ()
    give_color(film, 3, tmp_path / f"out{suffix}", Encoding())
    assert probe_film(tmp_path / f"out{suffix}").timecode == "10:59:59:24"
    tracks = [s for s in info(tmp_path / f"out{suffix}")["streams"] if s["codec_tag_string"] == "tmcd"]
    assert len(tracks) == (suffix in (".mov", ".mp4", ".m4v"))


@pytest.mark.slow
def test_timecode_of_a_part_is_advanced(tmp_path: Path) -> None:
    source = make(tmp_path / "a.mov", *pattern(0.4), *X264, "-timecode", "10:59:59:24")
    for suffix in (".mov", ".mkv"):
        part = colorize(source, tmp_path / f"out{suffix}", encoding=Encoding(), start_s=0.08)
        assert part.timecode == "11:00:00:01"


# --- what else is in the file ---


@pytest.mark.slow
def test_data_streams_are_kept_where_they_fit_and_told_of_where_not(tmp_path: Path) -> None:
    (tmp_path / "position.bin").write_bytes(b"48.1 11.5")
    plain = make(
        tmp_path / "a.ts",
        *(*pattern(0.12), "-f", "data", "-i", tmp_path / "position.bin", "-map", 0, "-map", 1, *X264),
    )
    source = make(tmp_path / "a.mov", "-i", plain, "-map", 0, "-c", "copy", "-tag:d", "gpmd")
    film = probe_film(source)
    give_color(film, 3, tmp_path / "out.mp4", Encoding())
    tags = [s["codec_tag_string"] for s in info(tmp_path / "out.mp4")["streams"]]
    assert tags == ["avc1", "gpmd"]
    copied = ("-map", "0:d", "-c", "copy", "-f", "data", "-")
    assert run("ffmpeg", "-v", "error", "-i", tmp_path / "out.mp4", *copied) == b"48.1 11.5"
    assert not fit_into(film, ".mp4", Encoding()).losses
    (loss,) = fit_into(film, ".mkv", LOSSLESS).losses
    assert loss == "stream 1 (data, bin_data) does not fit into .mkv and is left out"


@pytest.mark.slow
def test_chapters_do_not_become_two_tracks(tmp_path: Path) -> None:
    (tmp_path / "m.txt").write_text(
        ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=60\ntitle=Eins\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=60\nEND=120\ntitle=Zwei\n"
    )
    source = make(tmp_path / "a.mp4", *pattern(0.12), "-i", tmp_path / "m.txt", "-map_metadata", 1, *X264)
    before = info(source)
    for suffix, count in ((".mp4", 2), (".mkv", 1)):
        give_color(probe_film(source), 3, tmp_path / f"out{suffix}", Encoding())
        after = info(tmp_path / f"out{suffix}")
        assert len(after["streams"]) == count
        assert [c["tags"]["title"] for c in after["chapters"]] == ["Eins", "Zwei"]
    assert len(before["streams"]) == 2


@pytest.mark.slow
def test_names_that_a_telephone_gives_are_kept_and_others_that_do_not_fit_are_told(tmp_path: Path) -> None:
    tags = ("-movflags", "use_metadata_tags", "-metadata", "com.apple.quicktime.make=Apple")
    source = make(tmp_path / "a.mov", *pattern(0.12), *X264, *tags, "-metadata", "title=Titel")
    film = probe_film(source)
    assert fit_into(film, ".mov", Encoding()).losses == ()
    give_color(film, 3, tmp_path / "out.mov", Encoding())
    after = info(tmp_path / "out.mov")["format"]["tags"]
    assert (after["com.apple.quicktime.make"], after["title"]) == ("Apple", "Titel")
    other = make(tmp_path / "b.mkv", *pattern(0.12), *X264, "-metadata", "ARCHIVE_NUMBER=17")
    assert fit_into(probe_film(other), ".mkv", Encoding()).losses == ()
    (loss,) = fit_into(probe_film(other), ".mp4", Encoding()).losses
    assert loss == "of its metadata ARCHIVE_NUMBER does not fit into .mp4; .mkv holds all"


@pytest.mark.slow
def test_tags_of_the_picture_are_kept_but_not_those_of_its_old_encoding(tmp_path: Path) -> None:
    source = make(
        tmp_path / "a.mkv",
        *(*pattern(0.12), *X264, "-metadata:s:v", "comment=Rolle 3", "-metadata:s:v", "language=ger"),
        *("-metadata:s:v", "BPS=17", "-metadata:s:v", "stereo_mode=left_right"),
    )
    give_color(probe_film(source), 3, tmp_path / "out.mkv")
    tags = {name.lower(): value for name, value in info(tmp_path / "out.mkv")["streams"][0]["tags"].items()}
    assert (tags["comment"], tags["language"], tags["stereo_mode"]) == ("Rolle 3", "ger", "left_right")
    assert "ffv1" in tags["encoder"] and "bps" not in tags
    assert fit_into(probe_film(source), ".mkv", LOSSLESS).losses == ()
    assert fit_into(probe_film(source), ".mp4", Encoding()).losses == ()


@pytest.fixture(scope="module")
def captioned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MPEG-2 with closed captions of ATSC A/53, letters of the alphabet, two in each of ten frames."""
    folder = tmp_path_factory.mktemp("captions")
    plain = make(folder / "plain.m2v", *pattern(0.4), "-c:v", "mpeg2video", "-bf", 0).read_bytes()
    head, *pictures = plain.split(b"\x00\x00\x01\x01")  # before the first slice of each
    for number, picture in enumerate(pictures):
        letters = bytes(c | (bin(c).count("1") % 2 ^ 1) << 7 for c in (65 + 2 * number, 66 + 2 * number))
        head += b"\x00\x00\x01\xb2GA94\x03\x41\xff\xfc" + letters + b"\xff\x00\x00\x01\x01" + picture
    (folder / "captions.m2v").write_bytes(head)
    return make(folder / "captions.ts", "-fflags", "+genpts", "-i", folder / "captions.m2v", "-c", "copy")


def with_captions(path: Path) -> list[bool]:
    kinds = [[data["side_data_type"] for data in f.get("side_data_list", [])] for f in frames_of(path)]
    return ["ATSC A53 Part 4 Closed Captions" in each for each in kinds]


def test_closed_captions_are_kept(tmp_path: Path, captioned: Path) -> None:
    film = probe_film(captioned)
    assert film.captions
    assert fit_into(film, ".mp4", Encoding()).losses == ()
    give_color(film, 10, tmp_path / "out.mp4", Encoding())
    assert with_captions(tmp_path / "out.mp4") == [True] * 10


def test_closed_captions_that_get_lost_are_told(tmp_path: Path, captioned: Path) -> None:
    film = probe_film(captioned)
    (loss,) = fit_into(film, ".mkv", LOSSLESS).losses
    assert loss.startswith("ffv1 takes no closed captions")
    film = replace(film, first_field="tff", deinterlace=True, rate=2 * film.rate, frame_count=20)
    assert fit_into(film, ".mp4", Encoding()).losses == (
        "its closed captions are not kept when it is deinterlaced",
    )
    give_color(film, 20, tmp_path / "out.mp4", Encoding())
    assert with_captions(tmp_path / "out.mp4") == [False] * 20


def test_all_else_that_comes_with_a_picture_is_told(tmp_path: Path) -> None:
    film = probe_film(make(tmp_path / "a.mp4", *pattern(0.12), *X264))
    film = replace(film, lost=("Dolby Vision Metadata",))
    assert fit_into(film, ".mp4", Encoding()).losses == ("its Dolby Vision Metadata cannot be kept",)


@pytest.mark.slow
def test_pixels_that_are_not_square_stay_so(tmp_path: Path) -> None:
    source = make(tmp_path / "a.mkv", *pattern(0.12), "-vf", "setsar=16/15", *X264)
    for suffix in (".mkv", ".mp4"):
        give_color(probe_film(source), 3, tmp_path / f"out{suffix}", Encoding())
        assert probe_film(tmp_path / f"out{suffix}").pixel_aspect == Fraction(16, 15)


# --- what cannot be done is refused before any work ---


def test_a_matrix_that_is_not_luma_and_chroma_is_refused_with_a_remedy_that_works(tmp_path: Path) -> None:
    plain = make(tmp_path / "a.mp4", *pattern(0.12), *X264)
    constant = "h264_metadata=matrix_coefficients=10:colour_primaries=9:transfer_characteristics=14"
    source = make(tmp_path / "b.mp4", "-i", plain, "-c", "copy", "-bsf:v", constant)
    with pytest.raises(VideoError, match="bt2020c is not supported") as caught:
        probe_film(source)
    remedy = str(caught.value).split("with: ")[1].replace("FILM", str(source))
    run(*remedy.replace("CONVERTED.mkv", str(tmp_path / "c.mkv")).split())
    assert probe_film(tmp_path / "c.mkv").colors.matrix == "bt709"


def test_what_is_refused_leaves_nothing(tmp_path: Path, hdr10: Path) -> None:
    out = tmp_path / "out"
    film = probe_film(hdr10)
    for encoding, suffix, words in (
        (LOSSLESS, ".mp4", "does not fit into .mp4"),
        (Encoding(pix_fmt="yuv411p"), ".mkv", "cannot write yuv411p; it can write"),
        (Encoding(codec="libnope"), ".mkv", "no encoder libnope"),
    ):
        with pytest.raises(DeoldifyError, match=words):
            give_color(film, 3, out / f"film{suffix}", encoding)
    assert not out.exists()
