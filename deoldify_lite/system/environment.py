"""Environment variables that count here."""

from typing import NamedTuple

PREFIX = "DEOLDIFY_LITE_"


class Variable(NamedTuple):
    """An environment variable."""

    name: str
    meaning: str
    default: str


VARIABLES = (
    Variable(
        "DEOLDIFY_LITE_WEIGHTS", "A folder in which weights are looked for first.", "no folder of your own"
    ),
    Variable(
        "DEOLDIFY_LITE_MAX_SIDE", "Pixels on the longest side of a photo; longer ones are refused.", "20000"
    ),
    Variable(
        "DEOLDIFY_LITE_SILENCE",
        "Seconds after which an ffmpeg that reads and writes nothing counts as hanging.",
        "300",
    ),
    Variable(
        "XDG_CACHE_HOME",
        "The folder in which `deoldify_lite/`, the cache, lies (Linux and macOS).",
        "`~/.cache`, on macOS `~/Library/Caches`",
    ),
    Variable("LOCALAPPDATA", "The same on Windows.", "`~/AppData/Local`"),
    Variable("CUDA_VISIBLE_DEVICES", "The Nvidia GPUs that torch may use, by number.", "all"),
)
