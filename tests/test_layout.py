"""The shape of the program: which folder may import which, no circles, and what must not load early."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter

import pytest

from helpers.places import ROOT

PACKAGE = ROOT / "deoldify_lite"
TESTS = ROOT / "tests"
NOT_ROOMS = {"helpers", "golden", "promises"}  # folders of tests for all rooms

# Each room, and the rooms that it may import. `errors` and `version` are free to all.
ROOMS = {
    "system": set(),
    "storage": {"system"},
    "color": set(),
    "photo": {"system", "color"},
    "sequence": {"system", "color", "photo"},
    "film": {"system"},
    "models": {"system", "color"},
    "temporal": {"color"},
    "render": {"system", "color", "photo", "models"},
    "run": {"system", "storage", "color", "photo", "sequence", "film", "temporal", "render"},
    "remote": {"system", "storage", "run"},
    "cluster": {"system", "film", "temporal", "render", "run"},
    "api": {"system", "storage", "photo", "film", "render", "run", "remote"},
    "pictures": {"color", "photo", "render", "api"},
    "planes": {"system", "color", "film", "temporal", "render", "run"},
    "vapoursynth": {"color", "film", "temporal", "render", "run", "pictures", "planes"},
    "frames": {"photo", "temporal", "render", "run", "pictures"},
    "doctor": {"system", "film", "models", "render"},
    "templates": set(),
    "show": {"system", "storage", "color", "photo", "film", "render", "run", "templates"},
    "watch": {"system", "film", "run"},
    "web": {"system", "storage", "color", "photo", "film", "render", "run", "api", "templates", "show"},
    "evaluation": {"system", "color", "photo", "film", "models", "temporal", "templates"},
    "training": {"system", "color", "models", "photo"},
    "cli": {
        "system",
        "storage",
        "photo",
        "film",
        "models",
        "render",
        "run",
        "remote",
        "cluster",
        "api",
        "planes",
        "doctor",
        "show",
        "watch",
        "web",
    }
    | {"evaluation", "training"},
    "__main__": {"cli"},
}
FREE = {"errors", "version"}
# What `--help` and light commands do without.
HEAVY = ("torch", "timm", "jinja2")


def imports() -> dict[str, set[str]]:
    """Every module of ours, with those of ours that it imports, but for the package itself."""
    names = {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
        for path in PACKAGE.rglob("*.py")
        if path != PACKAGE / "__init__.py"
    }
    found = {}
    for name, path in names.items():
        found[name] = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "deoldify_lite":
                base = (node.module or "").removeprefix("deoldify_lite").lstrip(".")
                full = [f"{base}.{alias.name}".lstrip(".") for alias in node.names]
                found[name] |= {one if one in names else base for one in full}
    return found


def test_rooms_import_downwards() -> None:
    for name, imported in imports().items():
        room = name.split(".")[0]
        others = {one.split(".")[0] for one in imported} - {room} - FREE
        assert room in FREE or others <= ROOMS[room], f"{name} imports {others - ROOMS[room]}"


def test_no_circle_within_a_room() -> None:
    TopologicalSorter(imports()).prepare()


def test_what_differs_between_systems_is_in_one_place() -> None:
    differing = {("os", name) for name in ("name", "kill", "fork", "getuid", "geteuid")} | {
        ("sys", "platform")
    }
    for path in PACKAGE.rglob("*.py"):
        if path.is_relative_to(PACKAGE / "system"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                assert (node.value.id, node.attr) not in differing, f"{path}:{node.lineno}"
            if isinstance(node, ast.Import):
                assert not {"signal", "fcntl", "msvcrt"} & {one.name for one in node.names}, path
            if isinstance(node, ast.keyword):
                assert node.arg not in ("start_new_session", "creationflags"), f"{path}:{node.value.lineno}"


def test_ffmpeg_python_is_imported_in_one_place() -> None:
    """It is unmaintained, and another package has a module of this name."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            if any(name.split(".")[0] == "ffmpeg" for name in names):
                assert path == PACKAGE / "film" / "ffmpeg.py"


def test_tests_lie_in_the_folder_of_their_room() -> None:
    rooms = {room for room in ROOMS if (PACKAGE / room).is_dir()}
    folders = {path.relative_to(TESTS).parts[0] for path in TESTS.glob("*/**/*.py")}
    assert folders - NOT_ROOMS <= rooms


def test_no_test_imports_from_a_test() -> None:
    for path in TESTS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
                parts = {part for name in names for part in name.split(".")}
                assert not any(part.startswith("test_") or part == "conftest" for part in parts), path


@pytest.mark.parametrize(
    "module",
    ["cli.main", "render.modes", "run.manifest", "run.plan", "models.zoo", "models.weights", "film.probe"],
)
def test_light_modules_load_nothing_heavy(module: str) -> None:
    code = f"import sys, deoldify_lite.{module}; sys.exit(any(m in sys.modules for m in {HEAVY}))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_importing_logs_and_configures_nothing() -> None:
    code = "import logging, deoldify_lite.cli.main; assert not logging.getLogger().handlers"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_photos_wait_neither_for_ray_nor_for_the_shot_detector() -> None:
    code = "import sys, deoldify_lite.api; sys.exit(bool({'ray', 'scenedetect'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
