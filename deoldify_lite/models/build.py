"""From a weight file to a network ready to render.

A file is accepted only if all tensors fit.
"""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save
from timm.layers import BatchNormAct2d
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from deoldify_lite.errors import OptionError, WeightsError
from deoldify_lite.models.baselines import BASELINES, EncoderDecoder
from deoldify_lite.models.checkpoint import State, read_weights
from deoldify_lite.models.unet import Unet
from deoldify_lite.models.weights import weight_folders
from deoldify_lite.models.zoo import MODELS, OWN_ENCODER, ModelSpec
from deoldify_lite.system.destination import writing_to
from deoldify_lite.system.files import sha256_of

# Encoders that a `lite` file may have if it does not say.
_LITE_ENCODERS = ("resnet34", "resnet18", "resnet50", "test_resnet")

Network = Unet | EncoderDecoder


def read_whole(path: Path) -> tuple[State, dict[str, str]]:
    """Read a weight file as `read_weights` does, with the tensors that it leaves to another file.

    Networks that share most of their tensors are stored so. The metadata `base` names the other file, which
    lies beside this one or in a folder of weights; `base_sha256` is its SHA-256.

    Raises:
        WeightsError: either file is missing, damaged or unsafe, or the other one has another SHA-256.
    """
    state, metadata = read_weights(path)
    if "base" not in metadata:
        return state, metadata
    name, sha256 = Path(metadata.pop("base")).name, metadata.pop("base_sha256", "")
    candidates = [folder / name for folder in (path.parent, *weight_folders())]
    base = next((file for file in candidates if file.is_file() and sha256_of(file) == sha256), None)
    if base is None:
        raise WeightsError(
            f"{path} holds only what differs from {name}, and that file, with SHA-256 {sha256}, is not "
            "beside it: copy it there"
        )
    return {**read_weights(base)[0], **state}, metadata


def build_network(spec: ModelSpec | None, path: Path) -> Network:
    """Build a network from a weight file, for rendering: eval mode, no gradients, float32, norms folded.

    Args:
        spec: the network; None to recognize it from the file.
        path: a DeOldify `.pth`, or safetensors as `convert_weights` or the training write them.

    Raises:
        WeightsError: the file is missing, damaged, unsafe, or of another network.
    """
    network = load_network(spec, path)
    fold_batch_norms(network)
    return network


def load_network(spec: ModelSpec | None, path: Path) -> Network:
    """As `build_network`, with the batch norms still apart."""
    state, metadata = read_whole(path)
    network = _fit(state, metadata, spec, path)
    for key in network.state_dict():
        if key.endswith("num_batches_tracked"):
            state[key] = torch.tensor(0)  # of use in training only, and left out of our own files
    network.load_state_dict(state, strict=True, assign=True)
    return network.eval().requires_grad_(False)


def _fit(state: State, metadata: Mapping[str, str], spec: ModelSpec | None, path: Path) -> Network:
    """The network, still without numbers, that the tensors of a file belong in.

    Raises:
        WeightsError: they do not fit `spec`, or any network if there is none.
    """
    spec = spec or recognize(state, metadata, path=path)
    network = _empty_network(spec.encoder, spec.decoder)
    if difference := _difference(state, network):
        try:
            what = f"it is of {recognize(state, metadata, path=path).name!r}"
        except WeightsError:
            what = difference
        remedy = (
            f"fetch it again: deoldify-lite weights fetch {spec.name}" if spec.urls else "get the file again"
        )
        raise WeightsError(
            f"{path} is not of the network {spec.name!r}: {what}. "
            f"Choose the network that the file belongs to, or {remedy}"
        )
    return network


def _empty_network(encoder: str, decoder: str) -> Network:
    # On `meta` nothing is allocated or drawn at random, all of which the file would overwrite.
    with torch.device("meta"):
        if encoder == OWN_ENCODER and decoder in BASELINES:
            return BASELINES[decoder]()
        return Unet(encoder, decoder)


