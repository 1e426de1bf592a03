"""From pictures to chroma and back to pictures: the network at work, without files.

The three steps are apart so that a caller can overlap them: `prepare` and `finish` run on any thread,
`predict` on one.
"""

from collections.abc import Sequence
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color import deoldify as original
from deoldify_lite.color.arrays import Chroma, Features, Picture, Square
from deoldify_lite.color.cast import temper_cast
from deoldify_lite.color.grade import NEUTRAL, Grade, apply_grade
from deoldify_lite.color.guided import align_to_square, guide_chroma
from deoldify_lite.color.merge import chroma_of_rgb, merge_picture
from deoldify_lite.color.reference import Reference
from deoldify_lite.errors import RenderError

Prediction = NDArray[Any]  # (2, h, w) float32 chroma, or a (S, S, 3) uint8 RGB square

# When memory runs out, the next render factor to try, as a share of the last.
SHRINK = 0.75
SMALLEST_RENDER_FACTOR = 4
# Chroma below half a level everywhere rounds to nothing (of films, in limited range): it is grey.
GREY_BELOW = 0.5 / 224


class OutOfMemoryError(RenderError, MemoryError):
    """The network does not fit into memory at this render factor, even with one picture at a time."""


def shrunk_factor(render_factor: int) -> int | None:
    """The next smaller render factor, for want of memory; None if none is left."""
    smaller = int(render_factor * SHRINK)
    return None if smaller < SMALLEST_RENDER_FACTOR else smaller


