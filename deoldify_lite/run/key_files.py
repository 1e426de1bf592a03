"""Key frames of a film: pictures in colour in a folder, and the frames that their names stand for.

    frame-000123.png, shot-0007_frame-001234.png    frames count from 0
    00-01-02-03.png                                 the film's timecode, or time and frame without one
    00_01_02.500.png                                hours, minutes and seconds, as a player shows them

Any kind of picture that photos may be, of any size.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.film.probe import Film
from deoldify_lite.film.timecode import advance_timecode
from deoldify_lite.photo.kinds import PHOTO_SUFFIXES
from deoldify_lite.system.files import sha256_of

_FRAME = re.compile(r"(?:.*[^a-z])?frame[-_ ]?(\d+)", re.ASCII | re.IGNORECASE)
_CLOCK = re.compile(r"(\d\d?)[-_:.](\d\d)[-_:.](\d\d)(?:([-_:;])(\d\d)|[.,](\d+))?", re.ASCII)
_FORMS = "frame-000123.png, or by time, as 00-01-02-03.png or 00_01_02.500.png"


@dataclass(frozen=True)
class KeyFolder:
    """The pictures of a film's key frames, before the film is known."""

    path: Path
    pictures: tuple[Path, ...]  # in order of their names, all of which are understood
    digest: str  # of names and content, for the fingerprint of what is made with them

    def frames(self, film: Film) -> dict[int, Path]:
        """The picture of each frame that has one, in order.

        Args:
            film: as it is written.

        Raises:
            OptionError: two pictures are for one frame, or one is for a frame that the film has not.
        """
        found: dict[int, Path] = {}
        for picture in self.pictures:
            number = _number(picture, film)
            if number in found:
                raise OptionError(
                    f"{picture}: is for frame {number}, and so is {found[number].name}: remove one of them"
                )
            if not 0 <= number < film.frame_count:
                begins = f", and its timecode begins at {film.timecode}" if film.timecode else ""
                raise OptionError(
                    f"{picture}: is for frame {number}, and {film.path} has frames 0 to "
                    f"{film.frame_count - 1}{begins}: name it after the frame that it shows"
                )
            found[number] = picture
        return dict(sorted(found.items()))


def find_keys(path: Path, sources: Sequence[Path]) -> list[Path | None]:
    """The folder with the key frames of each film.

    Args:
        path: that of a single film; or a folder with one for each, named as the film, as clip.mp4 or clip.

    Raises:
        OptionError: there is no such folder, or none for any film.
    """
    if not path.is_dir():
        raise OptionError(f"{path}: no such folder with key frames")
    found: list[Path | None] = []
    for source in sources:
        own = (path / name for name in (source.name, source.stem))
        found.append(next((folder for folder in own if folder.is_dir()), None))
    if len(sources) == 1 and found[0] is None:
        return [path]
    if not any(found):
        raise OptionError(
            f"{path}: there are {len(sources)} films, and no folder of key frames for any of them in it; "
            f"name one for each, as {path / sources[0].stem}"
        )
    return found


def read_keys(path: Path) -> KeyFolder:
    """Read the names in a folder of key frames.

    Raises:
        InputError: the folder or a picture cannot be read.
        OptionError: it holds no picture, or one whose name is neither a frame nor a time.
    """
    try:
        files = sorted(file for file in path.iterdir() if not file.name.startswith("."))
        pictures = tuple(file for file in files if file.suffix.lower() in PHOTO_SUFFIXES)
    except OSError as error:
        raise InputError(f"{path}: these key frames cannot be read ({error})") from error
    if not pictures:
        raise OptionError(f"{path}: holds no key frame: put pictures in colour there, named {_FORMS}")
    return keys_in(path, pictures)


def keys_in(path: Path, pictures: tuple[Path, ...]) -> KeyFolder:
    """Read the names of some pictures as key frames; errors as in `read_keys`, for `path`."""
    digest = hashlib.sha256()
    try:
        for picture in pictures:
            digest.update(f"{picture.name}\0{sha256_of(picture)}\n".encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise InputError(f"{path}: these key frames cannot be read ({error})") from error
    for picture in pictures:
        if not _FRAME.fullmatch(picture.stem) and not _CLOCK.fullmatch(picture.stem):
            raise OptionError(f"{picture}: which frame is it for? Name it {_FORMS}, or move it elsewhere")
    return KeyFolder(path, pictures, digest.hexdigest())


def frame_named(picture: Path, film: Film) -> int | None:
    """The frame that a picture's name stands for, which may be none of the film's; None: it names none."""
    if not _FRAME.fullmatch(picture.stem) and not _CLOCK.fullmatch(picture.stem):
        return None
    return _number(picture, film)


def _number(picture: Path, film: Film) -> int:
    """The frame that a picture's name stands for, which may be none of the film's."""
    if found := _FRAME.fullmatch(picture.stem):
        return int(found[1]) * film.per_frame
    clock = _CLOCK.fullmatch(picture.stem)
    assert clock is not None, "checked when it was read"
    hours, minutes, seconds = (int(clock[i]) for i in (1, 2, 3))
    whole_s = 3600 * hours + 60 * minutes + seconds
    if clock[5] is None:
        return film.nearest_frame(whole_s + Fraction(f"0.{clock[6] or 0}"))
    in_second = int(clock[5]) * film.per_frame
    if film.timecode is None:
        return film.nearest_frame(whole_s + in_second / film.rate)
    start = [int(part) for part in re.split("[:;.]", film.timecode)]
    begins_s = (60 * start[0] + start[1]) * 60 + start[2]
    guess = (whole_s - begins_s) * round(film.rate) + in_second - start[3]
    # Drop-frame timecode skips up to one number in 900, so the frame may come earlier.
    for frame in range(guess, guess - max(guess, 0) // 900 - 5, -1):
        code = advance_timecode(film.timecode, frame, film.rate)
        if code and [int(part) for part in re.split("[:;.]", code)] == [hours, minutes, seconds, in_second]:
            return frame
    return guess
