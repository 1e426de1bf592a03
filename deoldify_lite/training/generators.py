"""The generators that can be trained, by name: ours, DeOldify's, and baselines."""

from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor, nn

from deoldify_lite.errors import OptionError
from deoldify_lite.models.baselines import BASELINES
from deoldify_lite.models.build import Network, load_network
from deoldify_lite.models.unet import DECODERS, Unet

NETWORKS = (*DECODERS, *BASELINES)


def build_generator(
    network: str, *, encoder: str, encoder_weights: str | Path = "none", dropout: float = 0.0
) -> Network:
    """An untrained generator, but for its encoder.

    Args:
        network: one of `NETWORKS`.
        encoder: timm name; the baselines have an encoder of their own.
        encoder_weights: "imagenet" for timm's, fetched if need be; a file of timm's; or "none".
        dropout: noise in the decoder, for the baselines alone.

    Raises:
        OptionError: there is no such network, or it cannot do what is asked for.
    """
    if network not in NETWORKS:
        raise OptionError(f"no network {network!r}: choose one of {', '.join(NETWORKS)}")
    if network in BASELINES:
        if encoder_weights != "none":
            raise OptionError(f"{network} always starts from random weights: --encoder-weights must be none")
        return BASELINES[network](dropout=dropout)
    if dropout:
        raise OptionError(f"{network} has no dropout; only these have it: {', '.join(BASELINES)}")
    pretrained = {"none": False, "imagenet": True}.get(str(encoder_weights), Path(encoder_weights))
    return Unet(encoder, network, pretrained=pretrained)


def load_into(generator: nn.Module, weights: Path) -> None:
    """Fill a generator from a weight file.

    Raises:
        WeightsError: the file is missing or damaged.
        OptionError: it is of another network.
    """
    state = load_network(None, weights).state_dict()
    try:
        generator.load_state_dict(state)
    except RuntimeError as error:
        raise OptionError(
            f"{weights} belongs to another network: name weights of the network that you train"
        ) from error


def freeze(generator: nn.Module, names: Iterable[str]) -> None:
    """Keep modules as they are: no gradients, and norms that neither learn nor count.

    Raises:
        OptionError: the network has no module of such a name.
    """
    for name in names:
        try:
            module = generator.get_submodule(name)
        except AttributeError as error:
            raise OptionError(f"the network has no module {name!r} to freeze") from error
        module.requires_grad_(False)
        module.eval()


class _ExactConvolution(nn.Conv2d):
    """A convolution that computes in float32 whatever the rest does."""

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.float())


def keep_depthwise_exact(generator: nn.Module) -> None:
    """Let depthwise convolutions compute in float32, in place.

    On a CPU their gradients take longer in bfloat16.
    """
    for module in generator.modules():
        if isinstance(module, nn.Conv2d) and module.groups > 1:
            kind = type(module)
            module.__class__ = type(f"Exact{kind.__name__}", (_ExactConvolution, kind), {})


def train_mode(generator: nn.Module, frozen: Iterable[str]) -> None:
    """Train mode for all but the frozen modules, which stay in eval mode."""
    generator.train()
    for name in frozen:
        generator.get_submodule(name).eval()


def half_state(generator: nn.Module) -> dict[str, Tensor]:
    """All tensors that rendering needs, convolutions in half precision; norms and biases stay exact."""
    return {
        name: (value.half() if value.ndim > 1 else value).contiguous()
        for name, value in generator.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }


@torch.no_grad()
def update_average(average: nn.Module, model: nn.Module, decay: float) -> None:
    """Move an exponential average of the weights one step towards the model; buffers are copied."""
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - decay)
    for kept, current in zip(average.buffers(), model.buffers(), strict=True):
        kept.copy_(current)
