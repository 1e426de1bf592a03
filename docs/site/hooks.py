"""Sections of README.md are shown in pages of the site, so that no figure stands in two places."""

import re
from pathlib import Path
from typing import Any

README = Path(__file__).resolve().parents[2] / "README.md"


def section_of(text: str, title: str) -> str:
    """What stands in a Markdown text under `## title`, without that line.

    Raises:
        ValueError: there is no such section.
    """
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    if found is None:
        raise ValueError(f"README.md has no section {title!r}")
    return found[1].strip()


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Put a section of README in place of each line `<!-- README: TITLE -->`."""
    to_top = "../" * page.file.src_uri.count("/")
    readme = README.read_text(encoding="utf-8").replace("](docs/", f"]({to_top}")
    return re.sub(
        r"^<!-- README: (.+) -->$", lambda found: section_of(readme, found[1]), markdown, flags=re.M
    )
