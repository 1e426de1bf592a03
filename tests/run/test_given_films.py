"""Films that take their colours from a layer, or from another film of the same frames."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deoldify_lite import api
from deoldify_lite.errors import OptionError
from deoldify_lite.film.encoding import Encoding
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.run.films import colorize_films
from deoldify_lite.run.items import Item
from deoldify_lite.run.manifest import Manifest
from deoldify_lite.run.task import Task
from deoldify_lite.run.versions import with_versions
from helpers.film_runs import SETTINGS
from helpers.films import (
    fields,
    frames_of,
    info,
    luma_hashes,
    make,
    make_steps,
    noise,
    pattern,
    picture_times,
    plane_hashes,
    tone,
)
from helpers.networks import Fixed, Stopping


def first_go(source: Path, output: Path, encoding: Encoding, **changes: object) -> Item:
    """Colorize a film by a network whose colours change over time, with a layer beside."""
    encoding = replace(encoding, layer="beside")
    layer = output.with_name(f"{output.stem}-layer{encoding.layer_suffix}")
    task = Task(source, output, Manifest(output.parent), layer=layer)
    colorizer = Colorizer(Stopping(10_000), render_factor=4)
    settings = replace(SETTINGS, encoding=encoding, **{"recolor_all": True, **changes})
    (item,) = colorize_films([task], lambda: colorizer, settings, batch_size=4)
    assert item.status == "done", item.reason
    return item


def give_back(source: Path, version: Path, output: Path, encoding: Encoding, **changes: object) -> Item:
    """Colorize a film by a version; the network fails if it is asked."""
    (task,) = with_versions([Task(source, output, Manifest(output.parent))], version, films=True)
    colorizer = Colorizer(Fixed(most=0, error=RuntimeError("the network has no part in it")), render_factor=4)
    settings = replace(SETTINGS, encoding=encoding, **{"recolor_all": True, **changes})
    (item,) = colorize_films([task], lambda: colorizer, settings, batch_size=4)
    return item


@pytest.mark.parametrize(
    "pix_fmt", ["yuv420p", "yuvj420p", "yuv422p", "yuv444p", "gray", "yuv420p10le", "yuv444p12le", "rgb24"]
)
def test_a_layer_is_given_back_bit_by_bit(tmp_path: Path, pix_fmt: str) -> None:
    depth = {"yuv420p10le": 10, "yuv444p12le": 12}.get(pix_fmt, 8)
    source = noise(tmp_path / "noise.nut", pix_fmt, depth, frames=7)
    first = first_go(source, tmp_path / "x.mkv", Encoding(codec="ffv1"))
    back = give_back(source, first.layer, tmp_path / "back.mkv", Encoding(codec="ffv1"))
    assert (back.status, back.frames, back.warnings) == ("done", 7, first.warnings), back.reason
    assert (back.colors_from, back.colors_share) == (first.layer, 1.0)
    assert plane_hashes(back.output) == plane_hashes(first.output)


def test_with_a_lossy_codec_the_result_is_the_same_too(tmp_path: Path) -> None:
    source = make(tmp_path / "a.mp4", *pattern(0.6), *tone(0.6), "-c:a", "aac")
    first = first_go(source, tmp_path / "x.mp4", Encoding())
    back = give_back(source, first.layer, tmp_path / "back.mp4", Encoding())
    assert plane_hashes(back.output) == plane_hashes(first.output)
    assert [stream["codec_type"] for stream in info(back.output)["streams"]] == ["video", "audio"]


def test_frames_times_and_fields_are_the_films(tmp_path: Path) -> None:
    steps = make_steps(tmp_path / "steps.mkv", [0.0, 0.123, 0.31, 0.9, 1.0])
    first = first_go(steps, tmp_path / "x.mkv", Encoding(codec="ffv1"))
    back = give_back(steps, first.layer, tmp_path / "back.mkv", Encoding(codec="ffv1"))
    assert plane_hashes(back.output) == plane_hashes(first.output)
    assert picture_times(back.output) == picture_times(first.output)
    torn = fields(tmp_path / "f.mkv", "bff", "-c:v", "ffv1", "-pix_fmt", "yuv420p")
    first = first_go(torn, tmp_path / "y.mkv", Encoding(codec="ffv1"))
    back = give_back(torn, first.layer, tmp_path / "back-y.mkv", Encoding(codec="ffv1"))
    assert plane_hashes(back.output) == plane_hashes(first.output)
    assert all(f["interlaced_frame"] and not f["top_field_first"] for f in frames_of(back.output))


def test_a_part_of_a_film(tmp_path: Path) -> None:
    """The layer of a part fits that part, and that of the whole film any part."""
    source = make(tmp_path / "a.mkv", *pattern(2.0), "-c:v", "ffv1", "-pix_fmt", "yuv420p")
    ffv1, part = Encoding(codec="ffv1"), {"start_s": 0.6, "end_s": 1.4}
    of_part = first_go(source, tmp_path / "x.mkv", ffv1, **part)
    whole = first_go(source, tmp_path / "whole.mkv", ffv1)
    back = give_back(source, of_part.layer, tmp_path / "back.mkv", ffv1, **part)
    assert plane_hashes(back.output) == plane_hashes(of_part.output)
    back = give_back(source, whole.layer, tmp_path / "back-2.mkv", ffv1, **part)
    assert plane_hashes(back.output) == plane_hashes(whole.output)[15:35]
    wrong = give_back(source, of_part.layer, tmp_path / "back-3.mkv", ffv1)
    assert wrong.status == "failed" and "has 20 frames" in wrong.reason and "--start" in wrong.reason


def test_shots_in_color_stay_as_they_are(tmp_path: Path) -> None:
    source = make(tmp_path / "a.mkv", *pattern(1.0), "-pix_fmt", "yuv420p", "-c:v", "ffv1")
    first = first_go(source, tmp_path / "x.mkv", Encoding(codec="ffv1"), recolor_all=False)
    back = give_back(source, first.layer, tmp_path / "back.mkv", Encoding(codec="ffv1"), recolor_all=False)
    assert plane_hashes(back.output) == plane_hashes(source)


def test_a_prores_layer_comes_near(tmp_path: Path) -> None:
    source = make(tmp_path / "a.mkv", *pattern(0.4), "-pix_fmt", "yuv420p", "-c:v", "ffv1")
    first = first_go(source, tmp_path / "x.mov", Encoding(codec="prores_ks"))
    back = give_back(source, first.layer, tmp_path / "back.mkv", Encoding(codec="ffv1"))
    assert back.status == "done", back.reason
    assert luma_hashes(back.output) == luma_hashes(source)


def test_any_film_in_color_with_the_same_frames_gives_its_chroma(tmp_path: Path) -> None:
    source = make(tmp_path / "a.mkv", *pattern(0.4), "-vf", "hue=s=0", "-c:v", "ffv1", "-pix_fmt", "yuv420p")
    small = make(tmp_path / "c.mp4", *pattern(0.4, size="48x32"), "-c:v", "libx264", "-pix_fmt", "yuv444p")
    back = give_back(source, small, tmp_path / "back.mkv", Encoding(codec="ffv1"))
    assert back.status == "done", back.reason
    assert luma_hashes(back.output) == luma_hashes(source)
    assert plane_hashes(back.output) != plane_hashes(source)


def test_films_that_do_not_fit_are_refused_by_name(tmp_path: Path) -> None:
    source = make(tmp_path / "a.mkv", *pattern(1.0), "-c:v", "ffv1", "-pix_fmt", "yuv420p")
    for name, arguments, words in (
        ("short.mkv", (*pattern(0.5), "-c:v", "ffv1"), "has 13 frames"),
        ("wide.mkv", (*pattern(1.0, size="128x64"), "-c:v", "ffv1"), "has 128 x 64 px"),
        ("grey.mkv", (*pattern(1.0), "-c:v", "ffv1", "-pix_fmt", "gray"), "has no colour"),
    ):
        other = make(tmp_path / name, *arguments)
        item = give_back(source, other, tmp_path / "out" / "x.mkv", Encoding(codec="ffv1"))
        assert item.status == "failed" and item.reason.startswith(f"{other}: {words}"), item.reason
    assert not (tmp_path / "out").exists()


def test_folders_options_and_what_is_done(tmp_path: Path, tiny_weights: Path) -> None:
    rendering = api.settle("video", weights=tiny_weights, render_factor=4, device="cpu")
    reels = tmp_path / "reels"
    reels.mkdir()
    for name in ("a.mkv", "b.mkv"):
        make(reels / name, *pattern(0.4), "-vf", "hue=s=0", "-c:v", "ffv1", "-pix_fmt", "yuv420p")
    out, again = tmp_path / "out", tmp_path / "again"
    api.colorize_video(reels, out, rendering=rendering, layer="beside", encoding=Encoding(codec="ffv1"))
    (out / "b-layer.mkv").unlink()
    (out / "b.mkv").unlink()

    def run() -> list[Item]:
        return api.colorize_video(
            reels, again, rendering=rendering, colors_from=out, encoding=Encoding(codec="ffv1")
        )

    a, b = run()
    assert (a.status, a.colors_from, b.status, b.colors_share) == ("done", out / "a-layer.mkv", "done", 0.0)
    assert plane_hashes(a.output) == plane_hashes(out / "a.mkv")
    assert [item.status for item in run()] == ["skipped"] * 2
    layer = out / "a-layer.mkv"
    for options, words in (
        ({"layer": "beside"}, "leave out --layer"),
        ({"hints": layer}, "leave out --hints"),
    ):
        with pytest.raises(OptionError, match=words):
            api.colorize_video(reels / "a.mkv", rendering=rendering, colors_from=layer, **options)
    with pytest.raises(OptionError, match="to one film"):
        api.colorize_video(reels, rendering=rendering, colors_from=layer)


def test_the_chroma_of_a_layer_is_what_was_encoded(tmp_path: Path) -> None:
    """Round trips do not wear it down."""
    source = make(tmp_path / "a.mkv", *pattern(0.4), "-c:v", "ffv1", "-pix_fmt", "yuv420p")
    first = first_go(source, tmp_path / "x.mkv", Encoding(codec="ffv1"))
    second = give_back(source, first.output, tmp_path / "y.mkv", Encoding(codec="ffv1"))
    third = give_back(source, second.output, tmp_path / "z.mkv", Encoding(codec="ffv1"))
    assert plane_hashes(third.output) == plane_hashes(first.output)
    assert np.array_equal(luma_hashes(third.output), luma_hashes(source))
