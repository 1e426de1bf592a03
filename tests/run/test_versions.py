"""Photos that take their colours from versions of the same name."""

import io
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from deoldify_lite import api
from deoldify_lite.color.merge import merge_picture
from deoldify_lite.errors import OptionError
from deoldify_lite.photo.io import read_photo
from deoldify_lite.run.items import as_json, summary
from helpers.photos import several_pages
from helpers.pictures import textured
from helpers.profiles import SRGB_ICC, rgb_profile


@pytest.fixture
def rendering(tiny_weights: Path) -> api.Rendering:
    return api.settle(weights=tiny_weights, render_factor=4, device="cpu")


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """A folder of two photos with much to see, one of them deeper and at 16 bits."""
    folder = tmp_path / "scans"
    (folder / "1920").mkdir(parents=True)
    grey = cv2.resize(textured(seed=3), (384, 320))
    Image.fromarray(grey).save(folder / "a.jpg", quality=95)
    cv2.imwrite(
        str(folder / "1920" / "b.png"), cv2.resize(textured(seed=5), (300, 260)).astype(np.uint16) * 257
    )
    return folder


def in_color(path: Path) -> np.ndarray:
    """The photo in colours that change slowly, (H, W, 3) uint8."""
    grey = read_photo(path).rgb
    grey = grey if grey.dtype == np.uint8 else (grey >> 8).astype(np.uint8)
    y, x = np.mgrid[0:24, 0:24] / 24
    return merge_picture(grey, 0.15 * np.stack([np.sin(3 * x + y), np.cos(2 * y - x)]).astype(np.float32))


def by_name(items: list[api.Item]) -> dict[str, api.Item]:
    return {item.source.name: item for item in items}


def test_versions_are_found_by_name_and_give_their_colors(scans: Path, rendering: api.Rendering) -> None:
    edited = scans.with_name("edited")
    (edited / "1920").mkdir(parents=True)
    small = cv2.resize(in_color(scans / "1920" / "b.png"), (150, 130), interpolation=cv2.INTER_AREA)
    Image.fromarray(small).save(edited / "1920" / "B.webp", quality=95)
    items = by_name(api.colorize_folder(scans, rendering=rendering, colors_from=edited))
    assert {item.status for item in items.values()} == {"done"}
    taken, own = items["b.png"], items["a.jpg"]
    assert taken.colors_from == edited / "1920" / "B.webp" and taken.colors_share > 0.6
    assert (own.colors_from, own.colors_share) == (None, 0.0)
    result, source = read_photo(taken.output).rgb, read_photo(taken.source).rgb
    assert result.dtype == np.uint16 and result.shape == source.shape
    truth = in_color(taken.source)
    assert 10 * np.log10(255**2 / np.mean((result / 257 - truth) ** 2)) > 33
    listed = as_json([*items.values()], {})["items"]
    assert {one["colors_share"] for one in listed} == {taken.colors_share, 0.0}
    assert summary([*items.values()]) == "2 done, 1 with colours of a version"


def test_layers_are_taken_back_exactly(scans: Path, rendering: api.Rendering) -> None:
    out, again = scans.with_name("out"), scans.with_name("again")
    first = by_name(api.colorize_folder(scans, out, rendering=rendering, layer="beside", format="png"))
    # The results are there as well as their layers, and other colours would come out without them.
    other = replace(rendering, saturation=0.1)
    back = by_name(api.colorize_folder(scans, again, rendering=other, colors_from=out, format="png"))
    for name, item in back.items():
        assert item.colors_from == first[name].layer and item.colors_share == 1
        result, before = (read_photo(path).rgb.astype(int) for path in (item.output, first[name].output))
        assert np.abs(result - before).max() <= (1 if name == "a.jpg" else 257)


def test_a_layer_that_an_editor_has_saved_is_known(scans: Path, rendering: api.Rendering) -> None:
    """Without our metadata, with 8 bits and under any name."""
    (first,) = api.colorize_folder(scans / "a.jpg", rendering=rendering, layer="beside", format="png")
    pixels = (read_photo(first.layer).rgb >> 8).astype(np.uint8)
    Image.fromarray(pixels).save(scans / "mine.png")
    (back,) = api.colorize_folder(
        scans / "a.jpg", scans / "back.png", rendering=rendering, colors_from=scans / "mine.png", format="png"
    )
    assert back.colors_share == 1
    result, before = (read_photo(path).rgb.astype(int) for path in (back.output, first.output))
    assert np.abs(result - before).max() <= 2


