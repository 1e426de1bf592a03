"""The device that is chosen, with torch and without."""

import subprocess
import sys

import pytest
import torch

from deoldify_lite.errors import RenderError
from deoldify_lite.system.device import choose_device


def test_a_device_that_is_not_there() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(RenderError, match="no cuda device"):
        choose_device("cuda")


def test_auto_is_what_torch_would_say() -> None:
    expected = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    assert choose_device("auto") == expected


def test_the_processor_is_chosen_without_torch() -> None:
    code = (
        "import sys; from deoldify_lite.system.device import choose_device; choose_device('cpu');"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
