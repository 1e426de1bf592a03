"""`deoldify-lite completion`: scripts by which a shell completes our commands at the Tab key."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from deoldify_lite.cli.options import add_verbosity
from deoldify_lite.errors import OptionError
from deoldify_lite.storage.url import path_or_url

SHELLS = ("bash", "zsh", "tcsh")
# One line for the file that each shell reads when it starts.
_EXAMPLES = {
    "bash": 'eval "$(deoldify-lite completion bash)"   # in ~/.bashrc',
    "zsh": 'eval "$(deoldify-lite completion zsh)"    # in ~/.zshrc, after compinit',
    "tcsh": "deoldify-lite completion tcsh > ~/.deoldify.tcsh, and in ~/.tcshrc: source ~/.deoldify.tcsh",
}


def fill_completion_parser(
    parser: argparse.ArgumentParser, commands: Callable[[], Sequence[argparse.ArgumentParser]]
) -> None:
    """Give a parser what `deoldify-lite completion` takes.

    Args:
        parser: to be filled.
        commands: gives the parsers of all commands, each with the name that is typed for it.
    """
    parser.description = (
        "Print a script that lets the shell complete our commands, their options and the values of these. "
        "For bash: " + _EXAMPLES["bash"].partition(" #")[0].rstrip()
    )
    parser.epilog = "; ".join(f"{shell}: {example}" for shell, example in _EXAMPLES.items())
    parser.add_argument("shell", choices=SHELLS)
    add_verbosity(parser)
    parser.set_defaults(run=lambda args: print_completion(args.shell, commands()))


def print_completion(shell: str, commands: Sequence[argparse.ArgumentParser]) -> int:
    """Print the script of a shell for some commands.

    Raises:
        OptionError: shtab, which writes such scripts, is not installed.
    """
    try:
        import shtab
    except ImportError as error:
        raise OptionError(
            "shtab is not installed, which writes completions; run: pip install shtab"
        ) from error
    for parser in commands:
        for action in _actions(parser):
            if action.type in (Path, path_or_url):
                action.complete = shtab.FILE  # type: ignore[attr-defined]
        print(shtab.complete(parser, shell))
    return 0


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """All arguments of a parser and of its sub-commands."""
    found = []
    for action in parser._actions:
        found.append(action)
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                found += _actions(command)
    return found
