"""Which inputs are picture sequences, and where their results go."""

import logging
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.film.kinds import CONTAINERS, FILM_SUFFIXES
from deoldify_lite.run.frame_marks import frame_name
from deoldify_lite.run.layers import LAYER_MARK
from deoldify_lite.run.manifest import NAME as MANIFEST_NAME
from deoldify_lite.run.manifest import Manifest
from deoldify_lite.run.planned import Planned
from deoldify_lite.run.sequences.frames import MISSING, Frames
from deoldify_lite.sequence.layer import layer_suffix
from deoldify_lite.sequence.names import (
    KINDS,
    find_sequence,
    group_names,
    is_pattern,
    list_sequences,
    name_frames,
)
from deoldify_lite.sequence.names import Sequence as FrameFiles
from deoldify_lite.sequence.recognise import FILM_KINDS, recognise
from deoldify_lite.storage.url import Place, Url
from deoldify_lite.system.files import find_media
from deoldify_lite.system.selection import Selection, is_of_system

log = logging.getLogger(__name__)

# Photos of one folder from which on it may be worth a warning: to recognise frames costs a look at some.
_LEAST_WARNED = 100


@dataclass(frozen=True)
class Choices:
    """What the user says of sequences."""

    told: bool = False  # numbered pictures are frames, also where they do not look like it
    missing: str = "fail"
    rate: Fraction | None = None
    sound: Path | None = None  # for a film that is made of one

    @property
    def are_default(self) -> bool:
        """Whether nothing is said."""
        return self == Choices()


def choose(
    *,
    told: bool = False,
    missing: str = "fail",
    fps: Fraction | float | None = None,
    sound: str | Path | None = None,
) -> Choices:
    """Return what the user says of sequences.

    Raises:
        OptionError: a value is out of range.
    """
    if missing not in MISSING:
        raise OptionError(f"missing {missing!r}: choose one of {', '.join(MISSING)}")
    rate = None if fps is None else Fraction(fps).limit_denominator(100_000)
    if rate is not None and not 1 <= rate <= 1000:
        raise OptionError(f"fps {fps}: choose 1 to 1000")
    return Choices(told, missing, rate, None if sound is None else Path(sound))


def take_sequences(
    inputs: Sequence[Place],
    choices: Choices,
    suffixes: Collection[str],
    selection: Selection,
    skip: Place | None = None,
) -> tuple[list[tuple[FrameFiles, Path | None]], list[Place]]:
    """Tell sequences from other inputs.

    Args:
        inputs: files, folders and patterns of the user.
        choices: what the user says of sequences.
        suffixes: of films, by which a folder with both is found.
        selection: of the user, from folders.
        skip: a folder inside that is left out: that of the results.

    Returns:
        The sequences, each with the folder among the inputs that it was found in; and all other inputs.

    Raises:
        InputError: a pattern fits no files, or those of several sequences; a folder has no films, but
            numbered pictures that may be one.
        OptionError: a sequence has a URL.
    """
    found: list[tuple[FrameFiles, Path | None]] = []
    others: list[Place] = []
    skipped = skip.resolve() if isinstance(skip, Path) else None
    named: dict[Path, list[str]] = {}  # single frames, by folder, as a shell expands reel_*.tif
    for place in inputs:
        if not isinstance(place, Path):
            if choices.told or place.suffix.lower() in KINDS:
                raise OptionError(
                    f"{place}: picture sequences are read on this machine: download its folder, or "
                    "mount it, and name that"
                )
            others.append(place)
        elif place.is_dir():
            mine = _in_folder(place, choices, selection, skipped)
            found += [(one, place) for one in mine]
            has_films = bool(find_media(place, suffixes, selection=selection))
            if not mine and not has_films:
                _refuse_unrecognised(place)
            if not mine or has_films:
                others.append(place)
        elif is_pattern(place):
            found.append((find_sequence(place), None))
        elif place.suffix.lower() in KINDS and place.is_file():
            named.setdefault(place.parent, []).append(place.name)
        else:
            others.append(place)
    for folder, names in named.items():
        mine, rest = _named(folder, names, choices)
        found += [(one, None) for one in mine]
        others += [folder / name for name in rest]
    if choices.told and not found:
        raise InputError(
            f"{inputs[0]}: no numbered frames are there: name a folder or a pattern such as reel/%07d.dpx"
        )
    return found, others


