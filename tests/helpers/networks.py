"""Networks that give what a test wants."""

from collections.abc import Sequence

import numpy as np

from deoldify_lite.errors import RenderError


class Fixed:
    """A backend that gives one chroma everywhere, or fails in a chosen way above a batch size."""

    predicts_rgb = False
    chroma_stride = 4

    def __init__(
        self, chroma: Sequence[float] = (-0.1, 0.2), *, most: int = 99, error: Exception | None = None
    ) -> None:
        self.chroma, self.most, self.error = chroma, most, error
        self.batches: list[int] = []

    def predict(self, lumas: np.ndarray) -> np.ndarray:
        self.batches.append(len(lumas))
        if self.error and len(lumas) > self.most:
            raise self.error
        chroma = np.array(self.chroma, np.float32).reshape(1, 2, 1, 1)
        side = lumas.shape[-1] // self.chroma_stride
        return np.tile(chroma, (len(lumas), 1, side, side))


class Seeing(Fixed):
    """One that gives features, too: how light and how textured a place is."""

    describes = True

    def predict_described(self, lumas: np.ndarray) -> tuple[np.ndarray, ...]:
        return self.predict(lumas), *(self._features(lumas, stride) for stride in (8, 16, 32))

    def _features(self, lumas: np.ndarray, stride: int) -> np.ndarray:
        count, side = len(lumas), lumas.shape[-1] // stride
        cells = lumas.reshape(count, side, stride, side, stride).astype(np.float32)
        planes = np.stack([cells.mean((2, 4)) - 128, 2 * cells.std((2, 4)) - 64], 1)
        return planes / np.maximum(np.linalg.norm(planes, axis=1, keepdims=True), 1e-6)


class Stopping(Seeing):
    """Colours by luma, and fails when so many frames were asked of it."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most_frames = most

    def predict(self, lumas: np.ndarray) -> np.ndarray:
        if sum(self.batches) >= self.most_frames:
            raise RenderError("the card fell off the bus")
        shade = lumas.mean(axis=(1, 2), dtype=np.float32).reshape(-1, 1, 1, 1) / 1000
        return super().predict(lumas) + shade
