"""pipes: photos and films through standard input and output, in real processes."""

import json
import os
import pty
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.films import info, luma_hashes, make, pattern, plane_hashes, tone
from helpers.pictures import grey_picture
from helpers.places import ROOT

pytestmark = pytest.mark.skipif(os.name == "nt", reason="written for a POSIX shell")

Shell = Callable[[str], subprocess.CompletedProcess[bytes]]


@pytest.fixture
def shell(tmp_path: Path, tiny_weights: Path) -> Shell:
    """Runs a line of bash, in which PHOTO and FILM colorize with a tiny network, and RUN is the program."""
    tail = f'--weights {shlex.quote(str(tiny_weights))} --render-factor 4 "$@"; }}'
    program = f"{shlex.quote(sys.executable)} -m deoldify_lite"
    functions = f"PHOTO() {{ {program} folder {tail}\nFILM() {{ {program} video {tail}\n"
    functions += f'RUN() {{ {program} "$@"; }}\n'

    def run(line: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["bash", "-c", f"{functions}set -o pipefail; {line}"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=200,
        )

    return run


@pytest.mark.slow
def test_a_photo_through_a_pipe_is_that_of_files(shell: Shell, photos: Path, tmp_path: Path) -> None:
    """Byte for byte, with its metadata."""
    exif = Image.Exif()
    exif[0x010E] = "Grandma"
    Image.fromarray(grey_picture(90, 120)).save(photos / "a.jpg", quality=95, exif=exif, dpi=(300, 300))
    assert shell("PHOTO photos/a.jpg -o file.jpg").returncode == 0
    for line in ("cat photos/a.jpg | PHOTO - | cat > pipe.jpg", "PHOTO - -o - < photos/a.jpg > pipe.jpg"):
        done = shell(line)
        assert done.returncode == 0 and done.stdout == b"" and b"1 done" in done.stderr
        assert (tmp_path / "pipe.jpg").read_bytes() == (tmp_path / "file.jpg").read_bytes()
    with Image.open(tmp_path / "pipe.jpg") as image:
        assert image.getexif()[0x010E] == "Grandma" and image.info["dpi"] == (300, 300)
        assert np.ptp(np.asarray(image).astype(int), axis=2).mean() > 5


@pytest.mark.slow
def test_one_end_may_be_a_file(shell: Shell, photos: Path, tmp_path: Path) -> None:
    done = shell("PHOTO photos/b.png -o - --format tif --json run.json > out")
    assert done.returncode == 0 and (tmp_path / "out").read_bytes().startswith(b"II*\0")
    [item] = json.loads((tmp_path / "run.json").read_text())["items"]
    assert (item["source"], item["output"]) == ("photos/b.png", "standard output")
    done = shell("PHOTO - -o out.png < photos/b.png")
    assert (done.returncode, done.stdout) == (0, b"out.png\n") and (tmp_path / "out.png").is_file()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("png", {}),
        ("tif", {"compression": "tiff_lzw"}),
        ("webp", {"lossless": True}),
        ("avif", {}),
        ("bmp", {}),
    ],
)
def test_a_photo_is_known_by_its_content(
    shell: Shell, tmp_path: Path, kind: str, options: dict[str, object]
) -> None:
    Image.fromarray(grey_picture(64, 48)).save(tmp_path / f"in.{kind}", **options)
    assert shell(f"PHOTO - < in.{kind} > out").returncode == 0
    with Image.open(tmp_path / "out") as image, Image.open(tmp_path / f"in.{kind}") as source:
        assert (image.format, image.size) == (source.format, source.size)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("RUN folder - < /dev/null", "standard input: is empty"),
        ("echo hello | RUN folder -", "standard input: not a picture of a known kind"),
    ],
)
def test_what_is_no_photo_is_told(shell: Shell, line: str, words: str) -> None:
    done = shell(line)
    assert (done.returncode, done.stdout) == (1, b"") and words in done.stderr.decode()


@pytest.mark.parametrize("options", ["--compare", "--layer", "--report", "--json -", "--dry-run", "more.jpg"])
def test_what_does_not_fit_into_a_pipe_is_refused(shell: Shell, options: str) -> None:
    done = shell(f"RUN folder - {options} < /dev/null > out")
    assert done.returncode == 2 and b"ERROR" in done.stderr


def test_a_folder_has_no_place_in_standard_output(shell: Shell, photos: Path) -> None:
    done = shell("RUN folder photos -o - > out")
    assert done.returncode == 2 and b"photos is none" in done.stderr


def test_pages_that_a_kind_does_not_hold_are_refused(shell: Shell, tmp_path: Path) -> None:
    pages = [Image.fromarray(grey_picture(40, 30)) for _ in range(2)]
    pages[0].save(tmp_path / "in.tif", save_all=True, append_images=pages[1:])
    done = shell("RUN folder - --format jpg < in.tif > out")
    assert done.returncode == 1 and b"has 2 pages" in done.stderr and not (tmp_path / "out").stat().st_size


