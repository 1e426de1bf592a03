"""Colour as a layer, a result of its own beside the result or in its place."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deoldify_lite import api
from deoldify_lite.color.layer import is_layer, lay_over
from deoldify_lite.errors import OptionError
from deoldify_lite.photo.io import pages_of, read_photo
from deoldify_lite.photo.xmp import says_layer
from deoldify_lite.run.items import as_json, summary
from deoldify_lite.run.manifest import Manifest
from deoldify_lite.run.verify import verify
from helpers.photos import has_mark, several_pages
from helpers.pictures import grey_picture
from helpers.profiles import rgb_profile


@pytest.fixture
def rendering(tiny_weights: Path) -> api.Rendering:
    return api.settle(weights=tiny_weights, render_factor=4, device="cpu")


def test_a_layer_lies_beside_each_result(photos: Path, rendering: api.Rendering) -> None:
    plain = {
        item.output: item.output.read_bytes() for item in api.colorize_folder(photos, rendering=rendering)
    }
    items = api.colorize_folder(photos, rendering=rendering, layer="beside", overwrite=True)
    assert {item.output: item.output.read_bytes() for item in items} == plain
    names = {item.source.name: item.layer.name for item in items}
    assert names == {"a.jpg": "a-layer.png", "b.png": "b-layer.png", "c 1.tif": "c 1-layer.tif"}
    for item in items:
        layer, result = read_photo(item.layer), read_photo(item.output)
        assert layer.rgb.dtype == np.uint16 and is_layer(layer.rgb)
        assert says_layer(layer.xmp) and has_mark(layer.xmp)
        source = read_photo(item.source)
        if item.output.suffix != ".jpg":
            assert np.abs(lay_over(source.rgb, layer.rgb).astype(int) - result.rgb).max() <= 1
    assert summary(items) == "3 done, 3 with a layer beside"
    assert {one["layer"] for one in as_json(items, {})["items"]} == {str(item.layer) for item in items}


def test_a_layer_is_recorded_skipped_and_verified(photos: Path, rendering: api.Rendering) -> None:
    out = photos.with_name("out")
    api.colorize_folder(photos, out, rendering=rendering)
    added = api.colorize_folder(photos, out, rendering=rendering, layer="beside")
    assert {item.status for item in added} == {"done"}  # the layers were missing
    again = api.colorize_folder(photos, out, rendering=rendering, layer="beside")
    assert {item.status for item in again} == {"skipped"} and all(item.layer for item in again)
    assert {item.status for item in api.colorize_folder(photos, out, rendering=rendering)} == {"skipped"}
    assert sum(verdict.sound for verdict in verify(out)) == 6
    (out / "b-layer.png").unlink()
    third = {item.source.name: item.status for item in _run(photos, out, rendering)}
    assert third == {"a.jpg": "skipped", "b.png": "done", "c 1.tif": "skipped"}
    stronger = replace(rendering, saturation=0.5)
    assert {item.status for item in _run(photos, out, stronger)} == {"done"}


def _run(photos: Path, out: Path, rendering: api.Rendering) -> list[api.Item]:
    return api.colorize_folder(photos, out, rendering=rendering, layer="beside")


def test_a_layer_replaces_no_file_of_the_users(photos: Path, rendering: api.Rendering) -> None:
    out = photos.with_name("out")
    out.mkdir()
    (out / "b-layer.png").write_bytes(b"my own")
    items = {item.source.name: item for item in _run(photos, out, rendering)}
    assert items["b.png"].status == "failed" and "b-layer.png" in items["b.png"].reason
    assert (out / "b-layer.png").read_bytes() == b"my own" and not (out / "b.png").exists()
    assert items["a.jpg"].status == "done"


def test_layers_alone(photos: Path, rendering: api.Rendering) -> None:
    out = photos.with_name("out")
    _run(photos, out, rendering)
    both = {path.name: path.read_bytes() for path in out.rglob("*-layer.*")}
    alone = api.colorize_folder(photos, out.with_name("alone"), rendering=rendering, layer="only")
    assert {item.output.name: item.output.read_bytes() for item in alone} == both
    assert all(item.layer is None for item in alone)
    # They are the same results: each run finds those of the other.
    assert {item.status for item in api.colorize_folder(photos, out, rendering=rendering, layer="only")} == {
        "skipped"
    }
    named = api.colorize_folder(photos / "b.png", out / "mine.png", rendering=rendering, layer="only")
    assert named[0].output.read_bytes() == both["b-layer.png"]


def test_what_a_layer_alone_cannot_have_is_refused(photos: Path, rendering: api.Rendering) -> None:
    for options in ({"compare": True}, {"watermark": True}, {"format": "jpg"}):
        with pytest.raises(OptionError):
            api.colorize_folder(photos, rendering=rendering, layer="only", **options)
    with pytest.raises(OptionError, match=r"no layer is written as \.jpg"):
        api.colorize_folder(photos / "a.jpg", photos / "x.jpg", rendering=rendering, layer="only")
    with pytest.raises(OptionError, match="choose one of beside, only"):
        api.colorize_folder(photos, rendering=rendering, layer="both")
    with pytest.raises(OptionError, match="on this machine"):
        api.colorize_folder(photos, "memory://bucket/out", rendering=rendering, layer="beside")


def test_names_of_layers_stay_apart(tmp_path: Path, rendering: api.Rendering) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.png", "a.jpg", "a-layer.png"):
        Image.fromarray(grey_picture(30, 40)).save(folder / name)
    items = api.colorize_folder(folder, rendering=rendering, layer="beside", compare=True)
    assert {item.status for item in items} == {"done"}
    names = [str(path) for item in items for path in (item.output, item.layer)]
    assert len(set(names)) == 6


def test_a_layer_keeps_profile_depth_and_pages(tmp_path: Path, rendering: api.Rendering) -> None:
    icc = rgb_profile(((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)), 2.2)
    Image.fromarray(grey_picture(30, 40)).convert("RGB").save(tmp_path / "wide.png", icc_profile=icc)
    (item,) = api.colorize_folder(tmp_path / "wide.png", rendering=rendering, layer="beside")
    assert read_photo(item.layer).icc == icc
    (item,) = api.colorize_folder(several_pages(tmp_path / "album.tif"), rendering=rendering, layer="beside")
    assert item.status == "done" and item.layer.name == "album-colorized-layer.tif"
    pages, layers = pages_of(tmp_path / "album.tif")[0], pages_of(item.layer)[0]
    assert len(pages) == len(layers) == 3
    for (own, _), (its, _) in zip(pages, layers, strict=True):
        source, layer = read_photo(tmp_path / "album.tif", page=own), read_photo(item.layer, page=its)
        assert layer.rgb.shape == source.rgb.shape and is_layer(layer.rgb)
    assert len(Manifest(tmp_path).records()) == 4


def test_pages_get_a_layer_each_where_the_format_holds_none(tmp_path: Path, rendering: api.Rendering) -> None:
    album = several_pages(tmp_path / "album.tif")
    (item,) = api.colorize_folder(album, rendering=rendering, layer="beside", format="png")
    assert item.status == "done"
    assert sorted(path.name for path in tmp_path.glob("*-layer*")) == [
        "album-colorized-layer-page2.png",
        "album-colorized-layer-page3.png",
        "album-colorized-layer.png",
    ]


def test_deoldifys_own_arithmetic_has_layers_too(tmp_path: Path) -> None:
    """Its networks give a whole picture. Only where colours do not fit, and it loses luma, is it another."""
    from deoldify_lite.render.colorizer import Colorizer
    from deoldify_lite.run.photos import colorize_photos
    from deoldify_lite.run.task import Task
    from helpers.photo_runs import SETTINGS

    class Rgb:
        predicts_rgb, chroma_stride = True, 1

        def predict(self, lumas: np.ndarray) -> np.ndarray:
            planes = np.stack([0.2 + lumas / 500, lumas / 400, lumas / 400], 1)
            return planes.astype(np.float32)

    Image.fromarray(grey_picture(60, 80)).save(tmp_path / "a.png")
    task = Task(tmp_path / "a.png", tmp_path / "b.png", Manifest(tmp_path), layer=tmp_path / "l.png")
    colorizer = Colorizer(Rgb(), render_factor=2)
    (item,) = colorize_photos([task], lambda: colorizer, SETTINGS, batch_size=1)
    source, layer, result = (read_photo(path).rgb for path in (task.source, task.layer, task.output))
    assert item.status == "done"
    assert np.abs(lay_over(source, layer).astype(int) - result).max() <= 1
