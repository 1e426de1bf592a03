"""`deoldify-lite evaluate` as a user runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deoldify_lite.cli import main as cli
from helpers.commands import Command
from helpers.places import ROOT


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    """Four photos in colour, one of them deeper in the tree."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "truth"
    (folder / "more").mkdir(parents=True)
    for name in ("a.png", "b.png", "it's «né».png", "more/d.png"):
        picture = np.repeat(np.repeat(rng.integers(0, 256, (5, 6, 3)), 10, 0), 10, 1).astype(np.uint8)
        Image.fromarray(picture).save(folder / name)
    return folder


@pytest.fixture
def results(truth: Path, tmp_path: Path) -> list[Path]:
    """Two folders of results in JPEG, one paler than the other."""
    folders = [tmp_path / "artistic", tmp_path / "stable"]
    for folder, share in zip(folders, (0.8, 0.5), strict=True):
        for path in truth.rglob("*.png"):
            picture = Image.open(path)
            target = (folder / path.relative_to(truth)).with_suffix(".jpg")
            target.parent.mkdir(parents=True, exist_ok=True)
            grey = picture.convert("L").convert("RGB")
            Image.blend(grey, picture, share).save(target, quality=95, subsampling=0)
    return folders


@pytest.mark.slow
def test_folders_side_by_side(command: Command, truth: Path, results: list[Path], tmp_path: Path) -> None:
    reports = ("--json", tmp_path / "r.json", "--html", tmp_path / "r.html")
    env = {"TORCH_HOME": str(tmp_path / "hub")}
    first = command("evaluate", *results, truth, *reports, env=env)
    assert first.returncode == 0, first.stderr
    lines = first.stdout.splitlines()
    assert lines[0].split() == ["4", "pictures", "grey", "artistic", "stable", "truth"]
    assert any(line.startswith("PSNR gain, dB") for line in lines)
    assert "LPIPS: n/a: " in first.stdout and "FID, Inception score: n/a: " in first.stdout
    assert "Traceback" not in first.stderr
    report = json.loads((tmp_path / "r.json").read_text())
    assert len(report["pictures"]) == 4 and report["settings"]["truth"] == str(truth)
    assert (tmp_path / "r.html").read_text().startswith("<!DOCTYPE html>")


@pytest.mark.skipif(os.name == "nt", reason="Windows has few links")
def test_reports_go_where_links_and_dashes_lead(
    truth: Path,
    results: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "hub"))
    for folder in (truth, *results):
        for path in folder.glob("a.*"):
            path.rename(path.with_name(f"a \udcff{path.suffix}"))  # a byte that is not a letter
    (tmp_path / "link.json").symlink_to("real.json")
    reports = ("--json", str(tmp_path / "link.json"), "--html", "-")
    assert cli.main(["evaluate", *map(str, results), str(truth), *reports, "--quiet"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("<!DOCTYPE html>") and out.endswith("</html>")
    assert (tmp_path / "link.json").is_symlink() and json.loads((tmp_path / "real.json").read_text())


@pytest.mark.logs_errors
def test_one_result_is_lost_and_one_broken(
    truth: Path,
    results: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "hub"))
    (results[1] / "a.jpg").unlink()
    (results[1] / "b.jpg").write_bytes(b"\xff\xd8\xff no more")
    assert cli.main(["evaluate", *map(str, results), str(truth), "--quiet"]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("2 pictures")
    assert str(results[1] / "b.jpg") in caplog.text and "Traceback" not in caplog.text + err


@pytest.mark.logs_errors
def test_the_same_run_gives_the_same_figures(
    truth: Path, results: list[Path], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    folders = [*map(str, results), str(truth)]
    assert cli.main(["evaluate", *folders]) == 0
    once = capsys.readouterr().out
    (results[0] / "no such truth.jpg").write_bytes((results[0] / "a.jpg").read_bytes())
    assert cli.main(["evaluate", *folders]) == 0
    assert capsys.readouterr().out == once
    assert "no such truth.jpg: there is no true picture for it" in caplog.text
    (results[0] / "b.jpg").unlink()
    assert cli.main(["evaluate", *folders]) == 1
    assert "b.png" in caplog.text and "has no result for it" in caplog.text


@pytest.mark.logs_errors
def test_wrong_folders_and_files(truth: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["evaluate", str(truth)])
    assert stop.value.code == 2
    (tmp_path / "empty").mkdir()
    assert cli.main(["evaluate", str(tmp_path / "empty"), str(truth)]) == 1
    assert "empty: holds no picture" in caplog.text
    lost = str(tmp_path / "lost.safetensors")
    assert cli.main(["evaluate", str(truth), str(truth), "--feature-net", lost]) == 1
    assert "lost.safetensors" in caplog.text


@pytest.mark.logs_errors
def test_options_that_do_not_fit(truth: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folders = [str(truth), str(truth)]
    assert cli.main(["evaluate", *folders, "--labels", "x.tsv"]) == 2
    assert cli.main(["evaluate", *folders, "--json", str(tmp_path / "no" / "r.json")]) == 2
    assert "--classifier" in caplog.text and "r.json" in caplog.text


def test_help_loads_no_torch() -> None:
    code = (
        "import sys; from deoldify_lite.cli import main as cli\n"
        "try: cli.main(['evaluate', '--help'])\n"
        "except SystemExit: pass\n"
        "sys.exit(any(name in sys.modules for name in ('torch', 'cv2', 'numpy', 'PIL')))"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0 and "--feature-net" in result.stdout
