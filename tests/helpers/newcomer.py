"""What a newcomer has: the commands, with a tiny network, and small files wherever a page names some.

A page is run by bash, which finds programs of the names of ours: each is a process that first makes the files
that its arguments name and that are not there, as the reader of the page would have them. One that runs until
it is stopped gets a Ctrl-C once it has done what the page says.
"""

import argparse
import ast
import configparser
import os
import re
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray
from packaging.requirements import Requirement
from PIL import Image

from deoldify_lite.cli.main import build_parsers, main, main_folder, main_video
from deoldify_lite.cli.watch import LOCK
from deoldify_lite.film.kinds import FILM_SUFFIXES
from deoldify_lite.models import zoo
from deoldify_lite.photo.kinds import PHOTO_SUFFIXES
from helpers.places import ROOT

PROGRAMS = {"deoldify-lite": main, "colorize-folder": main_folder, "colorize-video": main_video}
TINY = "tiny.safetensors"
# Pages name times up to 2:30; at one frame a second that is few frames.
_FILM = ("-f", "lavfi", "-i", "smptebars=s=64x48:r=1:d=155,hue=s=0", "-f", "lavfi", "-i", "sine=d=155")
_FRAME = "frame-000123.png"
# Pages wait for a watched folder to come to rest at most so long.
_PATIENCE_S = 5.0
# What stands for the number in the name of a picture sequence.
_NUMBER = re.compile(r"%0?\d*d|#+|\*|\[\d+-\d+\]")


