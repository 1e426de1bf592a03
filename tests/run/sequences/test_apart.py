"""Films that are taken apart into numbered files."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deoldify_lite import api
from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.encoding import Encoding
from deoldify_lite.film.full import FullFrames, grey_levels, own_rgb
from deoldify_lite.film.probe import probe_film
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.run.films import colorize_films
from deoldify_lite.run.items import Item
from deoldify_lite.run.manifest import Manifest
from deoldify_lite.run.plan import tasks_of
from deoldify_lite.run.sequences import result, writer
from deoldify_lite.run.sequences.plan import are_frames, plan_apart
from deoldify_lite.run.unfinished import folder_of
from deoldify_lite.run.verify import verify
from deoldify_lite.sequence.frames import look, read
from deoldify_lite.sequence.frames import write as write_frame
from helpers.film_runs import SETTINGS
from helpers.films import make, run, tone
from helpers.networks import Fixed, Stopping
from helpers.sequence_runs import bytes_of

WEIGHTS = np.array([0.299, 0.587, 0.114])


def grey_film(path: Path, pix_fmt: str, *arguments: object) -> Path:
    """24 grey frames of 64 x 48 px, of all levels, that move."""
    noise = "geq=lum='16+mod(X*7+Y*11+N*3\\,220)':cb=128:cr=128"
    source = ("-f", "lavfi", "-i", "color=s=64x48:r=24:d=1")
    return make(path, *source, *arguments, "-vf", noise, "-c:v", "ffv1", "-pix_fmt", pix_fmt)


def stored_luma(path: Path, pix_fmt: str) -> np.ndarray:
    deep = pix_fmt.endswith("le")
    raw = run(
        *("ffmpeg", "-v", "error", "-i", path, "-vf", "extractplanes=y"),
        *("-f", "rawvideo", "-pix_fmt", pix_fmt, "-"),
    )
    return np.frombuffer(raw, "<u2" if deep else "u1").reshape(-1, 48, 64)


def apart(film: Path, out: Path, network: Fixed, *, overwrite: bool = False, **changes: object) -> Item:
    assert are_frames(out)
    tasks = tasks_of(plan_apart([film], out))
    colorizer = Colorizer(network, render_factor=4)
    settings = replace(SETTINGS.with_render_factor(4), **changes)  # type: ignore[arg-type]
    (item,) = colorize_films(tasks, lambda: colorizer, settings, batch_size=4, overwrite=overwrite)
    return item


@pytest.fixture
def short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result, "SEGMENT_FRAMES", 8)


@pytest.mark.parametrize(
    ("pix_fmt", "plane", "name", "bits"),
    [
        ("yuv420p", "gray", "reel_%05d.dpx", 10),
        ("yuv422p10le", "gray10le", "####.dpx", 10),
        ("gray12le", "gray12le", "%d.dpx", 12),
        ("gray16le", "gray16le", "%04d.dpx", 16),
        ("yuv420p", "gray", "%04d.png", 8),
        ("yuv420p10le", "gray10le", "%04d.tif", 16),
    ],
)
def test_frames_have_the_luma_of_the_film(
    tmp_path: Path, pix_fmt: str, plane: str, name: str, bits: int
) -> None:
    film = grey_film(tmp_path / "a.mkv", pix_fmt)
    item = apart(film, tmp_path / "out" / name, Fixed())
    assert (item.status, item.frames, item.numbers) == ("done", 24, "0-23")
    files = sorted(bytes_of(tmp_path / "out"), key=lambda name: int("".join(filter(str.isdecimal, name))))
    depth = int(plane[4:6] or 8)
    full = plane != "gray" and pix_fmt.startswith("gray")  # grey pictures use all values
    black, white = (0, (1 << depth) - 1) if full else (16 << (depth - 8), 235 << (depth - 8))
    for file, luma in zip(files, stored_luma(film, plane), strict=True):
        frame = read(tmp_path / "out" / file)
        assert (frame.facts.bits, frame.facts.channels) == (bits, 3)
        level = np.clip((luma.astype(float) - black) * frame.top / (white - black), 0, frame.top)
        # A level of the file is as near as it comes; the colours move it by half a level at most.
        assert np.abs(frame.pixels @ WEIGHTS - level).max() < 1.001
        assert np.ptp(frame.pixels.astype(float), axis=2).mean() > 0.03 * frame.top


def test_headers_have_timecode_rate_and_aspect(tmp_path: Path) -> None:
    film = grey_film(tmp_path / "a.mov", "yuv420p", "-timecode", "01:02:03:20", "-aspect", "16:9", "-r", "24")
    item = apart(film, tmp_path / "out" / "%04d.dpx", Fixed(), start_s=0.25)
    assert (item.numbers, item.warnings) == ("6-23", ())
    facts = look(tmp_path / "out" / "0006.dpx")
    assert (facts.timecode, facts.rate, facts.aspect) == ("01:02:04:02", 24, probe_film(film).pixel_aspect)
    (warning,) = apart(film, tmp_path / "png" / "%04d.png", Fixed()).warnings
    assert warning == "PNG holds no timecode and no pixel aspect; DPX does"


def test_sound_is_written_beside(tmp_path: Path) -> None:
    film = grey_film(tmp_path / "a.mkv", "yuv420p", *tone(1.0), "-c:a", "pcm_s24le")
    assert apart(film, tmp_path / "out" / "reel_%04d.dpx", Fixed()).warnings == ()
    wav = tmp_path / "out" / "reel.wav"
    samples = [run("ffmpeg", "-v", "error", "-i", each, "-f", "s24le", "-") for each in (film, wav)]
    assert samples[0] == samples[1]
    assert [verdict.sound for verdict in verify(tmp_path / "out")] == [True]
    wav.unlink()
    (verdict,) = verify(tmp_path / "out")
    assert not verdict.sound and "reel.wav" in verdict.reason
    assert apart(film, tmp_path / "out" / "reel_%04d.dpx", Fixed()).status == "done"
    assert wav.exists()
    assert apart(film, tmp_path / "out" / "reel_%04d.dpx", Fixed()).status == "skipped"


def test_sound_of_a_part_begins_with_it(tmp_path: Path) -> None:
    film = grey_film(tmp_path / "a.mkv", "yuv420p", *tone(1.0), "-c:a", "pcm_s16le")
    apart(film, tmp_path / "out" / "%04d.dpx", Fixed(), start_s=0.5, end_s=0.75)
    samples = [
        np.frombuffer(run("ffmpeg", "-v", "error", "-i", each, "-f", "s16le", "-"), "<i2")
        for each in (film, tmp_path / "out" / "out.wav")
    ]
    assert np.array_equal(samples[0][24000:36000], samples[1])


@pytest.mark.usefixtures("short_segments")
@pytest.mark.parametrize("most", [3, 11])
def test_a_stopped_run_goes_on_at_the_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    shots = ";".join(
        f"{source}=s=64x48:r=24,trim=end_frame=8,hue=s=0[{n}]"
        for n, source in enumerate(("testsrc2", "mandelbrot", "rgbtestsrc"))
    )
    graph = f"{shots};[0][1][2]concat=n=3,format=yuv420p"
    film = make(tmp_path / "a.mkv", "-f", "lavfi", "-i", graph, "-c:v", "ffv1")
    apart(film, tmp_path / "whole" / "%04d.png", Stopping(99))
    out = tmp_path / "out" / "%04d.png"
    stopped = apart(film, out, Stopping(most))
    assert stopped.status == "failed" and "the card fell off" in stopped.reason
    there, made = bytes_of(out.parent), list[Path]()
    monkeypatch.setattr(writer, "write", lambda path, frame: made.append(path) or write_frame(path, frame))
    assert apart(film, out, Stopping(99)).status == "done"
    assert bytes_of(out.parent) == bytes_of(tmp_path / "whole")
    assert len(made) == 24 - len(there)
    assert not folder_of(out).exists()


def test_files_of_the_users_are_never_replaced(tmp_path: Path) -> None:
    film = grey_film(tmp_path / "a.mkv", "yuv420p", *tone(1.0), "-c:a", "pcm_s16le")
    out, network = tmp_path / "out" / "%04d.png", Fixed()
    out.parent.mkdir()
    for name in ("0030.png", "out.wav"):  # a film may have more frames than it says
        own = out.with_name(name)
        own.write_bytes(b"mine")
        item = apart(film, out, network)
        assert item.status == "failed" and name in item.reason
        assert (own.read_bytes(), network.batches) == (b"mine", [])
        own.unlink()
    assert apart(film, out, network).status == "done"
    (record,) = Manifest(out.parent).records()
    assert (record.output, record.frames, record.extras) == ("%04d.png", "0-23", ("out.wav",))


def test_frames_in_color_keep_it(tmp_path: Path) -> None:
    film = make(
        *(tmp_path / "a.mkv", "-f", "lavfi", "-i", "testsrc=s=64x48:r=24:d=0.5"),
        *("-c:v", "ffv1", "-pix_fmt", "yuv444p", "-colorspace", "bt709", "-color_primaries", "bt709"),
    )
    item = apart(film, tmp_path / "out" / "%04d.png", Fixed())
    assert item.status == "done" and "in colour already" in item.warnings[0]
    shown = run(
        *("ffmpeg", "-v", "error", "-i", film, "-frames:v", 1, "-sws_flags", "accurate_rnd+full_chroma_int"),
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-"),
    )
    expected = np.frombuffer(shown, np.uint8).reshape(48, 64, 3).astype(int)
    assert np.abs(read(tmp_path / "out" / "0000.png").pixels - expected).max() <= 2


def test_rgb_stays_bit_for_bit(tmp_path: Path) -> None:
    film = make(
        *(tmp_path / "a.mkv", "-f", "lavfi", "-i", "testsrc=s=64x48:r=24:d=0.2"),
        *("-vf", "format=gbrp10le", "-c:v", "ffv1"),
    )
    with FullFrames(Cut(probe_film(film)), with_chroma=True) as frames:
        planes = frames.read()
        assert planes is not None
        rgb = own_rgb(planes, frames.samples, 1023)
    assert np.array_equal(np.moveaxis(rgb, 2, 0)[[1, 2, 0]], planes)


def test_what_lies_beyond_black_and_white_is_told(tmp_path: Path) -> None:
    film = probe_film(grey_film(tmp_path / "a.mkv", "yuv420p"))
    with FullFrames(Cut(film), with_chroma=False) as frames:
        planes = frames.read()
        assert planes is not None
    inside, none = grey_levels(planes[0], frames.samples, 1023)
    assert (int(inside.min()), int(inside.max()), none) == (0, 1023, 0)
    wide = np.where(planes[0] == 16, 3, planes[0])
    assert grey_levels(wide, frames.samples, 1023)[1] == np.mean(planes[0] == 16)


def test_what_frames_do_not_hold_is_refused_or_told(tmp_path: Path, tiny_weights: Path) -> None:
    rendering = api.settle("video", weights=tiny_weights, render_factor=4, device="cpu")
    (tmp_path / "a.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    film = grey_film(tmp_path / "a.mkv", "yuv420p", "-i", tmp_path / "a.srt", "-metadata", "title=A")
    out = tmp_path / "out" / "%04d.png"
    (item,) = api.colorize_video(film, out, rendering=rendering, dry_run=True)
    assert item.status == "planned" and not out.parent.exists()
    (item,) = api.colorize_video(film, out, rendering=rendering)
    assert item.warnings == ("numbered pictures hold no subtitles, metadata (title): keep the film for that",)

    def refused(
        error: type[Exception], words: str, out: Path, source: object = film, **given: object
    ) -> None:
        with pytest.raises(error, match=words):
            api.colorize_video(source, out, rendering=rendering, **given)  # type: ignore[arg-type]

    refused(OptionError, "where is the number", tmp_path / "x.png")
    refused(OptionError, "no frames are written as .jpg", tmp_path / "%04d.jpg")
    refused(OptionError, "one number", tmp_path / "%04d_%04d.png")
    refused(OptionError, "--codec is for films", out, encoding=Encoding(codec="ffv1"))
    refused(OptionError, "frames of a film have no layers: write that of the film", out, layer="only")
    refused(OptionError, "--fps is for picture sequences", out, fps=12)
    refused(OptionError, "several films", out, [film, out.with_name("b.mkv")])
    refused(InputError, "no such file", out, tmp_path / "b.mkv")
    hdr = grey_film(tmp_path / "hdr.mkv", "yuv420p10le", "-color_trc", "smpte2084", "-colorspace", "bt2020nc")
    (item,) = api.colorize_video(hdr, tmp_path / "hdr" / "%04d.dpx", rendering=rendering)
    assert item.status == "failed" and "is HDR" in item.reason
