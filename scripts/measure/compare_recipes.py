#!/usr/bin/env python3
"""Train recipes side by side for the same time each, and print what each reached, as a Markdown table.

Every recipe trains on DATA at the sizes of its phases, in a folder of its own below OUT, for as many steps
as fit into the time, by the speed of its first ones. The speeds are taken before any training, one after
the other: only these minutes need a machine with nothing else to do. All are then measured on all
validation photos, rendered at the size of their last phase. `scripts/measure/evaluate.py VALIDATION
--weights OUT/RECIPE/weights.safetensors` measures them on photos of other sources.

All networks start from scratch, but for encoders of the kind that --encoder-weights holds.
"""

import argparse
import json
import logging
import tempfile
from dataclasses import replace
from pathlib import Path

from deoldify_lite.training.config import TrainConfig
from deoldify_lite.training.features import TEACHER
from deoldify_lite.training.loop import train
from deoldify_lite.training.recipes import RECIPES, WITH_CRITIC, Phase, Recipe

_LITE = replace(RECIPES["lite"], encoder_rate=0.7)  # as of the second run of weights/README.md
# A third of the time for the encoder alone, where a picture costs it less than half, as in `lite-more`.
_DISTILLED = replace(
    _LITE,
    encoder="resnet34",
    distillation_weight=0.08,
    phases=(Phase(0.4, 128, 48, "encoder"), Phase(0.4, 128, 32), Phase(0.2, 192, 16)),
)
# The weights of losses of Kang et al. 2023, https://arxiv.org/abs/2212.11613, section 4.1, with our losses in
# their places: SqueezeNet's features for VGG's, and hinge loss.
_DDCOLOR = replace(
    _LITE,
    phases=tuple(replace(phase, trains="both") for phase in _LITE.phases),
    pixel_loss="l1",
    pixel_weight=0.1,
    feature_weight=5.0,
    class_weight=0.0,
    colorfulness_weight=0.5,
    critic="patch",
    adversarial_weight=1.0,
)

# Each with what it is compared for.
COMPARED: dict[str, Recipe] = {
    "lite": _LITE,
    "lite, ResNet34 distilled": _DISTILLED,
    "lite, colour queries": replace(_LITE, network="query"),
    "lite, DDColor's losses": _DDCOLOR,
    "lite, pixels alone": replace(_LITE, feature_weight=0, class_weight=0),
    "lite, no colour classes": replace(_LITE, class_weight=0),
    "hinge": RECIPES["hinge"],
    "pix2pix": RECIPES["pix2pix"],
    "pix2pix, no skip connections": replace(RECIPES["pix2pix"], network="encoder-decoder"),
    "wgan-gp": RECIPES["wgan-gp"],
    "deoldify": RECIPES["deoldify"],
}
PROBE_STEPS = 5


def seconds_per_step(recipe: Recipe, config: TrainConfig) -> float:
    """Mean over the phases, each weighted by its share; the first step of a phase, slower, does not count."""
    total = 0.0
    for phase in recipe.phases:
        alone = Phase(1.0, phase.size_px, phase.batch_size, phase.trains)
        if phase.trains not in WITH_CRITIC:
            probed = replace(recipe, phases=(alone,), critic=None)
        else:
            probed = replace(recipe, phases=(alone,))
        with tempfile.TemporaryDirectory(dir=config.out) as folder:
            out = Path(folder)
            probe = replace(config, out=out, steps=PROBE_STEPS, record_every=1, validation_photos=1)
            train(probed, probe)
            lines = [json.loads(line) for line in (out / "curve.jsonl").read_text("utf-8").splitlines()]
        minutes = [line["minutes"] for line in lines if "trains" in line]
        total += phase.share * 60 * (minutes[-1] - minutes[0]) / (PROBE_STEPS - 1)
    return total


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=5.0, help="for each recipe")
    parser.add_argument("--recipes", nargs="+", choices=list(COMPARED), default=list(COMPARED))
    parser.add_argument("--feature-net", required=True)
    parser.add_argument("--teacher", type=Path, required=True, help="weights of tf_efficientnet_lite2")
    parser.add_argument(
        "--encoder-weights", type=Path, help="a file of timm's, which encoders of --teacher's kind start from"
    )
    args = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    configs, steps = {}, {}
    for name in args.recipes:
        starts = args.encoder_weights and COMPARED[name].encoder == TEACHER
        config = TrainConfig(
            args.data,
            args.out / name.replace(", ", "-").replace(" ", "-").replace("'", ""),
            encoder_weights=args.encoder_weights if starts else "none",
            feature_net=args.feature_net,
            teacher=args.teacher,
            validation_photos=10_000,
            checkpoint_every=1_000_000,
        )
        config.out.mkdir(parents=True, exist_ok=True)
        configs[name] = config
        steps[name] = max(10, int(60 * args.minutes / seconds_per_step(COMPARED[name], config)))
    print("| recipe | steps | PSNR over grey, dB | share of the truth's colourfulness |")
    print("|---|---|---|---|", flush=True)
    for name, config in configs.items():
        train(COMPARED[name], replace(config, steps=steps[name]))
        lines = (config.out / "curve.jsonl").read_text(encoding="utf-8").splitlines()
        found = json.loads(lines[-1])
        gain, share = (
            found["psnr"] - found["psnr_grey"],
            found["colorfulness"] / found["colorfulness_truth"],
        )
        print(f"| {name} | {steps[name]} | {gain:+.2f} | {share:.2f} |", flush=True)


if __name__ == "__main__":
    main()
