"""Settings from files, for the options that a command line does not name."""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from deoldify_lite.cli.options import here
from deoldify_lite.cli.settings_files import (
    Setting,
    SettingsFile,
    folder_file,
    read_settings,
    user_file,
)
from deoldify_lite.errors import OptionError
from deoldify_lite.storage.url import is_url

Fill = Callable[[argparse.ArgumentParser], None]

# What belongs to one run: where results go, what may be lost, and what is printed.
_OF_A_RUN = {"help", "out", "json", "overwrite", "dry-run", "edit", "preset", "settings", "show-settings"}
_OF_A_RUN |= {"quiet", "verbose", "no-settings"}


@dataclass(frozen=True)
class InForce:
    """A setting as it holds in a run."""

    option: str
    value: str
    origin: str


def add_settings_options(parser: argparse.ArgumentParser, command: str) -> None:
    """Let a command take settings from files: add --preset, --no-settings and --show-settings.

    Args:
        parser: of the command.
        command: its name in files.
    """
    group = parser.add_argument_group("settings")
    group.add_argument(
        "--preset",
        metavar="NAME",
        help="take the options of [preset.NAME] in your settings (default: none)",
    )
    group.add_argument(
        "--no-settings",
        action="store_true",
        help="read neither your settings nor deoldify_lite.toml beside the files (default: read both)",
    )
    group.add_argument(
        "--show-settings",
        action="store_true",
        help="print each option's value and where it comes from, and do nothing",
    )
    parser.set_defaults(takes_settings=(parser, command))


def parse(
    parser: argparse.ArgumentParser, argv: Sequence[str], commands: Mapping[str, Fill]
) -> argparse.Namespace:
    """Parse a command line, with the settings that hold for its command.

    The command line wins over the preset, that over the settings beside the files, those over the user's.

    Args:
        parser: of the program.
        argv: what follows the program's name.
        commands: what fills the parsers of all commands with settings, by their names in files.

    Raises:
        OptionError: a file with settings is wrong, or there is no such preset.
    """
    args = parser.parse_args(argv)
    if not hasattr(args, "takes_settings"):
        return args
    own, command = args.takes_settings
    if own is not parser:
        argv = argv[list(argv).index(args.command) + 1 :]
    levels: list[dict[str, Setting]] = []
    if not args.no_settings:
        files = _files(_inputs(own, args), commands)
        levels = [one.settings(command) for one in files]
        if args.preset is not None:
            levels.append(_preset(files, args.preset, command))
    elif args.preset is not None:
        raise OptionError(
            f"--preset {args.preset} is a setting, and --no-settings reads none: leave out one of the two"
        )
    options = _options(own)
    given = _given(own, argv)
    chosen: dict[str, Setting] = {}
    for level in levels:
        # An option in a file for all commands may be one of another command.
        chosen |= {name: one for name, one in level.items() if name in options}
    # The last word on an option is the command line's, also where its options add up.
    chosen = {name: one for name, one in chosen.items() if options[name].dest not in given}
    tokens = [token for name, one in chosen.items() for token in _tokens(own, options[name], name, one)]
    end = list(argv).index("--") if "--" in argv else len(argv)
    final = own.parse_args([*argv[:end], *tokens, *argv[end:]])
    if args.show_settings:
        final.run = lambda final: _show(final, options, chosen, given)
    return final


def _inputs(parser: argparse.ArgumentParser, args: argparse.Namespace) -> list[object]:
    """Return the arguments that are not options."""
    found: list[object] = []
    for action in parser._actions:
        if not action.option_strings:
            value = getattr(args, action.dest)
            found += value if isinstance(value, list) else [value]
    return found


def _files(inputs: Sequence[object], commands: Mapping[str, Fill]) -> list[SettingsFile]:
    """Read the files that hold for a run, the one that wins last."""
    paths = [path for path in (user_file(), folder_file(inputs)) if path is not None and path.is_file()]
    if not paths:
        return []
    names = {}
    for command, fill in commands.items():
        fill(one := argparse.ArgumentParser())
        names[command] = list(_options(one))
    return [read_settings(path, names) for path in paths]


