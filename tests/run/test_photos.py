"""Photos through the whole program in memory and on disk, on a tiny network."""

import io
import json
import os
import struct
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from deoldify_lite import api
from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.photo.io import read_photo
from deoldify_lite.photo.photo import Photo
from deoldify_lite.render.colorizer import Colorizer, finds_no_color
from deoldify_lite.render.look import Look
from deoldify_lite.run.finish import side_by_side
from deoldify_lite.run.items import Item, as_json, summary
from deoldify_lite.run.manifest import Manifest
from deoldify_lite.run.photos import colorize_photos
from deoldify_lite.run.plan import plan, tasks_of
from deoldify_lite.run.settings import PhotoSettings
from deoldify_lite.system.selection import LeftOut
from helpers.networks import Fixed
from helpers.photos import has_mark
from helpers.pictures import grey_picture, luma_levels
from helpers.places import ROOT
from helpers.profiles import rgb_profile


@pytest.fixture
def rendering(tiny_weights: Path) -> api.Rendering:
    return api.settle(weights=tiny_weights, render_factor=4, device="cpu")


def by_name(items: list[Item]) -> dict[str, Item]:
    return {item.source.name: item for item in items}


def test_a_folder_comes_out_whole_and_in_color(photos: Path, rendering: api.Rendering) -> None:
    before = {path: path.read_bytes() for path in photos.rglob("*.*")}
    items = api.colorize_folder(photos, rendering=rendering)
    assert [item.status for item in items] == ["done"] * 3
    for item in items:
        source, result = np.asarray(Image.open(item.source)), np.asarray(Image.open(item.output))
        assert result.shape == source.shape
        assert np.ptp(result.astype(int), axis=2).mean() > 5
    exact = by_name(items)["b.png"]
    difference = (
        luma_levels(np.asarray(Image.open(exact.output))) - np.asarray(Image.open(exact.source))[..., 0]
    )
    assert np.abs(difference).max() <= 1
    assert {path: path.read_bytes() for path in photos.rglob("*.*")} == before


def test_what_is_done_is_skipped_until_something_changes(photos: Path, rendering: api.Rendering) -> None:
    api.colorize_folder(photos, rendering=rendering)
    again = api.colorize_folder(photos, rendering=rendering)
    assert [item.status for item in again] == ["skipped"] * 3
    Image.fromarray(grey_picture(30, 40)).save(photos / "b.png")
    (photos.with_name("photos-colorized") / "a.jpg").unlink()
    third = by_name(api.colorize_folder(photos, rendering=rendering))
    assert {name: item.status for name, item in third.items()} == {
        "c 1.tif": "skipped", "b.png": "done", "a.jpg": "done",
    }  # fmt: skip
    other = replace(rendering, saturation=0.5)
    assert {item.status for item in api.colorize_folder(photos, rendering=other)} == {"done"}
    over = api.colorize_folder(photos, rendering=other, overwrite=True)
    assert {item.status for item in over} == {"done"}


def test_the_network_is_not_loaded_for_nothing(photos: Path, rendering: api.Rendering) -> None:
    api.colorize_folder(photos, rendering=rendering)
    tasks = tasks_of(
        plan([photos], None, suffixes={".jpg", ".png", ".tif"}, suffix_of=lambda path: path.suffix)
    )

    def load() -> Colorizer:
        raise AssertionError("loaded")

    settings = PhotoSettings(Look(rendering.sha256, rendering.render_factor, rendering.saturation, "auto"))
    items = list(colorize_photos(tasks, load, settings, batch_size=2))
    assert {item.status for item in items} == {"skipped"}


def test_one_bad_photo_stops_no_other(photos: Path, rendering: api.Rendering) -> None:
    (photos / "broken.jpg").write_bytes((photos / "a.jpg").read_bytes()[:700])
    (photos / "empty.png").touch()
    items = by_name(api.colorize_folder(photos, rendering=rendering, batch_size=2))
    assert [items[name].status for name in ("broken.jpg", "empty.png")] == ["failed", "failed"]
    assert "broken.jpg" in items["broken.jpg"].reason
    assert sum(item.status == "done" for item in items.values()) == 3
    assert not (photos.with_name("photos-colorized") / "broken.jpg").exists()