def test_what_an_editor_does_to_a_layer_unasked_is_named(scans: Path, rendering: api.Rendering) -> None:
    """Linear light changes its numbers, a picture in greyscale takes its colours, and layers become pages."""
    photo, layer = scans / "a.jpg", scans.with_name("a-layer.tif")
    (first,) = api.colorize_folder(photo, rendering=rendering, layer="beside", format="png")
    rgb = Image.fromarray((read_photo(first.layer).rgb >> 8).astype(np.uint8))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    linear = rgb_profile(((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)), 1.0)

    def give_back(**options: object) -> api.Item:
        rgb.save(layer, **options)  # type: ignore[arg-type]
        (item,) = api.colorize_folder(
            photo, scans / "x.png", rendering=rendering, colors_from=layer, overwrite=True
        )
        return item

    back = give_back(icc_profile=srgb)
    assert (back.status, back.warnings, back.colors_share) == ("done", (), 1.0)
    wrong = give_back(icc_profile=linear)
    assert wrong.status == "failed" and "not in linear light" in wrong.reason and str(layer) in wrong.reason
    pages = give_back(save_all=True, append_images=[rgb])
    assert pages.status == "failed" and "TIFF without layers" in pages.reason
    rgb = rgb.convert("L")
    grey = give_back()
    assert grey.status == "done" and any("set that to RGB" in warning for warning in grey.warnings)


def test_versions_are_turned_into_the_profile_of_the_photo(tmp_path: Path, rendering: api.Rendering) -> None:
    """One without a profile is in sRGB; the sRGB that an editor adds unasked changes nothing."""
    grey = Image.fromarray(cv2.resize(textured(seed=3), (384, 320)))
    wide = rgb_profile(((0.73, 0.27), (0.22, 0.70), (0.15, 0.05)), 2.2)

    def taken(photo_icc: bytes | None, version_icc: bytes | None) -> np.ndarray:
        photo, version = tmp_path / "a.png", tmp_path / "edited.png"
        grey.convert("RGB").save(photo, icc_profile=photo_icc)
        Image.fromarray(in_color(photo)).save(version, icc_profile=version_icc)
        (item,) = api.colorize_folder(
            photo, tmp_path / "out.png", rendering=rendering, colors_from=version, overwrite=True
        )
        assert item.status == "done", item.reason
        return read_photo(item.output).rgb.astype(int)

    as_it_is, turned = taken(None, None), taken(wide, SRGB_ICC)
    assert np.array_equal(taken(None, SRGB_ICC), as_it_is)
    assert np.abs(taken(wide, None) - turned).max() <= 1
    assert np.abs(turned - as_it_is).mean() > 2


def test_pages_take_their_colors_page_by_page(tmp_path: Path, rendering: api.Rendering) -> None:
    album = several_pages(tmp_path / "album.tif")
    (first,) = api.colorize_folder(album, tmp_path / "out", rendering=rendering, layer="beside")
    weak = replace(rendering, saturation=0.1)
    (back,) = api.colorize_folder(album, tmp_path / "back", rendering=weak, colors_from=tmp_path / "out")
    assert (back.status, back.colors_share) == ("done", 1.0), back.reason
    for page in range(3):
        result, before = (read_photo(path, page=page).rgb for path in (back.output, first.output))
        most = 1 if result.dtype == np.uint8 else 257
        assert np.abs(result.astype(int) - before).max() <= most
    (tmp_path / "out" / "album-layer.tif").unlink()
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(tmp_path / "out" / "album.png")
    (tmp_path / "out" / "album.tif").unlink()
    (failed,) = api.colorize_folder(album, tmp_path / "x", rendering=rendering, colors_from=tmp_path / "out")
    told = " ".join(failed.warnings)
    assert "page 2 is not in the result" in told and "album-page2.png" in told


