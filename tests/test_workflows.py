"""The workflows and the Dockerfile: linters find nothing in them, and what they name is there."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from helpers.places import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def lint(program: str, *arguments: object) -> None:
    path = shutil.which(program, path=str(Path(sys.executable).parent))
    if path is None:
        pytest.skip(f"{program} is not installed: it comes with the extra `test` on x86-64 Linux")
    done = subprocess.run([path, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_workflows_are_valid() -> None:
    assert [path.stem for path in WORKFLOWS] == ["release", "test"]
    lint("actionlint", "-shellcheck=", "-pyflakes=", *WORKFLOWS)


def test_the_dockerfile_is_sound() -> None:
    lint("hadolint", "--failure-threshold", "info", "Dockerfile")


def test_scripts_that_workflows_run_are_there() -> None:
    run = [
        step["run"].split()[0]
        for path in WORKFLOWS
        for job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values()
        for step in job["steps"]
        if step.get("run", "").startswith(("scripts/", ".ci/"))
    ]
    assert len(run) >= 4
    for script in run:
        assert (ROOT / script).stat().st_mode & 0o111, script


def test_all_systems_and_pythons_are_tested() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))["jobs"]
    matrix = jobs["quick"]["strategy"]["matrix"]
    assert {name.partition("-")[0] for name in matrix["os"]} == {"ubuntu", "macos", "windows"}
    settings = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    assert all(f"Programming Language :: Python :: {python}\n" in settings for python in matrix["python"])
    assert len(matrix["python"]) == settings.count("Python :: 3.")


def test_the_image_is_built_from_files_that_reach_it_and_runs_as_no_root() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    instructions = [line.split() for line in DOCKERFILE.splitlines() if line.split()[:1]]
    copied = [name for words in instructions if words[0] == "COPY" for name in words[1:-1]]
    here = [name for name in copied if not name.startswith(("-", "/"))]
    assert len(here) >= 6 and "*" in ignored
    for name in here:
        assert (ROOT / name).exists() and f"!{name}" in ignored, name
    users = [words[1] for words in instructions if words[0] == "USER"]
    assert users and users[-1] not in ("root", "0")
    assert "ffmpeg" in DOCKERFILE and 'VOLUME ["/data", "/cache"]' in DOCKERFILE
