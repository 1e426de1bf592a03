"""A frame in memory: its pixels as they are stored, and what its header says."""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

# How stored values stand for light.
DISPLAY = "display"  # as a screen takes them: video, sRGB
LOG = "log"  # density of film: Cineon, printing density
LINEAR = "linear"  # light itself
TRANSFERS = (DISPLAY, LOG, LINEAR)


@dataclass(frozen=True)
class Facts:
    """What the header of a frame says."""

    kind: str  # a value of `names.KINDS`
    width: int  # as a viewer sees the picture
    height: int
    channels: int  # 1: grey, 3: RGB
    has_alpha: bool
    bits: int  # of a sample: 8, 10, 12, 16 or 32
    is_float: bool = False
    transfer: str = DISPLAY  # one of TRANSFERS
    packing: str = ""  # how samples lie in the file, in words for people; empty: as is usual
    rate: Fraction | None = None  # frames a second
    timecode: str | None = None  # hh:mm:ss:ff; of drop-frame hh:mm:ss;ff
    aspect: Fraction | None = None  # of a pixel, width / height; None: not told, or square
    texts: dict[str, str] = field(default_factory=dict)  # keycode, slate, creator and so on, by name

    @property
    def layout(self) -> tuple[str, int, int, int, bool, int, bool]:
        """What all frames of one film have in common."""
        return (
            *(self.kind, self.width, self.height, self.channels, self.has_alpha),
            *(self.bits, self.is_float),
        )

    def __str__(self) -> str:
        """Size, depth and kind, for people."""
        color = ("grey" if self.channels == 1 else "RGB") + (" with alpha" if self.has_alpha else "")
        sort = "floating-point " if self.is_float else ""
        return f"{self.kind}, {self.width} x {self.height}, {self.bits}-bit {sort}{color}"


@dataclass(frozen=True, eq=False)
class Frame:
    """A picture of a film; `light.join` gives it colours."""

    path: Path  # where it was read
    facts: Facts
    pixels: NDArray[Any]  # (H, W, 1) grey or (H, W, 3) RGB: uint8, uint16, float16 or float32, as stored
    alpha: NDArray[Any] | None = None  # (H, W), same dtype
    source: Any = None  # the rest of the file, for the writer of its kind
    warnings: tuple[str, ...] = ()

    @property
    def top(self) -> int:
        """The greatest value of integer samples: 1023 of 10 bits, which are not stretched to 16."""
        return (1 << self.facts.bits) - 1
