"""Environment variables: all that are read are known, and documented as they are known."""

import re

from deoldify_lite.system.environment import PREFIX, VARIABLES
from helpers.places import ROOT


def test_every_variable_that_is_read_is_known() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "deoldify_lite").rglob("*.py"))
    read = set(re.findall(rf'"({PREFIX}[A-Z_]+)"', sources))
    assert read == {variable.name for variable in VARIABLES if variable.name.startswith(PREFIX)}
    assert len(read) >= 3


def test_the_page_says_what_the_code_says() -> None:
    rows = [line for line in (ROOT / "docs" / "environment.md").read_text().splitlines() if line[:3] == "| `"]
    assert rows == [f"| `{one.name}` | {one.meaning} | {one.default} |" for one in VARIABLES]
