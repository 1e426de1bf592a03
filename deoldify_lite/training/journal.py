"""What a run records about itself: a curve, TensorBoard files and sample sheets."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.system.files import atomic_path
from deoldify_lite.training.validation import write_sheet

log = logging.getLogger(__name__)


class Journal:
    """Writes `curve.jsonl`, `sheet-NNNNNN.png` and TensorBoard's files into a folder.

    Args:
        folder: of the run.
        step: where the run continues; records of later steps are removed.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self.folder = folder
        self._curve = folder / "curve.jsonl"
        if self._curve.exists():
            lines = self._curve.read_text(encoding="utf-8").splitlines(keepends=True)
            # A kill may have cut the last line in two.
            kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= step]
            with atomic_path(self._curve) as part:
                part.write_text("".join(kept), encoding="utf-8")
        self._board = _open_board(folder, step)

    def record(self, step: int, minutes: float, about: dict[str, object], values: dict[str, float]) -> None:
        """Write a line of the curve.

        Args:
            step: steps done.
            minutes: spent on them, over all parts of the run.
            about: what the run is doing; written to the line only.
            values: figures, also written for TensorBoard.
        """
        with open(self._curve, "a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, "minutes": round(minutes, 4), **about, **values}) + "\n")
        if self._board:
            for name, value in values.items():
                self._board.add_scalar(name, value, step)

    def show(self, step: int, sheet: NDArray[np.uint8]) -> None:
        """Write a sample sheet, (H, W, 3) RGB."""
        write_sheet(sheet, self.folder / f"sheet-{step:06}.png")
        if self._board:
            self._board.add_image("samples", sheet, step, dataformats="HWC")

    def close(self) -> None:
        """Write what is still in memory."""
        if self._board:
            self._board.close()


def _open_board(folder: Path, step: int) -> Any:
    """Return TensorBoard's writer, or None if it is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        log.info("TensorBoard is not installed, so its files are not written; run: pip install tensorboard")
        return None
    return SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1 if step else None)
