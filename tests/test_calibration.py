"""docs/calibration.md: the values on the page are those in the code, and its scripts exist."""

import importlib
import re

import numpy as np

from deoldify_lite.color.hinting import Kernel
from helpers.places import ROOT

PAGE = (ROOT / "docs/calibration.md").read_text(encoding="utf-8")
ROW = re.compile(
    r"^\| (?P<names>`\w+`(?:, `\w+`)*) \| `(?P<module>\w+/\w+)` \| (?P<values>`.+?`) \|.*\|$", re.M
)


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_values_are_those_of_the_code() -> None:
    rows = list(ROW.finditer(PAGE))
    assert len(rows) == len(re.findall(r"^\| `", PAGE, re.M)) > 15
    for row in rows:
        module = importlib.import_module(f"deoldify_lite.{row['module'].replace('/', '.')}")
        for name, value in zip(quoted(row["names"]), quoted(row["values"]), strict=True):
            found = getattr(module, name)
            found = [round(float(one), 6) for one in found] if isinstance(found, np.ndarray) else found
            assert found == eval(value, {"Kernel": Kernel}), name


def test_scripts_exist() -> None:
    scripts = set(re.findall(r"`(scripts/[^`]+)`", PAGE))
    assert len(scripts) >= 5
    for script in scripts:
        assert (ROOT / script).is_file(), script
