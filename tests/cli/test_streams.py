"""streams: closed, full or narrow standard streams stop no run.

In real processes, since each needs streams of its own.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from helpers.pictures import grey_picture, save_damaged_fax
from helpers.places import ROOT

pytestmark = pytest.mark.skipif(os.name == "nt", reason="written for a POSIX shell")

# A command that prints, logs, and draws a bar; many lines, so that no pipe holds them all unread.
PRINTS = """
import argparse, logging, sys
from tqdm import tqdm
from deoldify_lite.cli import main as cli
log = logging.getLogger("deoldify_lite")
def command(args):
    for _ in tqdm(range(3)):
        for line in range(args.lines):
            print(args.name * 10)
            log.info("%s", args.name)
    open("done", "w").close()
    return 0
def build():
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--lines", type=int, default=1)
    parser.set_defaults(run=command, verbose=False, quiet=False)
    return parser
sys.exit(cli.run(build, None))
"""


def shell(line: str, folder: Path, **env: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of bash in which $RUN prints and `deoldify-lite` is the program."""
    (folder / "prints.py").write_text(PRINTS)
    program = f'deoldify-lite() {{ "{sys.executable}" -m deoldify_lite "$@"; }}\n'
    run = f'"{sys.executable}" prints.py'
    return subprocess.run(
        ["bash", "-c", f"{program} set -o pipefail; {line.replace('$RUN', run)}"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=100,
    )


@pytest.mark.parametrize(
    "env",
    [
        {"PYTHONIOENCODING": "ascii:strict"},
        {"PYTHONIOENCODING": "latin-1"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_names_that_the_encoding_lacks(tmp_path: Path, env: dict[str, str]) -> None:
    """They are printed as the bytes that they have on the disk."""
    done = shell("$RUN 照片-$'\\xff'.jpg", tmp_path, **env)
    assert done.returncode == 0 and b"Traceback" not in done.stderr
    assert done.stdout.splitlines()[0].startswith("照片-".encode() + b"\xff.jpg")


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&- <&-", "2>/dev/full"])
def test_closed_streams(tmp_path: Path, closed: str) -> None:
    done = shell(f"$RUN a.jpg {closed}", tmp_path)
    assert done.returncode == 0 and (tmp_path / "done").exists() and b"Traceback" not in done.stderr
    assert (b"a.jpg" in done.stdout) == (not closed.startswith(">"))


@pytest.mark.parametrize("pipe", ["| head -1", "2>&1 | head -1", "2>&1 >/dev/null | true"])
def test_readers_that_leave(tmp_path: Path, pipe: str) -> None:
    """The work is done; that not all names were wanted is not an error."""
    done = shell(f"$RUN a.jpg --lines 3000 {pipe}", tmp_path)
    assert done.returncode == 0 and (tmp_path / "done").exists()
    assert b"Traceback" not in done.stderr and b"Exception ignored" not in done.stderr


def test_a_full_disk_behind_standard_output_is_told(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    done = shell("$RUN a.jpg >/dev/full", tmp_path)
    assert done.returncode == 1 and (tmp_path / "done").exists()
    assert b"standard output" in done.stderr and b"Exception ignored" not in done.stderr


def test_lines_come_as_they_are_printed(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PRINTS.replace('open("done"', 'sys.stdin.readline(); open("done"'), "a"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"a" * 10 + b"\n"  # though it still waits
    process.communicate(b"\n", timeout=60)
    assert process.returncode == 0


@pytest.mark.slow
def test_help_and_lists_with_streams_of_all_sorts(tmp_path: Path) -> None:
    for line in (
        "--help | true",
        "--help >&-",
        "weights list | true",
        "weights list >&- 2>&-",
        "--help 2>&-",
    ):
        done = shell(f"deoldify-lite {line}", tmp_path)
        assert (done.returncode, done.stderr) == (0, b""), line
    assert shell("deoldify-lite folder --nonsense 2>&-", tmp_path).returncode == 2


@pytest.mark.slow
def test_a_report_on_standard_output_is_alone_there(tmp_path: Path, photos: Path, tiny_weights: Path) -> None:
    options = f"--weights '{tiny_weights}' --render-factor 4"
    done = shell(f"deoldify-lite folder photos {options} --json /dev/stdout | cat", tmp_path)
    assert done.returncode == 0 and b"photos-colorized" in done.stderr
    assert json.loads(done.stdout)["counts"] == {"done": 3}
    closed = shell("deoldify-lite folder photos --json - >&-", tmp_path)
    assert closed.returncode == 2 and b"--json -" in closed.stderr


def test_a_report_takes_no_name_of_a_photo(tmp_path: Path, photos: Path) -> None:
    """As in `--json *.jpg`."""
    before = (photos / "a.jpg").read_bytes()
    done = shell("deoldify-lite folder --json photos/a.jpg photos/b.png", tmp_path)
    assert done.returncode == 2 and b"photos/a.jpg" in done.stderr
    assert (photos / "a.jpg").read_bytes() == before


@pytest.mark.slow
def test_lines_of_libraries_become_warnings_of_the_file(tmp_path: Path, tiny_weights: Path) -> None:
    (tmp_path / "faxes").mkdir()
    save_damaged_fax(tmp_path / "faxes" / "bad.tif")
    good = Image.fromarray(grey_picture(120, 160)).convert("1")
    good.save(tmp_path / "faxes" / "good.tif", compression="group4")
    options = f"--weights '{tiny_weights}' --render-factor 4 --quiet --json r.json"
    done = shell(f"deoldify-lite folder faxes {options}", tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    items = {
        Path(item["source"]).stem: item["warnings"]
        for item in json.loads((tmp_path / "r.json").read_text())["items"]
    }
    assert any("its decoder warns: Fax4Decode: " in warning for warning in items["bad"])
    assert not any("decoder" in warning for warning in items["good"])


def test_warnings_of_python_are_logged(tmp_path: Path) -> None:
    warns = PRINTS.replace("print(", "__import__('warnings').warn('odd\\n file'); print(", 1)
    (tmp_path / "warns.py").write_text(warns)
    done = shell(f'"{sys.executable}" warns.py a.jpg', tmp_path)
    assert (
        done.returncode == 0 and b"UserWarning" not in done.stderr and b"WARNING: odd file\n" in done.stderr
    )