class Backend(Protocol):
    """A network, and what runs it."""

    predicts_rgb: bool  # whether it gives a whole picture, as DeOldify's do
    chroma_stride: int  # input pixels to a chroma pixel, along a side

    def predict(self, lumas: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Run the network.

        Args:
            lumas: (N, H, W) uint8.

        Returns:
            (N, 2, h, w) chroma in [-0.5, 0.5], or (N, 3, H, W) RGB in [0, 1] if it `predicts_rgb`.

        Raises:
            MemoryError: memory does not suffice for so many at once.
            RenderError: the network failed.
        """


class Describing(Backend, Protocol):
    """A backend that also gives what its network sees; its `describes` is true."""

    def predict_described(self, lumas: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        """As `predict`, from any thread, and the features of `models.unet.Unet.predict_described`."""


class Colorizer:
    """A network, ready to colorize, and how its colours are to be changed.

    Args:
        backend: what gives the chroma.
        render_factor: the network sees a square of 16 * render_factor px.
        saturation: factor on the predicted chroma; 1 leaves it as it is.
        tempers_cast: take a part of each picture's cast out; see `color.cast`.
        reference: (H, W, 3) uint8 or uint16, a photo in colour that colours are then pulled towards.
        grade: a change of white balance, made last.

    Raises:
        InputError: the reference has no colour.
        RenderError: the network, which looks at the reference, failed.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        render_factor: int,
        saturation: float = 1.0,
        tempers_cast: bool = False,
        reference: Picture | None = None,
        grade: Grade = NEUTRAL,
    ) -> None:
        self.backend = backend
        self.saturation = saturation
        self.tempers_cast = tempers_cast
        self.render_factor = render_factor
        self.grade = grade
        self._picture = reference
        self._reference: Reference | None = None
        if reference is not None:
            untouched = Colorizer(
                backend, render_factor=render_factor, saturation=saturation, tempers_cast=tempers_cast
            )
            self._reference = Reference.from_picture(reference, untouched)

    @property
    def render_size(self) -> int:
        """Side of the network's square input in pixels."""
        return 16 * self.render_factor

    @property
    def chroma_size(self) -> tuple[int, int]:
        """Height and width of the predicted chroma in pixels."""
        side = self.render_size // self.backend.chroma_stride
        return side, side

    def with_render_factor(self, render_factor: int) -> "Colorizer":
        """The same network at another render factor."""
        return Colorizer(
            self.backend,
            render_factor=render_factor,
            saturation=self.saturation,
            tempers_cast=self.tempers_cast,
            reference=self._picture,
            grade=self.grade,
        )

    def shrunk(self) -> "Colorizer | None":
        """The same network at the next smaller render factor, for want of memory; None if none is left."""
        smaller = shrunk_factor(self.render_factor)
        return None if smaller is None else self.with_render_factor(smaller)

    def prepare(self, picture: Picture) -> Square:
        """The grey square that the network will see: (H, W, 3) -> (S, S) uint8."""
        return original.model_input(picture, self.render_size)

    def network_chroma(self, squares: Sequence[Square]) -> NDArray[np.float32]:
        """Chroma of some squares as the network gives it; arguments and errors as in `predict_chroma`."""
        if self.backend.predicts_rgb:
            scale = np.float32(1 / 255)
            return np.stack([chroma_of_rgb(rgb * scale) for rgb in self._predict_rgb(squares)])
        return self._run(np.stack(squares))[0]

    def predict_chroma(self, squares: Sequence[Square]) -> NDArray[np.float32]:
        """Chroma of some squares: N of (S, S) uint8 -> (N, 2, h, w) float32 in [-0.5, 0.5].

        Chroma smaller than the square is aligned with its edges. If memory runs out, the batch is halved and
        tried again.

        Raises:
            OutOfMemoryError: not even one picture fits.
            RenderError: the network failed, or gave something other than numbers.
        """
        return self._finished(self.network_chroma(squares), squares)

    @property
    def describes(self) -> bool:
        """Whether `predict_described` gives features."""
        return getattr(self.backend, "describes", False)

    def predict_described(
        self, squares: Sequence[Square]
    ) -> tuple[NDArray[np.float32], list[Features | None]]:
        """Chroma of some squares, as `predict_chroma`, and their features, if the network `describes`."""
        if not self.describes:
            return self.predict_chroma(squares), [None] * len(squares)
        chroma, *features = self._run(np.stack(squares), described=True)
        rounded = [one.astype(np.float16) for one in features]
        return self._finished(chroma, squares), [tuple(one) for one in zip(*rounded, strict=True)]

    def _finished(self, chroma: NDArray[np.float32], squares: Sequence[Square]) -> NDArray[np.float32]:
        """What the network gave, (N, 2, h, w), as it is shown."""
        if self.backend.chroma_stride > 1:
            pairs = zip(chroma, squares, strict=True)
            chroma = np.stack([align_to_square(one, square) for one, square in pairs])
        if self.tempers_cast:
            chroma = np.stack([temper_cast(one) for one in chroma])
        chroma = chroma * np.float32(self.saturation)
        if self._reference is None and self.grade.is_neutral:
            return chroma
        return np.stack([self._changed(one, square) for one, square in zip(chroma, squares, strict=True)])

    def _changed(self, chroma: Chroma, square: Square) -> Chroma:
        """A picture's chroma as reference and grade want it."""
        if self._reference is not None:
            chroma = self._reference.pull(chroma, square)
        return apply_grade(chroma, square, self.grade)

    def predict(self, squares: Sequence[Square]) -> list[Prediction]:
        """What `finish` needs for each square; errors as in `predict_chroma`."""
        untouched = self.saturation == 1 and not self.tempers_cast
        as_it_comes = untouched and self._reference is None and self.grade.is_neutral
        if self.backend.predicts_rgb and as_it_comes:
            return list(self._predict_rgb(squares))
        return list(self.predict_chroma(squares))

    def finish(self, picture: Picture, prediction: Prediction, *, in_place: bool = False) -> Picture:
        """Join a picture's own luma with the predicted chroma: (H, W, 3), the picture's size and depth.

        With `in_place` the result replaces the picture in its array, which spares as much memory again.

        With DeOldify's networks an 8-bit picture comes out as from the original program, to the bit but
        for rounding inside the network. Chroma smaller than the network's input follows the picture's edges.
        """
        if prediction.dtype == np.uint8:
            if picture.dtype == np.uint8:
                return original.transplant_luma(picture, prediction, in_place=in_place)
            prediction = chroma_of_rgb(prediction * np.float32(1 / 255))
        chroma = prediction.astype(np.float32, copy=False)
        if self.backend.chroma_stride > 1:
            chroma = guide_chroma(chroma, picture)
        return merge_picture(picture, chroma, into=picture if in_place else None)

    def colorize(self, picture: Picture) -> Picture:
        """All three steps for one picture in memory: (H, W, 3) uint8 or uint16 -> the same, in colour."""
        return self.finish(picture, self.predict([self.prepare(picture)])[0])

    def _predict_rgb(self, squares: Sequence[Square]) -> NDArray[np.uint8]:
        return original.quantize_square(np.moveaxis(self._run(np.stack(squares))[0], 1, -1))

    def _run(self, lumas: NDArray[np.uint8], *, described: bool = False) -> list[NDArray[np.float32]]:
        try:
            if described:
                results = list(cast("Describing", self.backend).predict_described(lumas))
            else:
                results = [self.backend.predict(lumas)]
        except MemoryError as error:
            if len(lumas) == 1:
                raise OutOfMemoryError(
                    f"out of memory at render factor {self.render_factor}: choose a smaller one, "
                    f"or close other programs ({error})"
                ) from error
        else:
            if not all(np.isfinite(result).all() for result in results):
                raise RenderError("the network gave values that are not numbers: the weights may be damaged")
            return results
        half = len(lumas) // 2
        halves = [self._run(part, described=described) for part in (lumas[:half], lumas[half:])]
        return [np.concatenate(parts) for parts in zip(*halves, strict=True)]


def finds_no_color(prediction: Prediction) -> bool:
    """Whether a prediction, chroma or an RGB square, holds no colour that could be seen."""
    if prediction.dtype == np.uint8:
        square = prediction.astype(np.int16)
        return bool(np.ptp(square, axis=-1).max() <= 1)
    return bool(np.abs(prediction).max() < GREY_BELOW)
