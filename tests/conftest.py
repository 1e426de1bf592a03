"""What many tests share: a tiny real network, generated photos, and the optional samples."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from deoldify_lite.models.unet import Unet
from deoldify_lite.system.machine import limit_cores
from helpers.browser import chromium
from helpers.commands import Command
from helpers.pictures import grey_picture
from helpers.places import ROOT, SHARED

# Whether pytest-xdist runs the tests in several processes, of which this is one.
ONE_OF_SEVERAL = "PYTEST_XDIST_WORKER" in os.environ


# Each takes seconds to make, so whatever asks for one is slow.
SLOW_FIXTURES = {"browser", "crew", "golden", "nodes", "of_any_size", "packages", "site"}


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    for item in items:
        if SLOW_FIXTURES & set(item.fixturenames):
            item.add_marker("slow")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The user's cache and settings are neither read nor written; all processes of a run share others."""
    temporary = tmp_path_factory.getbasetemp()
    folder = str((temporary.parent if ONE_OF_SEVERAL else temporary) / "user-cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", folder)
        patch.setenv("LOCALAPPDATA", folder)
        patch.setenv("XDG_CONFIG_HOME", folder)
        yield


@pytest.fixture(scope="session", autouse=True)
def one_core() -> Iterator[None]:
    """Each of several processes keeps one core busy, as small networks gain nothing from more."""
    with pytest.MonkeyPatch.context() as patch:
        if ONE_OF_SEVERAL:
            limit_cores(1)
            torch.set_num_threads(1)
            patch.setenv("OMP_NUM_THREADS", "1")  # for programs that tests start
        yield


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Every test draws the same numbers, alone or in the suite."""
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def same_log_level() -> Iterator[None]:
    """A command run within a test, such as one with --quiet, silences no other test."""
    log = logging.getLogger("deoldify_lite")
    before = log.level
    yield
    log.setLevel(before)


@pytest.fixture(autouse=True)
def no_errors_logged(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """An error in the log fails a test, unless it is one about failing."""
    yield
    if "logs_errors" not in request.keywords:
        errors = [r.getMessage() for r in caplog.get_records("call") if r.levelno >= logging.ERROR]
        assert not errors


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weight file of the lite network on a 0.4 M parameter encoder; random, but in full colour."""
    torch.manual_seed(0)
    network = Unet("test_resnet")
    # Untrained it gives grey: let each picture have much of one chroma and a little of all that is in it.
    torch.nn.init.normal_(network.decoder.head.weight, std=0.05)
    with torch.no_grad():
        network.decoder.head.bias.copy_(torch.tensor([-0.5, 0.7]))
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    state = {name: value.contiguous() for name, value in network.state_dict().items()}
    save_file(
        {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")},
        path,
        metadata={"encoder": "test_resnet", "decoder": "lite"},
    )
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of three grey photos, one of them deeper in the tree."""
    folder = tmp_path / "photos"
    (folder / "1920" / "summer").mkdir(parents=True)
    Image.fromarray(grey_picture(90, 120)).save(folder / "a.jpg", quality=95)
    Image.fromarray(grey_picture(64, 48)).save(folder / "b.png")
    Image.fromarray(grey_picture(70, 50)).save(folder / "1920" / "summer" / "c 1.tif")
    return folder


@pytest.fixture
def samples() -> Path:
    """The folder of real historic photos and films, where there is one."""
    if not (SHARED / "samples").is_dir():
        pytest.skip("the sample photos and films are not part of the repository")
    return SHARED / "samples"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A real Chromium."""
    with chromium() as running:
        yield running


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Runs `deoldify-lite ARGS` as a user would, in a process of its own and a folder elsewhere."""

    def run(*args: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir(exist_ok=True)
        return subprocess.run(
            [sys.executable, "-m", "deoldify_lite", *map(str, args)],
            cwd=elsewhere,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run
