"""The colour of a frame as a layer, for the blend mode "Color"; see `color.layer`."""

from dataclasses import replace
from pathlib import Path

from deoldify_lite.color.layer import color_layer
from deoldify_lite.sequence.frame import Frame
from deoldify_lite.sequence.frames import new_frame
from deoldify_lite.sequence.light import shown


def layer_suffix(suffix: str) -> str:
    """The suffix of the layers of frames, by theirs: of kinds of 16 bits that every editor reads."""
    return ".png" if suffix.lower() == ".png" else ".tif"


def layer_of(frame: Frame, path: Path) -> Frame:
    """The colour of a frame, as a screen shows it, as a new frame of 16 bits.

    Args:
        frame: in colour or grey, of any kind.
        path: of the layer; a TIFF or PNG.
    """
    layer = new_frame(path, color_layer(shown(frame, 16).pixels), bits=16)
    return replace(layer, warnings=frame.warnings)