def plan_sequences(
    found: Sequence[tuple[FrameFiles, Path | None]],
    out: Place | None,
    choices: Choices,
    *,
    several: bool,
    as_layers: bool = False,
) -> list[Planned]:
    """Name the results of sequences.

    The result of a sequence has the names of its files, in a folder NAME-colorized beside its own, or in
    `out`; with several inputs in a folder of its own name there. `out` may also be a film, or a pattern of
    other names.

    Args:
        found: as of `take_sequences`.
        out: the file, folder or pattern that the user named for the results, if any.
        choices: what the user says of sequences.
        several: whether there are several inputs.
        as_layers: the results are the colours as layers, which are TIFFs, or PNGs of PNGs.

    Raises:
        OptionError: `out` does not fit the inputs, has a URL, or is the folder of the frames.
    """
    if isinstance(out, Url):
        raise OptionError(f"{out}: frames go to a folder on this machine: name one with -o")
    planned: dict[tuple[str, str], Planned] = {}
    for sequence, top in found:
        one = _plan_one(sequence, top, out, choices, several=several, as_layers=as_layers)
        key = str(one.root), one.output
        if key in planned and planned[key].frames != one.frames:
            raise OptionError(
                f"{one.root / one.output}: two sequences would get these names, one of them {sequence}: run "
                "them with different -o"
            )
        planned[key] = one
    return [*planned.values()]


def _plan_one(
    sequence: FrameFiles,
    top: Path | None,
    out: Path | None,
    choices: Choices,
    *,
    several: bool,
    as_layers: bool,
) -> Planned:
    folder, frames = (top or sequence.folder).resolve(), Frames(sequence, choices.missing, choices.rate)
    if out is not None and out.suffix.lower() in FILM_SUFFIXES and not out.is_dir():
        if out.suffix.lower() not in CONTAINERS:
            raise OptionError(f"{out}: no film is written as {out.suffix}: use {', '.join(CONTAINERS)}")
        if several:
            raise OptionError(f"{out}: one film for several inputs: name a folder with -o")
        sound = choices.sound or _sound_beside(sequence)
        return Planned(
            sequence.pattern, out.parent, out.name, named=True, frames=replace(frames, sound=sound)
        )
    if choices.sound is not None:
        raise OptionError(f"--sound {choices.sound} goes into a film: name one with -o, such as master.mkv")
    below = Path() if top is None else sequence.folder.relative_to(top)
    if out is None:
        if not folder.name:
            raise OptionError(f"{folder}: is the root of a disk: name a folder for the results with -o")
        root = folder.with_name(f"{folder.name}-colorized{LAYER_MARK if as_layers else ''}")
    else:
        root = out / folder.name if several else out
    if "%" in root.name or "#" in root.name:
        raise OptionError(f"{root}: a sequence keeps its names: name a folder with -o, or a film")
    result = replace(sequence, folder=root / below)
    if as_layers:
        result = replace(result, suffix=_layer_suffix(sequence.suffix))
    if result.folder.resolve() == sequence.folder.resolve():
        raise OptionError(
            f"{result.folder}: the results would get the names of the frames: name another folder with -o"
        )
    if result.folder.exists() and not result.folder.is_dir():
        raise OptionError(f"{result.folder}: is a file, and frames go to a folder: name one with -o")
    name = (below / result.pattern.name).as_posix()
    if frame_name(name, sequence.first) != (below / result.name(sequence.first)).as_posix():
        raise OptionError(f"{sequence}: a frame's name must not hold %d: rename the files")
    return Planned(sequence.pattern, root, name, named=True, frames=frames, result=result, is_layer=as_layers)


def _layer_suffix(suffix: str) -> str:
    """What follows the number in the names of layers, by what does in those of frames, such as .dpx."""
    kind = Path(suffix).suffix or suffix
    return suffix.removesuffix(kind) + layer_suffix(kind)


def _in_folder(folder: Path, choices: Choices, selection: Selection, skip: Path | None) -> list[FrameFiles]:
    """The sequences in a folder and in those inside, without results of earlier runs."""
    found: list[FrameFiles] = []
    folders, made = [folder], set[Path]()
    while folders:
        here = folders.pop(0)
        try:
            mine = list_sequences(here) if choices.told else recognise(here)
            inside = sorted(path for path in here.iterdir() if path.is_dir() and not path.is_symlink())
            if (here / MANIFEST_NAME).is_file():
                made |= {here / name for name in Manifest(here).made_names}
        except (InputError, OSError) as error:
            if here == folder:
                raise
            log.warning("%s: is left out: %s", here, error)
            continue
        found += [one for one in mine if one.path(one.first) not in made]
        folders += [
            path
            for path in inside
            if not path.name.startswith(".")
            and not is_of_system(path.name, folder=True)
            and selection.enters(path.relative_to(folder).as_posix())
            and path.resolve() != skip
        ]
    return found