def lay_out(folder: Path, weights: Path) -> dict[str, str]:
    """Make the programs in a folder; returns the environment of a shell that finds them.

    Args:
        weights: of a tiny network.
    """
    programs = folder / "programs"
    programs.mkdir(parents=True)
    for name in (*PROGRAMS, "pip", "python"):
        words = [sys.executable, *(() if name == "python" else ("-m", "helpers.newcomer", name))]
        (programs / name).write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        (programs / name).chmod(stat.S_IRWXU)
    shutil.copyfile(weights, programs / TINY)
    settings = folder / "deoldify_lite/config.toml"
    settings.parent.mkdir()
    settings.write_text("render-factor = 4\n")  # quick
    return {
        **os.environ,
        "PATH": os.pathsep.join([str(programs), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
        "DEOLDIFY_LITE_WEIGHTS": str(programs),
        "XDG_CONFIG_HOME": str(folder),
        "OMP_NUM_THREADS": "1",
    }


def use_tiny_network() -> None:
    """Let the default weights of all modes be those of a tiny network."""
    for name in ("lite", "lite-artistic", "lite-video"):
        tiny = replace(zoo.MODELS[name], encoder="test_resnet", file=TINY, sha256="", bytes=0)
        zoo.MODELS[name] = tiny


def _picture() -> NDArray[np.uint8]:
    """Grey, with edges and texture; not that of `helpers.pictures`, which loads torch."""
    y, x = np.mgrid[:48, :64]
    luma = 128 + 50 * np.sin(x / 9 + y / 23) + 30 * ((x // 16 + y // 24) % 2)
    return np.repeat(luma.astype(np.uint8)[..., None], 3, axis=2)


def _run_ffmpeg(*arguments: object) -> None:
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True, stdin=subprocess.DEVNULL
    )


def provide(path: Path, *, film: bool = False, colored: bool = False) -> None:
    """Make the photo, film, picture sequence or folder of such that a page names; what is there stays."""
    if path.exists() or "://" in str(path) or path == Path("-"):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    suffix = path.suffix.lower()
    if number := _NUMBER.search(path.name):
        frames = path.with_name(f"{path.name[: number.start()]}%07d{path.name[number.end() :]}")
        _run_ffmpeg(*_FILM[:4], "-frames:v", "26", "-pix_fmt", "rgb24", "-start_number", "86400", frames)
    elif suffix == ".wav":
        _run_ffmpeg(*_FILM[4:], path)
    elif suffix in PHOTO_SUFFIXES:
        Image.fromarray(_picture() - np.uint8([0, 20, 40] if colored else 0)).save(path)
    elif suffix in FILM_SUFFIXES:
        _run_ffmpeg(*_FILM, "-shortest", path)
    elif not suffix:
        path.mkdir()
        if film:
            provide(path / "wedding.mp4", film=True)
        else:
            provide(path / "a.jpg", colored=colored)
            provide(path / "1920/grandma.tif", colored=colored)


def provide_for(args: argparse.Namespace, *, film: bool) -> None:
    """Make all that a command of ours reads."""
    given = vars(args)
    sources = [given[name] for name in ("source", "data", "truth", "folder") if given.get(name)]
    for source in [*sources, *given.get("inputs", ()), *given.get("results", ())]:
        provide(Path(source), film=film)
    if given.get("weights") == "FILE":
        shutil.copyfile(Path(os.environ["DEOLDIFY_LITE_WEIGHTS"]) / TINY, "FILE")
    if given.get("reference"):
        provide(Path(args.reference), colored=True)
    if given.get("colors_from"):
        provide(Path(args.colors_from), film=film, colored=True)
    if given.get("keys"):
        provide_keys(Path(args.keys))
    if given.get("hints") and not Path(args.hints).exists():
        file = Path(args.hints) if Path(args.hints).suffix else Path(args.hints) / "a.jpg.hints.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("10, 50%, 30%, #2f4a8c\n" if film else "50%, 30%, #2f4a8c\n")


def provide_keys(folder: Path) -> None:
    """Make a folder with one frame in colour."""
    if not folder.exists():
        provide(folder / _FRAME, colored=True)


def provide_for_python(code: str) -> None:
    """Make the files that Python code names."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            path = Path(node.value)
            if path.suffix.lower() in PHOTO_SUFFIXES | FILM_SUFFIXES:
                provide(path)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            named = [one.value for one in node.args[:1] if isinstance(one, ast.Constant)]
            if node.func.attr in ("colorize_folder", "colorize_video") and named:
                provide(Path(named[0]), film=node.func.attr == "colorize_video")
            for keyword in node.keywords:
                if keyword.arg == "keys" and isinstance(keyword.value, ast.Constant):
                    provide_keys(Path(keyword.value.value))


def run_program(program: str, arguments: Sequence[str]) -> int:
    """Run a program as a newcomer would, who has the files that he names."""
    if program == "pip":
        return check_requirements(arguments)
    if program == "python":
        run_python(Path(arguments[0]))
        return 0
    args = {one.prog: one for one in build_parsers()}[program].parse_args(arguments)
    command = vars(args).get("command", "")
    provide_for(args, film=program == "colorize-video" or command in ("video", "shots"))
    use_tiny_network()
    if is_done := proof_of(args, command):
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
        threading.Thread(target=stop_once, args=(is_done,), daemon=True).start()
    if command == "web":
        arguments = [*arguments, "--port", "0"]  # another program may have the usual one
    return PROGRAMS[program](arguments)


def proof_of(args: argparse.Namespace, command: str) -> Callable[[], bool] | None:
    """Return what says that a command which runs until it is stopped has done its work; None for others."""
    if command == "web" or (command == "shots" and args.edit):
        return lambda: any(map(answers, psutil.Process().net_connections("tcp")))
    if command != "watch":
        return None
    if args.settle > _PATIENCE_S:  # that it begins is enough
        lock = args.out / LOCK
        return lambda: lock.exists() and time.time() - lock.stat().st_mtime > 2
    wanted = [args.out / path.relative_to(args.folder) for path in args.folder.rglob("*.*")]
    wanted += [args.out / "report.html"] if args.report is not None else []
    return lambda: all(path.exists() for path in wanted)


def answers(connection: object) -> bool:
    """Return whether a page is served by a connection of this process."""
    status, address = getattr(connection, "status", ""), getattr(connection, "laddr", ())
    if status != psutil.CONN_LISTEN:
        return False
    try:
        urllib.request.urlopen(f"http://{address[0]}:{address[1]}/", timeout=10).close()
    except urllib.error.HTTPError:  # the page of shots has a secret path
        return True
    except OSError:
        return False
    return True


def stop_once(is_done: Callable[[], bool]) -> None:
    """Press Ctrl-C once something is done; the test of the page has a limit of time."""
    while not is_done():
        time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGINT)


def run_python(path: Path) -> None:
    """Run code of a page, with the names that pages leave to their reader."""
    code = path.read_text(encoding="utf-8")
    provide_for_python(code)
    use_tiny_network()
    rgb = _picture()
    image = Image.fromarray(rgb)
    known = {"picture": rgb, "grey": rgb[..., 0], "image": image, "pictures": [rgb, image], "show": np.shape}
    exec(compile(code, str(path), "exec"), {"__name__": "__main__", **known})


def check_requirements(arguments: Sequence[str]) -> int:
    """Stand in for pip: 1 if this project lacks an extra that it is asked for."""
    assert arguments[0] == "install", arguments
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = set(settings["options.extras_require"])
    for word in arguments[1:]:
        name, _, inside = word.removesuffix("]").partition("[")
        asked = (
            set(filter(None, inside.split(","))) if name in (".", "deoldify-lite", "deoldify_lite") else set()
        )
        if asked - extras:
            print(f"there is no extra {asked - extras}", file=sys.stderr)
            return 1
        if name != ".":
            Requirement(word)
    return 0


if __name__ == "__main__":
    sys.exit(run_program(sys.argv[1], sys.argv[2:]))
