"""From pictures to chroma and back to pictures: the network at work, without files.

The three steps are apart so that a caller can overlap them: `prepare` and `finish` run on any thread,
`predict` on one.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from deoldify_lite import original
from deoldify_lite.color import chroma_of, luma_of, merge_luma_chroma
from deoldify_lite.errors import RenderError
from deoldify_lite.guided import align_to_square, guide_chroma

Picture = NDArray[Any]  # (H, W, 3) RGB, uint8 or uint16
Square = NDArray[np.uint8]  # (S, S) luma at the network's size
Prediction = NDArray[Any]  # (2, h, w) float32 chroma, or a (S, S, 3) uint8 RGB square

# When memory runs out, the next render factor to try, as a share of the last.
SHRINK = 0.75
SMALLEST_RENDER_FACTOR = 4
# Rows merged at once: small enough for the processor's cache, large enough to pay for the calls.
STRIP_ROWS = 64


class OutOfMemoryError(RenderError, MemoryError):
    """The network does not fit into memory at this render factor, even with one picture at a time."""


class ChromaNetwork(Protocol):
    """What a `Colorizer` needs of a network, which is an `nn.Module` besides."""

    predicts_rgb: bool  # whether it gives a whole picture, as DeOldify's do
    chroma_stride: int  # input pixels to a chroma pixel, along a side

    def predict_chroma(self, luma: Tensor) -> Tensor:
        """(N, 1, S, S) in [0, 1] -> (N, 2, h, w) in [-0.5, 0.5]."""

    def predict_rgb(self, luma: Tensor) -> Tensor:
        """(N, 1, S, S) in [0, 1] -> (N, 3, S, S) RGB in [0, 1]; only if `predicts_rgb`."""

    def eval(self) -> Any:
        """Switch to rendering."""


def choose_device(name: str) -> torch.device:
    """The device of that name; for `auto`, the fastest that there is.

    Raises:
        RenderError: this machine has no such device.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    device = torch.device(name)
    lacks_cuda = device.type == "cuda" and not torch.cuda.is_available()
    lacks_mps = device.type == "mps" and not torch.backends.mps.is_available()
    if lacks_cuda or lacks_mps:
        raise RenderError(f"this machine has no {device.type} device that torch can use: try --device auto")
    return device


