"""Weight files as tensors: read, renamed, the norms of their weights folded.

Every file is a stranger: it is read as plain data, and nothing in it can run.
"""

import pickle
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from deoldify_lite.errors import WeightsError

State = dict[str, Tensor]

# Names of DeOldify's tensors -> names of ours; the first pattern that matches counts.
_RENAMES = (
    (r"layers\.0\.0\.", r"encoder.conv1."),
    (r"layers\.0\.1\.", r"encoder.bn1."),
    *((rf"layers\.0\.{n + 3}\.", rf"encoder.layer{n}.") for n in (1, 2, 3, 4)),
    (r"layers\.1\.", r"decoder.norm."),
    (r"layers\.3\.([01])\.0\.", r"decoder.middle.\1.conv."),
    (r"layers\.3\.([01])\.2\.", r"decoder.middle.\1.norm."),
    (r"layers\.5\.conv2?\.3\.", r"decoder.attention."),
    *(
        (rf"layers\.{n + 4}\.{theirs}\.", rf"decoder.blocks.{n}.{ours}.")
        for n in (0, 1, 2, 3)
        for theirs, ours in (
            (r"shuf\.conv\.0", "upsample.conv"),
            (r"shuf\.conv\.1", "upsample.norm"),
            ("bn", "skip_norm"),
            (r"conv1?\.0", "convs.0.conv"),
            (r"conv1?\.2", "convs.0.norm"),
            (r"conv2\.0", "convs.1.conv"),
            (r"conv2\.2", "convs.1.norm"),
        )
    ),
    (r"layers\.8\.conv\.0\.", r"decoder.upsample.conv."),
    (r"layers\.10\.layers\.([01])\.0\.", r"decoder.residual.\1."),
    (r"layers\.11\.0\.", r"decoder.head."),
)


def read_weights(path: Path) -> tuple[State, dict[str, str]]:
    """Tensors of a weight file under our names, norms of weights folded; and its text metadata.

    All tensors are float32 on the CPU, whatever the file holds.

    Raises:
        WeightsError: the file is missing, damaged or unsafe.
    """
    state, metadata = read_state(path)
    try:
        state = fold_norms(rename_deoldify(state))
    except RuntimeError as error:
        raise WeightsError(f"{path} holds tensors that do not fit together: {error}") from error
    # Counters are of use in training only, and not all files have them.
    return {k: v.float() for k, v in state.items() if not k.endswith("num_batches_tracked")}, metadata


def read_state(path: Path) -> tuple[State, dict[str, str]]:
    """Read a `.pth` or safetensors file as plain tensors; its content decides which, not its name.

    Returns:
        Tensors by name as they are in the file, and the text metadata (safetensors only).

    Raises:
        WeightsError: the file is missing, damaged, holds something else, or would run code.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(64)
            size = file.seek(0, 2)
    except OSError as error:
        raise WeightsError(f"cannot read weights: {error}") from error
    # Safetensors begin with the length of a JSON header in eight bytes. They come first, for those bytes can
    # look like anything.
    if head[5:9] == b"\0\0\0{":
        return _read_safetensors(path)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"<"):
        raise WeightsError(f"{path} is a web page, not weights: the download went wrong, fetch it again")
    if start.startswith(b"version https://git-lfs"):
        raise WeightsError(f"{path} only points to weights in Git LFS: run git lfs pull, or fetch it again")
    if len(head) < 16:
        raise WeightsError(f"{path} has only {size} bytes: the download was cut short, fetch it again")
    if head.startswith(b"PK") and not zipfile.is_zipfile(path):
        raise WeightsError(f"{path} is cut short at {size} bytes: fetch it again")
    return _read_pth(path), {}


def _read_safetensors(path: Path) -> tuple[State, dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            # Cloned, for what safetensors gives may be a view of a file that somebody replaces later.
            return {key: file.get_tensor(key).clone() for key in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except (SafetensorError, OSError, RuntimeError) as error:
        raise WeightsError(f"{path} is damaged ({error}): fetch it again") from error


def _read_pth(path: Path) -> State:
    try:
        # A saved fastai learner keeps a `slice` beside its weights; the permission ends with the block.
        with torch.serialization.safe_globals([slice]):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # The pickle instruction that imports a foreign class; torch has no separate error for it.
        if "GLOBAL" in str(error):
            raise WeightsError(
                f"{path} holds more than tensors and could run code when opened, so it is refused. "
                "Use a file with only a state dict, or safetensors"
            ) from error
        raise WeightsError(f"{path} is not a weight file, or it is damaged: fetch it again") from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise WeightsError(f"{path} is damaged or cut short: fetch it again ({error})") from error
    # fastai distinguishes its two forms in the same way.
    if isinstance(content, Mapping) and set(content) == {"model", "opt"}:
        content = content["model"]
    if not isinstance(content, Mapping) or not content:
        raise WeightsError(f"{path} holds a {type(content).__name__} instead of the tensors of a network")
    for key, value in content.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            raise WeightsError(
                f"{path} holds {key!r}, which is not a tensor of a network: is it a checkpoint?"
            )
    return dict(content)


def rename_deoldify(state: State) -> State:
    """Rename DeOldify's tensors to ours; other names stay as they are."""
    return {_rename(key): value for key, value in state.items()}


def _rename(key: str) -> str:
    for pattern, name in _RENAMES:
        renamed, count = re.subn(f"^{pattern}", name, key)
        if count:
            return renamed
    return key


def fold_norms(state: State) -> State:
    """Fold spectral norm and weight norm, as torch's classic hooks store them, into plain weights.

    Spectral norm divides by sigma = u W v of the *stored* u and v, as the hook does in eval mode: another
    power iteration would change the picture. An incomplete set stays unchanged.

    Raises:
        RuntimeError: the parts of a norm do not fit each other.
    """
    folded = dict(state)
    for key in state:
        base, _, kind = key.rpartition(".")
        original, gain, u, v = (f"{base}.weight_{part}" for part in ("orig", "g", "u", "v"))
        if kind == "weight_orig" and u in state and v in state:
            weight = folded.pop(original).float()
            sigma = torch.dot(folded.pop(u).float(), weight.flatten(1) @ folded.pop(v).float())
            folded[f"{base}.weight"] = weight / sigma
        elif kind == "weight_g" and v in state:
            direction = folded.pop(v).float()
            length = direction.flatten(1).norm(dim=1).view_as(folded[gain])
            folded[f"{base}.weight"] = direction * (folded.pop(gain).float() / length)
    return folded
