"""The table of networks: how each is built, where its weights come from, and their checksums."""

from dataclasses import dataclass, replace

from deoldify_lite.errors import OptionError

RGB_DECODERS = ("deep", "wide")  # DeOldify's; all others predict chroma
# The encoder's name in metadata and specs of a baseline, whose encoder is none of timm's.
OWN_ENCODER = "own"


@dataclass(frozen=True)
class ModelSpec:
    """One network and its weight file."""

    name: str
    encoder: str  # timm name
    decoder: str  # key of unet.DECODERS
    file: str  # name of the weight file
    sha256: str = ""  # of that file; empty where it is not known and not checked
    bytes: int = 0  # size of that file; 0 where it is not known and not checked
    urls: tuple[str, ...] = ()  # where it is fetched from, in the order of trying; none if it ships with us
    licence: str = ""  # of the weights
    source: str = ""  # who made them

    @property
    def predicts_rgb(self) -> bool:
        """Whether the network predicts a whole picture, as DeOldify's do, and not its chroma alone."""
        return self.decoder in RGB_DECODERS

    @property
    def describes(self) -> bool:
        """Whether the network also gives the features by which it tells places apart."""
        return not self.predicts_rgb and self.encoder != OWN_ENCODER


_DEOLDIFY = "https://github.com/jantic/DeOldify"
_DEEPAI = "https://data.deepai.org/deoldify"
_HUGGING_FACE = "https://huggingface.co/spensercai/DeOldify/resolve/main"

_LITE = ModelSpec(
    name="lite",
    encoder="tf_efficientnet_lite2",
    decoder="lite",
    file="lite.safetensors",
    sha256="ef21c3069cda43aa60798302cbf2900e7e8cf65650f6d5d81bab8c732bd869bf",
    bytes=15_532_588,
    licence="MIT",
    source="trained by this project; data and terms are in weights/README.md",
)
# The hashes of DeOldify's files are those that several independent public projects give.
_SPECS = (
    _LITE,
    # These two hold only what differs from `lite`.
    replace(
        _LITE,
        name="lite-artistic",
        file="lite-artistic.safetensors",
        sha256="3d61d3267e030cb935e5e5e7e0b2e9ffa892bc965787d3a23938f32b429e3161",
        bytes=2_630_736,
    ),
    replace(
        _LITE,
        name="lite-video",
        file="lite-video.safetensors",
        sha256="e2ce797a827bf084518c63dde7362aff776a8942c65dc12900ca907902ae482f",
        bytes=2_630_736,
    ),
    ModelSpec(
        name="artistic",
        encoder="resnet34",
        decoder="deep",
        file="ColorizeArtistic_gen.pth",
        sha256="3f750246fa220529323b85a8905f9b49c0e5d427099185334d048fb5b5e22477",
        bytes=255_144_681,
        urls=(f"{_DEEPAI}/ColorizeArtistic_gen.pth", f"{_HUGGING_FACE}/ColorizeArtistic_gen.pth"),
        licence="MIT",
        source=_DEOLDIFY,
    ),
    ModelSpec(
        name="stable",
        encoder="resnet101",
        decoder="wide",
        file="ColorizeStable_gen.pth",
        sha256="ca9cd7f43fb8b222c9a70f7b292e305a000694b0ff9d2ae4a6747b1a2e1ee5af",
        bytes=874_066_230,
        urls=(
            "https://www.dropbox.com/s/axsd2g85uyixaho/ColorizeStable_gen.pth?dl=1",
            f"{_HUGGING_FACE}/ColorizeStable_gen.pth",
        ),
        licence="MIT",
        source=_DEOLDIFY,
    ),
    ModelSpec(
        name="video",
        encoder="resnet101",
        decoder="wide",
        file="ColorizeVideo_gen.pth",
        sha256="e3d98bb6a222354c79f95485c2f078a89dc724e9183662506d9e0f5aafac83ad",
        bytes=874_066_230,
        urls=(f"{_DEEPAI}/ColorizeVideo_gen.pth", f"{_HUGGING_FACE}/ColorizeVideo_gen.pth"),
        licence="MIT",
        source=_DEOLDIFY,
    ),
)

MODELS: dict[str, ModelSpec] = {spec.name: spec for spec in _SPECS}


def get_spec(name: str) -> ModelSpec:
    """Return a network by its name.

    Raises:
        OptionError: there is none; the message lists those that exist.
    """
    if name not in MODELS:
        raise OptionError(f"no model {name!r}: choose one of {', '.join(MODELS)}")
    return MODELS[name]