@torch.no_grad()
def fold_batch_norms(network: nn.Module) -> None:
    """Fold each batch norm that directly follows a convolution among its siblings into it, in place.

    The network must be in eval mode, and run siblings in the order of their registration.
    """
    for parent in list(network.modules()):
        children = list(parent.named_children())
        for (conv_name, conv), (norm_name, norm) in pairwise(children):
            # The exact classes: another one may do more than norm.
            exact = type(norm) in (nn.BatchNorm2d, BatchNormAct2d)
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d) and exact:
                fused = fuse_conv_bn_eval(conv, norm)
                setattr(parent, conv_name, fused.requires_grad_(False))
                # timm's batch norms have the activation inside.
                setattr(parent, norm_name, norm.act if isinstance(norm, BatchNormAct2d) else nn.Identity())


def recognize(
    state: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None, *, path: Path
) -> ModelSpec:
    """The network that tensors belong to, from their names and shapes.

    `stable` and `video` differ in nothing but numbers, so either is recognized as `stable`.

    Args:
        state: as `read_whole` gives.
        metadata: may name `encoder` and `decoder`; a `lite` file with an unusual encoder must.
        path: where they come from.

    Raises:
        WeightsError: no network fits.
    """
    known: dict[tuple[str, str], str] = {}
    for spec in MODELS.values():
        known.setdefault((spec.encoder, spec.decoder), spec.name)
    candidates = [*known, *((encoder, "lite") for encoder in _LITE_ENCODERS)]
    candidates += [(OWN_ENCODER, name) for name in BASELINES]
    if metadata and "encoder" in metadata:
        candidates.insert(0, (metadata["encoder"], metadata.get("decoder", "lite")))
    for encoder, decoder in candidates:
        try:
            network = _empty_network(encoder, decoder)
        except OptionError:
            continue  # the metadata name something that is not there
        if not _difference(state, network):
            name = known.get((encoder, decoder), decoder)
            return ModelSpec(name=name, encoder=encoder, decoder=decoder, file=path.name, source=str(path))
    raise WeightsError(
        f"{path} fits no known network ({', '.join(MODELS)}): check that it is a generator of "
        "DeOldify (*_gen.pth) or weights of this program, and complete"
    )


def convert_weights(src: Path, dst: Path, *, half: bool = False, base: Path | None = None) -> None:
    """Write a weight file as safetensors that hold nothing but a network's plain tensors under our names.

    Args:
        src: as `build_network` takes.
        dst: gets the name only when it is whole.
        half: store convolutions in half precision, half the size; norms and biases stay exact.
        base: store only what differs from this file, which must then lie beside it; see `read_whole`.

    Raises:
        WeightsError: `src` or `base` is missing, damaged, unsafe, or of no known network; or `dst` cannot
            be written.
    """
    if dst.exists() and src.exists() and dst.samefile(src):
        raise WeightsError(f"{dst} is also the source: name another file")
    state, metadata = read_whole(src)
    spec = recognize(state, metadata, path=src)
    if base is not None:
        kept, _ = read_weights(base)
        state = {k: v for k, v in state.items() if k not in kept or not torch.equal(v, kept[k])}
        metadata = {**metadata, "base": base.name, "base_sha256": sha256_of(base)}
    if half:
        state = {k: v.half() if v.ndim > 1 else v for k, v in state.items()}
    # safetensors takes no channels-last tensors.
    state = {k: v.contiguous() for k, v in state.items()}
    try:
        with writing_to(dst) as part:
            # Not save_file, which makes the file anew, and private.
            part.write_bytes(save(state, {**metadata, "encoder": spec.encoder, "decoder": spec.decoder}))
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"cannot write {dst}: {error}") from error


def _difference(state: Mapping[str, Tensor], network: Network) -> str:
    """What keeps tensors from fitting a network, in words; empty if they fit."""
    shapes = {
        key: value.shape
        for key, value in network.state_dict().items()
        if not key.endswith("num_batches_tracked")
    }
    groups = {
        "lacks": [key for key in shapes if key not in state],
        "has besides": [key for key in state if key not in shapes],
        "has another shape of": [k for k in shapes if k in state and state[k].shape != shapes[k]],
    }
    parts = []
    for what, keys in groups.items():
        if keys:
            more = f" and {len(keys) - 2} more" if len(keys) > 2 else ""
            parts.append(f"it {what} {', '.join(keys[:2])}{more}")
    return "; ".join(parts)
