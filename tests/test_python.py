"""The package as a Python program uses it."""

import ast
import inspect
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

import deoldify_lite as dl
from deoldify_lite import pictures
from deoldify_lite.color.layer import color_layer
from deoldify_lite.color.merge import merge_picture
from deoldify_lite.photo.exif import ORIENTATION
from helpers.photos import has_mark
from helpers.pictures import grey_picture, textured
from helpers.places import ROOT

LUMA = np.array([0.299, 0.587, 0.114])
GREY = grey_picture(60, 80)


@pytest.fixture(scope="module")
def colorizer(tiny_weights: Path) -> dl.Colorizer:
    return dl.load_colorizer(weights=tiny_weights, device="cpu", backend="torch", render_factor=4)


def has_color(rgb: NDArray[np.generic]) -> bool:
    return bool(np.ptp(rgb[..., :3].astype(int), axis=-1).max() > 8)


def test_importing_loads_nothing() -> None:
    code = (
        "import sys; before = set(sys.modules); import deoldify_lite as dl\n"
        "dl.__version__, dir(dl), dl.__all__\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(*(new - set(sys.stdlib_module_names)))"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("deoldify_lite\n", "")


def test_every_name_is_there_and_known_to_type_checkers() -> None:
    for name in dl.__all__:
        assert getattr(dl, name) is not None
        assert name in dir(dl)
    tree = ast.parse((ROOT / "deoldify_lite/__init__.py").read_text())
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: str(node.module)
        for node in guarded.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == {name: f"deoldify_lite.{home}" for name, home in dl._HOME_OF.items()}
    assert sorted(dl.__all__) == sorted([*seen, "__version__"])
    with pytest.raises(AttributeError, match="colourise"):
        dl.colourise  # noqa: B018


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, ">u2"])
def test_arrays_come_back_in_color(colorizer: dl.Colorizer, dtype: str) -> None:
    top = np.iinfo(dtype).max
    grey = (GREY[..., 0].astype(dtype) * (top // 255)).astype(dtype)
    before = grey.copy()
    rgb = dl.colorize(grey, colorizer=colorizer)
    assert rgb.shape == (60, 80, 3) and rgb.dtype == grey.dtype and has_color(rgb)
    assert (grey == before).all()
    # each channel is rounded by half a level at most, and so is luma
    assert np.abs(rgb @ LUMA - grey).max() <= 0.5 + 1e-2
    assert (dl.colorize(np.repeat(grey[..., None], 3, axis=2), colorizer=colorizer) == rgb).all()
    assert (dl.colorize(grey[..., None], colorizer=colorizer) == rgb).all()
    assert (dl.colorize(np.asfortranarray(grey), colorizer=colorizer) == rgb).all()
    alpha = np.arange(80, dtype=dtype) + np.zeros((60, 1), dtype)
    translucent = np.dstack([rgb, alpha])
    rgba = dl.colorize(translucent, colorizer=colorizer)
    assert rgba.dtype == translucent.dtype and (rgba[..., 3] == alpha).all() and has_color(rgba)


def test_it_is_what_the_colorizer_gives(colorizer: dl.Colorizer) -> None:
    assert (dl.colorize(GREY, colorizer=colorizer) == colorizer.colorize(GREY)).all()


def test_networks_are_loaded_once(colorizer: dl.Colorizer, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def load(mode: str) -> dl.Colorizer:
        asked.append(mode)
        return colorizer

    pictures.kept_colorizer.cache_clear()
    monkeypatch.setattr(pictures, "load_colorizer", load)
    for mode in ("artistic", "artistic", "stable", "artistic"):
        dl.colorize(GREY, mode=mode)
    dl.colorize(Image.fromarray(GREY))
    pictures.kept_colorizer.cache_clear()
    assert asked == ["artistic", "stable"]


def transparent_palette() -> Image.Image:
    image = Image.fromarray(GREY[..., 0]).convert("P")
    image.info["transparency"] = 0
    return image


@pytest.mark.parametrize(
    ("image", "mode"),
    [
        (Image.fromarray(GREY[..., 0]), "RGB"),
        (Image.fromarray(GREY), "RGB"),
        (Image.fromarray(GREY).convert("1"), "RGB"),
        (Image.fromarray(GREY).convert("P"), "RGB"),
        (Image.fromarray(GREY).convert("CMYK"), "RGB"),
        (Image.fromarray(GREY).convert("YCbCr"), "RGB"),
        (Image.fromarray(GREY).convert("HSV"), "RGB"),
        (Image.fromarray(GREY).convert("RGBA"), "RGBA"),
        (Image.fromarray(GREY[..., 0]).convert("LA"), "RGBA"),
        (Image.fromarray(GREY[..., 0]).convert("LA").convert("La"), "RGBA"),
        (Image.fromarray(GREY).convert("RGBA").convert("RGBa"), "RGBA"),
        (transparent_palette(), "RGBA"),
    ],
    ids=lambda value: value.mode if isinstance(value, Image.Image) else "",
)
def test_images_of_all_modes(colorizer: dl.Colorizer, image: Image.Image, mode: str) -> None:
    before = image.tobytes()
    result = dl.colorize(image, colorizer=colorizer)
    assert (result.mode, result.size) == (mode, image.size)
    # black and white have no room for colour at their luma
    assert has_color(np.asarray(result)) == (image.mode != "1")
    assert image.tobytes() == before and not has_mark(image.info.get("xmp"))
    if image.has_transparency_data:
        alphas = [
            np.asarray(each.convert("RGBA"))[..., 3]
            for each in (image if image.mode != "La" else image.convert("LA"), result)
        ]
        assert (alphas[0] == alphas[1]).all()


def test_lab_images(colorizer: dl.Colorizer) -> None:
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    lab = to_lab.apply(Image.fromarray(GREY))
    result = np.asarray(dl.colorize(lab, colorizer=colorizer))
    assert np.abs(result @ LUMA - GREY[..., 0]).mean() < 2


def test_what_goes_with_an_image_stays(colorizer: dl.Colorizer, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[315] = "Grandma"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(GREY).save(tmp_path / "a.jpg", exif=exif, dpi=(300, 300), icc_profile=profile)
    with Image.open(tmp_path / "a.jpg") as image:
        result = dl.colorize(image, colorizer=colorizer)
    assert result.getexif()[315] == "Grandma"
    assert result.info["dpi"] == (300, 300) and result.info["icc_profile"] == profile
    assert has_mark(result.info["xmp"])
    result.save(tmp_path / "b.jpg", exif=result.getexif(), xmp=result.info["xmp"])
    with Image.open(tmp_path / "b.jpg") as saved:
        assert has_mark(saved.info["xmp"]) and saved.getexif()[315] == "Grandma"
    plain = dl.colorize(Image.fromarray(GREY), colorizer=colorizer, mark=False)
    assert "xmp" not in plain.info


def test_xmp_of_an_image_tells_of_no_part_that_is_not_there(colorizer: dl.Colorizer) -> None:
    image = Image.fromarray(GREY)
    image.info["xmp"] = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:G="http://ns.google.com/photos/1.0/camera/" G:MotionPhoto="1"/>'
        b"</rdf:RDF></x:xmpmeta>"
    )
    result = dl.colorize(image, colorizer=colorizer)
    assert b"MotionPhoto" not in result.info["xmp"] and has_mark(result.info["xmp"])


def test_metadata_of_a_tiff_stay(colorizer: dl.Colorizer, tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "a.tif", tiffinfo={315: "Grandma", ORIENTATION: 6})
    with Image.open(tmp_path / "a.tif") as image:
        result = dl.colorize(image, colorizer=colorizer)
    assert result.size == (60, 80)  # as Pillow has turned it
    assert dict(result.getexif()) == {315: "Grandma"}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_images_are_colored_upright(colorizer: dl.Colorizer, tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    Image.fromarray(GREY).save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as image:
        result = dl.colorize(image, colorizer=colorizer)
        image.load()
        upright = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # of EXIF, as Pillow's transpositions
        seen = image.transpose(Image.Transpose(upright[orientation])) if orientation > 1 else image
    assert result.getexif()[ORIENTATION] == orientation
    assert result.size == (80, 60)
    shown = result.transpose(Image.Transpose(upright[orientation])) if orientation > 1 else result
    assert (np.asarray(shown) == colorizer.colorize(np.asarray(seen))).all()


def test_profiles_of_grey_are_applied_and_dropped(colorizer: dl.Colorizer) -> None:
    image = Image.fromarray(GREY[..., 0])
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[16:20] = b"GRAY"  # a damaged one, which is told of and not used
    image.info["icc_profile"] = bytes(profile)
    assert "icc_profile" not in dl.colorize(image, colorizer=colorizer).info


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("photo.jpg", "colorize_folder"),
        (Path("photo.jpg"), "colorize_folder"),
        (np.zeros((4, 4)), "uint8"),
        (np.zeros((4, 4), bool), "uint8"),
        (np.zeros((4, 4), np.int32), "uint8"),
        (np.zeros(4, np.uint8), "shape"),
        (np.zeros((2, 4, 4, 3), np.uint8), "shape"),
        (np.zeros((3, 4, 4), np.uint8), None),  # four columns of RGBA, as far as anyone can tell
        (np.zeros((4, 4, 2), np.uint8), "shape"),
        (np.zeros((0, 4, 3), np.uint8), "no pixels"),
        (Image.new("F", (4, 4)), "mode F"),
        (Image.new("I;16", (4, 4)), "uint16"),
        (Image.new("L", (0, 4)), "no pixels"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_is_no_picture_is_refused(colorizer: dl.Colorizer, wrong: object, words: str | None) -> None:
    if words is None:
        dl.colorize(wrong, colorizer=colorizer)  # type: ignore[call-overload]
        return
    with pytest.raises(dl.InputError, match=words):
        dl.colorize(wrong, colorizer=colorizer)  # type: ignore[call-overload]


def test_unknown_modes_are_refused() -> None:
    with pytest.raises(dl.OptionError, match="artistic, stable, video"):
        dl.colorize(GREY, mode="sepia")


def film() -> list[NDArray[np.uint8]]:
    """Two shots of 40 frames: one that moves, and another scene."""
    return [textured(i) for i in range(40)] + [textured(i, seed=5) for i in range(40)]


@pytest.mark.slow
def test_frames_are_steadied_and_keep_their_luma(colorizer: dl.Colorizer) -> None:
    frames = film()
    found = list(dl.colorize_frames(frames, colorizer=colorizer))
    assert len(found) == len(frames)
    for frame, result in zip(frames, found, strict=True):
        assert result.shape == (192, 192, 3) and result.dtype == np.uint8
        assert np.abs(result @ LUMA - frame).max() <= 0.51
    assert has_color(np.stack(found))
    # noise on a picture that stands still, in 16 bits, where no rounding hides it
    noise = np.random.default_rng(0)
    still: list[NDArray[np.uint16]] = []
    for _ in range(12):
        noisy = np.clip(textured() + noise.normal(0, 6, (192, 192)), 0, 255)
        still.append((257 * noisy).astype(np.uint16))

    def unrest(steadiness: float) -> float:
        results = np.stack(list(dl.colorize_frames(still, colorizer=colorizer, steadiness=steadiness)))
        blue_yellow = results[..., 2].astype(float) - results @ LUMA
        return float(np.abs(np.diff(blue_yellow, axis=0)).mean())

    # and a third, of which the network makes most anew in each frame
    assert unrest(0.95) < 0.9 * unrest(0)


@pytest.mark.slow
def test_without_steadiness_each_frame_is_colored_alone(colorizer: dl.Colorizer) -> None:
    frames = [np.repeat(frame[..., None], 3, axis=2).astype(np.uint16) * 257 for frame in film()[36:44]]
    for frame, result in zip(
        frames, dl.colorize_frames(frames, colorizer=colorizer, steadiness=0), strict=True
    ):
        # On some processors a batch rounds otherwise than a picture alone: one level of 65,536.
        apart = np.abs(result.astype(int) - colorizer.colorize(frame))
        assert result.dtype == np.uint16 and apart.max() <= 1


@pytest.mark.slow
def test_frames_are_taken_as_they_are_needed(colorizer: dl.Colorizer) -> None:
    taken = 0

    def endless() -> Iterator[NDArray[np.uint8]]:
        nonlocal taken
        while True:
            taken += 1
            yield GREY[..., 0] // 2 + np.uint8(taken % 100)

    results = dl.colorize_frames(endless(), colorizer=colorizer)
    assert taken == 0
    held = []
    for given in range(1, 150):
        next(results)
        held.append(taken - given)
    results.close()  # type: ignore[attr-defined]
    assert max(held) <= 120


def test_another_version_gives_its_colors(colorizer: dl.Colorizer) -> None:
    """As an array or an image, turned by its EXIF or not; a layer exactly, others as far as they fit."""
    grey = np.repeat(textured(seed=3)[..., None], 3, axis=2)
    true = merge_picture(grey, np.full((2, 8, 8), 0.1, np.float32))
    layer = color_layer(true)
    assert np.abs(dl.colorize(grey, colorizer=colorizer, colors_from=layer).astype(int) - true).max() <= 1
    image = dl.colorize(Image.fromarray(grey), colorizer=colorizer, colors_from=layer)
    assert np.abs(np.asarray(image).astype(int) - true).max() <= 1
    turned = Image.fromarray(np.rot90(true).copy())
    turned.getexif()[274] = 6
    other = dl.colorize(grey[..., 0], colorizer=colorizer, colors_from=turned)
    assert np.abs(other.astype(int) - true).mean() < 3
    stranger = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    with pytest.raises(dl.InputError, match="colors_from: does not show the same"):
        dl.colorize(grey, colorizer=colorizer, colors_from=stranger)


def test_frames_that_do_not_fit_are_refused(colorizer: dl.Colorizer) -> None:
    with pytest.raises(dl.OptionError, match="0 to 1"):
        dl.colorize_frames([], steadiness=2)
    with pytest.raises(dl.InputError, match="one size"):
        list(dl.colorize_frames([GREY, GREY[:50]], colorizer=colorizer))
    with pytest.raises(dl.InputError, match="uint8"):
        list(dl.colorize_frames([GREY / 255], colorizer=colorizer))
    assert list(dl.colorize_frames([], colorizer=colorizer)) == []


def test_help_shows_the_arguments_of_load_colorizer() -> None:
    shown, settled = inspect.signature(dl.load_colorizer), inspect.signature(dl.settle)
    assert shown.parameters == settled.parameters and len(shown.parameters) == 10
    with pytest.raises(TypeError, match="mood"):
        dl.load_colorizer(mood="artistic")  # type: ignore[call-arg]


RIGHT = """
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import deoldify_lite as dl
from deoldify_lite import colorize, load_colorizer


def small(picture: NDArray[np.uint8], image: Image.Image) -> None:
    colorizer: dl.Colorizer = load_colorizer("stable", render_factor=10)
    again: NDArray[np.uint8] = colorize(picture, colorizer=colorizer)
    shown: Image.Image = colorize(image)
    deep: NDArray[np.uint16] = colorize(again.astype(np.uint16))
    for frame in dl.colorize_frames([picture, again]):
        print(frame.shape, shown.size, deep.dtype)
    items: list[dl.Item] = dl.colorize_folder("photos", Path("out"), rendering=dl.settle("stable"))
    try:
        items += dl.colorize_video(["clip.mp4"], encoding=dl.Encoding(crf=18))
        print(dl.export_onnx("lite.onnx"), dl.__version__)
    except dl.DeoldifyError as error:
        print(error, [item.status for item in items])
"""
WRONG = """
import deoldify_lite as dl

dl.colorize("photo.jpg")
dl.colourise("photo.jpg")
dl.load_colorizer(mood="artistic")
"""


@pytest.mark.slow
def test_mypy_strict_accepts_what_is_right_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "right.py").write_text(RIGHT)
    (tmp_path / "wrong.py").write_text(WRONG)
    # What torch and others say of types matters to no name that a user has, and takes a minute to read. And
    # in the package, which a user has installed, nobody looks for errors.
    skipped = (
        "torch.*,timm.*,torchvision.*,onnx.*,onnxruntime.*,cv2.*,tifffile.*,tqdm.*,scenedetect.*,psutil.*"
    )
    (tmp_path / "mypy.ini").write_text(
        "[mypy]\nstrict = True\n"
        f"[mypy-{skipped}]\nfollow_imports = skip\n"
        "[mypy-deoldify_lite.*]\nfollow_imports = silent\n"
    )
    result = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", "cache", "right.py", "wrong.py"],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    errors = [line for line in result.stdout.splitlines() if ": error: " in line]
    assert [line.partition(": error: ")[0] for line in errors] == [f"wrong.py:{n}" for n in (4, 5, 6)], (
        result.stdout + result.stderr
    )
