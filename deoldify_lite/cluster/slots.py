"""Room for workers on a cluster."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# A network uses more cores than this ever less well; larger machines get several workers.
WORKER_CORES = 8


@dataclass(frozen=True)
class Slot:
    """Room for a worker."""

    node: str  # Ray's id of the machine
    cores: int
    gpus: int


def find_slots(nodes: Sequence[dict[str, Any]], device: str, cores_per_worker: int | None) -> list[Slot]:
    """Room for workers on a cluster: one for each GPU, or for so many cores.

    Args:
        nodes: from `ray.nodes`.
        device: cpu or cuda.
        cores_per_worker: None for as many as suit.
    """
    slots = []
    for node in nodes:
        there, resources = int(node["Resources"].get("CPU", 0)), node["Resources"]
        if not node["Alive"] or not there:
            continue
        if device == "cuda":
            gpus = int(resources.get("GPU", 0))
            each = cores_per_worker or max(1, there // max(gpus, 1))
            slots += [Slot(node["NodeID"], each, 1)] * min(gpus, there // each)
        else:
            each = cores_per_worker or there // -(-there // WORKER_CORES)
            slots += [Slot(node["NodeID"], each, 0)] * (there // each)
    return slots
