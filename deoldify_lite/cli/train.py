"""`deoldify-lite train`: train a network."""

import argparse
import os
from dataclasses import fields, replace
from pathlib import Path

from deoldify_lite.cli.options import DEVICES, add_verbosity, describe
from deoldify_lite.training.config import TrainConfig
from deoldify_lite.training.recipes import RECIPES, Recipe

# Written out, since importing them would import torch.
_CHOICES = {
    "network": ["lite", "slim", "query", "deep", "wide", "encoder-decoder", "classic-unet"],
    "pixel_loss": ["huber", "l1"],
    "critic": ["patch", "deoldify"],
    "critic_norm": ["batch", "instance", "none"],
    "adversarial": ["bce", "lsgan", "hinge", "wgan", "wgan-gp"],
}

# The fields of a recipe that options can change, and their helps.
_CHANGES = {
    "network": "the generator",
    "encoder_rate": "factor on the learning rate of a pretrained encoder",
    "encoder": "name of its encoder in timm, such as resnet34 or resnet101",
    "dropout": "dropout rate in the decoder of the baselines",
    "pixel_loss": "loss on chroma; huber gives colourful pixels more weight",
    "pixel_weight": "weight of --pixel-loss",
    "psnr_weight": "weight of the log of each picture's chroma error",
    "feature_weight": "weight of the distance between features of --feature-net, result against truth",
    "semantic_mid_weight": "weight of the distance between middle features of --teacher",
    "semantic_deep_weight": "weight of the distance between deepest features of --teacher",
    "answer_weight": "weight of the divergence of --teacher's answers, result against truth",
    "distillation_weight": "weight of the distance between the encoder's features and those of --teacher",
    "class_weight": "weight of colour classes, which a head predicts that is dropped after training",
    "colorfulness_weight": "weight of more colour, whatever the truth has",
    "consistency_weight": "weight of the difference between the results for two views of one photo",
    "critic": "the network that judges whether a picture is real",
    "critic_norm": "normalisation in the critic `patch`",
    "adversarial": "loss between generator and critic",
    "adversarial_weight": "weight of that loss for the generator",
    "critic_steps": "steps of the critic before each step of the generator, at most",
    "critic_threshold": "skip further steps of a critic whose loss is below this",
    "real_label": "label of real pictures; below 1 is label smoothing",
    "flipped_labels": "share of wrong labels for the critic",
    "learning_rate": "peak learning rate of the generator",
    "critic_learning_rate": "peak learning rate of the critic",
    "weight_decay": "weight decay of AdamW; norms and biases have none",
    "ema_decay": "decay of the moving average of the weights, which is the result",
    "clip_norm": "largest norm of the gradient",
    "aging": "strength of the simulated wear; 0 leaves photos clean",
    "pixel_noise": "strength of added noise; 1 is that of DeOldify's video model",
    "emulsion": "share of photos shown as blue-sensitive plates saw the world",
}


def fill_train_parser(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `deoldify-lite train`."""
    describe(
        parser,
        "Train a network on a folder of photos, or of tar shards with photos. After a stop, run the same "
        "command again: it goes on where it was. Under torchrun, several GPUs or machines share one run.",
        "deoldify-lite train photos/ run/",
        "deoldify-lite train photos/ run/ --recipe pix2pix --steps 20000",
        "torchrun --nproc-per-node=4 -m deoldify_lite train photos/ run/",
    )
    parser.add_argument("data", type=Path, metavar="DATA", help="folder of photos, or of tar shards")
    parser.add_argument(
        "out", type=Path, metavar="OUT", help="folder for weights, checkpoint, curve and sample sheets"
    )
    about = "; ".join(f"{name}: {recipe.about}" for name, recipe in RECIPES.items())
    parser.add_argument("--recipe", choices=list(RECIPES), default="lite", help=f"{about} (default: lite)")
    parser.add_argument(
        "--steps",
        type=positive,
        default=TrainConfig.steps,
        metavar="N",
        help="length of the run in batches (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="random seed (default: 0)")
    networks = parser.add_argument_group("networks to start and learn from")
    networks.add_argument(
        "--init", type=Path, metavar="FILE", help="weights to start from (default: random ones)"
    )
    networks.add_argument(
        "--encoder-weights",
        default=TrainConfig.encoder_weights,
        metavar="imagenet|FILE|none",
        help="weights of the encoder; imagenet is downloaded by timm (default: %(default)s)",
    )
    networks.add_argument(
        "--feature-net",
        default=TrainConfig.feature_net,
        metavar="vgg16_bn|FILE|none",
        help="network of the feature loss; vgg16_bn is downloaded by torchvision; FILE holds squeezenet1_1, "
        "vgg16_bn or mobilenetv1_100. Our recipes were tuned with squeezenet1_1; `deoldify` needs vgg16_bn "
        "(default: %(default)s)",
    )
    networks.add_argument(
        "--teacher",
        type=Path,
        metavar="FILE",
        help="weights of timm's tf_efficientnet_lite2 to learn from (default: none)",
    )
    performance = parser.add_argument_group("performance")
    performance.add_argument(
        "--device",
        choices=DEVICES,
        default="auto",
        help="where the networks run; auto takes a GPU if there is one (default: auto)",
    )
    performance.add_argument(
        "--precision",
        choices=["auto", "fp32", "bf16"],
        default="auto",
        help="number type of the convolutions (default: auto, the fastest here)",
    )
    performance.add_argument(
        "--workers",
        type=int,
        default=TrainConfig.workers,
        metavar="N",
        help="processes that read photos (default: %(default)s)",
    )
    performance.add_argument(
        "--checkpoint-every",
        type=positive,
        default=TrainConfig.checkpoint_every,
        metavar="STEPS",
        help="steps from one checkpoint to the next (default: %(default)s)",
    )
    changes = parser.add_argument_group("changes to the recipe (default: what the recipe says)")
    changes.add_argument(
        "--limit", type=positive, metavar="N", help="use only the first photos, to try something out"
    )
    changes.add_argument("--size", type=positive, metavar="PX", help="side of the crops, in all phases")
    changes.add_argument(
        "--batch-size", type=positive, metavar="N", help="photos in a batch over all processes, in all phases"
    )
    defaults = {field.name: field.default for field in fields(Recipe)}
    for name, about in _CHANGES.items():
        kind = float if isinstance(defaults[name], float) else int if isinstance(defaults[name], int) else str
        flag, choices = f"--{name.replace('_', '-')}", _CHOICES.get(name)
        metavar = None if choices else "NAME" if kind is str else "N" if kind is int else "X"
        changes.add_argument(flag, type=kind, choices=choices, metavar=metavar, help=about)
    add_verbosity(parser)
    parser.set_defaults(run=run_train)


def positive(text: str) -> int:
    """Parse a whole number of 1 or more.

    Raises:
        ValueError: `text` is none.
    """
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


def settle(args: argparse.Namespace) -> tuple[Recipe, TrainConfig]:
    """Return the recipe and the settings of the run that the arguments ask for."""
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
    """Train, and print the path of the weights."""
    recipe, config = settle(args)
    from deoldify_lite.training.loop import train

    weights = train(recipe, config)
    if os.environ.get("RANK", "0") == "0":  # under torchrun one process prints it
        print(weights)
    return 0
