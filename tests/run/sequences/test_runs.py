"""Picture sequences through the whole run, with a given network."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deoldify_lite import api
from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.run import unfinished
from deoldify_lite.run.manifest import Manifest
from deoldify_lite.run.planned import Planned
from deoldify_lite.run.sequences import plan, result, writer
from deoldify_lite.run.sequences.plan import Choices
from deoldify_lite.run.unfinished import folder_of
from deoldify_lite.run.verify import verify
from deoldify_lite.sequence import frames
from helpers.networks import Fixed, Stopping
from helpers.sequence_runs import bytes_of, make_frames, run_sequence


@pytest.fixture
def reel(tmp_path: Path) -> Path:
    return make_frames(tmp_path / "reel", range(86400, 86430), shots=3)


@pytest.fixture
def short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result, "SEGMENT_FRAMES", 8)


def luma_of(path: Path) -> np.ndarray:
    return np.rint(np.asarray(Image.open(path).convert("RGB"), float) @ (0.299, 0.587, 0.114))


def test_a_sequence_comes_out_as_the_same_sequence_in_color(reel: Path, tmp_path: Path) -> None:
    before = bytes_of(reel)
    item = run_sequence(reel, tmp_path / "out", Fixed())
    assert (item.status, item.frames, item.warnings) == ("done", 30, ())
    assert (item.source, item.output) == (reel / "f%05d.png", tmp_path / "out" / "f%05d.png")
    assert item.numbers == "86400-86429"
    assert bytes_of(tmp_path / "out").keys() == before.keys()
    for name in before:
        rgb = np.asarray(Image.open(tmp_path / "out" / name))
        assert np.ptp(rgb.astype(int), axis=2).mean() > 5
        assert np.abs(luma_of(tmp_path / "out" / name) - luma_of(reel / name)).max() <= 1
    assert bytes_of(reel) == before
    assert not folder_of(item.output).exists()


def test_a_finished_sequence_is_skipped_and_no_frame_is_opened(
    reel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_sequence(reel, tmp_path / "out", Fixed())
    network = Fixed()
    monkeypatch.setattr(frames, "look", lambda path: pytest.fail(f"{path} is opened"))
    item = run_sequence(reel, tmp_path / "out", network)
    assert (item.status, network.batches) == ("skipped", [])


def test_a_changed_frame_is_seen(reel: Path, tmp_path: Path) -> None:
    run_sequence(reel, tmp_path / "out", Fixed())
    Image.fromarray(np.full((32, 48), 99, np.uint8)).save(reel / "f86410.png")
    item = run_sequence(reel, tmp_path / "out", Fixed())
    assert item.status == "done"
    assert luma_of(tmp_path / "out" / "f86410.png").std() < 1


def test_a_result_that_is_gone_is_made_again(reel: Path, tmp_path: Path) -> None:
    run_sequence(reel, tmp_path / "out", Stopping(99))
    whole = bytes_of(tmp_path / "out")
    (tmp_path / "out" / "f86410.png").unlink()
    assert run_sequence(reel, tmp_path / "out", Stopping(99)).status == "done"
    assert bytes_of(tmp_path / "out") == whole


def test_the_manifest_and_verify_know_a_sequence_as_one(reel: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    item = run_sequence(reel, out, Fixed())
    (record,) = Manifest(out).records()
    assert (record.output, record.frames) == ("f%05d.png", "86400-86429")
    assert record.size == sum(map(len, bytes_of(out).values()))
    assert [verdict.sound for verdict in verify(out)] == [True]
    (out / "f86403.png").write_bytes(b"x" * (out / "f86403.png").stat().st_size)
    for number in (86405, 86406):
        (out / f"f{number}.png").unlink()
    for place in (out, item.output, out / "f86400.png"):
        (verdict,) = verify(place)
        assert not verdict.sound and verdict.output == item.output
        assert "86405-86406 are missing" in verdict.reason and "86403 are not as" in verdict.reason


@pytest.mark.usefixtures("short_segments")
@pytest.mark.parametrize("most", [3, 11, 21, 25])
def test_a_stopped_run_goes_on_at_the_frame(
    reel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    run_sequence(reel, tmp_path / "whole", Stopping(99))
    stopped = run_sequence(reel, tmp_path / "out", Stopping(most))
    assert stopped.status == "failed" and "the card fell off" in stopped.reason
    there = bytes_of(tmp_path / "out")
    times = {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in there}
    made: list[Path] = []
    monkeypatch.setattr(writer, "write", lambda path, frame: made.append(path) or frames.write(path, frame))
    network = Stopping(99)
    assert run_sequence(reel, tmp_path / "out", network).status == "done"
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "whole")
    assert len(made) == 30 - len(there)
    assert {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in there} == times
    assert most < 20 or sum(network.batches) < 30
    assert [verdict.sound for verdict in verify(tmp_path / "out")] == [True]


@pytest.mark.parametrize("name", ["out", "out/a.mkv"])
def test_a_run_killed_before_it_cleared_up_leaves_nothing_to_the_next(
    reel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(unfinished.shutil, "rmtree", lambda *_, **__: None)
        item = run_sequence(reel, tmp_path / name, Fixed())
    left = folder_of(item.output)
    assert left.is_dir()
    journal = left / "segments.jsonl"
    lines = journal.read_text()
    journal.write_text(lines.replace('"', '"another ', 1))
    assert run_sequence(reel, tmp_path / name, Fixed()).status == "skipped"
    assert left.is_dir()  # what another result has, such as another part of the sequence
    journal.write_text(lines)
    assert run_sequence(reel, tmp_path / name, Fixed()).status == "skipped"
    assert not left.exists()


@pytest.mark.usefixtures("short_segments")
def test_frames_that_went_away_after_a_stop_are_made_again(reel: Path, tmp_path: Path) -> None:
    run_sequence(reel, tmp_path / "whole", Stopping(99))
    assert run_sequence(reel, tmp_path / "out", Stopping(21)).status == "failed"
    (tmp_path / "out" / "f86402.png").unlink()
    assert run_sequence(reel, tmp_path / "out", Stopping(99)).status == "done"
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "whole")


def test_other_settings_after_a_stop_replace_what_is_ours(reel: Path, tmp_path: Path) -> None:
    assert run_sequence(reel, tmp_path / "out", Stopping(21)).status == "failed"
    item = run_sequence(reel, tmp_path / "out", Stopping(99), Choices(told=True, rate=Fraction(18)))
    assert item.status == "done"


def test_files_of_the_users_are_never_replaced(reel: Path, tmp_path: Path) -> None:
    own = tmp_path / "out" / "f86405.png"
    own.parent.mkdir()
    own.write_bytes(b"a picture")
    network = Fixed()
    item = run_sequence(reel, tmp_path / "out", network)
    assert item.status == "failed" and "f86405.png: exists and is not" in item.reason
    assert (own.read_bytes(), network.batches) == (b"a picture", [])
    assert run_sequence(reel, tmp_path / "out", network, overwrite=True).status == "done"


def test_two_parts_of_a_sequence_go_to_one_folder(reel: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for part in ("f[86400-86414].png", "f[86410-86429].png"):
        assert run_sequence(reel / part, out, Fixed(), Choices()).status == "done"
    assert bytes_of(out).keys() == bytes_of(reel).keys()
    assert [verdict.sound for verdict in verify(out)] == [True, True]
    assert run_sequence(reel / "f[86400-86414].png", out, Fixed(), Choices()).status == "skipped"


def test_missing_frames_stop_the_run_before_the_work(reel: Path, tmp_path: Path) -> None:
    for number in (86403, 86404, 86420):
        (reel / f"f{number}.png").unlink()
    network = Fixed()
    item = run_sequence(reel, tmp_path / "out", network)
    assert item.status == "failed" and "86403-86404, 86420: missing" in item.reason
    assert not network.batches and not (tmp_path / "out").exists()


def test_missing_frames_are_held(reel: Path, tmp_path: Path) -> None:
    for number in (86403, 86404):
        (reel / f"f{number}.png").unlink()
    item = run_sequence(reel, tmp_path / "out", Fixed(), Choices(told=True, missing="hold"))
    assert (item.status, item.frames) == ("done", 30)
    assert "2 frames have no picture of their own" in item.warnings[0] and "86403-86404" in item.warnings[0]
    for number in (86403, 86404):
        assert np.array_equal(
            luma_of(tmp_path / "out" / f"f{number}.png"), luma_of(tmp_path / "out" / "f86402.png")
        )


@pytest.mark.parametrize("colored", [True, False])
def test_held_frames_have_their_own_timecode(tmp_path: Path, colored: bool) -> None:
    reel = tmp_path / "reel"
    reel.mkdir()
    for number in (10, 11, 14, 15):
        path = reel / f"f{number:05}.dpx"
        pixels = np.full((32, 48, 3), 400 + number, np.uint16)
        if colored:
            pixels[:, :24] = (800, 300, 100)
            pixels[:, 24:] = (100, 300, 800)
        timecode = f"01:00:00:{2 + number}"
        frame = frames.new_frame(path, pixels, bits=10, rate=Fraction(24), timecode=timecode)
        frames.write(path, frame)
    item = run_sequence(reel, tmp_path / "out", Fixed(), Choices(told=True, missing="hold"))
    assert item.status == "done" and "00012-00013" in item.warnings[-1]
    assert "their timecode goes on" in item.warnings[-1]
    told = [frames.look(tmp_path / "out" / f"f{number:05}.dpx").timecode for number in range(10, 16)]
    assert told == [f"01:00:00:{number}" for number in range(12, 18)]


def test_missing_frames_are_skipped(reel: Path, tmp_path: Path) -> None:
    for number in (86403, 86404):
        (reel / f"f{number}.png").unlink()
    item = run_sequence(reel, tmp_path / "out", Fixed(), Choices(told=True, missing="skip"))
    assert (item.status, item.frames, item.numbers) == ("done", 28, "86400-86402, 86405-86429")
    assert bytes_of(tmp_path / "out").keys() == bytes_of(reel).keys()
    assert "are left out" in item.warnings[0]


def test_shots_in_color_are_copied(tmp_path: Path) -> None:
    reel = tmp_path / "reel"
    reel.mkdir()
    for number in range(10):
        rgb = np.zeros((32, 48, 3), np.uint8)
        rgb[:16, :24], rgb[:16, 24:] = (180, 90, 90), (60, 150, 60)
        rgb[16:, :24], rgb[16:, 24:] = (100, 100, 230), (128, 128, number)
        Image.fromarray(rgb).save(reel / f"{number}.png")
    item = run_sequence(reel, tmp_path / "out", Fixed())
    assert item.status == "done" and "in colour already" in item.warnings[0]
    assert bytes_of(tmp_path / "out") == bytes_of(reel)


@pytest.fixture
def rendering(tiny_weights: Path) -> api.Rendering:
    return api.settle("video", weights=tiny_weights, render_factor=4, device="cpu")


@pytest.mark.parametrize(
    ("given", "out"),
    [
        (lambda reel: reel, "reel-colorized"),
        (lambda reel: reel / "f%05d.png", "reel-colorized"),
        (lambda reel: sorted(reel.iterdir()), "reel-colorized"),
    ],
)
def test_sequences_are_recognised_among_the_inputs(
    reel: Path, rendering: api.Rendering, given: Callable[[Path], list[Path] | Path], out: str
) -> None:
    (item,) = api.colorize_video(given(reel), rendering=rendering)
    assert (item.status, item.output, item.frames) == ("done", reel.with_name(out) / "f%05d.png", 30)
    (item,) = api.colorize_video(given(reel), rendering=rendering)
    assert item.status == "skipped"


def test_frames_among_photos_are_warned_of(
    reel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def planned(folder: Path) -> list[Planned]:
        return [Planned(path, tmp_path, path.name) for path in folder.iterdir()]

    monkeypatch.setattr(plan, "_LEAST_WARNED", 30)
    plan.warn_of_frames(planned(reel))
    assert "look like the frames of a film" in caplog.text and "colorize-video" in caplog.text
    caplog.clear()
    plan.warn_of_frames(planned(make_frames(tmp_path / "few", range(29))))
    assert not caplog.text


def test_what_does_not_go_with_sequences_is_refused_before_the_work(
    reel: Path, tmp_path: Path, rendering: api.Rendering
) -> None:
    def refused(error: type[Exception], words: str, **options: object) -> None:
        with pytest.raises(error, match=words):
            api.colorize_video(reel, rendering=rendering, **{"out": tmp_path / "out", **options})  # type: ignore
        assert not (tmp_path / "out").exists()

    refused(OptionError, "names of the frames", out=reel)
    refused(OptionError, "--layer", layer="beside")
    refused(OptionError, "--codec", encoding=api.Encoding(codec="ffv1"))
    refused(OptionError, "missing 'x'", missing="x")
    refused(OptionError, "fps", fps=0)
    refused(OptionError, "file", out=reel / "f86400.png")
    refused(OptionError, "keeps its names", out=tmp_path / "out" / "%07d.png")
    with pytest.raises(InputError, match="no numbered"):
        api.colorize_video(reel / "x%05d.png", rendering=rendering)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no numbered"):
        api.colorize_video(tmp_path / "empty", rendering=rendering, sequence=True)


def test_numbered_pictures_that_may_be_photos_are_asked_about(
    tmp_path: Path, rendering: api.Rendering
) -> None:
    make_frames(tmp_path / "few", range(3))
    with pytest.raises(InputError, match=r"holds no films, but 3 numbered pictures, .*--sequence"):
        api.colorize_video(tmp_path / "few", rendering=rendering)
    (item,) = api.colorize_video(tmp_path / "few", rendering=rendering, sequence=True, dry_run=True)
    assert item.status == "planned"


def test_sequences_by_url_are_refused(tmp_path: Path, rendering: api.Rendering) -> None:
    url = "memory://store/reel/%07d.dpx"
    for source, out, told in ((url, None, False), ("memory://store/reel", None, True)):
        with pytest.raises(OptionError, match="are read on this machine: download"):
            api.colorize_video(source, out, rendering=rendering, sequence=told)
    with pytest.raises(OptionError, match="frames are written and read on this machine"):
        api.colorize_video("memory://store/a.mkv", tmp_path / "%04d.dpx", rendering=rendering)
