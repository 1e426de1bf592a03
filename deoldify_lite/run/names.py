"""Names of results that no other result gets, on whatever file system."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain, count
from pathlib import Path, PurePosixPath

from deoldify_lite.errors import OptionError
from deoldify_lite.run.layers import LAYER_MARK
from deoldify_lite.run.planned import Planned
from deoldify_lite.system.files import device_of


def _key(one: Planned, name: str) -> str:
    """What two names have in common that one file system or another takes for one."""
    return unicodedata.normalize("NFC", str(one.root / name)).casefold()


def told_apart(planned: list[Planned]) -> list[Planned]:
    """Give results that would share a name (a.png and a.tif as a.jpg) the source's full name instead.

    Names that differ in case alone stay where the file system holds both, or else get numbers.

    Raises:
        OptionError: two sources of one name are to go to one folder.
    """
    wanted = Counter(_key(one, one.output) for one in planned)

    def full_name(one: Planned) -> Planned:
        output = PurePosixPath(one.output)
        if wanted[_key(one, one.output)] == 1 or one.place.suffix == output.suffix:
            return one
        return replace(one, output=str(output.with_name(f"{one.place.name}{output.suffix}")))

    apart = [full_name(one) for one in planned]
    names = Counter(one.root / one.output for one in apart)
    taken = Counter(_key(one, one.output) for one in apart)
    alike: dict[str, list[Planned]] = {}
    for one in apart:
        if names[one.root / one.output] > 1:
            raise OptionError(
                f"{one.root / one.output}: two sources would get this name, one of them {one.place}: "
                "run them with different -o"
            )
        alike.setdefault(_key(one, one.output), []).append(one)

    def numbered(one: Planned) -> Planned:
        same = alike[_key(one, one.output)]
        if one is same[0] or _holds_all(same):
            return one
        output = PurePosixPath(one.output)
        for number in count(2):
            name = str(output.with_name(f"{output.stem}-{number}{output.suffix}"))
            if not taken[_key(one, name)]:
                break
        taken[_key(one, name)] += 1
        return replace(one, output=name)

    return [numbered(one) for one in apart]


def _holds_all(planned: Sequence[Planned]) -> bool:
    """Whether the file system of the results tells their names apart, as it does their sources'."""
    places = [one.place for one in planned]
    if len({str(place).casefold() for place in places}) > 1 or any(one.is_remote for one in planned):
        return False
    return len({device_of(Path(place)) for place in (*places, *(one.root for one in planned))}) == 1


def with_aliases(planned: list[Planned], fallback: str) -> list[Planned]:
    """Give each the names under the suffix `fallback`, first one that no other result may get.

    So each result's name depends on its own film alone, in whatever order films are looked at.
    """

    def short(one: Planned) -> str:
        return str(PurePosixPath(one.output).with_suffix(fallback))

    def full(one: Planned) -> str:
        return str(PurePosixPath(one.output).with_name(f"{one.place.name}{fallback}"))

    wanted = Counter(_key(one, name) for one in planned for name in {one.output, short(one)})
    fulls = Counter(_key(one, full(one)) for one in planned)
    aliased = []
    for one in planned:
        names = [short(one), full(one)]
        if wanted[_key(one, short(one))] > 1:
            # If no name is free, the result keeps its container, and fails if it does not fit into that.
            is_taken = wanted[_key(one, full(one))] or fulls[_key(one, full(one))] > 1
            names = [] if is_taken else [full(one), short(one)]
        if not one.named:
            one = replace(one, aliases=tuple(name for name in names if name != one.output))
        aliased.append(one)
    return aliased


def with_layers(planned: list[Planned], layer: str, suffix_of: Callable[[str], str]) -> list[Planned]:
    """Give each a layer beside its result, or in its place, under a name that nothing else gets.

    Raises:
        OptionError: sources or results have a URL, or the user named a file for layers that holds none.
    """
    if remote := [one for one in planned if one.is_remote]:
        raise OptionError(f"--layer needs files on this machine: download {remote[0].place} first")
    alone = layer == "only"
    taken = set() if alone else {_key(one, name) for one in planned for name in (one.output, *one.aliases)}
    named = []
    for one in planned:
        output, suffix = PurePosixPath(one.output), suffix_of(one.output)
        if alone and one.named:
            if output.suffix.lower() != suffix.lower():
                raise OptionError(
                    f"{one.root / one.output}: no layer is written as {output.suffix}: name a {suffix}"
                )
            named.append(replace(one, aliases=(), is_layer=True))
            continue
        # The full name where there are a.jpg and a.png.
        stems = chain((output.stem, output.name), (f"{output.name}-{number}" for number in count(2)))
        names = (str(output.with_name(f"{stem}{LAYER_MARK}{suffix}")) for stem in stems)
        name = next(name for name in names if _key(one, name) not in taken)
        taken.add(_key(one, name))
        alone_there = replace(one, output=name, aliases=(), is_layer=True)
        named.append(alone_there if alone else replace(one, layer=name))
    return named


def with_comparisons(planned: list[Planned]) -> list[Planned]:
    """Give each a comparison beside its result, under a name that nothing else gets."""
    taken = {_key(one, name) for one in planned for name in (one.output, one.layer) if name}
    compared = []
    for one in planned:
        output = PurePosixPath(one.output)
        # The full name where there are a.jpg and a.png.
        stems = chain((output.stem, output.name), (f"{output.name}-{number}" for number in count(2)))
        names = (str(output.with_name(f"{stem}-compare.jpg")) for stem in stems)
        comparison = next(name for name in names if _key(one, name) not in taken)
        taken.add(_key(one, comparison))
        compared.append(replace(one, comparison=comparison))
    return compared