@pytest.mark.slow
def test_a_reader_that_leaves_ends_it_quietly(shell: Shell, tmp_path: Path) -> None:
    """As `cat` would end: by the code of a broken pipe, without an error."""
    noise = np.random.default_rng(0).integers(0, 256, (600, 600), np.uint8)
    Image.fromarray(noise).save(tmp_path / "in.png")
    done = shell("PHOTO - < in.png | head -c 10; echo ${PIPESTATUS[0]} > code")
    assert (tmp_path / "code").read_text() == "141\n"
    assert len(done.stdout) == 10 and b"ERROR" not in done.stderr and b"Traceback" not in done.stderr


@pytest.mark.slow
def test_a_full_disk_behind_a_pipe_is_told(shell: Shell, photos: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    done = shell("PHOTO - < photos/b.png > /dev/full")
    assert done.returncode == 1 and b"standard output: not all of it could be written" in done.stderr


@pytest.mark.parametrize("which", ["stdin", "stdout"])
@pytest.mark.parametrize("command", ["folder", "video"])
def test_a_terminal_is_refused(photos: Path, which: str, command: str) -> None:
    ours, its = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "deoldify_lite", command, "-"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=its if which == "stdin" else subprocess.DEVNULL,
            stdout=its if which == "stdout" else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=100,
        )
    finally:
        os.close(its)
        os.close(ours)
    assert done.returncode == 2
    assert f"standard {'input' if which == 'stdin' else 'output'} is a terminal".encode() in done.stderr


@pytest.mark.slow
def test_a_film_goes_through_in_one_pass(shell: Shell, tmp_path: Path) -> None:
    """Y4M in, Y4M out, with every luma as it was."""
    make(tmp_path / "in.mkv", *pattern(1.2), "-pix_fmt", "yuv420p", "-c:v", "ffv1")
    send = "ffmpeg -v error -i in.mkv -f yuv4mpegpipe -"
    done = shell(f"{send} | FILM - --recolor-all | ffmpeg -v error -i - -c:v ffv1 out.mkv")
    assert done.returncode == 0, done.stderr
    assert b"30 frames" not in done.stdout and luma_hashes(tmp_path / "out.mkv") == luma_hashes(
        tmp_path / "in.mkv"
    )
    assert plane_hashes(tmp_path / "out.mkv") != plane_hashes(tmp_path / "in.mkv")


@pytest.mark.slow
def test_a_container_is_kept_while_it_is_read_twice(shell: Shell, tmp_path: Path) -> None:
    """With sound and all else, as Matroska that can be piped on; the warning says where it is kept."""
    options = ("-pix_fmt", "yuv420p", "-c:v", "ffv1", "-c:a", "flac")
    make(tmp_path / "in.mkv", *pattern(0.4), *tone(0.4), *options)
    done = shell("FILM - --codec ffv1 --json run.json < in.mkv | ffmpeg -v error -i - -map 0 -c copy out.mkv")
    assert done.returncode == 0, done.stderr
    assert b"has to be read twice" in done.stderr
    assert [one["codec_name"] for one in info(tmp_path / "out.mkv")["streams"]] == ["ffv1", "flac"]
    assert luma_hashes(tmp_path / "out.mkv") == luma_hashes(tmp_path / "in.mkv")
    [item] = json.loads((tmp_path / "run.json").read_text())["items"]
    assert (item["source"], item["output"]) == ("standard input", "standard output")


@pytest.mark.parametrize(
    "options", ["--crf 12", "--hints h.csv", "--start 1", "--layer only", "--for web", "--engine ray"]
)
def test_what_does_not_go_with_frames_that_come_once_is_refused(
    shell: Shell, tmp_path: Path, options: str
) -> None:
    (tmp_path / "in.y4m").write_bytes(b"YUV4MPEG2 W4 H2 F25:1 C420\nFRAME\n123456789012")
    done = shell(f"RUN video - {options} < in.y4m > out")
    assert done.returncode == 2 and b"does not work with Y4M" in done.stderr
    assert not (tmp_path / "out").stat().st_size


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("- --json -", "standard output takes the result alone"),
        ("- --layer", "standard output takes the result alone"),
        ("- more.mkv", "name one, or leave out -"),
        ("- --raw 4x2,rgb24", "write WIDTHxHEIGHT,PIXFMT"),
        ("film.mkv --raw 4x2,gray", "come from standard input"),
        ("- --shots list.csv", "--shots: does not work with -"),
    ],
)
def test_films_that_do_not_fit_into_a_pipe_are_refused(shell: Shell, options: str, words: str) -> None:
    done = shell(f"RUN video {options} < /dev/null > out")
    assert done.returncode == 2 and words in done.stderr.decode()


@pytest.mark.slow
def test_readers_of_films_that_leave_and_writers_that_die(shell: Shell, tmp_path: Path) -> None:
    make(tmp_path / "in.mkv", *pattern(0.4), "-c:v", "ffv1")
    send = "ffmpeg -v quiet -i in.mkv -pix_fmt yuv420p -f yuv4mpegpipe -"
    done = shell(f"{send} | FILM - | head -c 100; echo ${{PIPESTATUS[1]}} > code")
    assert (tmp_path / "code").read_text() == "141\n"
    assert len(done.stdout) == 100 and b"ERROR" not in done.stderr and b"Traceback" not in done.stderr
    done = shell(f"{send} | head -c 50000 | FILM - > out")
    assert done.returncode == 1 and b"breaks off within frame" in done.stderr
