"""Everything that decides what a result looks like, of photos and of films; part of its fingerprint."""

from dataclasses import dataclass, field

from deoldify_lite.color.grade import NEUTRAL, Grade
from deoldify_lite.color.hint import FilmHint
from deoldify_lite.film.encoding import Encoding


@dataclass(frozen=True)
class PhotoSettings:
    """Everything that decides what a result looks like; part of its fingerprint."""

    weights: str  # sha256 of the weights
    render_factor: int
    saturation: float
    precision: str
    grade: Grade = NEUTRAL
    reference: str = ""  # sha256 of the photo whose colours are taken
    format: str = "keep"  # keep, jpg, png, tif or webp
    quality: int | None = None  # 1 to 100, where the format has one; None for one that does not show
    compare: bool = False  # also write before and after, side by side
    mark: bool = True  # say in the metadata that the colours are made by AI
    watermark: bool = False  # and in the picture


@dataclass(frozen=True)
class FilmSettings:
    """Everything that decides what a result looks like; part of its fingerprint."""

    weights: str  # sha256 of the weights
    render_factor: int
    saturation: float
    precision: str
    steadiness: float  # see temporal.steady
    grade: Grade = NEUTRAL
    reference: str = ""  # sha256 of the photo whose colours are taken
    recolor_all: bool = False  # also shots that are in colour already
    start_s: float | None = None
    end_s: float | None = None
    deinterlace: bool = False  # see film.fields.deinterlaced
    hints: tuple[FilmHint, ...] = ()  # of the film
    encoding: Encoding = field(default_factory=Encoding)