def choose_dtype(device: torch.device, precision: str = "auto") -> torch.dtype:
    """The type the network computes in.

    Args:
        device: where it runs.
        precision: `fp32`, `bf16`, or `auto` for bfloat16 where the hardware multiplies it faster than
            float32, and float32 elsewhere.
    """
    if precision != "auto":
        return {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    if device.type == "cuda":
        # Older cards emulate it, slowly.
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if fast else torch.float32
    if device.type == "cpu":
        # Without units for it, bfloat16 is emulated and slower than float32. The tests are private to
        # torch and not in every version; where they are missing, float32 is never wrong.
        tests = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
        fast = any(getattr(torch.cpu, test, bool)() for test in tests)
        return torch.bfloat16 if fast else torch.float32
    return torch.float32


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out, on a GPU or not."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    # The CPU allocators, MPS and CUDA's libraries raise plain RuntimeErrors, told apart by their words alone.
    words = ("out of memory", "not enough memory", "can't allocate memory", "alloc_failed")
    return isinstance(error, RuntimeError) and any(word in str(error).lower() for word in words)


class Colorizer:
    """A network, ready to colorize.

    Args:
        network: what gives the chroma; see `models.build`.
        render_factor: the network sees a square of 16 * render_factor px.
        saturation: factor on the predicted chroma; 1 leaves it as it is.
        device: a name that torch knows, or `auto`.
        dtype: of the network; None for the fastest that the device has.
    """

    def __init__(
        self,
        network: ChromaNetwork,
        *,
        render_factor: int,
        saturation: float = 1.0,
        device: str = "auto",
        dtype: torch.dtype | None = None,
    ) -> None:
        self.device = choose_device(device)
        self.dtype = dtype or choose_dtype(self.device)
        self.network = network.eval().to(
            device=self.device, dtype=self.dtype, memory_format=torch.channels_last
        )
        self.saturation = saturation
        self.render_factor = render_factor

    @property
    def render_size(self) -> int:
        """Side of the network's square input in pixels."""
        return 16 * self.render_factor

    @property
    def chroma_size(self) -> tuple[int, int]:
        """Height and width of the predicted chroma in pixels."""
        side = self.render_size // self.network.chroma_stride
        return side, side

    def with_render_factor(self, render_factor: int) -> "Colorizer":
        """The same network at another render factor."""
        return Colorizer(
            self.network,
            render_factor=render_factor,
            saturation=self.saturation,
            device=self.device.type,
            dtype=self.dtype,
        )

    def shrunk(self) -> "Colorizer | None":
        """The same network at the next smaller render factor, for want of memory; None if none is left."""
        smaller = int(self.render_factor * SHRINK)
        return None if smaller < SMALLEST_RENDER_FACTOR else self.with_render_factor(smaller)

    def prepare(self, picture: Picture) -> Square:
        """The grey square that the network will see: (H, W, 3) -> (S, S) uint8."""
        if picture.dtype == np.uint16:
            picture = (picture >> 8).astype(np.uint8)
        return original.model_input(picture.astype(np.uint8, copy=False), self.render_size)

    def network_chroma(self, squares: Sequence[Square]) -> NDArray[np.float32]:
        """Chroma of some squares as the network gives it; arguments and errors as in `predict_chroma`."""
        if self.network.predicts_rgb:
            rgb = torch.from_numpy(self._predict_rgb(squares)).permute(0, 3, 1, 2).float() / 255
            return chroma_of(rgb).numpy()
        return np.asarray(self._run(self.network.predict_chroma, squares))

    def predict_chroma(self, squares: Sequence[Square]) -> NDArray[np.float32]:
        """Chroma of some squares: N of (S, S) uint8 -> (N, 2, h, w) float32 in [-0.5, 0.5].

        Chroma smaller than the square is aligned with its edges. If memory runs out, the batch is halved and
        tried again.

        Raises:
            OutOfMemoryError: not even one picture fits.
            RenderError: the network gave something other than numbers.
        """
        chroma = self.network_chroma(squares)
        if self.network.chroma_stride > 1:
            pairs = zip(chroma, squares, strict=True)
            chroma = np.stack([align_to_square(one, square) for one, square in pairs])
        return chroma * np.float32(self.saturation)

    def predict(self, squares: Sequence[Square]) -> list[Prediction]:
        """What `finish` needs for each square; errors as in `predict_chroma`."""
        if self.network.predicts_rgb and self.saturation == 1:
            return list(self._predict_rgb(squares))
        return list(self.predict_chroma(squares))

    def finish(self, picture: Picture, prediction: Prediction) -> Picture:
        """Join a picture's own luma with the predicted chroma: (H, W, 3), the picture's size and depth.

        With DeOldify's networks an 8-bit picture comes out as from the original program, to the bit but
        for rounding inside the network. Chroma smaller than the network's input follows the picture's edges.
        """
        if prediction.dtype == np.uint8:
            if picture.dtype == np.uint8:
                return original.transplant_luma(picture, prediction)
            square = torch.from_numpy(prediction).permute(2, 0, 1)[None].float() / 255
            prediction = chroma_of(square)[0].numpy()
        chroma = prediction.astype(np.float32, copy=False)
        if self.network.chroma_stride > 1:
            chroma = guide_chroma(chroma, picture)
        return merge_picture(picture, chroma)

    def colorize(self, picture: Picture) -> Picture:
        """All three steps for one picture in memory: (H, W, 3) uint8 or uint16 -> the same, in colour."""
        return self.finish(picture, self.predict([self.prepare(picture)])[0])

    def _predict_rgb(self, squares: Sequence[Square]) -> NDArray[np.uint8]:
        rgb = self._run(self.network.predict_rgb, squares)
        return original.quantize_square(rgb.permute(0, 2, 3, 1).numpy())

    def _run(self, function: Callable[[Tensor], Tensor], squares: Sequence[Square]) -> Tensor:
        shortage = ""
        try:
            with torch.inference_mode():
                luma = torch.from_numpy(np.stack(squares))[:, None].to(self.device)
                result: Tensor = function((luma.float() / 255).to(self.dtype)).float().cpu()
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise RenderError(f"the network failed: {error}") from error
            shortage = str(error) or type(error).__name__
        if shortage:
            # Only here, after the block, is what the failed attempt held in memory given back.
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
            if len(squares) == 1:
                raise OutOfMemoryError(
                    f"out of memory at render factor {self.render_factor}: choose a smaller one, "
                    f"or close other programs ({shortage.splitlines()[0]})"
                )
            half = len(squares) // 2
            return torch.cat([self._run(function, part) for part in (squares[:half], squares[half:])])
        if not torch.isfinite(result).all():
            raise RenderError("the network gave values that are not numbers: the weights may be damaged")
        return result


def merge_picture(picture: Picture, chroma: NDArray[np.float32]) -> Picture:
    """Join a picture's luma with chroma of any size, a strip of rows at a time.

    Args:
        picture: (H, W, 3) RGB, uint8 or uint16.
        chroma: (2, h, w) Cb and Cr in [-0.5, 0.5], stretched bilinearly over the picture.

    Returns:
        A new array like `picture`; its luma differs by rounding alone.
    """
    height, width = picture.shape[:2]
    # Bilinear is separable: columns once, on few rows; rows strip by strip, so that the memory needed
    # beside the picture does not grow with it.
    rows = min(chroma.shape[1], height)
    wide = np.stack(
        [
            cv2.resize(
                plane,
                (width, rows),
                interpolation=cv2.INTER_AREA
                if width < plane.shape[1] and rows <= plane.shape[0]
                else cv2.INTER_LINEAR,
            )
            for plane in chroma
        ]
    )
    position = np.clip((np.arange(height) + 0.5) * rows / height - 0.5, 0, rows - 1)
    above = position.astype(np.intp)
    below = np.minimum(above + 1, rows - 1)
    share = (position - above).astype(np.float32)[:, None]

    top = float(np.iinfo(picture.dtype).max)
    result = np.empty_like(picture)
    for start in range(0, height, STRIP_ROWS):
        strip = slice(start, start + STRIP_ROWS)
        upper, lower = wide[:, above[strip]], wide[:, below[strip]]
        stretched = torch.from_numpy(upper + share[strip] * (lower - upper))[None]
        rgb = torch.from_numpy(picture[strip].astype(np.float32)).permute(2, 0, 1)[None] / top
        merged = merge_luma_chroma(luma_of(rgb), stretched)[0].permute(1, 2, 0)
        result[strip] = (merged * top + 0.5).numpy().astype(picture.dtype)
    return result
