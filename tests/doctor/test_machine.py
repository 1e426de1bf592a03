"""Room, weights and environment variables, as they are and as they could be."""

from pathlib import Path

import pytest

from deoldify_lite.doctor import machine
from deoldify_lite.doctor.finding import Finding


def wrong(findings: list[Finding]) -> dict[str, str]:
    return {finding.name: finding.problem for finding in findings if finding.problem}


def test_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = list(machine.examine_room())
    assert not wrong(found)
    assert [finding.name for finding in found] == ["cores", "free memory", "here", "temporary files", "cache"]
    assert list(tmp_path.iterdir()) == [tmp_path / "deoldify_lite"]  # and nothing is left in it
    assert not list((tmp_path / "deoldify_lite").iterdir())


def test_little_room_and_a_cache_that_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "deoldify_lite").write_text("a file")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(machine, "LEAST_MEMORY", 1 << 60)
    monkeypatch.setattr(machine, "LEAST_DISK", 1 << 60)
    found = wrong(list(machine.examine_room()))
    assert list(found) == ["free memory", "here", "temporary files", "cache"]
    assert "cannot be written" in found["cache"]


def test_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert not wrong(list(machine.examine_weights()))
    (tmp_path / "lite.safetensors").write_bytes(b"cut short")
    monkeypatch.setenv("DEOLDIFY_LITE_WEIGHTS", str(tmp_path))
    found = list(machine.examine_weights())
    assert list(wrong(found)) == ["lite"] and "9 bytes" in wrong(found)["lite"]
    monkeypatch.setattr(machine, "weight_folders", lambda: [tmp_path / "none"])
    monkeypatch.setenv("DEOLDIFY_LITE_WEIGHTS", str(tmp_path / "none"))
    assert "DEOLDIFY_LITE_WEIGHTS" in wrong(list(machine.examine_weights()))


def test_weights_that_are_gone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("deoldify_lite.models.weights.weight_folders", lambda: [tmp_path])
    found = wrong(list(machine.examine_weights()))
    assert list(found) == ["lite", "lite-artistic", "lite-video"]  # the others can be fetched


def test_variables_that_nothing_reads() -> None:
    given = {"DEOLDIFY_LITE_WEIGHT": "/w", "DEOLDIFY_LITE_QQ": "1", "DEOLDIFY_LITE_SILENCE": "9", "HOME": "/"}
    found = list(machine.examine_environment(given))
    assert [finding.name for finding in found] == [
        "DEOLDIFY_LITE_SILENCE",
        "DEOLDIFY_LITE_QQ",
        "DEOLDIFY_LITE_WEIGHT",
    ]
    assert list(wrong(found)) == ["DEOLDIFY_LITE_QQ", "DEOLDIFY_LITE_WEIGHT"]
    assert found[2].remedy == "write DEOLDIFY_LITE_WEIGHTS"
