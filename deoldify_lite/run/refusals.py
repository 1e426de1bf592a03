"""Which options go with which sources and results, for the public API."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from deoldify_lite.errors import OptionError
from deoldify_lite.run.layers import LAYERS
from deoldify_lite.run.planned import Planned
from deoldify_lite.run.sequences.plan import Choices
from deoldify_lite.storage.url import Place, any_url, is_url, local_path


def check_layer(layer: str | None) -> None:
    """Refuse what is not a choice of --layer.

    Raises:
        OptionError: it is not.
    """
    if layer is not None and layer not in LAYERS:
        raise OptionError(f"layer {layer!r}: choose one of {', '.join(LAYERS)}")


def refuse_beside_colors(colors_from: str | Path, beside: Mapping[str, str | Path | None]) -> None:
    """Refuse options, by name, that mean nothing where a version gives every frame its colours.

    Raises:
        OptionError: one is given.
    """
    for name, value in beside.items():
        if value is not None:
            raise OptionError(f"--colours-from {colors_from} gives every frame its colours: leave out {name}")


def refuse_urls(guides: Mapping[str, str | Path | None], inputs: Sequence[Place], out: Place | None) -> None:
    """Refuse options that name files on this machine, where theirs, a source or a result has a URL.

    Raises:
        OptionError: one is given.
    """
    for option, path in guides.items():
        if path is None:
            continue
        try:
            local_path(path)
        except OptionError as error:
            raise OptionError(f"{option} {error}") from None
        if any_url(inputs, out):
            far = next((place for place in inputs if is_url(place)), None)
            remedy = f"download {far} first" if far else f"name a place here in place of {out}"
            raise OptionError(f"{option} {path} needs files on this machine: {remedy}")


def check_sequences(
    planned: Sequence[Planned],
    choices: Choices,
    *,
    layer: str | None,
    sources: Mapping[str, object],
    results: Mapping[str, object],
) -> None:
    """Refuse what makes no sense for sequences.

    Args:
        planned: of the run.
        choices: what the user says of sequences.
        layer: the choice of --layer.
        sources: values of options that do not go with sources that are sequences; None: not given.
        results: likewise with results.

    Raises:
        OptionError: such an option is given.
    """
    for one in planned:
        if layer is not None and not one.is_layer:
            _refuse_layer(one)
        refused = dict(sources) if one.frames is not None else {}
        if one.result is not None:
            refused |= results
        for name, value in refused.items():
            if value is not None:
                raise OptionError(
                    f"{_name(one)}: {name} is for films, and this is a sequence of files: leave it out"
                )
    given = {"--missing": choices.missing != "fail", "--fps": choices.rate, "--sound": choices.sound}
    if planned and all(one.frames is None for one in planned):
        for name, value in given.items():
            if value:
                raise OptionError(f"{planned[0].place}: {name} is for picture sequences: leave it out")


def _refuse_layer(one: Planned) -> None:
    if one.frames is not None:
        raise OptionError(
            f"{_name(one)}: layers of a sequence are a sequence, too: write them alone, with --layer only "
            "and -o FOLDER/"
        )
    if one.result is not None:
        raise OptionError(
            f"{_name(one)}: frames of a film have no layers: write that of the film, with --layer only and "
            "-o layer.mkv"
        )


def _name(one: Planned) -> Place:
    return one.place if one.frames is not None else Path(str(one.root), one.output)