def _preset(files: Sequence[SettingsFile], name: str, command: str) -> dict[str, Setting]:
    holding = [file for file in files if name in file.presets()]
    if not holding:
        known = sorted({one for file in files for one in file.presets()})
        there = f"choose from {', '.join(known)}" if known else f"write [preset.{name}] into {user_file()}"
        raise OptionError(f"--preset {name}: there is no such preset: {there}")
    return {key: one for file in holding for key, one in file.preset(name, command).items()}


def _options(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    """Return the options that a file may set, by their names."""
    names = {}
    for action in parser._actions:
        for option in action.option_strings:
            if option.startswith("--") and option[2:] not in _OF_A_RUN:
                names[option[2:]] = action
    return names


def _given(parser: argparse.ArgumentParser, argv: Sequence[str]) -> set[str]:
    """Return what a command line names itself, by `dest`."""
    blank = argparse.Namespace(**{action.dest: None for action in parser._actions})
    return {dest for dest, value in vars(parser.parse_args(argv, blank)).items() if value is not None}


def _tokens(
    parser: argparse.ArgumentParser, action: argparse.Action, name: str, setting: Setting
) -> list[str]:
    """Return a setting as arguments of a command line.

    Raises:
        OptionError: the command would not take them.
    """
    is_flag = action.nargs == 0
    if is_flag and not isinstance(setting.value, bool):
        raise OptionError(f"{setting.origin}: {name}: write true or false")
    if setting.value is False and (is_flag or action.nargs == "?"):
        return []
    if setting.value is True and (is_flag or action.nargs == "?"):
        return [f"--{name}"]
    values = setting.value if isinstance(setting.value, list) else [setting.value]
    tokens = [f"--{name}={_text(action, value, setting.folder)}" for value in values]
    needed = [each.option_strings[0] for each in parser._actions if each.option_strings and each.required]
    with _raising(parser, f"{setting.origin}: {name}"):
        parser.parse_args([".", *(word for option in needed for word in (option, ".")), *tokens])
    return tokens


def _text(action: argparse.Action, value: Any, folder: Path) -> str:
    if isinstance(value, str) and action.type in (Path, here) and not is_url(value):
        return str(folder / Path(value).expanduser())
    return str(value)


class _raising:  # reads as a function
    """While it lasts, a parser raises its errors as OptionError, with words before them."""

    def __init__(self, parser: argparse.ArgumentParser, words: str) -> None:
        self._parser, self._words = parser, words

    def __enter__(self) -> None:
        def fail(message: str) -> NoReturn:
            raise OptionError(f"{self._words}: {message.partition(': ')[2] or message}")

        self._parser.error = fail  # type: ignore[method-assign]

    def __exit__(self, *_: object) -> None:
        del self._parser.error  # that of the class is there again


def in_force(
    args: argparse.Namespace,
    options: Mapping[str, argparse.Action],
    chosen: Mapping[str, Setting],
    given: set[str],
) -> Iterator[InForce]:
    """Yield each option's value and where it comes from, once, by the first of its names."""
    for action in dict.fromkeys(options.values()):
        names = [name for name, one in options.items() if one is action]
        value = getattr(args, action.dest)
        origin = next((chosen[name].origin for name in names if name in chosen), "default")
        if action.dest in given:
            origin = "command line"
        if action.nargs == 0:
            value = "yes" if value == action.const else "no"
        yield InForce(names[0], "-" if value is None else str(value), origin)


def _show(
    args: argparse.Namespace,
    options: Mapping[str, argparse.Action],
    chosen: Mapping[str, Setting],
    given: set[str],
) -> int:
    rows = list(in_force(args, options, chosen, given))
    widths = (max(len(row.option) for row in rows), max(len(row.value) for row in rows))
    for row in rows:
        print(f"{row.option:{widths[0]}}  {row.value:{widths[1]}}  {row.origin}")
    return 0
