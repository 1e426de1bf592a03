"""The page that shows a run: whole, safe from the names it shows, lean, and usable in a real browser."""

import base64
import io
import os
import tracemalloc
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from deoldify_lite.errors import OptionError, RenderError
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.run.items import Item
from deoldify_lite.show import report as report_page
from deoldify_lite.show.report import GENERATOR, report_path, write_report_page
from deoldify_lite.storage.url import Url
from helpers.browser import watch
from helpers.networks import Fixed
from helpers.pictures import grey_picture

EVIL = "<script>alert(1)<img src=x onerror=alert(2)>'\"&#x41; javascript:x?y#z %41.png"
BEFORE, AFTER = (
    grey_picture(60, 90),
    np.dstack([np.full((60, 90), level, np.uint8) for level in (200, 90, 40)]),
)


class Parsed(HTMLParser):
    """What a browser would find: every element with its attributes, and the text of scripts."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def save(path: Path, picture: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path)
    return path


@pytest.fixture
def run(tmp_path: Path) -> list[Item]:
    """A run of each kind of item; the names are as bad as names can be."""
    old, new = tmp_path / "old <b>&", tmp_path / "new"
    items = []
    for name, status in (("plain.png", "done"), (EVIL, "done"), ("earlier.png", "skipped")):
        source, output = save(old / name, BEFORE), save(new / name, AFTER)
        items.append(Item(source, output, status, "already done" if status == "skipped" else "", seconds=0.5))
    save(old / "deep" / "failed.png", BEFORE)
    (old / "broken.png").write_bytes(b"no picture")
    failed = [
        Item(old / "deep" / "failed.png", new / "deep" / "failed.png", "failed", "no room\n<i>there</i>"),
        Item(old / "broken.png", new / "broken.png", "failed", "truncated"),
    ]
    items[0] = Item(*(items[0].source, items[0].output, "done"), warnings=("came out <u>grey</u>",))
    return items + failed


def decoded(uri: str | None) -> np.ndarray:
    assert uri is not None and uri.startswith("data:image/jpeg;base64,")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))).convert("RGB"))


def test_the_page_shows_all_items_and_takes_nothing_for_html(run: list[Item], tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.html"
    settings = {"mode": "artistic", "saturation": None, "mark": True, "inputs": ["<a>", "b"]}
    write_report_page(path, run, settings=settings, colorizer=Colorizer(Fixed(), render_factor=4))
    page = Parsed(path)
    cards = page.all("article")
    assert [card["data-status"] for card in cards] == ["done", "done", "skipped", "failed", "failed"]
    names = ["plain.png", EVIL, "earlier.png", os.path.join("deep", "failed.png"), "broken.png"]
    assert [card["data-name"] for card in cards] == names
    assert ["data-warned" in card for card in cards] == [True, False, False, False, False]
    assert ["data-doubt" in card for card in cards] == [True, True, True, False, False]
    # no element but ours, and no attribute that runs or fetches anything
    assert not {"i", "u", "iframe", "object", "base"} & {tag for tag, _ in page.elements}
    assert page.all("script") == [{}]
    for tag, attributes in page.elements:
        assert not any(name.startswith("on") or name in ("style", "src", "srcset") for name in attributes), (
            tag
        )
    targets = [a["href"] or "" for a in page.all("a")]
    assert len(targets) == 3 * 2 + 2
    for target in targets:
        assert target.replace("%", "").replace("/", "").replace(".", "").replace("-", "").isalnum()
        reached = (path.parent / unquote(target)).resolve()
        assert reached.exists() or reached.name in ("failed.png", "broken.png")
    assert (path.parent / unquote(targets[3])).samefile(tmp_path / "new" / EVIL)
    # of the one that cannot be read nothing is shown, of the other failed one what it was
    images = page.all("img")
    assert len(images) == 3 * 2 + 1
    assert np.abs(decoded(images[0]["data-src"]).astype(int) - enlarged(AFTER)).mean() < 4
    assert np.abs(decoded(images[1]["data-src"]).astype(int) - enlarged(BEFORE)).mean() < 4
    text = path.read_text()
    assert "no room\n&lt;i&gt;there&lt;/i&gt;" in text and "came out &lt;u&gt;grey&lt;/u&gt;" in text
    assert "<dt>saturation</dt><dd>default</dd>" in text and "<dd>&lt;a&gt;, b</dd>" in text
    assert "5 photos: 2 done, 1 skipped, 2 failed, 1 with warnings" in text
    assert "http://" not in text and "https://" not in text
    assert not [p for p in path.parent.iterdir() if p.name.endswith(".part")]


def enlarged(picture: np.ndarray) -> np.ndarray:
    """As small ones are shown: 200 px wide."""
    return np.asarray(Image.fromarray(picture).resize((200, 133), Image.Resampling.BILINEAR)).astype(int)


def test_without_a_network_nothing_is_rated(run: list[Item], tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_report_page(path, run, settings={})
    assert "data-doubt" not in path.read_text().partition("<script>")[0]
    failing = Colorizer(Fixed(most=0, error=RenderError("broken")), render_factor=4)
    write_report_page(path, run, settings={}, colorizer=failing)
    page = Parsed(path)
    assert len(page.all("article")) == 5 and not any("data-doubt" in card for card in page.all("article"))


def test_a_result_that_has_gone_is_no_reason_to_stop(run: list[Item], tmp_path: Path) -> None:
    Path(run[0].output).unlink()
    write_report_page(tmp_path / "report.html", run, settings={})
    assert len(Parsed(tmp_path / "report.html").all("img")) == 3 * 2


def test_files_by_url_are_shown_without_pictures(tmp_path: Path) -> None:
    item = Item(Url("s3://bucket/<b>.png"), Url("s3://results/<b>.png"), "done")
    path = tmp_path / "report.html"
    write_report_page(path, [item], settings={}, colorizer=Colorizer(Fixed(), render_factor=4))
    page = Parsed(path)
    assert [card["data-name"] for card in page.all("article")] == ["s3://bucket/<b>.png"]
    assert not page.all("img") and not page.all("a")


def test_names_that_are_not_text_are_shown(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    try:
        source = save(tmp_path / name, BEFORE)
    except OSError:
        pytest.skip("this file system takes no such names")
    output = save(tmp_path / "out" / name, AFTER)
    path = tmp_path / "report.html"
    write_report_page(path, [Item(source, output, "done")], settings={"inputs": [str(source)]})
    assert [a["href"] for a in Parsed(path).all("a")] == ["caf%E9.png", "out/caf%E9.png"]


def test_every_kind_of_photo_is_shown_as_a_viewer_would(tmp_path: Path) -> None:
    deep = (BEFORE.astype(np.uint16) * 257)[..., 0]
    deep[:] = 40000
    sources = [tmp_path / name for name in ("deep.png", "clear.png", "turned.jpg", "tiny.png", "line.png")]
    Image.fromarray(deep).save(sources[0])
    Image.fromarray(np.zeros((60, 90, 4), np.uint8)).save(sources[1])  # black, and wholly transparent
    exif = Image.Exif()
    exif[0x0112] = 6
    big = Image.fromarray(grey_picture(1200, 1800))
    big.save(sources[2], exif=exif)
    Image.fromarray(BEFORE[:1, :1]).save(sources[3])
    Image.fromarray(np.zeros((2, 3000, 3), np.uint8)).save(sources[4])
    items = [Item(source, source, "done") for source in sources]
    path = tmp_path / "report.html"
    write_report_page(path, items, settings={}, colorizer=Colorizer(Fixed(), render_factor=4))
    pictures = [decoded(image["data-src"]) for image in Parsed(path).all("img")][::2]
    assert [p.shape[:2] for p in pictures] == [(133, 200), (133, 200), (480, 320), (200, 200), (1, 480)]
    assert abs(int(pictures[0].mean()) - 40000 // 257) <= 1
    assert pictures[1].min() == 255
    upright = big.rotate(-90, expand=True).resize((320, 480))
    assert np.abs(pictures[2].astype(int) - np.asarray(upright).astype(int)).mean() < 6


def test_memory_does_not_grow_with_the_photos(tmp_path: Path) -> None:
    source, output = save(tmp_path / "a.png", grey_picture(120, 240)), save(tmp_path / "b.png", AFTER)

    def peak(count: int) -> int:
        items = [Item(source, output, "done")] * count
        tracemalloc.start()
        write_report_page(tmp_path / "report.html", items, settings={})
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    few, many = peak(60), peak(180)
    assert (tmp_path / "report.html").stat().st_size > 180 * 5000
    assert many - few < 500_000


def test_where_the_page_goes(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photo = save(photos / "a.png", BEFORE)
    assert report_path(None, [photos], None) == tmp_path / "photos-colorized" / "report.html"
    assert report_path(None, [photo], None) == photos / "report.html"
    assert report_path(None, [photos], tmp_path / "out") == tmp_path / "out" / "report.html"
    assert report_path(None, [photo], tmp_path / "out" / "b.png") == tmp_path / "out" / "report.html"
    assert report_path(tmp_path / "x.html", [photos], None) == tmp_path / "x.html"
    with pytest.raises(OptionError, match="on this machine"):
        report_path(None, [Url("s3://bucket/photos")], None)
    for wrong in (photos, tmp_path / "nowhere" / "x.html"):
        with pytest.raises(OptionError, match="a folder that exists"):
            report_path(wrong, [photos], None)


def test_only_a_page_of_ours_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("<html>of somebody else</html>")
    with pytest.raises(OptionError, match="is not a report of an earlier run"):
        report_path(path, [tmp_path], None)
    path.unlink()
    write_report_page(path, [], settings={})
    assert GENERATOR in path.read_text() and "nothing to do" in path.read_text()
    assert report_path(path, [tmp_path], None) == path


def test_the_page_in_a_browser(
    run: list[Item], tmp_path: Path, browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubts = iter([1.0, 9.0, 5.0])
    monkeypatch.setattr(report_page, "doubts_on", lambda _, squares, second: [next(doubts) for _ in squares])
    path = tmp_path / "report.html"
    write_report_page(path, run, settings={}, colorizer=Colorizer(Fixed(), render_factor=4))
    context = browser.new_context(viewport={"width": 900, "height": 700}, has_touch=True)
    page = context.new_page()
    requests, trouble = watch(page)
    page.goto(path.as_uri())

    def shown() -> list[str]:
        return page.eval_on_selector_all(
            "article", "all => all.filter(a => a.checkVisibility()).map(a => a.dataset.name)"
        )

    def split(number: int) -> str:
        return page.locator(".stack").nth(number).evaluate("s => s.style.getPropertyValue('--split')")

    names = ["plain.png", EVIL, "earlier.png", os.path.join("deep", "failed.png"), "broken.png"]
    assert shown() == names
    # pictures come in from their attributes
    page.wait_for_function("document.querySelector('img').naturalWidth === 200")
    # a slider by keys, by the mouse, and by touch
    slider = page.locator("input[type=range]")
    slider.nth(0).focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    assert split(0) == "45%"
    box = slider.nth(1).bounding_box()
    page.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + 0.5 * box["height"])
    assert abs(float(split(1)[:-1]) - 25) <= 1
    before = page.locator(".stack").nth(1).locator("img").nth(1)
    clipped = before.evaluate("i => getComputedStyle(i).clipPath")  # all but a quarter from the left
    assert abs(float(clipped.split()[1].removesuffix("%")) - 75) <= 1 and clipped.startswith("inset(0px ")
    slider.nth(2).scroll_into_view_if_needed()
    box = slider.nth(2).bounding_box()
    page.touchscreen.tap(box["x"] + 0.8 * box["width"], box["y"] + 0.5 * box["height"])
    assert abs(float(split(2)[:-1]) - 80) <= 1
    # filters with their counts, search and order
    labels = page.locator(".pick:not([hidden])").all_inner_texts()
    assert labels == ["All 5", "Done 2", "Skipped 1", "Failed 2", "With warnings 1", "Least certain 2"]
    for kind, expected in (
        ("failed", names[3:]),
        ("warned", names[:1]),
        ("skipped", names[2:3]),
        ("doubtful", [EVIL, "earlier.png"]),
    ):
        page.locator(f"input[value={kind}]").check()
        assert shown() == expected
    page.locator("input[value=all]").check()
    page.locator("#order").select_option("name")
    assert shown() == sorted(names, key=lambda name: "" if name == EVIL else name)
    page.locator("#search").fill("FAIL")
    assert shown() == names[3:4]
    assert page.locator("#shown").inner_text() == "1 of 5 shown"
    page.locator("#search").fill("no such name")
    assert page.locator("#nothing").is_visible()
    # nothing is asked for but the page; no script of a name has run; and it fits a phone
    assert [url for url in requests if not url.startswith("data:")] == [path.as_uri()]
    assert not trouble
    page.locator("#search").fill("")
    page.set_viewport_size({"width": 360, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    context.close()
