"""Small films made with the real ffmpeg, and a look into films, for the tests."""

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.film.cut import Cut
from deoldify_lite.film.encoding import Encoding
from deoldify_lite.film.fit import fit_film
from deoldify_lite.film.kinds import FALLBACK_CONTAINER, container_for
from deoldify_lite.film.probe import Film, probe_film
from deoldify_lite.film.reader import FrameReader
from deoldify_lite.film.writer import ChromaWriter

LOSSLESS = Encoding(codec="ffv1")
DEFAULT_ENCODING = Encoding()
SIZE = 32  # px, of the frames that the network would see


def run(*arguments: object) -> bytes:
    """Run a program, which must succeed; returns its stdout."""
    done = subprocess.run([str(a) for a in arguments], stdin=subprocess.DEVNULL, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def make(path: Path, *arguments: object) -> Path:
    """Make a film with the arguments of an ffmpeg command, less its output; returns the path."""
    run("ffmpeg", "-v", "error", "-y", *arguments, f"file:{path}")
    return path


def pattern(seconds: float = 1.0, *, rate: str = "25", size: str = "96x64") -> tuple[object, ...]:
    """Input arguments: moving colour bars."""
    return ("-f", "lavfi", "-i", f"testsrc=s={size}:r={rate}:d={seconds}")


def tone(seconds: float = 1.0) -> tuple[object, ...]:
    """Input arguments: a sine."""
    return ("-f", "lavfi", "-i", f"sine=d={seconds}:r=48000")


def make_steps(path: Path, times: list[float], *arguments: object) -> Path:
    """A film of variable rate: flat greys, one at each of the given times in seconds."""
    folder = path.parent
    for i in range(len(times)):
        grey = f"0x{f'{(40 + 37 * i) % 200 + 20:02x}' * 3}"
        make(folder / f"step{i}.png", "-f", "lavfi", "-i", f"color={grey}:s=64x48", "-frames:v", 1)
    ends = [*times[1:], times[-1] + 0.2]
    durations = [end - time for time, end in zip(times, ends, strict=True)]
    lines = [f"file 'step{i}.png'\nduration {seconds:.6f}\n" for i, seconds in enumerate(durations)]
    (folder / "steps.txt").write_text("".join(lines))
    return make(
        path,
        *("-f", "concat", "-i", folder / "steps.txt", "-fps_mode", "vfr"),
        *("-c:v", "libx264", "-qp", 0, "-pix_fmt", "yuv420p", *arguments),
    )


def joined(
    path: Path,
    *options: object,
    seconds: Sequence[float] = (1.0, 1.0),
    sizes: Sequence[str] = ("96x64", "128x96"),
) -> Path:
    """A film whose packets are those of several, N.mov beside it, on one constant grid."""
    parts = [
        make(path.with_name(f"{n}.mov"), *pattern(length, size=size), *options)
        for n, (length, size) in enumerate(zip(seconds, sizes, strict=True))
    ]
    listed = path.with_suffix(".txt")
    listed.write_text("".join(f"file {part.name}\n" for part in parts))
    return make(path, "-f", "concat", "-i", listed, "-c", "copy")


def info(path: Path) -> dict[str, Any]:
    """All that ffprobe says, with chapters."""
    found: dict[str, Any] = json.loads(
        run(
            *("ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_format"),
            *("-show_chapters", f"file:{path}"),
        )
    )
    return found


def picture_times(path: Path) -> list[float]:
    """When each frame is shown, in seconds from the file's start."""
    frames = json.loads(
        run(
            *("ffprobe", "-v", "error", "-of", "json", "-select_streams", "v:0"),
            *("-show_entries", "frame=best_effort_timestamp_time:format=start_time", f"file:{path}"),
        )
    )
    start = float(frames["format"].get("start_time", 0))
    return [float(f["best_effort_timestamp_time"]) - start for f in frames["frames"]]


def first_sound(path: Path) -> float:
    """When the first sound is heard, in seconds from the file's start."""
    found = json.loads(
        run(
            *("ffprobe", "-v", "error", "-of", "json", "-select_streams", "a:0", "-show_packets"),
            *("-show_entries", "packet=pts_time:format=start_time", f"file:{path}"),
        )
    )
    return float(found["packets"][0]["pts_time"]) - float(found["format"].get("start_time", 0))


def luma_hashes(path: Path, *filters: str) -> list[str]:
    """A hash of the untouched luma of every frame, as decoded, turned and not timed."""
    graph = ",".join([*filters, "extractplanes=y"])
    text = run(
        *("ffmpeg", "-v", "error", "-i", f"file:{path}", "-map", "0:V:0", "-vf", graph),
        *("-fps_mode", "passthrough", "-f", "framemd5", "-"),
    )
    return [line.split(",")[-1].strip() for line in text.decode().splitlines() if line[0] != "#"]


def plane_hashes(path: Path, *filters: str) -> list[tuple[str, str, str]]:
    """Hashes of the untouched luma, Cb and Cr of every frame, as decoded, turned and not timed."""
    graph = ",".join([*filters, "extractplanes=y+u+v[y][u][v]"])
    text = run(
        *("ffmpeg", "-v", "error", "-i", f"file:{path}", "-filter_complex", f"[0:V:0]{graph}"),
        *("-map", "[y]", "-map", "[u]", "-map", "[v]", "-fps_mode", "passthrough", "-f", "framemd5", "-"),
    )
    lines = [line.split(",") for line in text.decode().splitlines() if line[0] != "#"]
    planes = [[line[-1].strip() for line in lines if line[0] == number] for number in "012"]
    return list(zip(*planes, strict=True))


def rgb_frames(path: Path) -> NDArray[np.uint8]:
    """(N, H, W, 3) as a player would show them that trusts the file's tags."""
    stream = next(s for s in info(path)["streams"] if s["codec_type"] == "video")
    matrix = {"bt470bg": "bt470", "bt2020nc": "bt2020"}.get(stream["color_space"], stream["color_space"])
    data = run(
        *("ffmpeg", "-v", "error", "-i", f"file:{path}", "-map", "0:V:0"),
        *("-vf", f"scale=in_range={stream['color_range']}:in_color_matrix={matrix}:flags=accurate_rnd"),
        *("-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"),
    )
    return np.frombuffer(data, np.uint8).reshape(-1, stream["height"], stream["width"], 3)


def between(film: Film, start_s: float | None = None, end_s: float | None = None) -> Cut:
    """The frames between two times."""
    return Cut.between(film, start_s, end_s)


def read_all(film: Film, **cut: float | None) -> list[NDArray[np.uint8]]:
    """All frames that the reader gives."""
    with FrameReader(film, SIZE, cut=between(film, **cut)) as reader:
        return list(reader)


def open_writer(
    film: Film, out_path: Path, encoding: Encoding = DEFAULT_ENCODING, **options: Any
) -> ChromaWriter:
    """A writer of all streams that the result can hold."""
    _, fit = fit_film(film, [out_path], encoding)
    return ChromaWriter(film, out_path, (SIZE, SIZE), fit.streams, encoding=encoding, **options)


def container_of(film: Film) -> str:
    """The container that a run chooses for a film."""
    out_path = Path(f"out{container_for(film.path)}")
    chosen, _ = fit_film(film, [out_path, out_path.with_suffix(FALLBACK_CONTAINER)], DEFAULT_ENCODING)
    return chosen.suffix


def colorize(
    path: Path,
    out_path: Path,
    *,
    encoding: Encoding = LOSSLESS,
    cb: float = 0.0,
    cr: float = 0.0,
    shade: Callable[[NDArray[np.uint8]], NDArray[np.float32]] | None = None,
    **cut: float | None,
) -> Film:
    """Run a film through reader and writer with one colour for all; returns the result, probed."""
    film = probe_film(path)
    flat = np.broadcast_to(np.array([[[cb]], [[cr]]], np.float32), (2, SIZE, SIZE))
    with (
        FrameReader(film, SIZE, cut=between(film, **cut)) as reader,
        open_writer(film, out_path, encoding, cut=between(film, **cut)) as writer,
    ):
        for luma in reader:
            writer.write(flat if shade is None else shade(luma), luma)
    return probe_film(out_path)


def noise(path: Path, pix_fmt: str, depth: int, *, size: str = "34x18", frames: int = 3) -> Path:
    """A raw film, in .nut, whose luma takes all values of its depth."""
    width, height = (int(side) for side in size.split("x"))
    rng = np.random.default_rng(0)
    raw = path.with_suffix(".raw")
    # More than any format needs; ffmpeg drops what is left of the last frame.
    samples = rng.integers(0, 2**depth, frames * width * height * 4)
    raw.write_bytes(samples.astype("<u2" if depth > 8 else np.uint8).tobytes())
    return make(
        path,
        *("-f", "rawvideo", "-pixel_format", pix_fmt, "-video_size", size, "-framerate", 25, "-i", raw),
        *("-frames:v", frames, "-c:v", "rawvideo"),
    )


def fields(
    path: Path, order: str, *arguments: object, size: str = "96x64", marked: bool = True, seconds: float = 0.2
) -> Path:
    """An interlaced film in which all moves, from field to field; order is tff or bff."""
    interleave = f"tinterlace=mode=interleave_{'top' if order == 'tff' else 'bottom'}"
    return make(
        path,
        *("-f", "lavfi", "-t", seconds, "-i", f"mandelbrot=s={size}:r=50"),
        *("-vf", f"{interleave},setfield={order if marked else 'prog'}"),
        *(("-flags", "+ildct+ilme") if marked else ()),
        *arguments,
    )


def frames_of(path: Path) -> list[dict[str, Any]]:
    """What ffprobe says about each frame of the picture."""
    told = run(
        *("ffprobe", "-v", "error", "-of", "json", "-select_streams", "V:0", "-show_frames", f"file:{path}")
    )
    frames: list[dict[str, Any]] = json.loads(told)["frames"]
    return frames


def give_color(
    film: Film, count: int, out_path: Path, encoding: Encoding = LOSSLESS, *, keep: bool = False
) -> None:
    """Write so many frames in one colour, or with their own."""
    chroma = np.broadcast_to(np.array([[[0.1]], [[-0.1]]], np.float32), (2, SIZE, SIZE))
    with open_writer(film, out_path, encoding, may_keep=keep) as writer:
        for _ in range(count):
            if keep:
                writer.keep()
            else:
                writer.write(chroma)