def test_the_content_of_a_version_counts(scans: Path, rendering: api.Rendering) -> None:
    plain = api.colorize_folder(scans, rendering=rendering)
    edited = scans.with_name("edited")
    edited.mkdir()
    Image.fromarray(in_color(scans / "a.jpg")).save(edited / "a.png")

    def run() -> dict[str, str]:
        items = api.colorize_folder(scans, rendering=rendering, colors_from=edited)
        return {item.source.name: item.status for item in items}

    assert {item.status for item in plain} == {"done"}
    assert run() == {"a.jpg": "done", "b.png": "skipped"}  # without a version it is the same as before
    assert run() == {"a.jpg": "skipped", "b.png": "skipped"}
    Image.fromarray(255 - in_color(scans / "a.jpg")[::1, ::1, ::-1] // 2).save(edited / "a.png")
    assert run()["a.jpg"] != "skipped"


@pytest.mark.parametrize("name", ["a.tif", "a-colorized.jpg"])
def test_of_two_versions_none_is_guessed(scans: Path, rendering: api.Rendering, name: str) -> None:
    edited = scans.with_name("edited")
    edited.mkdir()
    for each in ("a.png", name):
        Image.fromarray(in_color(scans / "a.jpg")).save(edited / each)
    items = by_name(api.colorize_folder(scans, rendering=rendering, colors_from=edited))
    assert items["a.jpg"].status == "failed" and items["b.png"].status == "done"
    assert "a.png" in items["a.jpg"].reason and name in items["a.jpg"].reason


def test_versions_that_give_nothing_or_fit_nowhere_are_named(scans: Path, rendering: api.Rendering) -> None:
    edited = scans.with_name("edited")
    (edited / "1920").mkdir(parents=True)
    Image.fromarray(read_photo(scans / "a.jpg").rgb).save(edited / "a.png")
    stranger = cv2.applyColorMap(cv2.resize(textured(seed=8), (300, 300)), cv2.COLORMAP_JET)
    Image.fromarray(stranger).save(edited / "1920" / "b.png")
    items = by_name(api.colorize_folder(scans, rendering=rendering, colors_from=edited))
    grey = items["a.jpg"]
    assert grey.status == "done" and grey.colors_share == 0
    assert any("has no colour to give" in warning for warning in grey.warnings)
    wrong = items["b.png"]
    assert wrong.status == "failed" and str(edited / "1920" / "b.png") in wrong.reason
    assert "does not show the same" in wrong.reason and not wrong.output.exists()


def test_options_that_name_no_version_are_refused(
    scans: Path, rendering: api.Rendering, tmp_path: Path
) -> None:
    (tmp_path / "none").mkdir()
    version = scans / "a.jpg"
    for path, words in (
        (tmp_path / "none", "holds no version"),
        (tmp_path / "nowhere", "no such file"),
        (version, "one version gives its colours to one photo"),
    ):
        with pytest.raises(OptionError, match=words):
            api.colorize_folder(scans, rendering=rendering, colors_from=path)
    with pytest.raises(OptionError, match="on this machine"):
        api.colorize_folder(scans, "memory://bucket/out", rendering=rendering, colors_from=version)


def test_versions_among_the_photos_are_not_photos(scans: Path, rendering: api.Rendering) -> None:
    (scans / "edited").mkdir()
    Image.fromarray(in_color(scans / "a.jpg")).save(scans / "edited" / "a.png")
    items = by_name(api.colorize_folder(scans, rendering=rendering, colors_from=scans / "edited"))
    assert sorted(items) == ["a.jpg", "b.png"] and items["a.jpg"].colors_share > 0.6


def test_results_are_no_versions_of_themselves_and_layers_are(scans: Path, rendering: api.Rendering) -> None:
    out = scans.with_name("out")
    api.colorize_folder(scans, out, rendering=rendering, format="png")
    with pytest.raises(OptionError, match="holds no version"):
        api.colorize_folder(scans, out, rendering=rendering, format="png", colors_from=out)
    api.colorize_folder(scans, out, rendering=rendering, format="png", layer="beside")
    before = {path: path.read_bytes() for path in out.rglob("*.png") if "-layer" not in path.name}
    again = replace(rendering, saturation=0.1)
    items = api.colorize_folder(scans, out, rendering=again, format="png", colors_from=out)
    assert {(item.status, item.colors_share) for item in items} == {("done", 1.0)}
    for path, data in before.items():
        result, first = (np.asarray(Image.open(one)).astype(int) for one in (path, io.BytesIO(data)))
        assert np.abs(result - first).max() <= 1
    items = api.colorize_folder(scans, out, rendering=again, format="png", colors_from=out)
    assert {item.status for item in items} == {"skipped"}


def test_hints_beside_a_layer_are_warned_of(scans: Path, rendering: api.Rendering) -> None:
    hints = scans / "a.hints.csv"
    hints.write_text("50%,50%,#ff0000\n")
    photo = scans / "a.jpg"
    (first,) = api.colorize_folder(photo, rendering=rendering, layer="only")
    (back,) = api.colorize_folder(photo, rendering=rendering, colors_from=first.output, hints=hints)
    assert any("hints have no effect" in warning for warning in back.warnings)
    Image.fromarray(in_color(photo)).save(scans / "mine.png")
    (other,) = api.colorize_folder(photo, rendering=rendering, colors_from=scans / "mine.png", hints=hints)
    assert other.status == "done" and not any("hints" in warning for warning in other.warnings)
    red = read_photo(other.output).rgb[150:170, 182:202].astype(int)
    plain = in_color(photo)[150:170, 182:202].astype(int)
    assert (red[..., 0] - red[..., 1]).mean() > (plain[..., 0] - plain[..., 1]).mean() + 10
