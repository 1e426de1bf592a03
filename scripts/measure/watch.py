"""Drop 2,000 small files into a watched folder that is killed ten times, and say whether each was done, once.

python scripts/measure/watch.py TINY.safetensors [--files 2000] [--kills 10]

Any weights will do; a tiny network takes the least time.
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
from helpers.watching import drop_and_kill, results_in  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("weights", type=Path)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=10)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, out = Path(name, "in"), Path(name, "out")
        folder.mkdir()
        began = time.monotonic()
        _, code = drop_and_kill(
            folder, out, args.weights.resolve(), files=args.files, kills=args.kills, limit_s=3600
        )
        recorded = Counter(json.loads(line)["output"] for line in (out / NAME).read_text().splitlines())
        bad = [found.output for found in verify(out) if not found.sound]
        print(f"{len(results_in(out))} of {args.files} results after {args.kills} kills")
        print(f"{sum(count > 1 for count in recorded.values())} recorded more than once, {len(bad)} damaged")
        print(f"exit code {code}, {time.monotonic() - began:.0f} s")
        return 0 if len(results_in(out)) == args.files and not bad and code == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
