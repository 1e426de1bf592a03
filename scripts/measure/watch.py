"""Drop 2,000 small files into a watched folder that is killed ten times, and say whether each was done, once.

python scripts/measure/watch.py TINY.safetensors [--files 2000] [--kills 10]

Then drop as many into one that goes on, with a page, and say whether its memory grows. Any weights will do; a
tiny network takes the least time.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from deoldify_lite.run.manifest import NAME  # noqa: E402
from deoldify_lite.run.verify import verify  # noqa: E402
from helpers.watching import drop_and_kill, memory_while_watching, results_in  # noqa: E402

# Of memory, between the first count and the last; an allocator gives back not quite all.
MOST_GROWTH = 1.05
LIMIT_S = 3600


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("weights", type=Path)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=10)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        killed = end_all(Path(name), args.weights.resolve(), files=args.files, kills=args.kills)
    with tempfile.TemporaryDirectory() as name:
        constant = stay_small(Path(name), args.weights.resolve(), files=args.files)
    return 0 if killed and constant else 1


def end_all(place: Path, weights: Path, *, files: int, kills: int) -> bool:
    """Return whether each file is done once, though `watch` is killed."""
    folder, out = place / "in", place / "out"
    folder.mkdir()
    began = time.monotonic()
    _, code = drop_and_kill(folder, out, weights, files=files, kills=kills, limit_s=LIMIT_S)
    recorded = Counter(json.loads(line)["output"] for line in (out / NAME).read_text().splitlines())
    bad = [found.output for found in verify(out) if not found.sound]
    done = len(results_in(out))
    print(f"{done} of {files} results after {kills} kills")
    print(f"{sum(count > 1 for count in recorded.values())} recorded more than once, {len(bad)} damaged")
    print(f"exit code {code}, {time.monotonic() - began:.0f} s", flush=True)
    return done == files and not bad and code == 0


def stay_small(place: Path, weights: Path, *, files: int) -> bool:
    """Return whether the memory of `watch` stays what it was after a tenth of the files."""
    folder, out = place / "in", place / "out"
    folder.mkdir()
    counts = [max(1, files // 10), max(1, files // 2), files]
    found = memory_while_watching(folder, out, weights, "--report", counts=counts, limit_s=LIMIT_S)
    for count, rss in zip(counts, found, strict=True):
        print(f"{rss / 2**20:.0f} MiB of memory after {count} files")
    return found[-1] <= MOST_GROWTH * found[0]


if __name__ == "__main__":
    sys.exit(main())
