"""run.delivery: a finished file is recorded, gets its name, or is removed."""

from pathlib import Path

import pytest

from deoldify_lite.render.look import Look
from deoldify_lite.run.delivery import Delivery, delivery_of
from deoldify_lite.run.manifest import Manifest
from deoldify_lite.run.settings import PhotoSettings
from deoldify_lite.run.task import Task, find_done

SETTINGS = PhotoSettings(Look("x", 16, 1.0, "auto"))


@pytest.fixture
def task(tmp_path: Path) -> Task:
    (tmp_path / "a.jpg").write_bytes(b"source")
    (tmp_path / ".part.jpg").write_bytes(b"result")
    return Task(tmp_path / "a.jpg", tmp_path / "b.jpg", Manifest(tmp_path))


def delivered(task: Task) -> Delivery:
    delivery = delivery_of(task, SETTINGS, [task.output.with_name("b-compare.jpg")])
    delivery(task.output.with_name(".part.jpg"), task.output)
    return delivery


def test_a_result_has_its_name_and_its_record(task: Task) -> None:
    delivered(task)
    assert task.output.read_bytes() == b"result" and not task.output.with_name(".part.jpg").exists()
    known = Manifest(task.manifest.folder)
    assert known.is_ours(task.output) and known.made(task.output.with_name("b-compare.jpg"))
    assert find_done(Task(task.source, task.output, known), SETTINGS) == task.output


def test_killed_between_record_and_name_it_is_made_again(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", killed)
    with pytest.raises(KeyboardInterrupt):
        delivered(task)
    known = Manifest(task.manifest.folder)
    assert [record.output for record in known.records()] == ["b.jpg"]
    assert not task.output.exists() and not known.is_ours(task.output)
    assert find_done(Task(task.source, task.output, known), SETTINGS) is None


def test_a_result_that_cannot_be_recorded_is_taken_back(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the next run would refuse to touch it."""

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(task.manifest, "add", full)
    with pytest.raises(OSError, match="no space"):
        delivered(task)
    assert not task.output.exists() and not task.output.with_name(".part.jpg").exists()
