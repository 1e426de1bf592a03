"""A film that is taken apart: what files its frames become, and what these cannot hold of it."""

from dataclasses import dataclass, replace
from pathlib import Path

from deoldify_lite.errors import OptionError, VideoError
from deoldify_lite.film.chroma import has_chroma
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.fit import Fit, own_tags
from deoldify_lite.film.full import FullFrames, Planes, Samples, grey_levels, own_rgb
from deoldify_lite.film.probe import Film, Stream
from deoldify_lite.film.scan import ask_ffprobe
from deoldify_lite.film.sound import pcm_encoder
from deoldify_lite.film.timecode import advance_timecode
from deoldify_lite.film.tone import needs_luma
from deoldify_lite.photo.samples import rgb_of_grey
from deoldify_lite.sequence.frame import Frame
from deoldify_lite.sequence.frames import new_frame, write
from deoldify_lite.sequence.names import Sequence

# Of the pixels of a frame; where fewer are beyond black or white, a codec has made them so.
_LEAST_BEYOND = 0.001
# Kinds whose headers have room for rate, timecode and the shape of pixels.
_WITH_HEADERS = ("DPX", "EXR")
_KINDS_OF_STREAMS = {
    "audio": "sound",
    "subtitle": "subtitles",
    "attachment": "attached files",
    "data": "data",
    "video": "other pictures",
}


def bits_for(film: Film, kind: str) -> int:
    """Return the bits of a sample in the files that a film's frames become: the fewest that hold its own."""
    if kind == "EXR":
        return 16
    if kind == "DPX":  # few programs write 8 bits, and some read no others than 10
        return next((bits for bits in (10, 12) if film.depth <= bits), 16)
    if kind == "JPEG 2000":
        return next((bits for bits in (8, 10, 12) if film.depth <= bits), 16)
    return 8 if film.depth == 8 else 16


def fit_frames(film: Film, result: Sequence, cut: Cut) -> Fit:
    """Find out what the files of a film's frames hold; its streams are the sound, each for a WAV.

    Args:
        film: as it is written.
        result: names the files.
        cut: the part that is rendered.

    Raises:
        OptionError: the film is HDR.
    """
    if film.colors.is_hdr:
        raise OptionError(
            f"{film.path}: is HDR, which no header of numbered pictures tells: name a film with -o, or "
            "convert it to SDR first"
        )
    losses = []
    sound = tuple(
        replace(stream, encoder=pcm_encoder(stream))
        for stream in film.streams
        if stream.kind == "audio" and stream.is_known
    )
    rest = [stream for stream in film.streams if stream.index not in {one.index for one in sound}]
    lost = list(dict.fromkeys(_KINDS_OF_STREAMS.get(stream.kind, stream.kind) for stream in rest))
    lost += ["closed captions"] if film.captions else []
    lost += ["chapters"] if ask_ffprobe(film.path, "-show_chapters").get("chapters") else []
    if tags := own_tags(film):
        lost.append(f"metadata ({', '.join(tags)})")
    if lost:
        losses.append(f"numbered pictures hold no {', '.join(lost)}: keep the film for that")
    if film.has_alpha:
        losses.append("its transparency is not kept in numbered pictures")
    if film.interlaced:
        losses.append(
            "it is interlaced, which numbered pictures do not tell: --deinterlace makes whole frames"
        )
    if needs_luma(film.colors):
        losses.append(f"its primaries {film.colors.primaries} are not told in numbered pictures")
    if film.times or film.variable:
        why = "irregular times" if film.times else "a rate that varies; frames are repeated to fill a grid"
        losses.append(f"its frames have {why}, and numbered pictures have {_rate(film)} a second")
    if film.timecode and advance_timecode(film.timecode, 0, film.rate) is None:
        losses.append(f"its timecode {film.timecode} does not go with {_rate(film)} a second and is not kept")
    elif result.kind not in _WITH_HEADERS:
        lost = ["timecode"] if film.timecode else []
        lost += ["pixel aspect"] if film.pixel_aspect not in (None, 1) else []
        if lost:
            losses.append(f"{result.kind} holds no {' and no '.join(lost)}; DPX does")
    return Fit(sound, (*losses, *(f"its {what} cannot be kept" for what in film.lost)))


def _rate(film: Film) -> str:
    return f"{float(film.rate):.5g} frames"


def sound_files(result: Sequence, streams: tuple[Stream, ...]) -> list[Path]:
    """Name a WAV for each stream of sound: that where a film that is made of the files looks for its own."""
    stem = result.prefix.rstrip("._- ") or result.folder.resolve().name or "sound"
    names = [stem, *(f"{stem}-{number}" for number in range(2, len(streams) + 1))]
    return [result.folder / f"{name}.wav" for name in names[: len(streams)]]


@dataclass(frozen=True)
class FilmPicture:
    """A frame of a film, on its way to a file: a `run.sequences.pictures.Picture`."""

    path: Path  # of the file
    planes: Planes
    samples: Samples
    film: Film
    number: int
    bits: int

    def read(self) -> Frame:
        """Make the frame, grey but for films in RGB, whose luma counts."""
        if self.samples.is_rgb:
            return self._frame(own=True)
        return self._frame(own=False)

    def colored(self) -> Frame:
        """Make the frame in the colours that it has."""
        return self._frame(own=True)

    def keep(self, part: Path) -> tuple[str, ...]:
        """Write the frame in the colours that it has."""
        return write(part, self.colored())

    def _frame(self, *, own: bool) -> Frame:
        film, top = self.film, (1 << self.bits) - 1
        warnings: tuple[str, ...] = ()
        if own:
            pixels = own_rgb(self.planes, self.samples, top)
        else:
            grey, beyond = grey_levels(self.planes[0], self.samples, top)
            pixels = rgb_of_grey(grey[..., None])
            if beyond >= _LEAST_BEYOND:
                black, white = self.samples.black_and_white
                warnings = (
                    f"luma below black ({black}) or above white ({white}) is cut off; a film keeps it",
                )
        timecode = film.timecode and advance_timecode(film.timecode, self.number, film.rate)
        frame = new_frame(
            self.path, pixels, bits=self.bits, rate=film.rate, timecode=timecode, aspect=film.pixel_aspect
        )
        return replace(frame, warnings=warnings)


class FilmEnds(VideoError):
    """A film has fewer frames than were expected."""


class FilmPictures:
    """The frames of a film, for files: a `run.sequences.pictures.Pictures`. Their numbers count from 0.

    Args:
        cut: of the film, from the first frame that is taken on.
        result: names the files.
        may_keep: whether frames may keep the colours that they have.
    """

    def __init__(self, cut: Cut, result: Sequence, *, may_keep: bool) -> None:
        self._cut = cut
        self._result = result
        self._bits = bits_for(cut.film, result.kind)
        self._frames = FullFrames(cut, with_chroma=may_keep and has_chroma(cut.film.pix_fmt))
        self._frames.__enter__()

    def number(self, frame: int) -> int:
        """See `Pictures`."""
        return frame

    def take(self, frame: int) -> FilmPicture:
        """See `Pictures`."""
        planes = self._frames.read()
        film = self._cut.film
        if planes is None:
            raise FilmEnds(
                f"{film.path}: has no frame {frame} when it is read again, though that was colorized; if it "
                "is damaged, repair it first: ffmpeg -i FILM -map 0 -c copy REPAIRED.mkv"
            )
        path = self._result.path(frame)
        return FilmPicture(path, planes, self._frames.samples, film, frame, self._bits)

    def close(self) -> None:
        """See `Pictures`."""
        self._frames.__exit__()
