"""The render modes: how a picture is rendered, and what each is for."""

from dataclasses import dataclass

from deoldify_lite.errors import OptionError


@dataclass(frozen=True)
class RenderMode:
    """How a picture is rendered."""

    about: str  # one line for users
    lite_model: str  # our network of this mode, a key of zoo.MODELS
    deoldify_model: str  # the official DeOldify network of this mode, a key of zoo.MODELS
    render_factor: int  # with the lite network: its input is a square of 16 * render_factor px
    deoldify_render_factor: int  # with the official network: the original's default
    saturation: float  # factor on the lite network's chroma; the official networks are left as they are
    steadiness: float  # films: see temporal.steady


# Render factors and saturations of the lite network are chosen on the validation photos; the table is in
# weights/README.md.
MODES = {
    "artistic": RenderMode(
        "most colour, for single photos",
        "lite-artistic",
        "artistic",
        render_factor=16,
        deoldify_render_factor=35,
        saturation=1.0,
        steadiness=0.8,
    ),
    "stable": RenderMode(
        "dependable colour, fewer surprises",
        "lite",
        "stable",
        render_factor=16,
        deoldify_render_factor=35,
        saturation=0.9,
        steadiness=0.9,
    ),
    "video": RenderMode(
        "steady colour from frame to frame",
        "lite-video",
        "video",
        render_factor=16,
        deoldify_render_factor=21,
        saturation=1.15,
        steadiness=0.95,
    ),
}

# What the network may compute in, and what may run it; auto takes the fastest.
PRECISIONS = ("auto", "fp32", "bf16", "fp16")
BACKENDS = ("auto", "torch", "openvino")

# Below 2 nothing is left to see; above 64 (1024 px) attention alone takes tens of gigabytes.
RENDER_FACTORS = range(2, 65)


def find_mode(name: str) -> RenderMode:
    """Look up a mode.

    Raises:
        OptionError: there is no mode of that name.
    """
    if name not in MODES:
        raise OptionError(f"unknown mode {name!r}: choose one of {', '.join(MODES)}")
    return MODES[name]


def check_render_factor(render_factor: int) -> int:
    """Return the render factor, if it is in range.

    Raises:
        OptionError: it is out of range.
    """
    if render_factor not in RENDER_FACTORS:
        raise OptionError(
            f"render factor {render_factor}: choose {RENDER_FACTORS[0]} to {RENDER_FACTORS[-1]}"
        )
    return render_factor
