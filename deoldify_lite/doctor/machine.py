"""Room on this machine, weights, and environment variables that count."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from deoldify_lite.doctor.finding import Finding
from deoldify_lite.errors import WeightsError
from deoldify_lite.models.weights import find_weights, verify_weights, weight_folders
from deoldify_lite.models.zoo import MODELS
from deoldify_lite.system.cache import user_cache
from deoldify_lite.system.environment import PREFIX, VARIABLES
from deoldify_lite.system.machine import cores, free_memory

# Below this a photo of 12 megapixels, or a film in HD, may fail.
LEAST_MEMORY, LEAST_DISK = 1 << 30, 1 << 30


def examine_room() -> Iterator[Finding]:
    """Find cores, free memory, free disk and the cache folder."""
    yield Finding("memory", "cores", str(cores()))
    free = free_memory("cpu")
    if free < LEAST_MEMORY:
        problem, remedy = "large photos and films may not fit", "close other programs"
        yield Finding("memory", "free memory", _gigabytes(free), problem, remedy)
    else:
        yield Finding("memory", "free memory", _gigabytes(free))
    for name, folder in (("here", Path.cwd()), ("temporary files", Path(tempfile.gettempdir()))):
        yield _disk(name, folder)
    yield _cache(user_cache())


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"


def _disk(name: str, folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    found = f"{_gigabytes(free)} free in {folder}"
    if free < LEAST_DISK:
        remedy = "make room, or choose a folder on another disk"
        return Finding("disk", name, found, "results may not fit", remedy)
    return Finding("disk", name, found)


def _cache(folder: Path) -> Finding:
    remedy = "make it writable, or set XDG_CACHE_HOME to a folder that is"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        files = [path for path in folder.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files)
    except OSError as error:
        problem = f"cannot be written to ({error.strerror}), so networks are prepared anew for every run"
        return Finding("cache", "cache", str(folder), problem, remedy)
    return Finding("cache", "cache", f"{folder}, {len(files)} files, {_gigabytes(size)}")


def examine_weights() -> Iterator[Finding]:
    """Find weight files, and check the SHA-256 of each; those that ship with the program must be there."""
    chosen = os.environ.get("DEOLDIFY_LITE_WEIGHTS")
    if chosen and not weight_folders()[0].is_dir():
        problem, remedy = "is not a folder", "set DEOLDIFY_LITE_WEIGHTS to a folder, or unset it"
        yield Finding("weights", "DEOLDIFY_LITE_WEIGHTS", chosen, problem, remedy)
    for spec in MODELS.values():
        remedy = f"run: deoldify-lite weights fetch {spec.name}" if spec.urls else "reinstall deoldify_lite"
        try:
            path = find_weights(spec)
        except WeightsError:
            if spec.urls:
                yield Finding("weights", spec.name, "not here; can be fetched")
            else:
                yield Finding("weights", spec.name, "missing", "ships with the program, and is gone", remedy)
            continue
        try:
            verify_weights(spec, path)
        except WeightsError as error:
            yield Finding("weights", spec.name, str(path), str(error), remedy)
        else:
            yield Finding("weights", spec.name, f"right ({path})")


def examine_environment(environment: Mapping[str, str] | None = None) -> Iterator[Finding]:
    """Find variables that count, as they are set; None: those of this process."""
    environment = os.environ if environment is None else environment
    for variable in VARIABLES:
        if value := environment.get(variable.name):
            yield Finding("environment", variable.name, value)
    names = [variable.name for variable in VARIABLES]
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in names:
            near = get_close_matches(name, names, 1)
            remedy = f"write {near[0]}" if near else f"unset it; there are {', '.join(names)}"
            yield Finding("environment", name, environment[name], "is read by nothing", remedy)
