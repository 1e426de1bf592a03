#!/usr/bin/env python3
"""Measure a network on photos that it was not trained on, as `deoldify-lite evaluate` does.

Every photo is written as PNG, in colour and turned grey; `colorize-folder` runs on the grey ones, once for
each mode, render factor and saturation asked for; and its results are measured beside the truth. With --work
DIR the pictures stay, and what is done is not done again.

DATA is the folder that scripts/measure/validation_set.py builds, with the judge that no loss uses:

    scripts/measure/evaluate.py VALIDATION --judge efficientnet_lite0.safetensors [--weights FILE] [--every 8]

Its two sets are measured at 512 px on the shorter side, as they are and worn as old material is (the look
`historic`: the true colours on an aged luma). Or DATA is a training set, and its validation photos are
measured. For the figures of weights/README.md:

    scripts/measure/evaluate.py DATA --precision fp32 --feature-net mobilenetv1_100.safetensors \\
        --classifier squeezenet1_1.safetensors

Where the index of a training set has a column `path` with WordNet ids in it, such as n03445777, the photos of
ImageNet's 1000 classes are labelled by them for --classifier.
"""

import argparse
import csv
import json
import logging
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from deoldify_lite import api
from deoldify_lite.cli import main as cli
from deoldify_lite.color.arrays import Picture
from deoldify_lite.color.tensors import luma_of
from deoldify_lite.errors import DeoldifyError, InputError
from deoldify_lite.evaluation.photos.measure import grey_picture, tensor_of
from deoldify_lite.evaluation.table import aligned
from deoldify_lite.photo.io import read_photo
from deoldify_lite.photo.kinds import PHOTO_SUFFIXES
from deoldify_lite.render.modes import MODES, PRECISIONS
from deoldify_lite.system.files import find_media
from deoldify_lite.training.augment import age
from deoldify_lite.training.data import open_photos

log = logging.getLogger("deoldify_lite")

SETS = ("photos", "labelled")  # of a validation folder
LOOKS = ("plain", "historic")
SIDE_PX = 512  # a validation photo's shorter side, at most
AGE_SEED = 14
# What the summary shows of each folder of results: the beginning of a row's name, and the heading.
SUMMARY = (
    ("PSNR gain, dB", "PSNR gain, dB"),
    ("CF share", "CF share"),
    ("top-1 regained, %", "top-1 regained, %"),
    ("agreement regained, %", "agreement regained, %"),
    ("Frechet distance", "Frechet distance"),
)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="validation folder, or training set: tar shards, or photos")
    parser.add_argument("--weights", default="lite", help="lite, deoldify or a file (default: lite)")
    parser.add_argument("--modes", nargs="+", choices=list(MODES), default=list(MODES))
    parser.add_argument("--render-factors", nargs="+", type=int, help="default: that of each mode")
    parser.add_argument("--saturations", nargs="+", type=float, help="default: that of each mode")
    parser.add_argument("--every", type=int, default=1, help="use only every so many-th validation photo")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda", "mps"], default="auto")
    parser.add_argument("--precision", choices=PRECISIONS, default="auto")
    parser.add_argument("--work", type=Path, help="folder for the pictures (default: a temporary one)")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS), help="of a validation folder")
    parser.add_argument("--looks", nargs="+", choices=LOOKS, default=list(LOOKS), help="likewise")
    parser.add_argument("--judge", type=Path, help="one network for both --feature-net and --classifier")
    parser.add_argument("--feature-net", type=Path, help="as of deoldify-lite evaluate")
    parser.add_argument("--classifier", type=Path, help="as of deoldify-lite evaluate")
    parser.add_argument("--fetch", action="store_true", help="as of deoldify-lite evaluate")
    parser.add_argument("--json", type=Path, help="as of deoldify-lite evaluate")
    parser.add_argument("--html", type=Path, help="as of deoldify-lite evaluate")
    return parser


