#!/usr/bin/env python3
"""Measure a network on the validation photos of a training set, as `deoldify-lite evaluate` does.

Every photo is written as PNG, in colour and turned grey; `colorize-folder` runs on the grey ones, once for
each mode, render factor and saturation asked for; and its results are measured beside the truth. With --work
DIR the pictures stay, and what is done is not done again. For the figures of weights/README.md:

    scripts/measure/evaluate.py DATA --precision fp32 --feature-net mobilenetv1_100.safetensors \\
        --classifier squeezenet1_1.safetensors

Where the index of DATA has a column `path` with WordNet ids in it, such as n03445777, the photos of
ImageNet's 1000 classes are labelled by them for --classifier.
"""

import argparse
import csv
import logging
import re
import sys
import tempfile
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from deoldify_lite import api
from deoldify_lite.cli import main as cli
from deoldify_lite.errors import DeoldifyError, InputError
from deoldify_lite.evaluation.photos.measure import grey_picture, tensor_of
from deoldify_lite.render.modes import MODES, PRECISIONS
from deoldify_lite.training.data import open_photos

log = logging.getLogger("deoldify_lite")


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="training set: folder of tar shards, or of photos")
    parser.add_argument("--weights", default="lite", help="lite, deoldify or a file (default: lite)")
    parser.add_argument("--modes", nargs="+", choices=list(MODES), default=list(MODES))
    parser.add_argument("--render-factors", nargs="+", type=int, help="default: that of each mode")
    parser.add_argument("--saturations", nargs="+", type=float, help="default: that of each mode")
    parser.add_argument("--every", type=int, default=1, help="use only every so many-th validation photo")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda", "mps"], default="auto")
    parser.add_argument("--precision", choices=PRECISIONS, default="auto")
    parser.add_argument("--work", type=Path, help="folder for the pictures (default: a temporary one)")
    parser.add_argument("--feature-net", type=Path, help="as of deoldify-lite evaluate")
    parser.add_argument("--classifier", type=Path, help="as of deoldify-lite evaluate")
    parser.add_argument("--fetch", action="store_true", help="as of deoldify-lite evaluate")
    parser.add_argument("--json", type=Path, help="as of deoldify-lite evaluate")
    parser.add_argument("--html", type=Path, help="as of deoldify-lite evaluate")
    return parser


def write_photos(data: Path, every: int, truth: Path, grey: Path) -> list[str]:
    """Write the validation photos as they are and turned grey; their names in the training set."""
    _, photos = open_photos(data, validation_every=50)
    names = []
    for number in tqdm(range(0, len(photos), every), unit="photo", desc="writing"):
        name = photos.name(number)
        try:
            photo = photos.read(number)
        except InputError as error:
            log.warning("%s", error)
            continue
        names.append(name)
        grey_photo = grey_picture(tensor_of(photo))
        for folder, picture in ((truth, photo), (grey, grey_photo)):
            path = folder / f"{name}.png"
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(picture).save(path)
    return names


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


def evaluate(args: argparse.Namespace, work: Path) -> int:
    truth, grey, labels = work / "truth", work / "grey", work / "labels.tsv"
    names = write_photos(args.data, args.every, truth, grey)
    options: list[str] = ["--fetch"] if args.fetch else []
    if args.classifier and write_labels(args.data, names, labels):
        options += ["--labels", str(labels)]
    for name in ("feature_net", "classifier", "json", "html", "device"):
        if (value := getattr(args, name)) is not None:
            options += [f"--{name.replace('_', '-')}", str(value)]
    folders = colorize(args, grey, work)
    return cli.main(["evaluate", *map(str, folders), str(truth), *options])


def main() -> int:
    args = build_parser().parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        if args.work:
            return evaluate(args, args.work)
        with tempfile.TemporaryDirectory() as work:
            return evaluate(args, Path(work))
    except DeoldifyError as error:
        log.error("%s", error)
        return 1


if __name__ == "__main__":
    sys.exit(main())
