"""The docs: the site builds without a warning and needs nothing from elsewhere, and what they name exists."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import deoldify_lite as dl
from deoldify_lite.cli.main import build_parsers
from helpers.places import ROOT

DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for package in ("mkdocs", "material", "mkdocstrings_handlers.python"):
        pytest.importorskip(package, reason="the extra `docs` is not installed")
    folder = tmp_path_factory.mktemp("site")
    settings = DOCS / "site/mkdocs.yml"
    result = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", settings, "--site-dir", folder],
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return folder


def test_it_holds_all_pages_and_needs_nothing_from_elsewhere(site: Path) -> None:
    pages = {str(path.relative_to(site)) for path in site.rglob("*.html")}
    assert {"index.html", "guide.html", "howto/film.html", "promises.html", "reference.html"} <= pages
    assert (site / "notebooks/quickstart.ipynb").is_file()
    assert not (site / "site").exists()  # how the site is made is not a page of it
    for page in pages:
        html = (site / page).read_text(encoding="utf-8")
        assert not re.findall(r'<(?:script|link|img|iframe)\b[^>]*"(?:https?:)?//[^"]*"', html), page


def test_the_reference_holds_every_public_name(site: Path) -> None:
    html = (site / "reference.html").read_text(encoding="utf-8")
    for name in set(dl.__all__) - {"__version__"}:
        assert f'id="deoldify_lite.{name}"' in html, name


def numbers_in(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:\.\d+)?", text))


def test_figures_in_readme_are_quoted_from_the_docs() -> None:
    performance = (DOCS / "performance.md").read_text(encoding="utf-8")
    assert "warp error / CF" in performance and "photos/s" in performance
    measured = numbers_in(performance) | numbers_in((ROOT / "weights/README.md").read_text(encoding="utf-8"))
    section = (
        (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## Figures\n")[2].partition("\n## ")[0]
    )
    table = [line.split("|") for line in section.splitlines() if line.startswith("|")][2:]
    assert len(table) >= 4
    for _, what, figure, script, _ in table:
        assert numbers_in(figure) and numbers_in(what + figure) <= measured, figure
        for path in re.findall(r"`(scripts/[^`]+)`", script):
            assert (ROOT / path).exists(), path


def test_readme_is_short_and_its_links_lead_somewhere() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text.count("\n") <= 170
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (ROOT / link).exists(), link


def test_architecture_names_every_room() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    rooms = {path.parent.name for path in (ROOT / "deoldify_lite").glob("*/__init__.py")}
    assert set(re.findall(r"^\| `(\w+)/` \|", text, re.M)) == rooms
    for path in re.findall(rf"\b(?:{'|'.join(rooms)})(?:/\w+)+", text):
        assert (ROOT / f"deoldify_lite/{path}.py").exists(), path


def promised_tests() -> list[tuple[Path, str]]:
    """The tests that the page of promises names: each file, and the start of a test's name or nothing."""
    found: list[tuple[Path, str]] = []
    for line in (DOCS / "promises.md").read_text(encoding="utf-8").splitlines():
        file = None  # a name without a file means the file named before it in its cell
        for name in re.findall(r"`([^`]+)`", line.rpartition(" | ")[2] if line.startswith("| ") else ""):
            if named := re.fullmatch(r"([a-z/]+)/([a-z0-9_]+)(?:: ([a-z0-9_]+))?", name):
                if not (ROOT / name).is_file():  # a script is not a test
                    file = ROOT / "tests" / named[1] / f"test_{named[2]}.py"
                    found.append((file, named[3] or ""))
            elif re.fullmatch(r"[a-z0-9_]+", name):
                assert file is not None, line
                found.append((file, name))
    return found


def test_every_promise_names_tests_that_exist() -> None:
    named = promised_tests()
    assert len(named) > 60
    for file, start in named:
        assert file.is_file(), file
        assert re.search(rf"^def test_{start}", file.read_text(encoding="utf-8"), re.M), f"{file}: {start}"


def test_messages_in_the_guide_are_those_of_the_program() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "deoldify_lite").rglob("*.py"))
    table = (DOCS / "guide.md").read_text(encoding="utf-8").partition("| message |")[2].partition("\n\n")[0]
    messages = [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()[2:]]
    assert len(messages) >= 5
    for message in messages:
        for words in re.split(r"…| N\b", message):
            assert words.strip(" ()") in sources, message


def commands_in_docs() -> list[tuple[str, list[str]]]:
    """The calls of our commands in the pages."""
    found = []
    for page in [*sorted(DOCS.rglob("*.md")), ROOT / "README.md"]:
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            for line in block.splitlines():
                words = re.split(r"\s+(?:#|\d?[|<>])", line.strip())[0].split()
                if words and words[0] in ("deoldify-lite", "colorize-folder", "colorize-video"):
                    found.append((page.name, words))
    return found


def test_commands_in_the_docs_parse() -> None:
    parsers = {parser.prog: parser for parser in build_parsers()}
    found = commands_in_docs()
    assert len(found) > 10
    for page, (program, *arguments) in found:
        try:
            parsers[program].parse_args(arguments)
        except SystemExit:
            pytest.fail(f"{page}: {program} {' '.join(arguments)}")


def test_python_in_the_docs_compiles_and_names_what_exists() -> None:
    for page in [*DOCS.rglob("*.md"), ROOT / "README.md"]:
        for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            compile(block, str(page), "exec")
            for name in re.findall(r"\bdl\.(\w+)", block):
                assert hasattr(dl, name), f"{page}: dl.{name}"
