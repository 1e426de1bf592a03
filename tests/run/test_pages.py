"""Photos of several pages through the whole program, on a network that gives one colour."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from deoldify_lite.photo.io import pages_of, read_photo
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.run import batches, finish
from deoldify_lite.run.manifest import Manifest
from deoldify_lite.run.pages import MOST_PIXELS
from deoldify_lite.run.photos import colorize_photos
from deoldify_lite.run.plan import plan, tasks_of
from helpers.networks import Fixed
from helpers.photo_runs import SETTINGS, run_photos
from helpers.photos import GREY8, GREY16, has_mark, several_pages, smooth
from helpers.pictures import luma_levels


def test_every_page_is_in_the_result_in_color(tmp_path: Path) -> None:
    source = several_pages(tmp_path / "a.tif")
    (item,) = run_photos([source], None)
    assert item.status == "done" and item.warnings == ("page 3 is a mere preview and is left out",)
    assert [index for index, _ in pages_of(item.output)[0]] == [0, 1, 2]
    for number, index in enumerate((0, 1, 3)):
        before, after = read_photo(source, page=index), read_photo(item.output, page=number)
        assert after.rgb.dtype == before.rgb.dtype and after.dpi == before.dpi
        assert np.abs(luma_levels(after.rgb) - luma_levels(before.rgb)).max() <= 1
        assert np.ptp(after.rgb.astype(int), axis=2).mean() > np.iinfo(after.rgb.dtype).max // 30
    assert run_photos([source], None)[0].status == "skipped"


def test_a_page_that_cannot_be_read_is_told_of(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(GREY8, photometric="minisblack", metadata=None)
        writer.write(GREY8.astype(np.float32), photometric="minisblack", metadata=None)
        writer.write(GREY16, photometric="minisblack", metadata=None)
    (item,) = run_photos([tmp_path / "a.tif"], None)
    assert item.status == "done" and len(item.warnings) == 1
    assert item.warnings[0].startswith("page 2 is not in the result") and "32-bit" in item.warnings[0]
    assert len(pages_of(item.output)[0]) == 2


def test_where_no_page_can_be_read_nothing_is_left(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for _ in range(2):
            writer.write(GREY8.astype(np.float32), photometric="minisblack", metadata=None)
    (item,) = run_photos([tmp_path / "a.tif"], None)
    assert item.status == "failed" and "32-bit" in item.reason
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


@pytest.mark.parametrize("format", ["jpg", "png", "webp"])
def test_formats_without_pages_get_a_file_for_each(tmp_path: Path, format: str) -> None:
    source = several_pages(tmp_path / "a.tif")
    settings = replace(SETTINGS, format=format, compare=True)
    (item,) = run_photos([source], tmp_path / "out", settings)
    assert item.status == "done"
    names = sorted(path.name for path in (tmp_path / "out").glob("[!.]*"))
    pages = [f"a{page}.{format}" for page in ("", "-page2", "-page3")]
    pairs = [f"a-compare{page}.jpg" for page in ("", "-page2", "-page3")]
    assert names == sorted(pages + pairs)
    assert (
        read_photo(tmp_path / "out" / f"a-page3.{format}").rgb.shape == read_photo(source, page=3).rgb.shape
    )
    assert run_photos([source], tmp_path / "out", settings)[0].status == "skipped"
    assert run_photos([source], tmp_path / "out", settings, overwrite=True)[0].status == "done"


@pytest.mark.parametrize("format", ["keep", "jpg"])
def test_a_result_of_pages_is_recorded_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    source, out = several_pages(tmp_path / "a.tif"), tmp_path / "out"
    seen = []

    def full(manifest: Manifest, output: Path, *_: object, **__: object) -> None:
        seen.append(output.exists())
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Manifest, "add", full)
        (item,) = run_photos([source], out, replace(SETTINGS, format=format))
    assert item.status == "failed" and seen == [False]
    assert not list(out.glob(".*part*")) and not item.output.exists()
    if format == "jpg":  # of no use without the first
        for page in out.glob("*-page*"):
            page.unlink()
    (item,) = run_photos([source], out, replace(SETTINGS, format=format))
    assert item.status == "done" and not item.warnings[1:]


def test_no_file_of_the_users_becomes_a_page(tmp_path: Path) -> None:
    source = several_pages(tmp_path / "a.tif")
    precious = tmp_path / "out" / "a-page2.jpg"
    precious.parent.mkdir()
    precious.write_bytes(b"painted by hand")
    (item,) = run_photos([source], tmp_path / "out", replace(SETTINGS, format="jpg"))
    assert item.status == "done" and "--overwrite" in item.warnings[1]
    assert precious.read_bytes() == b"painted by hand"


def test_no_page_takes_the_name_of_another_result(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    several_pages(folder / "a.tif")
    tifffile.imwrite(folder / "a-page2.tif", smooth(), photometric="rgb")
    items = run_photos([folder], tmp_path / "out", replace(SETTINGS, format="png"))
    assert [item.status for item in items] == ["done", "done"]
    names = {path.name for path in (tmp_path / "out").glob("[!.]*")}
    assert names == {"a.png", "a.tif-page2.png", "a-page3.png", "a-page2.png"}


def test_leaving_early_leaves_no_half_book(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    tifffile.imwrite(folder / "0.tif", GREY8)
    with tifffile.TiffWriter(folder / "1.tif") as writer:
        for _ in range(40):
            writer.write(GREY8, photometric="minisblack", metadata=None)
    tasks = tasks_of(plan([folder], tmp_path / "out", suffixes={".tif"}, suffix_of=lambda path: path.suffix))
    colorizer = Colorizer(Fixed((0.1, -0.1)), render_factor=2)
    items = colorize_photos(tasks, lambda: colorizer, SETTINGS, batch_size=1)
    assert next(items).status == "done"
    items.close()
    assert [path.name for path in (tmp_path / "out").glob("[!.]*")] == ["0.tif"]
    assert not list((tmp_path / "out").glob(".*part*"))


def test_every_page_bears_the_mark_once(tmp_path: Path) -> None:
    source = several_pages(tmp_path / "a.tif")
    (item,) = run_photos([source], None, replace(SETTINGS, mark=True))
    assert all(has_mark(read_photo(item.output, page=number).xmp) for number in range(3))


def test_huge_photos_go_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None is read while another that is as large is still in memory."""
    assert MOST_PIXELS >= 1_000_000
    monkeypatch.setattr(batches, "MOST_PIXELS", 1000)
    monkeypatch.setattr(batches, "LEAST_PIXELS", 10)
    now = set()
    most = 0
    read, write = batches.read_photo, finish.write_photo

    def reading(path: Path, **options: int):
        nonlocal most
        now.add(path)
        most = max(most, len(now))
        return read(path, **options)

    def writing(photo, *args, **options):
        warnings = write(photo, *args, **options)
        now.discard(photo.path)
        return warnings

    monkeypatch.setattr(batches, "read_photo", reading)
    monkeypatch.setattr(finish, "write_photo", writing)
    folder = tmp_path / "in"
    folder.mkdir()
    for name in range(5):
        tifffile.imwrite(folder / f"{name}.tif", np.zeros((40, 40), np.uint8))
    assert [item.status for item in run_photos([folder], None)] == ["done"] * 5
    assert most == 1