def _sound_beside(sequence: FrameFiles) -> Path | None:
    """A WAV of the name of a sequence, or of its folder, in the folder or beside it."""
    folder = sequence.folder.resolve()
    names = [*filter(None, [sequence.prefix.rstrip("._- ")]), folder.name]
    for place in (folder, folder.parent):
        for name in names:
            for suffix in (".wav", ".WAV"):
                if (path := place / f"{name}{suffix}").is_file():
                    log.info("%s: its sound is %s; --sound names another", sequence.pattern, path)
                    return path
    return None


def are_frames(out: Place | None) -> bool:
    """Whether the name for the result of a film is that of frames, such as reel/%07d.dpx."""
    if out is None or out.suffix.lower() in FILM_SUFFIXES:
        return False
    if isinstance(out, Path) and (out.is_dir() or out.is_symlink()):
        return False
    return out.suffix.lower() in KINDS or (bool(out.suffix) and is_pattern(Path(out.name)))


def plan_apart(films: Sequence[Place], out: Place) -> list[Planned]:
    """Name the files that the frames of a film become.

    Args:
        films: inputs of the user that are not sequences.
        out: as of `are_frames`.

    Raises:
        InputError: there is no such film.
        OptionError: there are several films, one has a URL, or `out` names no frames.
    """
    film = films[0]
    if isinstance(out, Url) or isinstance(film, Url):
        raise OptionError(f"{out}: frames are written and read on this machine: name a folder here with -o")
    if len(films) > 1 or film.is_dir():
        raise OptionError(f"{out}: the frames of several films would get these names: name one film")
    if not film.exists():
        raise InputError(f"{film}: no such file; check the name")
    try:
        result = name_frames(out)
    except InputError as error:
        raise OptionError(str(error)) from error
    if result.folder.exists() and not result.folder.is_dir():
        raise OptionError(f"{result.folder}: is a file, and frames go to a folder: name one with -o")
    name = result.pattern.name
    if frame_name(name, 7) != result.name(7):
        raise OptionError(f"{out}: a frame's name holds only one %d: remove the other")
    return [Planned(film, out.parent, name, named=True, result=result)]


def find_frames(source: Path, choices: Choices, *, photos: bool) -> Frames | None:
    """Return the one sequence that a source is, for commands that take one source; None if it is none.

    Args:
        source: of the user.
        choices: what the user says of sequences.
        photos: whether a TIFF or a PNG is a photo; else, as of the other kinds, one stands for its sequence.

    Raises:
        InputError: there are no frames, or those of several sequences.
    """
    kinds = FILM_KINDS if photos else KINDS.values()
    is_frame = source.is_file() and KINDS.get(source.suffix.lower()) in kinds
    if not (is_frame or is_pattern(source) or (source.is_dir() and list_sequences(source))):
        return None
    sequence = find_sequence(source)
    if is_frame:
        log.info("%s: stands for its whole sequence, %s", source, sequence)
    return Frames(sequence, choices.missing, choices.rate)


def warn_of_frames(planned: Sequence[Planned]) -> None:
    """Log which photos look like the frames of a film, before they are coloured one by one."""
    counts = Counter(
        one.place.parent
        for one in planned
        if isinstance(one.place, Path) and one.place.suffix.lower() in KINDS
    )
    for folder, count in counts.items():
        if count < _LEAST_WARNED:
            continue
        try:
            found = recognise(folder)
        except InputError:
            continue
        for one in found:
            log.warning(
                "%s: %d files look like the frames of a film; coloured one by one, their colours flicker: "
                "use colorize-video %s",
                *(one.pattern, len(one), folder),
            )


def _refuse_unrecognised(folder: Path) -> None:
    for one in list_sequences(folder):
        if len(one) > 1:
            raise InputError(
                f"{folder}: holds no films, but {len(one)} numbered pictures, {one.pattern.name}: if they "
                "are the frames of one, add --sequence; if they are photos, use colorize-folder"
            )


def _named(folder: Path, names: Sequence[str], choices: Choices) -> tuple[list[FrameFiles], list[str]]:
    """The sequences that single frames make, or belong to; and all other names."""
    if len(names) > 1:
        found = [one for one in group_names(folder, names) if len(one) > 1]
    else:
        every = list_sequences(folder) if choices.told else recognise(folder)
        found = [one for one in every if names[0] in map(one.name, one.numbers())]
        for one in found:
            log.info("%s: stands for its whole sequence, %s", folder / names[0], one)
    taken = {one.name(number) for one in found for number in one.numbers()}
    return found, [name for name in names if name not in taken]