def write_pair(name: str, photo: Picture, truth: Path, grey: Path) -> None:
    """Write a photo in colour and turned grey."""
    for folder, picture in ((truth, photo), (grey, grey_picture(tensor_of(photo)))):
        path = folder / f"{name}.png"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(path, compress_level=1)


def write_photos(data: Path, every: int, truth: Path, grey: Path) -> list[str]:
    """Write the validation photos of a training set; their names in it."""
    _, photos = open_photos(data, validation_every=50)
    names = []
    for number in tqdm(range(0, len(photos), every), unit="photo", desc="writing"):
        try:
            photo = photos.read(number)
        except InputError as error:
            log.warning("%s", error)
            continue
        names.append(photos.name(number))
        write_pair(names[-1], photo, truth, grey)
    return names


def shrunk(photo: Picture) -> Picture:
    """A photo at SIDE_PX on the shorter side, 8 bits; a smaller one stays as it is."""
    picture = Image.fromarray(photo if photo.dtype == "uint8" else (photo // 257).astype("uint8"))
    scale = SIDE_PX / min(picture.size)
    if scale < 1:
        width, height = (max(SIDE_PX, round(side * scale)) for side in picture.size)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(picture)


def worn(photo: Picture, number: int) -> Picture:
    """The photo's true colours on its luma, aged; `number` decides how."""
    rgb = tensor_of(photo)
    luma = luma_of(rgb)
    aged = age(luma, seed=AGE_SEED, first=number)
    shifted: Picture = ((rgb + aged - luma).clamp(0, 1)[0] * 255).round().byte().permute(1, 2, 0).numpy()
    return shifted


def write_validation(folder: Path, every: int, look: str, truth: Path, grey: Path) -> list[str]:
    """Write the photos of one set in one look; their names below the folder, without suffix."""
    paths = sorted(find_media(folder, PHOTO_SUFFIXES))
    names = []
    for number in tqdm(range(0, len(paths), every), unit="photo", desc=f"writing {folder.name}, {look}"):
        name = paths[number].relative_to(folder).with_suffix("").as_posix()
        names.append(name)
        if (grey / f"{name}.png").exists() and (truth / f"{name}.png").exists():
            continue
        photo = shrunk(read_photo(paths[number]).rgb)
        write_pair(name, worn(photo, number) if look == "historic" else photo, truth, grey)
    return names


def write_class_labels(names: list[str], path: Path) -> None:
    """Write the classes that the names of labelled photos begin with, such as 574_golf_ball."""
    path.write_text("".join(f"{name}.png\t{int(name.split('_')[0])}\n" for name in names), encoding="utf-8")


def write_labels(data: Path, names: list[str], path: Path) -> bool:
    """Write the ImageNet class of each photo that has one; whether any has."""
    index = data / "index.tsv"
    if not index.is_file():
        return False
    from timm.data import ImageNetInfo  # slow to import

    number = {synset: i for i, synset in enumerate(ImageNetInfo("imagenet-1k").label_names())}
    with open(index, newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        synsets = {row["name"]: re.findall(r"n\d{8}", row.get("path") or "") for row in rows}
    labels = {name: number[s] for name in names for s in synsets.get(name, [])[:1] if s in number}
    path.write_text("".join(f"{name}.png\t{label}\n" for name, label in labels.items()), encoding="utf-8")
    return bool(labels)


def colorize(args: argparse.Namespace, grey: Path, work: Path) -> list[Path]:
    """Colorize the grey photos in every way asked for; the folders of results."""
    folders = []
    for mode in args.modes:
        for factor in args.render_factors or [None]:
            for saturation in args.saturations or [None]:
                rendering = api.settle(
                    mode,
                    weights=args.weights,
                    render_factor=factor,
                    saturation=saturation,
                    device=args.device,
                    precision=args.precision,
                )
                name = f"{mode}-{rendering.render_factor}-{rendering.saturation:g}"
                folder = work / "results" / name
                with tqdm(unit="photo", desc=name) as bar:

                    def on_item(item: api.Item, total: int, bar: tqdm = bar) -> None:
                        bar.total = total
                        bar.update()
                        if item.status == "failed":
                            log.error("%s: %s", item.source, item.reason)

                    api.colorize_folder(grey, folder, rendering=rendering, on_item=on_item)
                folders.append(folder)
    return folders


def evaluate_pairs(args: argparse.Namespace, work: Path, *, labels: Path | None, name: str = "") -> int:
    """Colorize the grey photos in `work` and measure the results; write the files that were asked for."""
    options: list[str] = ["--fetch"] if args.fetch else []
    if labels:
        options += ["--labels", str(labels)]
    values = {
        "feature-net": args.feature_net or args.judge,
        "classifier": args.classifier or args.judge,
        "json": work / "figures.json" if name else args.json,
        "html": args.html and args.html.with_stem(f"{args.html.stem}-{name}") if name else args.html,
        "device": args.device,
    }
    for option, value in values.items():
        if value is not None:
            options += [f"--{option}", str(value)]
    folders = colorize(args, work / "grey", work)
    return cli.main(["evaluate", *map(str, folders), str(work / "truth"), *options])


def evaluate(args: argparse.Namespace, work: Path) -> int:
    """Measure on the validation photos of a training set."""
    names = write_photos(args.data, args.every, work / "truth", work / "grey")
    labels = work / "labels.tsv"
    labelled = bool(args.classifier or args.judge) and write_labels(args.data, names, labels)
    return evaluate_pairs(args, work, labels=labels if labelled else None)


def evaluate_sets(args: argparse.Namespace, work: Path) -> int:
    """Measure on the sets of a validation folder, in each look, and sum them up."""
    code, figures = 0, {}
    started = time.monotonic()
    for look in args.looks:
        for own in args.sets:
            name = f"{own}-{look}"
            place = work / name
            names = write_validation(args.data / own, args.every, look, place / "truth", place / "grey")
            labels = place / "labels.tsv" if own == "labelled" and (args.classifier or args.judge) else None
            if labels:
                write_class_labels(names, labels)
            print(f"\n{own}, {look}", flush=True)
            code = max(code, evaluate_pairs(args, place, labels=labels, name=name))
            figures[name] = json.loads((place / "figures.json").read_text(encoding="utf-8"))
    print("\n" + aligned(list(summary(figures))))
    print(f"{(time.monotonic() - started) / 60:.1f} minutes")
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return code


def summary(figures: dict) -> Iterator[list[str]]:
    """Lines of the table over sets and looks: one for each folder of results, the grey photos' before."""
    yield ["", *(heading for _, heading in SUMMARY)]
    for name, found in figures.items():
        rows = found["measures"]
        for column in found["columns"][:-1]:
            cells = []
            for begin, _ in SUMMARY:
                row = next((r for r in rows if r["name"].startswith(begin)), None)
                cells.append(cell_of(row["columns"].get(column)) if row else "-")
            yield [f"{name} {column}", *cells]


def cell_of(figure: dict[str, float | None] | None) -> str:
    """A figure and its interval, as text."""
    if figure is None or figure["value"] is None:
        return "-"
    low, high = figure["low"], figure["high"]
    interval = "" if low is None or high is None else f" [{low:.2f}, {high:.2f}]"
    return f"{figure['value']:.2f}{interval}"


def main() -> int:
    args = build_parser().parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    validation = any((args.data / own).is_dir() for own in SETS)
    run = evaluate_sets if validation else evaluate
    try:
        if args.work:
            return run(args, args.work)
        with tempfile.TemporaryDirectory() as work:
            return run(args, Path(work))
    except DeoldifyError as error:
        log.error("%s", error)
        return 1


if __name__ == "__main__":
    sys.exit(main())
