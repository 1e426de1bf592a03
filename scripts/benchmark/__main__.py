#!/usr/bin/env python3
"""Measure speed and memory beside the limits of this machine, all in one run.

The machine and its fastest matrix products. The networks alone, by each backend and precision, against these
and against plain float32. Photos and films by the whole commands: against what their steps allow, what the
network and a plain ffmpeg transcode reach alone; time to the first photo; how busy each stage is; peak memory
of all processes. Steps of training, with and without the losses by pretrained networks; with --quick only
where asked for. At the end the targets, and what bounds those that are not reached.

Takes some 12 minutes on two cores, with --quick less than 2. Pictures are drawn: grey discs that hide one
another, with grain; films have still and moving cameras, something that crosses, and a cut every 4 s.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path

from films import benchmark_films
from machine import benchmark_machine
from media import make_photos
from networks import ALL, QUICK, benchmark_networks
from photos import SMALL, benchmark_photos
from report import Report
from training_steps import benchmark_training

from deoldify_lite.api import settle
from deoldify_lite.system.device import choose_device
from deoldify_lite.system.machine import keep_heap

WHAT = ("networks", "photos", "films", "training", "all")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=WHAT, default="all")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda", "mps"], default="auto")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter, and the lite network alone")
    parser.add_argument("--photos", type=int, help="in the folder (default: 100, or 24 with --quick)")
    parser.add_argument("--frames", type=int, help="of the film (default: 500, or 150 with --quick)")
    parser.add_argument(
        "--steps", type=int, help="of training, in each phase (default: 3, or 1 with --quick)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all of it there")
    args = parser.parse_args()
    keep_heap()  # as the commands do
    device = choose_device(args.device)
    report = Report()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        # Nothing is there yet, and what the user has there stays as it is.
        os.environ["XDG_CACHE_HOME"] = os.environ["LOCALAPPDATA"] = str(folder / "cache")
        peaks = benchmark_machine(report, device)
        if args.what in ("networks", "all"):
            photo = next(make_photos(folder / "photo", SMALL, 1).iterdir())
            benchmark_networks(
                report,
                QUICK if args.quick else ALL,
                device=device,
                peaks=peaks,
                batch=settle(device=device).batch_size(None),
                photo=photo,
                cache=folder / "networks",
            )
        if args.what in ("photos", "all"):
            photos = args.photos or (24 if args.quick else 100)
            benchmark_photos(report, device=device, count=photos, folder=folder, quick=args.quick)
        if args.what in ("films", "all"):
            frames = args.frames or (150 if args.quick else 500)
            benchmark_films(report, device=device, frames=frames, folder=folder, quick=args.quick)
        if args.what == "training" or (args.what == "all" and not args.quick):
            steps = args.steps or (1 if args.quick else 3)
            benchmark_training(report, device=device, steps=steps, folder=folder / "training")
    report.tell_targets()
    if args.json:
        args.json.write_text(json.dumps(report.as_json(), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
