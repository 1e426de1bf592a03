"""Films made with the real ffmpeg go through reader and writer."""

import os
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from deoldify_lite.errors import OptionError, VideoError
from deoldify_lite.film import encoders
from deoldify_lite.film import encoding as encoding_module
from deoldify_lite.film.chroma import MATRICES, convert_chroma, encode_chroma, has_chroma
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.encoding import Encoding, choose_pix_fmt
from deoldify_lite.film.probe import probe_film
from deoldify_lite.film.reader import FrameReader
from helpers.film_runs import run_film
from helpers.films import (
    LOSSLESS,
    SIZE,
    colorize,
    container_of,
    first_sound,
    info,
    luma_hashes,
    make,
    make_steps,
    open_writer,
    pattern,
    picture_times,
    read_all,
    rgb_frames,
    run,
    tone,
)
from helpers.networks import Fixed
from helpers.places import SHARED

SAMPLES = SHARED / "samples" / "films"
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


@pytest.fixture(autouse=True)
def no_ffmpeg_is_left() -> Iterator[None]:
    """No test may leave a process behind."""
    yield
    mine = subprocess.run(["ps", "--ppid", str(os.getpid()), "-o", "comm="], capture_output=True)
    assert b"ffmpeg" not in mine.stdout and b"ffprobe" not in mine.stdout


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second at 25 frames with sound, mp4."""
    folder = tmp_path_factory.mktemp("plain")
    return make(folder / "plain.mp4", *pattern(), *tone(), *X264, "-c:a", "aac")


# --- chroma ---


@pytest.mark.parametrize("matrix", MATRICES)
def test_converted_chroma_adds_the_same_color(matrix: str) -> None:
    chroma = np.random.default_rng(0).uniform(-0.3, 0.3, (2, 4, 5))
    cb, cr = convert_chroma(chroma, matrix)
    red_weight, blue_weight = MATRICES[matrix]
    red, blue = 2 * (1 - red_weight) * cr, 2 * (1 - blue_weight) * cb
    green = -(red_weight * red + blue_weight * blue) / (1 - red_weight - blue_weight)
    red601, blue601 = 1.402 * chroma[1], 1.772 * chroma[0]
    green601 = -(0.299 * red601 + 0.114 * blue601) / 0.587
    # The same differences between the channels; brightness is the luma's alone.
    np.testing.assert_allclose(red - green, red601 - green601, atol=1e-6)
    np.testing.assert_allclose(blue - green, blue601 - green601, atol=1e-6)


def test_chroma_of_bt601_stays_as_it_is() -> None:
    chroma = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 4, 5))
    np.testing.assert_allclose(convert_chroma(chroma, "smpte170m"), chroma, atol=1e-6)


@pytest.mark.parametrize(
    ("color_range", "depth", "expected"),
    [
        ("tv", 8, [16, 128, 240]),
        ("tv", 10, [64, 512, 960]),
        ("pc", 8, [1, 128, 255.5]),
        ("pc", 10, [1, 512, 1023.5]),
    ],
)
def test_encoded_chroma(color_range: str, depth: int, expected: list[float]) -> None:
    codes = encode_chroma(np.array([-0.5, 0.0, 0.5]), color_range=color_range, depth=depth)
    np.testing.assert_allclose(
        codes / 2 ** (16 - depth) - 0.5, np.minimum(expected, 2**depth - 0.5), atol=0.02
    )
    over = encode_chroma(np.array([-9.0, 9.0]), color_range=color_range, depth=depth)
    assert list(over >> (16 - depth)) == (
        [expected[0], expected[2]] if color_range == "tv" else [1, 2**depth - 1]
    )


# --- frames and luma ---


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("a.mp4", [*pattern(), *X264]),
        ("a.mkv", [*pattern(rate="24000/1001"), *X264]),
        ("late.mkv", [*pattern(rate="30000/1001"), "-output_ts_offset", "0.517", *X264]),
        ("a.ts", [*pattern(), *tone(), *X264, "-c:a", "mp2"]),
        ("a.avi", [*pattern(), "-c:v", "mpeg4", "-bf", 2]),
        ("ten.mkv", [*pattern(), "-c:v", "ffv1", "-pix_fmt", "yuv420p10le"]),
        ("422.mkv", [*pattern(), "-c:v", "ffv1", "-pix_fmt", "yuv422p"]),
        ("444.mkv", [*pattern(), "-c:v", "ffv1", "-pix_fmt", "yuv444p12le"]),
        ("odd.mkv", [*pattern(size="97x61"), "-c:v", "ffv1", "-pix_fmt", "yuv420p"]),
        ("grey.mkv", [*pattern(), "-c:v", "ffv1", "-pix_fmt", "gray"]),
        ("grey16.mkv", [*pattern(), "-c:v", "ffv1", "-pix_fmt", "gray16le"]),
        ("411.mkv", [*pattern(), "-c:v", "ffv1", "-pix_fmt", "yuv411p"]),
        ("full.mkv", [*pattern(), "-c:v", "mjpeg", "-pix_fmt", "yuvj420p"]),
        ("alpha.mkv", [*pattern(), "-c:v", "ffv1", "-pix_fmt", "yuva420p"]),
        ("yuyv.mkv", [*pattern(), "-c:v", "rawvideo", "-pix_fmt", "yuyv422"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_frame_once_and_luma_untouched(tmp_path: Path, name: str, arguments: list[object]) -> None:
    source = make(tmp_path / name, *arguments)
    before = probe_film(source)
    after = colorize(source, tmp_path / "out.mkv", cb=0.1, cr=-0.1)
    hashes = luma_hashes(source, *([] if before.planar else ["format=yuv422p"]))
    assert len(hashes) == before.frame_count
    assert luma_hashes(after.path) == hashes
    assert not before.variable and after.rate == before.rate
    assert (after.width, after.height) == (before.width, before.height)
    assert after.depth == before.depth
    assert after.colors.range == before.colors.range
    assert after.sampling == before.sampling


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pix_fmt", "encoding", "kept_in"),
    [("yuv420p", Encoding(crf=0), "yuv444p"), ("yuv420p10le", Encoding(codec="ffv1"), "yuv444p10le")],
)
def test_odd_size_is_kept_in_444(tmp_path: Path, pix_fmt: str, encoding: Encoding, kept_in: str) -> None:
    source = make(tmp_path / "odd.mkv", *pattern(0.2, size="97x61"), "-c:v", "ffv1", "-pix_fmt", pix_fmt)
    after = colorize(source, tmp_path / "out.mkv", encoding=encoding)
    assert (after.width, after.height, after.pix_fmt) == (97, 61, kept_in)
    assert luma_hashes(after.path) == luma_hashes(source)


@pytest.mark.slow
def test_turned_film_is_turned_once(tmp_path: Path) -> None:
    flat = make(tmp_path / "flat.mp4", *pattern(0.4), "-vf", "setsar=4/3", *X264)
    turned = make(tmp_path / "turned.mp4", "-i", flat, "-c", "copy", "-metadata:s:v", "rotate=90")
    for suffix in (".mp4", ".mkv"):
        after = colorize(turned, tmp_path / f"out{suffix}", encoding=Encoding(crf=0))
        assert (after.width, after.height) == (64, 96)
        assert after.pixel_aspect == Fraction(3, 4)
        assert "side_data_list" not in info(after.path)["streams"][0]
        assert luma_hashes(after.path) == luma_hashes(turned)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("encoding", "pix_fmt", "color_range"),
    [(Encoding(codec="ffv1"), "yuv444p", "pc"), (Encoding(crf=0), "yuv420p", "tv")],
)
def test_rgb_becomes_yuv_of_the_same_brightness(
    tmp_path: Path, encoding: Encoding, pix_fmt: str, color_range: str
) -> None:
    source = make(tmp_path / "rgb.mkv", *pattern(0.2), "-c:v", "ffv1", "-pix_fmt", "bgr0")
    after = colorize(source, tmp_path / "out.mkv", encoding=encoding)
    assert (after.pix_fmt, after.colors.range, after.colors.matrix) == (pix_fmt, color_range, "bt709")
    red, green, blue = np.moveaxis(rgb_frames(source_rgb(source)).astype(float), -1, 0)
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    np.testing.assert_allclose(rgb_frames(after.path)[..., 1], luma, atol=3.0)


def source_rgb(path: Path) -> Path:
    """The same film with the tags that `rgb_frames` wants; lossless."""
    out = path.with_name("tagged.mkv")
    return make(
        out,
        "-i",
        path,
        "-vf",
        "scale=out_color_matrix=bt709:out_range=tv,format=yuv444p16le",
        "-colorspace",
        "bt709",
        "-color_range",
        "tv",
        "-c:v",
        "ffv1",
    )


@pytest.mark.slow
@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuvj420p", "gray", "bgr0", "yuv420p10le"])
def test_reader_gives_full_range(tmp_path: Path, pix_fmt: str) -> None:
    source = make(
        tmp_path / "bw.mkv",
        *("-f", "lavfi", "-i", "color=black:s=64x64:d=0.2", "-vf", "drawbox=x=32:c=white:t=fill"),
        *("-c:v", "mjpeg" if pix_fmt == "yuvj420p" else "ffv1", "-pix_fmt", pix_fmt),
    )
    frame = read_all(probe_film(source))[0]
    assert frame.shape == (SIZE, SIZE) and frame.dtype == np.uint8
    assert frame[:, :12].max() <= 1 and frame[:, 20:].min() >= 254


@pytest.mark.slow
def test_limited_grey_is_stretched(tmp_path: Path) -> None:
    source = make(
        tmp_path / "bw.mkv",
        *("-f", "lavfi", "-i", "color=white:s=64x64:d=0.2,format=yuv420p,extractplanes=y"),
        *("-c:v", "ffv1", "-color_range", "tv"),
    )
    film = probe_film(source)
    assert (film.pix_fmt, film.colors.range) == ("gray", "tv")
    assert read_all(film)[0].min() == 255
    after = colorize(source, tmp_path / "out.mkv")
    assert after.colors.range == "tv" and luma_hashes(after.path) == luma_hashes(source)


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ["-pix_fmt", "yuv420p"],
        ["-pix_fmt", "yuv422p10le", "-colorspace", "bt709"],
        ["-pix_fmt", "yuv444p12le", "-colorspace", "bt2020nc"],
        ["-vf", "scale=out_range=pc", "-pix_fmt", "yuv420p", "-color_range", "pc"],
        ["-vf", "scale=out_range=pc", "-pix_fmt", "yuv420p10le", "-color_range", "pc"],
        ["-pix_fmt", "yuva420p"],
        ["-pix_fmt", "yuv411p"],
        ["-pix_fmt", "bgr0"],
        ["-pix_fmt", "gbrp10le"],
        ["-pix_fmt", "gray"],
        ["-c:v", "rawvideo", "-pix_fmt", "yuyv422"],
    ],
    ids=" ".join,
)
def test_luma_is_the_same_with_chroma(tmp_path: Path, arguments: list[str]) -> None:
    source = make(tmp_path / "a.mkv", *pattern(0.12), "-c:v", "ffv1", *arguments)
    film = probe_film(source)
    with FrameReader(film, SIZE, with_chroma=True) as reader:
        frames = list(reader.frames())
    np.testing.assert_array_equal([frame.luma for frame in frames], read_all(film))
    assert [frame.chroma is None for frame in frames] == [film.pix_fmt == "gray"] * 3


# Red 200, green 60, blue 30 is luma 98.4 and 87.6 by BT.601 and BT.709.
@pytest.mark.parametrize(
    ("pix_fmt", "matrix", "color_range", "expected"),
    [
        ("yuv420p", "smpte170m", "tv", (128 - 68.44 / 1.772, 128 + 101.56 / 1.402)),
        ("yuv444p10le", "smpte170m", "pc", (128 - 68.44 / 1.772, 128 + 101.56 / 1.402)),
        ("yuv420p10le", "bt709", "tv", (128 - 57.60 / 1.8556, 128 + 112.40 / 1.5748)),
        ("bgr0", None, None, (128 - 68.44 / 1.772, 128 + 101.56 / 1.402)),
    ],
)
def test_chroma_is_the_films_own(
    tmp_path: Path, pix_fmt: str, matrix: str | None, color_range: str | None, expected: tuple[float, float]
) -> None:
    tags: list[str] = []
    if matrix:
        tags = ["-vf", f"scale=out_color_matrix={matrix}:out_range={color_range}:flags=accurate_rnd"]
        tags += ["-colorspace", matrix, "-color_range", str(color_range)]
    flat = ("-f", "lavfi", "-i", "color=0xc83c1e:s=64x48:d=0.04,format=gbrp")
    source = make(tmp_path / "a.mkv", *flat, *tags, "-c:v", "ffv1", "-pix_fmt", pix_fmt)
    with FrameReader(probe_film(source), SIZE, with_chroma=True) as reader:
        (frame,) = reader.frames()
    assert frame.chroma is not None and frame.chroma.shape == (2, SIZE // 2, SIZE // 2)
    assert frame.chroma.dtype == np.uint8
    np.testing.assert_allclose(frame.chroma[0], expected[0], atol=1.2)
    np.testing.assert_allclose(frame.chroma[1], expected[1], atol=1.2)


@pytest.mark.parametrize(
    ("pix_fmt", "colorful"), [("gray10le", False), ("ya8", False), ("monob", False), ("pal8", True)]
)
def test_formats_with_and_without_chroma(pix_fmt: str, colorful: bool) -> None:
    assert has_chroma(pix_fmt) is colorful


# --- time ---

UNEVEN = [0.0, 0.1, 0.15, 0.4, 0.45, 0.5, 0.7, 1.0, 1.05]


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_variable_rate_keeps_every_time(tmp_path: Path, suffix: str) -> None:
    source = make_steps(tmp_path / f"uneven{suffix}", UNEVEN)
    film = probe_film(source)
    assert film.variable
    after = colorize(source, tmp_path / f"out{suffix}", encoding=Encoding(crf=0))
    assert not after.variable
    hashes, times = luma_hashes(after.path), picture_times(after.path)
    changes = [0, *(i for i in range(1, len(hashes)) if hashes[i] != hashes[i - 1])]
    wanted = picture_times(source)
    assert len(changes) == len(set(luma_hashes(source))) == len(UNEVEN)
    kept = wanted[: len(UNEVEN)]  # The concat demuxer doubles the last frame.
    np.testing.assert_allclose([times[i] for i in changes], kept, atol=float(0.5 / film.rate) + 0.001)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_late_picture_stays_in_step_with_the_sound(tmp_path: Path, suffix: str) -> None:
    source = make(
        tmp_path / f"late{suffix}",
        *(*pattern(0.6), *tone(1.5)),
        *("-filter_complex", "[0:v]setpts=PTS+0.317/TB[v]", "-map", "[v]", "-map", "1:a"),
        *("-enc_time_base", "1/90000", "-fps_mode", "passthrough", *X264, "-c:a", "aac"),
    )
    after = colorize(source, tmp_path / f"out{suffix}", encoding=Encoding())
    np.testing.assert_allclose(picture_times(after.path), picture_times(source), atol=0.002)
    assert first_sound(after.path) == pytest.approx(first_sound(source), abs=0.002)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_cut_from_start_to_end(tmp_path: Path, suffix: str) -> None:
    source = make(
        tmp_path / f"long{suffix}",
        *(
            *pattern(4),
            *tone(4),
            *X264,
            "-g",
            30,
            "-bf",
            2,
            "-preset",
            "fast",
            "-c:a",
            "mp2" if suffix == ".ts" else "aac",
        ),
    )
    out = tmp_path / ("out.mp4" if suffix == ".mp4" else "out.mkv")
    encoding = Encoding(crf=0) if suffix == ".mp4" else LOSSLESS
    whole = luma_hashes(source)
    after = colorize(source, out, encoding=encoding, start_s=1.5, end_s=2.5)
    offset = probe_film(source).offset_s
    first = int((1.5 - offset) * 25 + Fraction(1, 2))
    assert luma_hashes(out) == whole[first : first + 25]
    assert float(after.offset_s) < 0.05 and first_sound(out) < 0.05
    sound = next(s for s in info(out)["streams"] if s["codec_type"] == "audio")
    duration = float(info(out)["format"]["duration"])
    assert duration == pytest.approx(1.0, abs=0.06), sound


@pytest.mark.slow
def test_cut_far_into_a_film_without_an_index(tmp_path: Path) -> None:
    source = make(
        tmp_path / "long.ts",
        *(*pattern(13), *tone(13), *X264, "-preset", "veryfast", "-g", 60, "-bf", 2, "-c:a", "mp2"),
    )
    item = run_film(source, tmp_path / "out.mkv", Fixed(), start_s=12.2, end_s=12.6, recolor_all=True)
    first = int((Fraction(12.2) - probe_film(source).offset_s) * 25 + Fraction(1, 2))
    assert luma_hashes(item.output) == luma_hashes(source)[first : first + 10]
    assert first_sound(item.output) < 0.05
    assert not item.warnings


def test_cut_without_frames_is_refused(plain: Path) -> None:
    film = probe_film(plain)
    for start_s, end_s in ((5.0, None), (0.6, 0.5), (0.5, 0.5)):
        with pytest.raises(OptionError, match="no frame"):
            Cut.between(film, start_s, end_s)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.5, 2.0])
def test_sound_shorter_or_longer_is_kept_whole(tmp_path: Path, seconds: float) -> None:
    source = make(tmp_path / "a.mp4", *pattern(1), *tone(seconds), *X264, "-c:a", "aac")
    after = colorize(source, tmp_path / "out.mp4", encoding=Encoding())
    assert after.frame_count == 25
    copies = [
        run("ffmpeg", "-v", "error", "-i", p, "-map", "0:a", "-c", "copy", "-f", "md5", "-")
        for p in (source, after.path)
    ]
    assert copies[0] == copies[1]


# --- everything else in the file ---


def test_everything_in_a_mkv_is_kept(tmp_path: Path) -> None:
    (tmp_path / "s.srt").write_text("1\n00:00:00,100 --> 00:00:00,500\nHallo\n")
    (tmp_path / "f.ttf").write_bytes(b"font")
    (tmp_path / "m.txt").write_text(
        ";FFMETADATA1\ntitle=Ein Titel\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=500\ntitle=Eins\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=500\nEND=1000\ntitle=Zwei\n"
    )
    cover = make(tmp_path / "c.png", *pattern(), "-frames:v", 1)
    source = make(
        tmp_path / "all.mkv",
        *(*tone(), *pattern(), *tone(), "-i", tmp_path / "s.srt", "-i", tmp_path / "m.txt"),
        *("-map", 0, "-map", 1, "-map", 2, "-map", 3, "-map_metadata", 4, *X264, "-c:a:0", "flac"),
        *("-c:a:1", "libmp3lame", "-metadata:s:a:0", "language=ger", "-metadata:s:a:1", "language=fre"),
        *("-metadata:s:a:1", "title=Kommentar", "-disposition:a:1", "default", "-disposition:a:0", "0"),
        *("-metadata:s:v:0", "title=Bild", "-disposition:s:0", "forced"),
        *("-attach", tmp_path / "f.ttf", "-metadata:s:t:0", "mimetype=application/x-truetype-font"),
        *("-attach", cover, "-metadata:s:t:1", "mimetype=image/png", "-metadata:s:t:1", "filename=cover.png"),
    )
    out = colorize(source, tmp_path / "out.mkv").path
    before, after = info(source), info(out)

    def told(found: dict) -> list[tuple]:
        return sorted(
            (
                s["codec_type"],
                "?" if s["codec_name"] in ("h264", "ffv1") else s["codec_name"],
                s.get("tags", {}).get("language"),
                s.get("tags", {}).get("title"),
                *(s["disposition"][name] for name in ("default", "forced", "attached_pic")),
            )
            for s in found["streams"]
        )

    assert told(after) == told(before)
    assert [s["codec_type"] for s in after["streams"]][:4] == ["audio", "video", "audio", "subtitle"]
    assert [c["tags"]["title"] for c in after["chapters"]] == ["Eins", "Zwei"]
    assert after["format"]["tags"]["title"] == "Ein Titel"


@pytest.mark.slow
def test_mp4_keeps_cover_chapters_and_title(tmp_path: Path) -> None:
    cover = make(tmp_path / "c.png", *pattern(), "-frames:v", 1)
    source = make(
        tmp_path / "a.mp4",
        *(*pattern(), *tone(), "-i", cover, "-map", 0, "-map", 1, "-map", 2, *X264, "-c:v:1", "copy"),
        *("-disposition:v:1", "attached_pic", "-metadata", "title=Titel", "-metadata:s:a", "language=deu"),
    )
    for suffix in (".mp4", ".mkv"):
        out = info(colorize(source, tmp_path / f"out{suffix}", encoding=Encoding()).path)
        assert [s["disposition"]["attached_pic"] for s in out["streams"]] == [0, 0, 1]
        tags = {k.lower(): v for k, v in out["format"]["tags"].items()}
        assert tags["title"] == "Titel"
        assert out["streams"][1]["tags"]["language"] in ("deu", "ger")


def test_containers(tmp_path: Path, plain: Path) -> None:
    assert container_of(probe_film(plain)) == ".mp4"
    avi = make(tmp_path / "a.avi", *pattern(0.2), *tone(0.2), "-c:v", "mpeg4", "-c:a", "mp2")
    assert container_of(probe_film(avi)) == ".mkv"
    (tmp_path / "s.srt").write_text("1\n00:00:00,100 --> 00:00:00,150\nHallo\n")
    subbed = make(tmp_path / "a.mkv", *pattern(0.2), "-i", tmp_path / "s.srt", *X264, "-c:s", "srt")
    film = probe_film(subbed)
    assert container_of(film) == ".mkv"
    with pytest.raises(OptionError, match=r"stream 1 \(subtitle, subrip\).*\.mkv"):
        open_writer(film, tmp_path / "out.mp4")
    with pytest.raises(OptionError, match=r"cannot be written as \.avi"):
        open_writer(film, tmp_path / "out.avi")
    assert not list(tmp_path.glob("*out*")) and not list(tmp_path.glob(".*"))


def test_mov_text_becomes_srt_in_mkv(tmp_path: Path) -> None:
    (tmp_path / "s.srt").write_text("1\n00:00:00,100 --> 00:00:00,150\nHallo\n")
    source = make(tmp_path / "a.mp4", *pattern(0.2), "-i", tmp_path / "s.srt", *X264, "-c:s", "mov_text")
    out = info(colorize(source, tmp_path / "out.mkv").path)
    assert [s["codec_name"] for s in out["streams"]] == ["ffv1", "subrip"]


@pytest.mark.slow
def test_webm(tmp_path: Path) -> None:
    source = make(
        tmp_path / "a.webm",
        *pattern(0.3),
        *tone(0.3),
        "-c:v",
        "libvpx-vp9",
        "-deadline",
        "realtime",
        "-pix_fmt",
        "yuv420p",
        "-c:a",
        "libopus",
    )
    assert container_of(probe_film(source)) == ".webm"
    after = colorize(source, tmp_path / "out.webm", encoding=Encoding())
    assert (after.codec, after.streams[0].codec, after.frame_count) == ("vp9", "opus", 8)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["-y.mp4", "a b'c\"d.mp4", "$HOME `x`;&.mp4", "100%d:é日本.mp4"])
def test_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plain: Path, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(plain.read_bytes())
    after = colorize(Path(name), Path("out " + name), encoding=Encoding(), end_s=0.2)
    assert after.frame_count == 5
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([name, "out " + name])


# --- colour ---


@pytest.mark.slow
@pytest.mark.parametrize(
    ("matrix", "pix_fmt", "color_range"),
    [
        (None, "yuv420p", "tv"),
        ("smpte170m", "yuv420p", "tv"),
        ("bt709", "yuv420p10le", "tv"),
        ("bt709", "yuvj444p", "pc"),
        ("bt709", "yuv420p10le", "pc"),
        ("bt2020nc", "yuv420p10le", "tv"),
    ],
)
def test_what_is_shown_is_the_color_given(
    tmp_path: Path, matrix: str | None, pix_fmt: str, color_range: str
) -> None:
    tags = ("-colorspace", matrix, "-color_primaries", "bt709", "-color_trc", "bt709") if matrix else ()
    source = make(
        tmp_path / "grey.mkv",
        *("-f", "lavfi", "-i", "color=0x808080:s=96x64:d=0.1", "-c:v", "libx264", "-qp", 0),
        *("-pix_fmt", pix_fmt, "-color_range", color_range, *tags),
    )
    cb, cr = -0.08, 0.15
    after = colorize(source, tmp_path / "out.mkv", cb=cb, cr=cr)
    assert (after.colors.matrix, after.colors.range) == (matrix or "bt709", color_range)
    colors = info(after.path)["streams"][0]
    assert colors["color_space"] == (matrix or "bt709") and colors["color_transfer"] == "bt709"
    red, green, blue = rgb_frames(after.path)[0].reshape(-1, 3).mean(0)
    red601, blue601 = 1.402 * cr, 1.772 * cb
    green601 = -(0.299 * red601 + 0.114 * blue601) / 0.587
    assert (red - green) / 255 == pytest.approx(red601 - green601, abs=0.01)
    assert (blue - green) / 255 == pytest.approx(blue601 - green601, abs=0.01)


def test_no_color_stays_grey(plain: Path, tmp_path: Path) -> None:
    frames = rgb_frames(colorize(plain, tmp_path / "out.mkv", end_s=0.2).path).astype(int)
    assert np.ptp(frames, axis=-1).max() <= 1


@pytest.mark.slow
def test_chroma_frames_belong_to_their_frames(tmp_path: Path) -> None:
    source = make_steps(tmp_path / "uneven.mkv", UNEVEN)

    def by_brightness(luma: np.ndarray) -> np.ndarray:
        share = (luma.astype(np.float32) / 255 - 0.5) * 0.4
        return np.stack([share, -share])

    film = colorize(source, tmp_path / "out.mkv", shade=by_brightness)
    planes = run("ffmpeg", "-v", "error", "-i", film.path, "-f", "rawvideo", "-pix_fmt", "yuv420p", "-")
    frames = np.frombuffer(planes, np.uint8).reshape(-1, 64 * 48 * 3 // 2)
    luma = (frames[:, : 64 * 48].mean(1) - 16) / 219
    cr = (frames[:, 64 * 48 + 32 * 24 :].mean(1) - 128) / 224
    wanted = convert_chroma(np.stack([(luma - 0.5) * 0.4, (0.5 - luma) * 0.4])[..., None], "bt709")[1, :, 0]
    np.testing.assert_allclose(cr, wanted, atol=0.01)


# --- what goes wrong ---


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_cut_off_film_is_read_as_far_as_it_goes(tmp_path: Path, suffix: str) -> None:
    arguments = (*pattern(3), *X264, "-g", 10, *(["-movflags", "+faststart"] if suffix == ".mp4" else []))
    whole = make(tmp_path / f"whole{suffix}", *arguments)
    part = tmp_path / f"part{suffix}"
    part.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    item = run_film(part, tmp_path / "out.mkv", Fixed((0.1, -0.1)))
    assert 25 < probe_film(item.output).frame_count < 70
    if suffix != ".ts":  # A transport stream has no header that tells its length.
        assert any("cut short" in text and "about 75 expected" in text for text in item.warnings)


def test_damage_in_the_middle_is_told(tmp_path: Path) -> None:
    data = bytearray(make(tmp_path / "whole.mkv", *pattern(3), *X264, "-g", 10).read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = bytes(3000)
    damaged = tmp_path / "damaged.mkv"
    damaged.write_bytes(data)
    item = run_film(damaged, tmp_path / "out.mkv", Fixed((0.1, -0.1)))
    assert any("damaged or cut short" in text for text in item.warnings)
    assert probe_film(item.output).frame_count >= 70  # The gap is filled, so that the sound stays in step.


class Stop(BaseException):
    """As Ctrl-C, but not one that pytest listens to."""


@pytest.mark.parametrize("error", [RuntimeError, Stop])
def test_nothing_is_left_after_an_error(tmp_path: Path, plain: Path, error: type[BaseException]) -> None:
    film = probe_film(plain)
    out = tmp_path / "out" / "film.mp4"
    with (
        pytest.raises(error),
        FrameReader(film, SIZE) as reader,
        open_writer(film, out) as writer,
    ):
        for luma in reader:
            writer.write(np.zeros((2, *luma.shape), np.float32))
            if reader.frames_read == 5:
                raise error
    assert not list(out.parent.iterdir())


def test_encoder_that_dies_tells_why(tmp_path: Path, plain: Path) -> None:
    film = probe_film(plain)
    chroma = np.zeros((2, SIZE, SIZE), np.float32)
    with (
        pytest.raises(VideoError, match=r"out\.mp4: ffmpeg failed"),
        open_writer(film, tmp_path / "out.mp4") as writer,
    ):
        writer._encoder._process._process.terminate()
        for _ in range(5000):
            writer.write(chroma)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("count", [0, 10, 40])
def test_wrong_number_of_frames_is_an_error(tmp_path: Path, plain: Path, count: int) -> None:
    with (
        pytest.raises(VideoError, match=r"gave (more than 10|25|(more than )?0) frames"),
        open_writer(probe_film(plain), tmp_path / "out.mp4") as writer,
    ):
        for _ in range(count):
            writer.write(np.zeros((2, SIZE, SIZE), np.float32))
    assert not list(tmp_path.iterdir())


def test_the_source_is_never_overwritten(plain: Path) -> None:
    with pytest.raises(OptionError, match="overwrite the source"):
        open_writer(probe_film(plain), plain)


@pytest.mark.parametrize(
    ("encoding", "error", "words"),
    [
        (Encoding(codec="libnope"), VideoError, "no encoder libnope"),
        (Encoding(codec="ffv1", crf=20), OptionError, "--crf means nothing to ffv1"),
        (Encoding(pix_fmt="rgb24"), OptionError, "cannot write rgb24"),
        (Encoding(crf=900), OptionError, "--crf is 900"),
        (Encoding(codec="ffv1"), OptionError, "does not fit into .mp4"),
    ],
)
def test_bad_encoding_is_refused_before_any_work(
    tmp_path: Path, plain: Path, encoding: Encoding, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        open_writer(probe_film(plain), tmp_path / "o.mp4", encoding)
    assert not list(tmp_path.iterdir())


def test_pixel_format_of_the_result(tmp_path: Path) -> None:
    film = probe_film(make(tmp_path / "a.mkv", *pattern(0.1), "-c:v", "ffv1", "-pix_fmt", "yuv422p12le"))
    assert choose_pix_fmt(film, "libx264") == "yuv422p10le"
    assert choose_pix_fmt(film, "libx265") == "yuv422p12le"
    assert choose_pix_fmt(film, "ffv1") == "yuv422p12le"
    assert choose_pix_fmt(film, "prores_ks") == "yuv422p10le"
    assert choose_pix_fmt(film, "libx264", "yuv420p") == "yuv420p"


def test_the_gpu_encodes_only_what_it_encodes_as_well(
    tmp_path: Path, plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = probe_film(plain)
    deep = probe_film(make(tmp_path / "a.mkv", *pattern(0.1), "-c:v", "ffv1", "-pix_fmt", "yuv420p10le"))
    monkeypatch.setattr(encoding_module, "nvenc_works", lambda *_: True)
    on_gpu = Encoding(on_gpu=True)
    assert on_gpu.codec_for(film, ".mp4") == "h264_nvenc"
    assert on_gpu.codec_for(film, ".webm") == "libvpx-vp9" and on_gpu.codec_for(deep, ".mkv") == "libx264"
    assert Encoding(on_gpu=True, crf=12).codec_for(film, ".mp4") == "libx264"
    assert Encoding(on_gpu=True, codec="libx265").codec_for(film, ".mp4") == "libx265"
    assert Encoding().codec_for(film, ".mp4") == "libx264"


def test_a_gpu_that_cannot_encode_is_no_obstacle(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = subprocess.CompletedProcess([], 1, b"", b"No capable devices found")
    monkeypatch.setattr(encoders, "run_arguments", lambda _: refused)
    encoders.nvenc_works.cache_clear()
    assert Encoding(on_gpu=True).codec_for(probe_film(plain), ".mp4") == "libx264"
    encoders.nvenc_works.cache_clear()


@pytest.mark.slow
@pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"the sample films are not in {SAMPLES}")
def test_real_films(tmp_path: Path) -> None:
    for path in sorted(SAMPLES.glob("*.mp4"))[:2]:
        after = colorize(path, tmp_path / "out.mkv", end_s=1.0)
        assert luma_hashes(after.path) == luma_hashes(path)[: after.frame_count]
