"""The pages of the docs, run: their commands and their Python do what the reader is told, on small files.

A block that cannot run here has a comment above it that says why, `<!-- not run: needs a cluster -->`.
"""

import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from helpers.newcomer import lay_out, provide
from helpers.places import ROOT

PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
}
RUN = ("sh", "python")
# Those of other shells and systems, and what is not a command.
READ = ("text", "toml", "csv", "json", "powershell", "bat", "zsh")
MOST_NOT_RUN = 11
MOST_S = 900
# Places of examples that no test may write to, and where they are instead.
PLACES = {r"(?<![\w.])/(archive|results|shared|nas)\b": r"\1", r"\bpath/to/checkout\b": str(ROOT)}


class Block(NamedTuple):
    """A block of code in a page."""

    line: int
    language: str
    why_not_run: str
    code: str


def blocks_of(text: str) -> list[Block]:
    """The blocks of code of a page."""
    found = []
    pattern = r"(?:^<!-- not run: ([^\n]+) -->\n\n?)?^( *)```([^\n]*)\n(.*?)^ *```$"
    for block in re.finditer(pattern, text, re.DOTALL | re.MULTILINE):
        why, indent, language, code = block.groups()
        line = text.count("\n", 0, block.start(3)) + 1
        found.append(Block(line, language.strip(), why or "", re.sub(rf"^{indent}", "", code, flags=re.M)))
    return found


def code_of(text: str, language: str) -> str:
    """All that runs of a page in one language."""
    code = "".join(
        f"\n# line {block.line}\n{block.code}"
        for block in blocks_of(text)
        if block.language == language and not block.why_not_run
    )
    for place, here in PLACES.items():
        code = re.sub(place, here, code)
    return code


def run_page(name: str, text: str, folder: Path, weights: Path) -> None:
    """Run the commands of a page in order, then its Python as one program, in an empty folder."""
    environment = lay_out(folder / "newcomer", weights)
    desk = folder / "desk"
    desk.mkdir()
    # What the shell itself and ffmpeg read, and what no program of ours could make in time.
    for file in re.findall(r"(?:<|-i) +([\w./-]+\.\w+)(?!\S)", code_of(text, "sh")):
        provide(desk / file)
    steps = {
        "page.sh": (code_of(text, "sh"), ["bash", "-euo", "pipefail"]),
        "page.py": (code_of(text, "python"), [sys.executable, "-m", "helpers.newcomer", "python"]),
    }
    for file, (code, words) in steps.items():
        if not code:
            continue
        start = """trap 'echo "FAILED: $BASH_COMMAND" >&2' ERR""" if file == "page.sh" else ""
        (folder / file).write_text(start + code, encoding="utf-8")
        done = subprocess.run(
            [*words, folder / file],
            cwd=desk,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=MOST_S,
        )
        assert done.returncode == 0, (
            f"{name}: a reader who follows it is stopped (exit code {done.returncode}):\n"
            f"{done.stdout[-3000:]}\nMend the page or the program. Files that it names are made by "
            "tests/helpers/newcomer.py. If a block cannot run in a test, put a line above it: "
            "<!-- not run: REASON -->"
        )


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in PAGES if any(code_of(PAGES[name], one) for one in RUN)])
def test_the_commands_of_a_page_run(name: str, tmp_path: Path, tiny_weights: Path) -> None:
    run_page(name, PAGES[name], tmp_path, tiny_weights)


def test_every_block_says_what_it_is() -> None:
    for name, text in PAGES.items():
        for block in blocks_of(text):
            assert block.language in RUN + READ, f"{name}:{block.line}: what is {block.language!r}?"
            assert not block.why_not_run or block.language in RUN, f"{name}:{block.line} never runs"


def test_few_blocks_are_not_run() -> None:
    blocks = [(name, block) for name, text in PAGES.items() for block in blocks_of(text)]
    left = [f"{name}:{block.line}: {block.why_not_run}" for name, block in blocks if block.why_not_run]
    assert len(left) <= MOST_NOT_RUN, "\n".join(left)
    assert len([block for _, block in blocks if block.language in RUN]) > 3 * MOST_NOT_RUN


def test_blocks_are_found_with_their_marks() -> None:
    text = (
        "# A\n\n```sh\nls\n```\n\n<!-- not run: it is far away -->\n```sh\nssh far\n```\n\n1. One:\n\n"
        "   ```python\n   x = 1\n   ```\n"
    )
    assert blocks_of(text) == [
        Block(3, "sh", "", "ls\n"),
        Block(8, "sh", "it is far away", "ssh far\n"),
        Block(14, "python", "", "x = 1\n"),
    ]
    assert code_of(text, "sh") == "\n# line 3\nls\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("```sh\ncolorize-folder photos/ --render-facto x\n```\n", "FAILED: colorize-folder photos/"),
        ("```sh\npip install '.[none]'\n```\n", "no extra"),
        ('```python\nimport deoldify_lite as dl\n\ndl.colorize_folders("photos")\n```\n', "AttributeError"),
    ],
)
def test_a_page_that_stops_its_reader_is_found(
    text: str, said: str, tmp_path: Path, tiny_weights: Path
) -> None:
    with pytest.raises(AssertionError, match=said):
        run_page("page.md", text, tmp_path, tiny_weights)
