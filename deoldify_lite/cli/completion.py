"""`deoldify-lite completion`: scripts that let the Tab key complete our commands."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from deoldify_lite.cli.options import add_verbosity, describe, here
from deoldify_lite.errors import OptionError
from deoldify_lite.storage.url import path_or_url

SHELLS = ("bash", "zsh", "tcsh")
# One line each, for the file that the shell reads when it starts.
_EXAMPLES = {
    "bash": 'eval "$(deoldify-lite completion bash)"   # in ~/.bashrc',
    "zsh": 'eval "$(deoldify-lite completion zsh)"    # in ~/.zshrc, after compinit',
    "tcsh": "deoldify-lite completion tcsh > ~/.deoldify.tcsh   # and in ~/.tcshrc: source ~/.deoldify.tcsh",
}


def fill_completion_parser(
    parser: argparse.ArgumentParser, commands: Callable[[], Sequence[argparse.ArgumentParser]]
) -> None:
    """Add the arguments of `deoldify-lite completion`.

    Args:
        parser: the parser to fill.
        commands: returns the parsers of all commands; `prog` of each is what users type.
    """
    describe(
        parser,
        "Print a script that lets the Tab key complete the commands, their options and values.",
        *_EXAMPLES.values(),
    )
    parser.add_argument("shell", choices=SHELLS, help="the shell that will read the script")
    add_verbosity(parser)
    parser.set_defaults(run=lambda args: print_completion(args.shell, commands()))


def print_completion(shell: str, commands: Sequence[argparse.ArgumentParser]) -> int:
    """Print the completion script of a shell for some commands.

    Raises:
        OptionError: shtab is not installed.
    """
    try:
        import shtab
    except ImportError as error:
        raise OptionError("completion needs shtab; run: pip install shtab") from error
    for parser in commands:
        for action in _actions(parser):
            if action.type in (Path, here, path_or_url):
                action.complete = shtab.FILE  # type: ignore[attr-defined]
        print(shtab.complete(parser, shell))
    return 0


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return all arguments of a parser and of its sub-commands."""
    found = []
    for action in parser._actions:
        found.append(action)
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                found += _actions(command)
    return found
