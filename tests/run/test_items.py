"""What a run says at its end."""

from pathlib import Path

from deoldify_lite.run.items import Item, closing_lines


def test_the_end_of_a_run() -> None:
    def item(name: str, *warnings: str, frames: int | None = None, status: str = "done") -> Item:
        return Item(Path("in", name), Path("out", name), status, warnings=warnings, frames=frames)

    items = [
        item("a.jpg", "rendered at render factor 8 instead", "the comment 'one' is lost"),
        item("b.jpg", "rendered at render factor 12 instead", "the comment 'two' is lost"),
        item("c/c.jpg", "rendered at render factor 8 instead"),
        item("d.jpg", status="skipped"),
    ]
    assert closing_lines(items, None, 2.0) == [
        "3 done, 1 skipped, 3 with warnings",
        "warning of 3: rendered at render factor … instead",
        "warning of 2: the comment … is lost",
        "2 s, 1.5 photos a second",
        "results in out and other folders (1)",
    ]
    films = [item("a.mp4", "one", frames=90), item("b.mp4", *map(str, "abcdefg"), frames=10)]
    lines = closing_lines(films, None, 10.0)
    assert lines[-2:] == ["10 s, 10.0 frames a second", "results in out"]
    assert lines[-3] == "and 3 more kinds of warnings" and len(lines) == 9
    assert closing_lines(items[3:], None, 1.0) == ["1 skipped"]
    assert closing_lines([], None, 1.0) == []
