"""The part of a film that is colorized, and its frames at one constant rate."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from deoldify_lite.errors import OptionError
from deoldify_lite.film.ffmpeg import open_file
from deoldify_lite.film.probe import Film

_SEEK_AHEAD_S = 10  # longer than nearly all distances between key frames


@dataclass(frozen=True)
class Cut:
    """The part of a film that is colorized, in frames of its grid."""

    film: Film
    first: int = 0  # number of the first frame
    end: int | None = None  # number of the first frame after the part; None: to the film's end

    @classmethod
    def between(cls, film: Film, start_s: float | None, end_s: float | None) -> "Cut":
        """The frames nearest to two times, in seconds as a player shows them.

        Raises:
            OptionError: nothing lies between the two.
        """

        first = max(film.nearest_frame(Fraction(start_s or 0)), 0)
        end = None if end_s is None else film.nearest_frame(Fraction(end_s))
        if first >= (film.frame_count if end is None else min(end, film.frame_count)):
            raise OptionError(
                f"{film.path}: there is no frame from {start_s or 0:g} s to "
                f"{'its end' if end_s is None else f'{end_s:g} s'}; it lasts {film.duration_s:.2f} s"
            )
        return cls(film, first, end)

    @property
    def frame_count(self) -> int:
        """Frames expected, an estimate unless the end is given."""
        return min(self.end or self.film.frame_count, self.film.frame_count) - self.first

    @property
    def start_s(self) -> Fraction:
        """Where in the source the cut begins, in seconds; 0 for the file's very start."""
        return self.film.offset_s + self.film.seconds(self.first) if self.first else Fraction(0)

    @property
    def lead_s(self) -> Fraction:
        """How long after the start of the result its first frame is shown."""
        return Fraction(0) if self.first else self.film.offset_s

    @property
    def duration_s(self) -> Fraction | None:
        """Length of the result in seconds; None: as long as there is anything."""
        if self.end is None:
            return None
        return self.lead_s + self.film.seconds(self.end) - self.film.seconds(self.first)

    def open_picture(self) -> Any:
        """The source's picture as an ffmpeg-python stream: this cut's frames at the film's constant rate.

        Reader and writer share it, so their frames correspond one to one.
        """
        film = self.film
        options: dict[str, Any] = {"reinit_filter": 0}
        if film.decoder:
            options[f"c:{film.index}"] = film.decoder
        # Seek well ahead: a transport stream has no index and would begin at the next key frame instead of
        # the one before, and at a variable rate the frame on show at the start may be an old one.
        seek_s = max(self.start_s - _SEEK_AHEAD_S, Fraction(0)) if film.timed else Fraction(0)
        if self.first and seek_s:
            options["ss"] = ffmpeg_time(film.on_its_clock(seek_s))
        picture = open_file(film.path, **options)[str(film.index)]
        if film.pixels.few_colors:
            picture = picture.filter("format", "bgra" if film.has_alpha else "bgr24")
        if film.parts:
            # Frames of another size, before the cut, must not reach filters that know one size only.
            picture = picture.filter("scale", film.width, film.height)
        if film.deinterlace:
            picture = picture.filter("bwdif", mode="send_field", parity=film.first_field)
            if film.captions:  # It gives them to both of a frame's fields, and all would be said twice.
                picture = picture.filter("sidedata", "delete", type="A53_CC")
        picture = self._counted(picture, seek_s) if film.times else self._on_grid(picture, seek_s)
        picture = picture.filter("fps", fps=str(film.rate), start_time=0)
        if self.end is not None:
            picture = picture.filter("trim", end_frame=self.end - self.first)
        return picture

    def _on_grid(self, picture: Any, seek_s: Fraction) -> Any:
        """Each frame at the time of its slot, if it is near that."""
        tick_s = 1 / self.film.rate
        begin = "STARTPTS"
        if self.first:
            begin = f"{ffmpeg_time(self.film.offset_s + self.first / self.film.rate - seek_s)}/TB"
        # The grid begins at the first frame, and what comes before it is dropped. So an even film is never
        # rounded to a drop or a double. The film's end has a time too, which ffmpeg may give as that of the
        # last frame (seen with B-frames); the fps filter would drop this frame, so one frame is added.
        return picture.filter(
            "setpts",
            f"if(lte((PTS-PREV_INPTS)*TB,{ffmpeg_time(tick_s / 2)}),"
            f"PREV_OUTPTS+{ffmpeg_time(tick_s)}/TB,round(PTS-{begin}))",
        )

    def _counted(self, picture: Any, seek_s: Fraction) -> Any:
        """Frame after frame, whatever their times say."""
        film = self.film
        if self.first and seek_s:
            # Between the first frame and the one before.
            bound_s = film.offset_s + (film.seconds(self.first - 1) + film.seconds(self.first)) / 2 - seek_s
            picture = picture.filter("trim", start=ffmpeg_time(bound_s))
        elif self.first:
            picture = picture.filter("trim", start_frame=self.first)
        return picture.filter("settb", str(1 / film.rate)).filter("setpts", "N")


def ffmpeg_time(time_s: Fraction) -> str:
    """A time in seconds as ffmpeg reads it."""
    return f"{float(time_s):.9f}"
