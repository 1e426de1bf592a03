"""The entry points for torch.hub."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.places import ROOT

# As a user of torch.hub runs it: from another folder, without this package installed.
PROGRAM = """
import sys
import numpy as np
import torch

repository, weights, cache = sys.argv[1:]
torch.hub.set_dir(cache)
colorizer = torch.hub.load(
    repository, "colorizer", source="local", mode="stable", weights=weights, render_factor=4, backend="torch"
)
assert not [path for path in sys.path if path == repository]
rgb = colorizer.colorize(np.full((40, 50, 3), 120, np.uint8))
print(rgb.shape, rgb.dtype, int(np.ptp(rgb[0, 0].astype(int))) > 8)
generator = torch.hub.load(repository, "generator", source="local", mode="artistic")
chroma = generator.predict_chroma(torch.full((1, 1, 64, 64), 0.5))
print(tuple(chroma.shape), generator.training, sum(p.numel() for p in generator.parameters()) > 7_000_000)
"""


@pytest.mark.slow
def test_torch_hub_finds_and_loads_everything(tiny_weights: Path, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(ROOT), str(tiny_weights), str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [
        "(40, 50, 3) uint8 True",
        "(1, 2, 32, 32) False True",
    ]


def test_it_imports_nothing_before_its_dependencies_are_checked() -> None:
    """torch.hub reads `dependencies` and reports which are missing, so only functions may import them."""
    tree = ast.parse((ROOT / "hubconf.py").read_text())
    imported = {
        name
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        )
    }
    assert imported <= {"typing", "pathlib"}
