"""Several processes as one: each has its share of every batch, and all have the same weights.

Started by `torchrun`, which sets the variables read here. A plain run is the same with one process. What is
not a plain mean over pictures, batch norm and losses that weigh or standardise, is taken over a share.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn

from deoldify_lite.errors import OptionError


@dataclass(frozen=True)
class Processes:
    """Which of how many this process is."""

    rank: int
    count: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes and logs."""
        return self.rank == 0

    def share_of(self, batch_size: int) -> int:
        """How many pictures of a batch this process takes.

        Raises:
            OptionError: the batch cannot be shared out evenly.
        """
        if batch_size % self.count:
            raise OptionError(
                f"a batch of {batch_size} cannot be divided evenly among {self.count} processes"
            )
        return batch_size // self.count

    def share_weights(self, module: nn.Module) -> None:
        """Give all processes the first one's parameters and buffers."""
        if self.count > 1:
            for tensor in [*module.parameters(), *module.buffers()]:
                dist.broadcast(tensor.detach(), 0)

    def average_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Replace each gradient by its mean over the processes.

        Not DistributedDataParallel, since that needs one forward per backward, and a critic's gradient
        penalty differentiates twice. One message for all, as latency would outweigh what overlap gains.
        """
        if self.count == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        if not gradients:
            return
        flat = torch.cat([g.flatten() for g in gradients])
        dist.all_reduce(flat)
        flat /= self.count
        for gradient, mean in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))

    def mean(self, value: float) -> float:
        """The mean of what the processes give."""
        if self.count == 1:
            return value
        total = torch.tensor([value], device=self.device)
        dist.all_reduce(total)
        return total.item() / self.count

    def wait(self) -> None:
        """Wait until all have come here."""
        if self.count > 1:
            dist.barrier()


@contextmanager
def joined(device: torch.device) -> Iterator[Processes]:
    """Join the other processes that `torchrun` has started, if any; leave them at the end.

    Args:
        device: of this process; a bare `cuda` becomes the card of this process's number on this machine.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield Processes(0, 1, device)
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Processes(dist.get_rank(), dist.get_world_size(), device)
    finally:
        dist.destroy_process_group()
