#!/usr/bin/env python3
"""Build the validation photos from clones of the repositories that they come from.

CLONES holds a clone or bare mirror of each repository, in OWNER/NAME; a shallow one will do if it has the
commit. The photos go into OUT, in their original bytes:

    photos/OWNER+NAME/...   of sources that give no training photo, 512 px and more on the shorter side
    labelled/CLASS_NAME     of ImageNet's classes, beginning with the class's number; not trained on

validation.tsv beside this script lists them. None may be redistributed: each belongs to its author. The
folder is for scripts/measure/evaluate.py.
"""

import argparse
import csv
import hashlib
import logging
import subprocess
import sys
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from deoldify_lite.errors import DeoldifyError, InputError
from deoldify_lite.system.files import atomic_path

log = logging.getLogger("deoldify_lite")

LIST = Path(__file__).with_name("validation.tsv")
NAME_DIGITS = 12  # of a photo's sha256, enough to name it


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clones", type=Path, help="folder of clones or bare mirrors, OWNER/NAME")
    parser.add_argument("out", type=Path, help="folder for the photos")
    parser.add_argument("--list", type=Path, default=LIST, help="table of the photos (default: %(default)s)")
    return parser


def read_list(path: Path) -> list[dict[str, str]]:
    """The rows of the table: set, repository, commit, path, sha256, label, subject."""
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def place_of(row: dict[str, str]) -> PurePosixPath:
    """Where a photo lies in the folder."""
    path = PurePosixPath(row["path"])
    if row["set"] == "labelled":
        return PurePosixPath("labelled", f"{int(row['label']):03d}_{path.name}")
    name = row["sha256"][:NAME_DIGITS] + path.suffix.lower()
    return PurePosixPath("photos", row["repository"].replace("/", "+"), name)


def read_photo_bytes(clone: Path, row: dict[str, str]) -> bytes:
    """The photo from the commit that the table names.

    Raises:
        InputError: the clone lacks the commit or the photo, or has another photo there.
    """
    at = f"{row['commit']}:{row['path']}"
    found = subprocess.run(["git", "-C", str(clone), "show", at], capture_output=True, check=False)
    if found.returncode:
        last = found.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise InputError(f"{clone}: has no {at} ({' '.join(last)}): fetch {row['repository']} at that commit")
    if hashlib.sha256(found.stdout).hexdigest() != row["sha256"]:
        raise InputError(f"{clone}: {at} is not the photo of the table: fetch {row['repository']} again")
    return found.stdout


def build(clones: Path, out: Path, rows: list[dict[str, str]]) -> int:
    """Write the photos that are not there yet; how many could not be had."""
    failed = 0
    for row in tqdm(rows, unit="photo"):
        path = out / place_of(row)
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == row["sha256"]:
            continue
        try:
            photo = read_photo_bytes(clones / row["repository"], row)
        except InputError as error:
            log.error("%s", error)
            failed += 1
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as part:
            part.write_bytes(photo)
    return failed


def main() -> int:
    args = build_parser().parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        rows = read_list(args.list)
        failed = build(args.clones, args.out, rows)
    except (DeoldifyError, OSError) as error:
        log.error("%s", error)
        return 1
    print(f"{len(rows) - failed} of {len(rows)} photos in {args.out}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
