"""Checkpoints in the form of DeOldify's, filled by a rule instead of by training.

The same rule filled the original's networks when `golden/` was made. It is integer and IEEE arithmetic
alone, so that it gives the same bits on any machine.
"""

import json
import math
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

GOLDEN = Path(__file__).parents[1] / "golden"

_BLOCK = 1 << 16  # elements hashed at a time: few enough for a core's cache, which is four times as fast


def unit(key: str, n: int) -> npt.NDArray[np.float64]:
    """n values uniform in (-sqrt 3, sqrt 3), so of mean 0 and variance 1, that follow from the key alone."""
    seed = np.uint32(zlib.crc32(key.encode("utf-8")))
    values = np.empty(n)
    for start in range(0, n, _BLOCK):
        h = np.arange(start, min(start + _BLOCK, n), dtype=np.uint32)
        h = h * np.uint32(0x9E3779B1) + seed
        h ^= h >> np.uint32(16)
        h *= np.uint32(0x85EBCA6B)
        h ^= h >> np.uint32(13)
        h *= np.uint32(0xC2B2AE35)
        h ^= h >> np.uint32(16)
        values[start : start + len(h)] = (2 * ((h.astype(np.float64) + 0.5) / 2.0**32) - 1) * math.sqrt(3.0)
    return values


def key_shapes(mode: str) -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor of an official file, in its order."""
    tensors = json.loads((GOLDEN / f"{mode}.json").read_text())["tensors"]
    return {tensor["key"]: tuple(tensor["shape"]) for tensor in tensors}


def filled_state(mode: str) -> dict[str, torch.Tensor]:
    """A checkpoint of artistic, stable or video with DeOldify's own names."""
    shapes = key_shapes(mode)
    state: dict[str, torch.Tensor] = {}
    for key, shape in shapes.items():
        base, _, kind = key.rpartition(".")
        if kind == "num_batches_tracked":
            state[key] = torch.tensor(0)
        elif kind == "weight_v" and f"{base}.weight_orig" in shapes:
            # Not of unit length along any singular vector: code that iterates on it gives other pictures.
            u, weight = state[f"{base}.weight_u"], state[f"{base}.weight_orig"]
            v = (u @ weight.flatten(1)).double()
            state[key] = (v / v.norm()).float()
        else:
            values = _values(key, shape, is_batch_norm=f"{base}.running_mean" in shapes)
            state[key] = torch.from_numpy(values.astype(np.float32).reshape(shape))
    return state


def _values(key: str, shape: tuple[int, ...], *, is_batch_norm: bool) -> npt.NDArray[np.float64]:
    kind = key.rpartition(".")[2]
    z = unit(key, math.prod(shape))
    if kind == "gamma":
        return np.full_like(z, 0.5)
    if kind == "weight" and is_batch_norm:
        return (1 + 0.1 * z) * (1.0 if key.startswith("layers.0.") else 1.5)
    if kind in ("bias", "running_mean"):
        return 0.1 * z
    if kind == "running_var":
        return 1 + 0.1 * np.abs(z)
    if kind == "weight_g":
        return 2.5 * (1 + 0.1 * z)
    if kind == "weight_u":
        return z / np.sqrt((z**2).sum())
    assert kind in ("weight", "weight_orig", "weight_v"), key
    fan_in = math.prod(shape[1:])
    if key == "layers.11.0.weight_orig":
        z = z.reshape(3, fan_in)
        z = z - z.mean(1, keepdims=True)
    return (z * math.sqrt(0.7 / fan_in)).reshape(-1)
