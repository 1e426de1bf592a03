"""Limits that the environment sets."""

import pytest

from deoldify_lite.errors import OptionError
from deoldify_lite.system.limits import read_limit


def test_the_environment_counts_where_it_says_something(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEOLDIFY_LITE_X", raising=False)
    assert read_limit("DEOLDIFY_LITE_X", 7) == 7
    monkeypatch.setenv("DEOLDIFY_LITE_X", "")
    assert read_limit("DEOLDIFY_LITE_X", 7) == 7
    monkeypatch.setenv("DEOLDIFY_LITE_X", "2.5")
    assert read_limit("DEOLDIFY_LITE_X", 7) == 2.5


@pytest.mark.parametrize("text", ["a lot", "0", "-3", "nan"])
def test_nonsense_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("DEOLDIFY_LITE_X", text)
    with pytest.raises(OptionError, match="DEOLDIFY_LITE_X"):
        read_limit("DEOLDIFY_LITE_X", 7)
