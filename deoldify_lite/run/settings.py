"""Everything that decides what a result looks like, of photos and of films; part of its fingerprint."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeVar

from deoldify_lite.color.hint import FilmHint
from deoldify_lite.color.key import FilmKey
from deoldify_lite.film.encoding import Encoding
from deoldify_lite.render.look import Look

S = TypeVar("S", bound="Settings")


@dataclass(frozen=True)
class Settings:
    """What photos and films have in common."""

    look: Look

    @property
    def render_factor(self) -> int:
        """The network sees a square of 16 times as many pixels a side."""
        return self.look.render_factor

    def with_render_factor(self: S, render_factor: int) -> S:
        """The same settings at another render factor."""
        return replace(self, look=replace(self.look, render_factor=render_factor))

    def as_dict(self) -> dict[str, Any]:
        """All fields as plain data, those of the look among the others: this is what fingerprints hash."""
        fields = asdict(self)
        look: dict[str, Any] = fields.pop("look")
        return look | fields

    def of_layer(self) -> dict[str, Any]:
        """What decides the colour as a layer, as plain data: this is what its fingerprint hashes."""
        return asdict(self.look) | {"layer": 1}


@dataclass(frozen=True)
class PhotoSettings(Settings):
    """Everything that decides what the result of a photo looks like."""

    format: str = "keep"  # keep, jpg, png, tif or webp
    quality: int | None = None  # 1 to 100, where the format has one; None for one that does not show
    effort: str = "fast"  # of the encoder, one of photo.kinds.EFFORTS
    compare: bool = False  # also write before and after, side by side
    mark: bool = True  # say in the metadata that the colours are made by AI
    watermark: bool = False  # and in the picture
    damaged: bool = False  # colour what is left of damaged photos

    def as_dict(self) -> dict[str, Any]:
        """As of all settings, without what fingerprints had no room for, where it changes nothing."""
        fields = super().as_dict()
        del fields["damaged"]  # photos that are whole look the same with it
        if fields["effort"] == "fast":
            del fields["effort"]
        return fields

    def of_layer(self) -> dict[str, Any]:
        """As of all settings, and the mark, which layers have, too."""
        return super().of_layer() | {"mark": self.mark}


@dataclass(frozen=True)
class FilmSettings(Settings):
    """Everything that decides what the result of a film looks like."""

    steadiness: float  # see temporal.steady
    recolor_all: bool = False  # also shots that are in colour already
    start_s: float | None = None
    end_s: float | None = None
    deinterlace: bool = False  # see film.fields.deinterlaced
    hints: tuple[FilmHint, ...] = ()  # of the film
    keys: tuple[FilmKey, ...] = ()  # likewise
    encoding: Encoding = field(default_factory=Encoding)

    def as_dict(self) -> dict[str, Any]:
        """As of all settings; a result is the same with a layer beside it.

        Key frames are in a fingerprint as the files that they are read from.
        """
        fields = super().as_dict()
        del fields["encoding"]["layer"], fields["keys"]
        if self.encoding.purpose is None:
            del fields["encoding"]["purpose"]
        return fields

    def of_layer(self) -> dict[str, Any]:
        """All settings: a layer has the pixel format of the result that it is made beside."""
        return self.as_dict() | {"layer": self.encoding.layer}
