"""Recipes: everything that decides what a run learns, but the photos and the number of steps."""

from dataclasses import dataclass, replace

from deoldify_lite.errors import OptionError

WITH_CRITIC = ("critic", "both")  # what phases train that a critic takes part in


@dataclass(frozen=True)
class Phase:
    """A stretch of a run: what is trained in it, at which size."""

    share: float  # of the run's steps
    size_px: int  # side of the square crops
    batch_size: int  # over all processes together
    trains: str = "generator"  # or its "encoder" alone, by distillation; or the "critic"; or "both" in turns


@dataclass(frozen=True)
class Recipe:
    """Networks, losses and schedule of a run. A weight of 0 leaves a loss out."""

    about: str  # one line for users
    phases: tuple[Phase, ...]

    # generator
    network: str = "lite"  # one of generators.NETWORKS
    encoder: str = "resnet34"  # timm name, where the network has an encoder of timm's
    dropout: float = 0.0  # noise in the decoder of the baselines
    frozen: tuple[str, ...] = ()  # modules that stay as they were

    # losses of the generator; formulas are in `losses`, `features` and `adversarial`
    pixel_loss: str = "huber"  # a key of losses.PIXEL_LOSSES
    pixel_weight: float = 1.0
    psnr_weight: float = 0.0  # log of each picture's error in chroma
    feature_weight: float = 0.0  # features of a pretrained network, result against truth
    semantic_mid_weight: float = 0.0  # the teacher's middle features, result against truth
    semantic_deep_weight: float = 0.0  # the teacher's deepest features, result against truth
    answer_weight: float = 0.0  # what the teacher takes the picture for, result against truth
    distillation_weight: float = 0.0  # encoder features against the teacher's; fades out over the run
    class_weight: float = 0.0  # chroma as classes, by a head that is dropped after training
    colorfulness_weight: float = 0.0  # more colour, whatever the truth has
    consistency_weight: float = 0.0  # two looks at one photo, aged and shifted differently, agree

    # critic
    critic: str | None = None  # a key of critic.CRITICS
    critic_norm: str | None = None  # a key of critic.NORMS, for the critic `patch`
    adversarial: str = "hinge"  # a key of adversarial.ADVERSARIAL_LOSSES
    adversarial_weight: float = 0.0
    critic_steps: int = 1  # before each step of the generator, at most
    critic_threshold: float = float("-inf")  # a critic whose loss is lower than this needs no further step
    real_label: float = 1.0  # below 1 it is label smoothing
    flipped_labels: float = 0.0  # share of labels that lie to the critic

    # optimizers
    learning_rate: float = 1e-3  # peak of each one-cycle schedule
    encoder_rate: float = 1.0  # factor on it for the encoder, which may be pretrained
    critic_learning_rate: float = 2e-4
    beta1: float = 0.9
    beta2: float = 0.99
    weight_decay: float = 1e-2
    warmup: float = 0.03  # share of a cycle until the peak
    ema_decay: float = 0.999
    clip_norm: float = 1.0  # most that the gradient may measure

    # what the network sees
    aging: float = 1.0  # strength of the wear of old material; 0 leaves the grey picture clean
    pixel_noise: float = 0.0  # strength of additional white noise; 1 is that of DeOldify's video model
    emulsion: float = 0.1  # share of pictures that are seen as blue-sensitive plates saw

    # in phases with a critic, validate five times as often, and keep the weights that did best, not the last
    pick_early: bool = False

    @property
    def asks_teacher(self) -> bool:
        """Whether the teacher compares the result with the truth."""
        return bool(self.semantic_mid_weight or self.semantic_deep_weight or self.answer_weight)

    def __post_init__(self) -> None:
        plays = any(phase.trains in WITH_CRITIC for phase in self.phases)
        if self.critic and not plays:
            raise OptionError("this recipe has no phase for a critic: choose one that has, such as hinge")
        if plays and not self.critic:
            raise OptionError("this recipe has phases for a critic: name one")
        if any(phase.trains == "encoder" for phase in self.phases) and not self.distillation_weight:
            raise OptionError("this recipe has a phase for the encoder, which only distillation trains")


