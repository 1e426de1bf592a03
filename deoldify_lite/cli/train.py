"""`deoldify-lite train`: train a network of one's own."""

import argparse
import os
from dataclasses import fields, replace
from pathlib import Path

from deoldify_lite.cli.options import add_verbosity
from deoldify_lite.training.config import TrainConfig
from deoldify_lite.training.recipes import RECIPES, Recipe

# Of these the choices are not imported, since torch would come with them.
_CHOICES = {
    "network": ["lite", "deep", "wide", "encoder-decoder", "classic-unet"],
    "pixel_loss": ["huber", "l1"],
    "critic": ["patch", "deoldify"],
    "critic_norm": ["batch", "instance", "none"],
    "adversarial": ["bce", "lsgan", "hinge", "wgan", "wgan-gp"],
}

# What of a recipe can be changed from the command line, with the help for it.
_CHANGES = {
    "network": "the generator",
    "encoder": "timm name of its encoder, resnet34 or resnet101 for one",
    "dropout": "noise in the decoder of the baselines",
    "pixel_loss": "in chroma; huber counts colourful pixels more",
    "pixel_weight": "of it",
    "psnr_weight": "log of each picture's error in chroma",
    "feature_weight": "features of --feature-net, result against truth",
    "semantic_mid_weight": "middle features of --teacher, result against truth",
    "semantic_deep_weight": "deepest features of --teacher, result against truth",
    "distillation_weight": "encoder features against those of --teacher",
    "class_weight": "colours as classes, by a head dropped after training",
    "colorfulness_weight": "more colour, whatever the truth has",
    "consistency_weight": "two looks at one photo agree",
    "critic": "tells real pictures from generated ones",
    "critic_norm": "of the critic patch",
    "adversarial": "the loss between generator and critic",
    "adversarial_weight": "of it, in the generator's loss",
    "critic_steps": "before each step of the generator, at most",
    "critic_threshold": "a critic whose loss is lower needs no further step",
    "real_label": "below 1: label smoothing",
    "flipped_labels": "share of labels that lie to the critic",
    "learning_rate": "peak of the generator's schedule",
    "critic_learning_rate": "peak of the critic's schedule",
    "weight_decay": "of AdamW; norms and biases have none",
    "ema_decay": "of the average of the weights, which is the result",
    "clip_norm": "most that a gradient may measure",
    "aging": "strength of the wear that the network sees; 0 leaves photos clean",
    "pixel_noise": "more noise; 1 is that of DeOldify's video model",
    "emulsion": "share of photos seen as blue-sensitive plates saw",
}


def fill_train_parser(parser: argparse.ArgumentParser) -> None:
    """Give a parser what `deoldify-lite train` takes."""
    parser.description = (
        "Train a network on a folder of photos, or of tar shards with photos. Run the same command again to "
        "go on after a stop. Under torchrun, several GPUs or machines work on one run."
    )
    parser.add_argument("data", type=Path, metavar="DATA", help="folder of photos, or of tar shards")
    parser.add_argument(
        "out", type=Path, metavar="OUT", help="folder for weights, checkpoint, curve and sheets"
    )
    about = "; ".join(f"{name}: {recipe.about}" for name, recipe in RECIPES.items())
    parser.add_argument("--recipe", choices=list(RECIPES), default="lite", help=f"{about} (default: lite)")
    parser.add_argument(
        "--steps", type=positive, default=TrainConfig.steps, help="batches in all (default: %(default)s)"
    )
    parser.add_argument("--init", type=Path, metavar="FILE", help="weights to start from")
    parser.add_argument(
        "--encoder-weights",
        default=TrainConfig.encoder_weights,
        metavar="imagenet|FILE|none",
        help="imagenet: fetched by timm; or a file of timm's (default: %(default)s)",
    )
    parser.add_argument(
        "--feature-net",
        default=TrainConfig.feature_net,
        metavar="vgg16_bn|FILE|none",
        help="network of the feature loss: fetched by torchvision, or a file of squeezenet1_1, vgg16_bn or "
        "mobilenetv1_100 (default: %(default)s). Our recipes were tuned with squeezenet1_1, and the recipe "
        "deoldify wants vgg16_bn",
    )
    parser.add_argument(
        "--teacher", type=Path, metavar="FILE", help="weights of mobilenetv1_100 to learn from"
    )
    parser.add_argument("--device", choices=["auto", "cpu", "cuda", "mps"], default="auto")
    parser.add_argument(
        "--precision", choices=["auto", "fp32", "bf16"], default="auto", help="of the convolutions"
    )
    parser.add_argument("--workers", type=int, default=TrainConfig.workers, help="processes that read photos")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--limit", type=positive, metavar="N", help="use only the first photos, to try things out"
    )
    parser.add_argument("--size", type=positive, metavar="PX", help="of the crops, in all phases")
    parser.add_argument("--batch-size", type=positive, metavar="N", help="over all processes, in all phases")
    parser.add_argument(
        "--checkpoint-every", type=positive, default=TrainConfig.checkpoint_every, metavar="STEPS"
    )
    changes = parser.add_argument_group("changes to the recipe")
    defaults = {field.name: field.default for field in fields(Recipe)}
    for name, about in _CHANGES.items():
        kind = float if isinstance(defaults[name], float) else int if isinstance(defaults[name], int) else str
        flag = f"--{name.replace('_', '-')}"
        changes.add_argument(flag, type=kind, choices=_CHOICES.get(name), help=about)
    add_verbosity(parser)
    parser.set_defaults(run=run_train)


def positive(text: str) -> int:
    """A whole number of 1 or more.

    Raises:
        ValueError: it is none.
    """
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


def settle(args: argparse.Namespace) -> tuple[Recipe, TrainConfig]:
    """The recipe and the run that the arguments ask for."""
    recipe = RECIPES[args.recipe]
    changes = {name: getattr(args, name) for name in _CHANGES if getattr(args, name) is not None}
    phases = tuple(
        replace(phase, size_px=args.size or phase.size_px, batch_size=args.batch_size or phase.batch_size)
        for phase in recipe.phases
    )
    config = TrainConfig(
        **{
            field.name: getattr(args, field.name)
            for field in fields(TrainConfig)
            if hasattr(args, field.name)
        }
    )
    return replace(recipe, phases=phases, **changes), config


def run_train(args: argparse.Namespace) -> int:
    """Train, and print where the weights are."""
    recipe, config = settle(args)
    from deoldify_lite.training.loop import train

    weights = train(recipe, config)
    if os.environ.get("RANK", "0") == "0":  # under torchrun one of the processes tells
        print(weights)
    return 0