def test_what_else_is_in_the_folder_is_told(photos: Path, rendering: api.Rendering, caplog) -> None:
    for name in ("a.ai", "b.AI", "@eaDir/a.jpg"):
        (photos / name).parent.mkdir(exist_ok=True)
        (photos / name).touch()
    told = LeftOut()
    with caplog.at_level("INFO"):
        items = api.colorize_folder(
            photos, rendering=rendering, include=["*.jpg", "*.ai"], on_left_out=told.update
        )
    assert [Path(item.source).name for item in items] == ["a.jpg"]
    said = "2 files of other kinds left out: .ai 2; folders of the system left out: @eaDir 1"
    assert said in caplog.text and summary(items, told) == f"1 done; {said}"
    data = json.loads(json.dumps(as_json(items, {}, told)))
    assert data["left_out"] == {"files": {".ai": 2}, "folders": {"@eaDir": 1}}
    # One pattern alone, as a text, is a pattern.
    assert len(api.colorize_folder(photos, rendering=rendering, exclude="*.jpg")) == 2


def test_damaged_photos_are_coloured_as_far_as_they_go(photos: Path, rendering: api.Rendering) -> None:
    whole = (photos / "a.jpg").read_bytes()
    (photos / "cut.jpg").write_bytes(whole[: len(whole) * 2 // 3])
    (photos / "none.png").write_bytes(b"no picture")

    def outcome(**options: bool) -> dict[str, str]:
        items = api.colorize_folder(photos, rendering=rendering, include=["*.jpg", "none.png"], **options)
        for item in items:
            if item.status == "done" and Path(item.source).name == "cut.jpg":
                assert "is damaged: " in item.warnings[0]
        return {Path(item.source).name: item.status for item in items}

    assert outcome() == {"a.jpg": "done", "cut.jpg": "failed", "none.png": "failed"}
    assert outcome(damaged=True) == {"a.jpg": "skipped", "cut.jpg": "done", "none.png": "failed"}
    assert outcome() == {"a.jpg": "skipped", "cut.jpg": "skipped", "none.png": "failed"}


def test_a_file_of_the_users_is_kept(photos: Path, rendering: api.Rendering) -> None:
    precious = photos.with_name("photos-colorized") / "a.jpg"
    precious.parent.mkdir()
    precious.write_bytes(b"painted by hand")
    items = by_name(api.colorize_folder(photos, rendering=rendering))
    assert items["a.jpg"].status == "failed" and "--overwrite" in items["a.jpg"].reason
    assert precious.read_bytes() == b"painted by hand"


def careless_photos(folder: Path) -> dict[str, str]:
    """Write photos that are not quite right; return what the run is to say of each, by its name."""
    folder.mkdir()
    grey = Image.fromarray(grey_picture(60, 80))
    frames = [grey, grey.point(lambda level: 255 - level)]
    frames[0].save(folder / "frames.gif", save_all=True, append_images=frames[1:])
    grey.save(folder / "exif.jpg", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x09")
    grey.save(folder / "profile.bmp")
    inks = np.repeat(np.asarray(grey)[..., :1], 5, axis=2)  # and a spot colour
    tifffile.imwrite(folder / "spot.tif", inks, photometric="separated", extrasamples=["unspecified"])
    with tifffile.TiffWriter(folder / "second.tif") as writer:
        writer.write(np.asarray(grey), photometric="rgb", metadata=None)
        writer.write(inks, photometric="separated", extrasamples=["unspecified"], metadata=None)
    return {
        "frames.gif": "holds several frames",
        "exif.jpg": "its EXIF is damaged",
        "profile.bmp": "is not marked as coloured by AI",
        "spot.tif": "more channels",
        "second.tif": "page 2: has more channels",
    }


def test_what_readers_and_writers_warn_of_is_in_the_item(tmp_path: Path, rendering: api.Rendering) -> None:
    expected = careless_photos(tmp_path / "in")
    items = by_name(api.colorize_folder(tmp_path / "in", rendering=rendering, batch_size=2))
    for name, words in expected.items():
        assert sum(words in warning for warning in items[name].warnings) == 1, items[name]
    assert {item.warnings for item in api.colorize_folder(tmp_path / "in", rendering=rendering)} == {()}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("g4.tif", {"compression": "group4"}),
        ("g3.tif", {"compression": "group3"}),
        ("plain.tif", {}),
        ("a.png", {}),
        ("a.bmp", {}),
        ("a.gif", {}),
        ("a.jpg", {"quality": 85}),
    ],
)
def test_ink_on_paper_is_no_picture_in_color(
    tmp_path: Path, rendering: api.Rendering, name: str, options: dict[str, str]
) -> None:
    """No chroma fits pure black and white: the network finds some, but the result shows none."""
    ink = Image.fromarray(np.kron(grey_picture(12, 16)[..., 0] > 128, np.ones((20, 20), bool)))
    (ink if name != "a.jpg" else ink.convert("L")).save(tmp_path / name, **options)
    (item,) = api.colorize_folder(tmp_path / name, rendering=rendering, watermark=True)
    assert item.status == "done" and sum("as 1-bit scans are" in text for text in item.warnings) == 1


@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_what_libraries_warn_of_is_said_of_its_photo(
    tmp_path: Path, rendering: api.Rendering, suffix: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Twice: Python by itself shows the same warning only once."""
    if suffix == ".jpg":
        exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x09"  # promises nine entries and has none
        Image.fromarray(grey_picture(60, 80)).save(tmp_path / "a.jpg", exif=exif)
    else:
        rights = [(33432, "s", 0, "x" * 40, True)]
        tifffile.imwrite(tmp_path / "a.tif", grey_picture(60, 80), photometric="rgb", extratags=rights)
        data = bytearray((tmp_path / "a.tif").read_bytes())
        entry = data.index(struct.pack("<HH", 33432, 2))
        struct.pack_into("<I", data, entry + 8, len(data) - 4)  # its text ends beyond the file
        (tmp_path / "a.tif").write_bytes(data)
    (tmp_path / f"b{suffix}").write_bytes((tmp_path / f"a{suffix}").read_bytes())
    one, other = api.colorize_folder([tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"], rendering=rendering)
    assert one.status == "done" and any("its decoder warns" in text for text in one.warnings)
    assert one.warnings == other.warnings
    assert "Warning" not in capfd.readouterr().err


@pytest.mark.parametrize("format", ["jpg", "png", "tif", "webp"])
def test_formats_and_comparison(photos: Path, rendering: api.Rendering, format: str, tmp_path: Path) -> None:
    items = api.colorize_folder(
        str(photos / "b.png"), str(tmp_path / "out"), rendering=rendering, format=format, compare=True
    )
    assert [path.name for path in sorted((tmp_path / "out").glob("[!.]*"))] == [
        "b-compare.jpg", f"b.{format}",
    ]  # fmt: skip
    assert Image.open(items[0].output).size == (48, 64)
    assert Image.open(tmp_path / "out" / "b-compare.jpg").size == (96, 64)


def test_sixteen_bits_stay_sixteen(rendering: api.Rendering, tmp_path: Path) -> None:
    deep = (np.arange(60 * 80).reshape(60, 80) * 13).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "scan.tif")
    (item,) = api.colorize_folder(tmp_path / "scan.tif", rendering=rendering)
    result = read_photo(item.output).rgb
    assert result.dtype == np.uint16
    assert np.abs(luma_levels(result) - deep).max() <= 1


@pytest.mark.parametrize(
    ("cb", "words"), [(0.001, "the network found no colour"), (0.003, "hardly any colour")]
)
def test_a_grey_result_is_told_of(photos: Path, cb: float, words: str) -> None:
    tasks = tasks_of(plan([photos], None, suffixes={".png"}, suffix_of=lambda path: path.suffix))
    colorless = Colorizer(Fixed((cb, 0)), render_factor=2)
    (item,) = colorize_photos(
        tasks, lambda: colorless, PhotoSettings(Look("x", 2, 1.0, "auto")), batch_size=1
    )
    assert any(words in warning and "grey" in warning for warning in item.warnings)


def test_out_of_memory_lowers_the_render_factor_and_says_so(photos: Path) -> None:
    class Small(Fixed):
        def predict(self, lumas: np.ndarray) -> np.ndarray:
            if lumas.shape[-1] > 16 * 10:
                raise MemoryError
            return super().predict(lumas)

    tasks = tasks_of(plan([photos], None, suffixes={".jpg", ".png"}, suffix_of=lambda path: path.suffix))
    colorizer = Colorizer(Small(), render_factor=16)
    items = list(
        colorize_photos(tasks, lambda: colorizer, PhotoSettings(Look("x", 16, 1.0, "auto")), batch_size=1)
    )
    assert [(item.status, item.render_factor) for item in items] == [("done", 9)] * 2
    assert all("render factor 9" in item.warnings[0] for item in items)
    hopeless = Colorizer(Fixed(most=0, error=MemoryError()), render_factor=5)
    items = list(
        colorize_photos(
            tasks, lambda: hopeless, PhotoSettings(Look("y", 5, 1.0, "auto")), batch_size=1, overwrite=True
        )
    )
    assert [item.status for item in items] == ["failed"] * 2 and "out of memory" in items[0].reason


def test_leaving_early_leaves_no_half_file(photos: Path, rendering: api.Rendering) -> None:
    tasks = tasks_of(
        plan([photos], None, suffixes={".jpg", ".png", ".tif"}, suffix_of=lambda path: path.suffix)
    )
    settings = PhotoSettings(Look(rendering.sha256, 4, 1.0, "auto"))
    run = colorize_photos(tasks, rendering.load, settings, batch_size=1)
    next(run)
    run.close()
    out = photos.with_name("photos-colorized")
    assert not [path for path in out.rglob("*") if ".part" in path.name]
    for path in out.rglob("*.*"):
        if path.suffix in {".jpg", ".png", ".tif"}:
            Image.open(path).load()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_an_error_for_each(
    photos: Path, rendering: api.Rendering, tmp_path: Path
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    items = api.colorize_folder(photos, locked / "out", rendering=rendering)
    assert {item.status for item in items} == {"failed"}


def test_options_that_make_no_sense(photos: Path, tiny_weights: Path, rendering: api.Rendering) -> None:
    with pytest.raises(OptionError, match="choose 2 to 64"):
        api.settle(weights=tiny_weights, render_factor=1)
    with pytest.raises(OptionError, match="saturation"):
        api.settle(weights=tiny_weights, saturation=-1)
    with pytest.raises(OptionError, match="artistic, stable, video"):
        api.settle("sepia", weights=tiny_weights)
    with pytest.raises(OptionError, match="quality"):
        api.colorize_folder(photos, rendering=rendering, quality=0)
    with pytest.raises(OptionError, match="batch size"):
        api.colorize_folder(photos, rendering=rendering, batch_size=0)


def test_grey_and_side_by_side() -> None:
    assert finds_no_color(np.full((2, 4, 4), 0.001, np.float32))
    assert not finds_no_color(np.full((2, 4, 4), 0.01, np.float32))
    assert finds_no_color(np.full((4, 4, 3), 7, np.uint8))
    assert not finds_no_color(np.array([[[7, 9, 7]]], np.uint8))
    pair = side_by_side(np.zeros((4, 5, 3), np.uint16), np.full((4, 5, 3), 65535, np.uint16))
    assert pair.shape == (4, 10, 3) and pair.dtype == np.uint8 and pair[0, 9, 0] == 255


def test_report(tmp_path: Path) -> None:
    items = [
        Item(tmp_path / "a", tmp_path / "b", "done", warnings=("w",)),
        Item(tmp_path / "c", tmp_path / "d", "failed", "why"),
    ]
    assert summary(items) == "1 done, 1 failed, 1 with warnings"
    assert summary([]) == "nothing to do"
    data = json.loads(json.dumps(as_json(items, {"mode": "video"})))
    assert data["counts"] == {"done": 1, "failed": 1}
    assert data["items"][1]["reason"] == "why" and data["items"][0]["source"] == str(tmp_path / "a")


def photo_of(item: Item) -> Photo:
    assert item.status == "done", item
    return read_photo(item.output)


@pytest.mark.parametrize("format", ["jpg", "png", "tif", "webp"])
def test_results_say_that_their_colors_are_made(
    photos: Path, rendering: api.Rendering, format: str, tmp_path: Path
) -> None:
    """By default and only then; comparisons say so, too."""
    options = {"rendering": rendering, "format": format, "compare": True}
    marked = api.colorize_folder(photos / "b.png", tmp_path / "1", **options)[0]
    plain = api.colorize_folder(photos / "b.png", tmp_path / "2", mark=False, **options)[0]
    assert has_mark(photo_of(marked).xmp) and photo_of(plain).xmp is None
    assert has_mark(read_photo(tmp_path / "1" / "b-compare.jpg").xmp)
    assert read_photo(tmp_path / "2" / "b-compare.jpg").xmp is None
    assert np.array_equal(photo_of(marked).rgb, photo_of(plain).rgb)


def test_where_there_can_be_no_mark_it_is_said(photos: Path, rendering: api.Rendering) -> None:
    Image.fromarray(grey_picture(30, 40)).save(photos / "a.bmp")
    (bmp,) = api.colorize_folder(photos / "a.bmp", rendering=rendering)
    assert bmp.status == "done" and "holds no XMP" in bmp.warnings[0]
    broken = b"<x:xmpmeta"
    Image.fromarray(grey_picture(30, 40)).save(photos / "broken.webp", xmp=broken)
    (webp,) = api.colorize_folder(photos / "broken.webp", rendering=rendering)
    assert "kept as it is" in webp.warnings[0] and photo_of(webp).xmp == broken


def test_a_watermark_is_drawn_on_the_result_alone(
    photos: Path, rendering: api.Rendering, tmp_path: Path
) -> None:
    Image.fromarray(grey_picture(300, 200)).save(photos / "b.png")
    options = {"rendering": rendering, "compare": True}
    plain = photo_of(api.colorize_folder(photos / "b.png", tmp_path / "1", **options)[0]).rgb
    drawn = photo_of(api.colorize_folder(photos / "b.png", tmp_path / "2", watermark=True, **options)[0]).rgb
    changed = (plain != drawn).any(axis=2)
    assert changed.any() and not changed[:250].any() and not changed[:, 50:].any()
    before = read_photo(tmp_path / "2" / "b-compare.jpg").rgb[:, :200].astype(int)
    assert np.ptp(before, axis=2).max() <= 2


def test_mark_and_watermark_are_settings(photos: Path, rendering: api.Rendering) -> None:
    """A result with them is another one than without."""
    api.colorize_folder(photos / "b.png", rendering=rendering)
    for options in ({"mark": False}, {"watermark": True}):
        (item,) = api.colorize_folder(photos / "b.png", rendering=rendering, **options)
        assert item.status == "done"
        (item,) = api.colorize_folder(photos / "b.png", rendering=rendering, **options)
        assert item.status == "skipped"


def one_color(path: Path, **options: object) -> Photo:
    """A photo colorized by a network that gives a strong colour everywhere."""
    tasks = tasks_of(plan([path], None, suffixes={path.suffix}, suffix_of=lambda source: source.suffix))
    colorizer = Colorizer(Fixed((-0.3, 0.4)), render_factor=2)
    settings = PhotoSettings(Look("x", 2, 1.0, "auto"), **options)
    (item,) = colorize_photos(tasks, lambda: colorizer, settings, batch_size=1, overwrite=True)
    return photo_of(item)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_every_grey_of_16_bits_keeps_its_luma(tmp_path: Path, suffix: str) -> None:
    """All 65536 of them, also where the colour would not fit."""
    grey = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    Image.fromarray(grey).save(tmp_path / f"a{suffix}")
    result = one_color(tmp_path / f"a{suffix}").rgb
    assert result.dtype == np.uint16
    assert np.abs(luma_levels(result) - grey).max() <= 1
    assert np.ptp(result.astype(int), axis=2).mean() > 65535 // 8


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_colors_of_16_bits_keep_their_luma(tmp_path: Path, suffix: str) -> None:
    rgb = np.random.default_rng(0).integers(0, 65536, (64, 64, 3), dtype=np.uint16)
    cv2.imwrite(str(tmp_path / f"a{suffix}"), rgb[..., ::-1])
    result = one_color(tmp_path / f"a{suffix}").rgb
    assert result.dtype == np.uint16 and np.abs(luma_levels(result) - luma_levels(rgb)).max() <= 1


def test_a_wide_gamut_stays_wide(tmp_path: Path) -> None:
    """Numbers of a wide space stay numbers of that space; its profile goes with them."""
    primaries = (0.64, 0.33), (0.21, 0.71), (0.15, 0.06)  # of Adobe RGB (1998)
    wide = rgb_profile(primaries, gamma=2.19921875)
    grey = grey_picture(64, 48)
    Image.fromarray(grey).save(tmp_path / "a.png", icc_profile=wide)
    result = one_color(tmp_path / "a.png")
    assert result.icc == wide and np.abs(luma_levels(result.rgb) - grey[..., 0]).max() <= 1
    Image.fromarray(grey).save(tmp_path / "b.png")
    assert np.array_equal(result.rgb, one_color(tmp_path / "b.png").rgb)
    # To the eye it is the same hue, and more of it by as much as the space is wider.
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")

    def chroma(source: object) -> np.ndarray:
        image = Image.fromarray(result.rgb)
        seen = np.asarray(ImageCms.profileToProfile(image, source, lab, outputMode="LAB"))
        return (seen[..., 1:].view(np.int8).astype(float) + 0).reshape(-1, 2).mean(axis=0)

    adobe = chroma(ImageCms.ImageCmsProfile(io.BytesIO(wide)))
    usual = chroma(srgb)
    turn = np.degrees(np.arccos(adobe @ usual / np.linalg.norm(adobe) / np.linalg.norm(usual)))
    assert turn < 15 and 1 <= np.linalg.norm(adobe) / np.linalg.norm(usual) < 1.5


def test_a_second_run_into_the_same_folder_stops(photos: Path, rendering: api.Rendering) -> None:
    tasks = tasks_of(plan([photos], None, suffixes={".jpg", ".png"}, suffix_of=lambda path: path.suffix))
    run = partial(
        colorize_photos, tasks, rendering.load, PhotoSettings(Look("x", 4, 1.0, "auto")), batch_size=1
    )
    first = run()
    next(first)
    with pytest.raises(InputError, match="another run is at work"):
        next(run(overwrite=True))
    assert all(item.status == "done" for item in first)
    assert all(item.status == "skipped" for item in run())
    names = {path.name for path in tasks[0].output.parent.iterdir()}
    assert names == {".deoldify_lite.jsonl", *(task.output.name for task in tasks)}


def test_a_result_is_recorded_before_it_has_its_name(
    photos: Path, rendering: api.Rendering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in between, the next run does it again, and does not take it for a file of the user's."""
    tasks = tasks_of(plan([photos], None, suffixes={".png"}, suffix_of=lambda path: path.suffix))
    settings = PhotoSettings(Look("x", 4, 1.0, "auto"))
    seen: list[bool] = []

    add = Manifest.add

    def watch(manifest: Manifest, output: Path, *arguments: object, **options: object) -> None:
        seen.append(output.exists())
        add(manifest, output, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Manifest, "add", watch)
    (item,) = colorize_photos(tasks, rendering.load, settings, batch_size=1)
    assert item.status == "done" and seen == [False]
    item.output.unlink()
    (item,) = colorize_photos(tasks, rendering.load, settings, batch_size=1)
    assert item.status == "done" and item.output.exists()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there is no such signal")
def test_killed_at_any_time_a_folder_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(12):
        Image.fromarray(np.roll(grey_picture(300, 400), number, axis=1)).save(folder / f"{number}.jpg")

    def command(out: Path) -> list[str]:
        run = [sys.executable, "-m", "deoldify_lite", "folder", str(folder), "-o", str(out), "--quiet"]
        return [*run, "--render-factor", "4", "--batch-size", "1"]

    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    whole, out = tmp_path / "whole", tmp_path / "killed"
    api.load_colorizer()  # prepares the network for this machine, once: no part of the time to kill at
    began = time.monotonic()
    subprocess.run(command(whole), env=environment, check=True)
    took = time.monotonic() - began
    expected = {path.name: path.read_bytes() for path in whole.glob("*.jpg")}
    assert len(expected) == 12
    rng = np.random.default_rng(0)
    for _ in range(int(os.environ.get("DEOLDIFY_LITE_KILLS", "3"))):
        process = subprocess.Popen(command(out), env=environment)
        time.sleep(rng.uniform(0.4, 1.0) * took)
        process.kill()
        process.wait()
        # Under a photo's name there is nothing, or all of it.
        assert all(path.read_bytes() == expected[path.name] for path in out.glob("[!.]*.jpg"))
    subprocess.run(command(out), env=environment, check=True)
    assert {path.name: path.read_bytes() for path in out.glob("*.jpg")} == expected
    assert {path.name for path in out.iterdir()} == {".deoldify_lite.jsonl", *expected}