# Growing sizes: most steps are taken where they are cheap. No teacher: with a pretrained encoder, what its
# losses cost is better spent on more steps (weights/README.md).
_LITE = Recipe(
    "the `lite` network: pixels, features and colour classes, no critic",
    (Phase(0.75, 128, 32), Phase(0.25, 192, 16)),
    encoder="tf_efficientnet_lite2",
    feature_weight=0.04,
    class_weight=0.012,
    learning_rate=6e-4,
)

# A teacher compares the result with the truth.
_TAUGHT = replace(_LITE, semantic_mid_weight=0.015, semantic_deep_weight=0.03)

# For networks of single modes, which share all but their last decoder blocks with the one they start from.
_PART = replace(
    _TAUGHT,
    frozen=("encoder", "decoder.blocks.0", "decoder.attention"),
    class_weight=0.0,
    learning_rate=3e-4,
)

_PIX2PIX = Recipe(
    "pix2pix (Isola et al. 2017): BCE + 100 x L1, classic U-Net, PatchGAN, from scratch",
    (Phase(1.0, 128, 16, "both"),),
    network="classic-unet",
    dropout=0.5,
    pixel_loss="l1",
    pixel_weight=100.0,
    critic="patch",
    adversarial="bce",
    adversarial_weight=1.0,
    learning_rate=2e-4,
    beta1=0.5,
    beta2=0.999,
    weight_decay=0.0,
    clip_norm=float("inf"),
)

RECIPES = {
    "lite": _LITE,
    "lite-more": replace(
        _TAUGHT,
        about="further training of a `lite` network: its encoder by distillation, then the whole",
        # Without decoder and results to judge, a picture costs the encoder less than half.
        phases=(Phase(0.53, 128, 48, "encoder"), Phase(0.34, 128, 32), Phase(0.13, 192, 16)),
        psnr_weight=0.01,
        distillation_weight=0.08,
        learning_rate=8e-4,
    ),
    "artistic": replace(
        _PART,
        about="more colour: the last decoder blocks of a `lite` network, with a critic",
        phases=(Phase(0.4, 128, 32), Phase(0.1, 128, 32, "critic"), Phase(0.5, 128, 32, "both")),
        pixel_weight=0.3,
        psnr_weight=0.02,
        colorfulness_weight=0.07,
        critic="patch",
        adversarial="hinge",
        adversarial_weight=0.005,
        pick_early=True,
    ),
    "video": replace(
        _PART,
        about="steady under wear and shifts: the last decoder blocks of a `lite` network",
        phases=(Phase(1.0, 128, 32),),
        psnr_weight=0.01,
        consistency_weight=0.5,
        pixel_noise=1.0,
    ),
    "deoldify": Recipe(
        "DeOldify: pretraining at growing sizes with a feature loss, critic, NoGAN with an early pick",
        (
            Phase(0.35, 64, 64),
            Phase(0.25, 128, 24),
            Phase(0.15, 192, 12),
            Phase(0.15, 128, 24, "critic"),
            Phase(0.1, 192, 8, "both"),
        ),
        network="deep",
        pixel_loss="l1",
        feature_weight=1.0,
        critic="deoldify",
        adversarial="bce",
        adversarial_weight=0.5,
        critic_steps=5,
        critic_threshold=0.65,
        learning_rate=1e-3,
        critic_learning_rate=1e-4,
        weight_decay=1e-3,
        pick_early=True,
    ),
    "pix2pix": _PIX2PIX,
    "wgan-gp": replace(
        _PIX2PIX,
        about="WGAN with gradient penalty (Gulrajani et al. 2017) and L1, classic U-Net, PatchGAN",
        critic_norm="instance",
        adversarial="wgan-gp",
        critic_steps=3,
        beta1=0.0,
        beta2=0.9,
    ),
    "hinge": replace(
        _PIX2PIX,
        about="hinge loss (Lim and Ye 2017) and L1, `lite` network, PatchGAN",
        network="lite",
        dropout=0.0,
        adversarial="hinge",
        beta1=0.0,
    ),
}
