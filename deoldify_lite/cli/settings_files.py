"""Files with settings: the user's own, and one beside the photos or films.

# the names of options, without dashes in front; for every command that has them
mode = "stable"

[video]                 # for one command alone
codec = "ffv1"

[preset.archive]        # for --preset archive
render-factor = 16

[preset.archive.folder]
format = "tif"
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import platformdirs

from deoldify_lite.errors import OptionError
from deoldify_lite.system.selection import SETTINGS_FILE

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]

Value = str | int | float | bool | list[str]


@dataclass(frozen=True)
class Setting:
    """The value of an option, and where it comes from."""

    value: Value
    origin: str  # in words
    folder: Path  # of the file that says so, from which relative paths count


@dataclass(frozen=True)
class SettingsFile:
    """A file with settings, checked as far as that is possible without their command."""

    path: Path
    data: Mapping[str, Any]

    def settings(self, command: str) -> dict[str, Setting]:
        """Return what holds for a command without a preset, by option; a command's own value wins."""
        return self._settings(self.data, command, str(self.path))

    def presets(self) -> list[str]:
        """Return the names of its presets."""
        return list(self.data.get("preset", {}))

    def preset(self, name: str, command: str) -> dict[str, Setting]:
        """Return what a preset says for a command, by option."""
        return self._settings(self.data["preset"][name], command, f"preset {name} of {self.path}")

    def _settings(self, table: Mapping[str, Any], command: str, origin: str) -> dict[str, Setting]:
        chosen = {**table, **table.get(command, {})}
        return {
            _named(key): Setting(value, origin, self.path.parent)
            for key, value in chosen.items()
            if not isinstance(value, dict)
        }


def user_file() -> Path:
    """The user's own settings, in the place that the system has for them."""
    return platformdirs.user_config_path("deoldify_lite") / "config.toml"


def folder_file(inputs: Iterable[object]) -> Path | None:
    """The settings beside what is to be colorized; None if there are none.

    Raises:
        OptionError: different ones lie beside different inputs.
    """
    paths = [Path(one) for one in inputs if isinstance(one, Path)]
    folders = dict.fromkeys(path if path.is_dir() else path.parent for path in paths)
    found = {folder / SETTINGS_FILE for folder in folders if (folder / SETTINGS_FILE).is_file()}
    if found and (len(found) > 1 or len(folders) > 1):
        listing = ", ".join(map(str, sorted(found)))
        raise OptionError(
            f"{listing}: not for all that is named here; colorize each folder in a run of its own, or add "
            "--no-settings"
        )
    return found.pop() if found else None


def read_settings(path: Path, options: Mapping[str, Sequence[str]]) -> SettingsFile:
    """Read a file with settings, and check the names in it.

    Args:
        path: the file.
        options: names of the options that may be set, by command.

    Raises:
        OptionError: it cannot be read, is not TOML, or names something that is not there.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"{path}: cannot be read ({error}): mend or remove it") from error
    except tomllib.TOMLDecodeError as error:
        raise OptionError(f"{path}: is not TOML: {error}") from error
    _check_table(path, data, "", options, may_nest=True)
    presets = data.get("preset", {})
    if not isinstance(presets, dict):
        raise OptionError(f"{path}: preset: write [preset.NAME], and options below")
    for name, preset in presets.items():
        if not isinstance(preset, dict):
            raise OptionError(f"{path}: preset.{name}: write [preset.{name}], and options below")
        _check_table(path, preset, f"preset.{name}.", options, may_nest=True)
    return SettingsFile(path, data)


def _check_table(
    path: Path, table: Mapping[str, Any], where: str, options: Mapping[str, Sequence[str]], *, may_nest: bool
) -> None:
    known = sorted({name for names in options.values() for name in names})
    for key, value in table.items():
        if may_nest and key == "preset" and not where:
            continue
        if isinstance(value, dict):
            if not may_nest or key not in options:
                raise OptionError(_unknown(path, f"[{where}{key}]", key, [*options, "preset"]))
            _check_table(path, value, f"{where}{key}.", {key: options[key]}, may_nest=False)
            continue
        if _named(key) not in known:
            raise OptionError(_unknown(path, f"{where}{key}", _named(key), known))
        listed = value if isinstance(value, list) else [value]
        if not listed or not all(isinstance(one, str | int | float) for one in listed):
            raise OptionError(f"{path}: {where}{key}: write a text, a number, true, false or a list of texts")


def _unknown(path: Path, shown: str, name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, 1)
    remedy = f"did you mean {near[0]}?" if near else f"choose from {', '.join(known)}"
    return f"{path}: {shown} is not a setting: {remedy}"


def _named(key: str) -> str:
    return key.replace("_", "-")
