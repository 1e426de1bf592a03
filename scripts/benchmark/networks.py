"""The networks alone, by each backend and precision: against the measured peak, and the original's way."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import lru_cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import best_s, precisions_of
from photos import profile_photo
from report import Report
from torch.utils.flop_counter import FlopCounterMode

from deoldify_lite.models.build import fold_batch_norms
from deoldify_lite.models.unet import Unet
from deoldify_lite.models.zoo import get_spec
from deoldify_lite.render.colorizer import Backend, Colorizer
from deoldify_lite.render.openvino_backend import OpenvinoBackend, load_model, openvino_version
from deoldify_lite.render.torch_backend import TorchBackend

# Render factors at which each network is measured; `video` is of the same shape as `stable`.
Factors = dict[str, tuple[int, ...]]
ALL: Factors = {"lite": (12, 21), "artistic": (21,), "stable": (21,)}
QUICK: Factors = {"lite": (12,)}
OFFICIAL = ("artistic", "stable")
# Batches that would take longer are left out: their time is that of their pictures alone.
LONGEST_BATCH_S = 4.0


def benchmark_networks(
    report: Report,
    networks: Factors,
    *,
    device: str,
    peaks: dict[str, float],
    batch: int,
    photo: Path,
    cache: Path,
) -> None:
    """Tell of some networks, with random weights, on which speed does not hang.

    Args:
        networks: their names, and the render factors of each.
        device: cpu, cuda or mps.
        peaks: GFLOP/s of matrix products, by precision.
        batch: how many pictures the commands predict at once there.
        photo: one that is taken through all steps with the networks of official size.
        cache: a folder for what OpenVINO keeps.
    """
    rows: list[dict[str, Any]] = []
    steps, prepared = [], []
    # In a process of its own, whose heap is not kept: as the original runs.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
        for name, factors in networks.items():
            measured, best = _measure(name, factors, apart, device, batch, cache, prepared)
            for row in measured:
                if row["precision"] in peaks:
                    row["of peak"] = row["GFLOP/s"] / peaks[row["precision"]]
            rows += measured
            if name in OFFICIAL:
                steps.append(
                    profile_photo(name, Colorizer(best, render_factor=factors[-1]), photo, device=device)
                )
    report.table("networks alone (speed-up: over plain, which is float32, NCHW, norms not folded)", rows)
    if prepared:
        report.table("networks brought to OpenVINO, s", prepared)
    if steps:
        report.table("one photo by networks of official size, ms; all but the network on one thread", steps)
    for name in OFFICIAL:
        of_name = [row for row in rows if row["network"] == name and row["batch"] == 1]
        all_steps = next((row["all"] for row in steps if row["network"] == name), None)
        _add_targets(report, name, of_name, None if all_steps is None else all_steps / 1e3, peaks)


def _measure(
    name: str,
    factors: tuple[int, ...],
    apart: Executor,
    device: str,
    batch: int,
    cache: Path,
    prepared: list[dict[str, Any]],
) -> tuple[list[dict[str, Any]], Backend]:
    """Rows of a network, and the fastest of its backends at its last render factor."""
    gflop = {factor: network_gflop(name, 16 * factor) for factor in factors}
    plain = {factor: apart.submit(plain_s, name, factor, device).result() for factor in factors}
    rows: list[dict[str, Any]] = []
    fastest: tuple[float, Backend] | None = None
    for kind, precision, make in _backends(name, device, cache, prepared):
        for factor in factors:
            backend = make()
            squares = np.random.default_rng(0).integers(0, 256, (batch, 16 * factor, 16 * factor), np.uint8)
            alone_s = best_s(partial(backend.predict, squares[:1]), budget_s=2)
            times = {1: alone_s}
            if batch > 1 and batch * alone_s < LONGEST_BATCH_S:
                times[batch] = best_s(partial(backend.predict, squares), budget_s=2, least=1) / batch
            for count, seconds in times.items():
                rows.append(_row(name, factor, kind, precision, count, seconds, gflop[factor]))
        if fastest is None or alone_s < fastest[0]:
            fastest = (alone_s, backend)
    assert fastest is not None
    for factor in factors:  # once more, so that it met what ours have met
        plain[factor] = min(plain[factor], apart.submit(plain_s, name, factor, device).result())
    for row in rows:
        row["speed-up"] = 1e3 * plain[row["factor"]] / row["ms a picture"]
    of_plain = [
        {**_row(name, factor, "plain", "fp32", 1, plain[factor], gflop[factor]), "speed-up": 1.0}
        for factor in factors
    ]
    return of_plain + rows, fastest[1]


def _row(
    name: str, factor: int, kind: str, precision: str, count: int, seconds: float, gflop: float
) -> dict[str, Any]:
    return {
        "network": name,
        "factor": factor,
        "backend": kind,
        "precision": precision,
        "batch": count,
        "ms a picture": 1e3 * seconds,
        "GFLOP": gflop,
        "GFLOP/s": gflop / seconds,
        "of peak": None,
    }


def _backends(
    name: str, device: str, cache: Path, prepared: list[dict[str, Any]]
) -> Iterator[tuple[str, str, Callable[[], Backend]]]:
    """Each backend that is there, in each precision that the device is fast in."""
    network = random_network(name)
    fold_batch_norms(network)
    network.requires_grad_(False)
    precisions = precisions_of(device)
    has_openvino = device == "cpu" and openvino_version() is not None
    if has_openvino:  # now, as TorchBackend rounds the weights in place
        began = time.perf_counter()
        load_model(cache, name, lambda network=network: network)
        prepared.append({"network": name, "first time": time.perf_counter() - began})
    for precision in precisions:  # the exact one is the first
        yield "torch", precision, partial(TorchBackend, network, device=device, precision=precision)
    del network
    if has_openvino:
        began = time.perf_counter()
        model = load_model(cache, name, partial(random_network, name))
        OpenvinoBackend(model).predict(np.zeros((1, 336, 336), np.uint8))
        prepared[-1]["then, with the first picture"] = time.perf_counter() - began
        for precision in precisions:
            yield "openvino", precision, partial(OpenvinoBackend, model, precision=precision)


def random_network(name: str) -> Unet:
    """A network ready to render, with weights that were never trained; norms are not folded."""
    spec = get_spec(name)
    torch.manual_seed(0)
    return Unet(spec.encoder, spec.decoder).eval()


_kept_network = lru_cache(maxsize=1)(random_network)


def plain_s(name: str, factor: int, device: str) -> float:
    """Seconds of a picture in float32, NCHW, with no norm folded; the original's norms of weights, which it
    computes anew for each picture, are not in it."""
    network = _kept_network(name).to(device)
    luma = torch.rand(1, 1, 16 * factor, 16 * factor)
    predict = network.predict_rgb if network.predicts_rgb else network.predict_chroma

    @torch.inference_mode()
    def run() -> None:
        predict(luma.to(device)).cpu()

    return best_s(run, budget_s=1, least=1)


def network_gflop(name: str, size_px: int) -> float:
    """2 x multiply-accumulates of one picture, in 1e9; counted without computing."""
    spec = get_spec(name)
    with torch.device("meta"):
        network = Unet(spec.encoder, spec.decoder).eval()
        luma = torch.zeros(1, 1, size_px, size_px)
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        network.predict_chroma(luma)
    return counter.get_total_flops() / 1e9


def _add_targets(
    report: Report, name: str, rows: list[dict[str, Any]], photo_s: float | None, peaks: dict[str, float]
) -> None:
    def best(precisions: set[str]) -> dict[str, Any] | None:
        ours = [row for row in rows if row["backend"] != "plain" and row["precision"] in precisions]
        return min(ours, key=lambda row: row["ms a picture"], default=None)

    def bound_of(row: dict[str, Any] | None) -> str:
        if row is None:
            return ""
        peak = peaks[row["precision"]]
        return (
            f"the network ({row['backend']}, {row['precision']}) takes {row['ms a picture']:.0f} ms at "
            f"{row['of peak']:.0%} of the peak of matrix products, {peak:.0f} GFLOP/s; at the peak itself it "
            f"would take {1e3 * row['GFLOP'] / peak:.0f} ms"
        )

    half, exact = best({"bf16", "fp16"}), best({"fp32"})
    title = f"{name}, official size, render factor 21"
    report.target(
        f"{title}: a photo 1280 x 960, all steps in turn", "s", photo_s if half else None, at_most=0.5,
        bound=bound_of(half),
    )  # fmt: skip
    report.target(
        f"{title}: bf16 over plain", "x", half and half["speed-up"], at_least=7.0, bound=bound_of(half)
    )
    report.target(
        f"{title}: fp32 over plain", "x", exact and exact["speed-up"], at_least=1.6, bound=bound_of(exact)
    )
