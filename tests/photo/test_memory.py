"""How much memory a large photo takes at its peak: what each further pixel adds."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from helpers.places import ROOT

# Reads, prepares, finishes and writes photos; of the network there is but a constant.
CODE = """
import re, sys
from pathlib import Path
import numpy as np
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.render.look import Look
from deoldify_lite.run.settings import PhotoSettings
from deoldify_lite.run.photos import colorize_photos
from deoldify_lite.run.plan import plan, tasks_of

class Constant:
    predicts_rgb, chroma_stride = False, 2
    def predict(self, lumas):
        return np.full((len(lumas), 2, lumas.shape[1] // 2, lumas.shape[2] // 2), 0.1, np.float32)

for name in sys.argv[1:]:
    path = Path(name)
    tasks = tasks_of(plan([path], None, suffixes={path.suffix}, suffix_of=lambda source: source.suffix))
    colorizer = Colorizer(Constant(), render_factor=4)
    settings = PhotoSettings(Look("x", 4, 1.0, "auto"))
    (item,) = colorize_photos(tasks, lambda: colorizer, settings, batch_size=1)
    assert item.status == "done", item
    print(1024 * int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]))
assert "torch" not in sys.modules
"""
# Large blocks go back to the system at once. By itself glibc's allocator raises its limit for that over time,
# and keeps up to 10 bytes a pixel of what was freed, by the order in which threads come.
HANDED_BACK = {"MALLOC_MMAP_THRESHOLD_": str(2**20)}
SMALL, LARGE = 2000, 4000  # pixels a side; both beyond the largest guide
# Bytes that each pixel adds, as docs/formats.md states; a copy of full size in floating point would add 12.
# Found here: 1 at 8 bits and 10 at 16 bits. A progressive JPEG takes more, and has no bound here.
BOUNDS = {"grey.tif": 4, "grey.png": 4, "grey.jpg": 4, "rgb.jpg": 4, "deep.tif": 13, "deep.png": 13}


def write(path: Path, side: int) -> Path:
    path.parent.mkdir()
    grey = np.tile((np.arange(250) // 2 + 60).astype(np.uint8), (side, side // 250))
    if path.stem == "rgb":
        Image.merge("RGB", [Image.fromarray(grey)] * 3).save(path)
    elif path.name == "deep.tif":
        tifffile.imwrite(path, grey.astype(np.uint16) * 257, photometric="minisblack")
    else:
        pixels = grey.astype(np.uint16) * 257 if path.stem == "deep" else grey
        Image.fromarray(pixels).save(path, compress_level=1)
    return path


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted otherwise elsewhere")
@pytest.mark.parametrize("name", BOUNDS)
def test_memory_for_each_pixel_is_within_what_is_stated(tmp_path: Path, name: str) -> None:
    photos = [write(tmp_path / str(side) / name, side) for side in (SMALL, LARGE)]
    done = subprocess.run(
        [sys.executable, "-c", CODE, *map(str, photos)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **HANDED_BACK},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    small, large = map(int, done.stdout.split())
    assert (large - small) / (LARGE**2 - SMALL**2) < BOUNDS[name]


def test_the_bounds_are_those_of_the_docs() -> None:
    stated = f"at most {BOUNDS['rgb.jpg']} bytes a pixel at 8 bits and {BOUNDS['deep.tif']} at 16 bits"
    assert stated in " ".join((ROOT / "docs" / "formats.md").read_text(encoding="utf-8").split())
