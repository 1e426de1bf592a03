"""Bring colour to old photos and films.

    import deoldify_lite as dl

    picture = dl.colorize(picture)  # an array or a Pillow image; the same comes back, in colour
    dl.colorize_folder("photos", "out")
    dl.colorize_video("clip.mp4")

A name is looked up when it is first used: `import deoldify_lite` itself loads nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from deoldify_lite.version import __version__

if TYPE_CHECKING:
    from deoldify_lite.api import colorize_folder, colorize_video
    from deoldify_lite.errors import (
        DeoldifyError,
        InputError,
        OptionError,
        RenderError,
        VideoError,
        WeightsError,
    )
    from deoldify_lite.film.encoding import Encoding
    from deoldify_lite.frames import colorize_frames
    from deoldify_lite.pictures import colorize
    from deoldify_lite.render.colorizer import Colorizer
    from deoldify_lite.render.onnx_export import export_onnx
    from deoldify_lite.render.rendering import Rendering, load_colorizer, settle
    from deoldify_lite.run.items import Item


__all__ = [
    "Colorizer",
    "DeoldifyError",
    "Encoding",
    "InputError",
    "Item",
    "OptionError",
    "RenderError",
    "Rendering",
    "VideoError",
    "WeightsError",
    "__version__",
    "colorize",
    "colorize_folder",
    "colorize_frames",
    "colorize_video",
    "export_onnx",
    "load_colorizer",
    "settle",
]

# Where each name lives.
_HOMES = {
    "api": ("colorize_folder", "colorize_video"),
    "errors": ("DeoldifyError", "InputError", "OptionError", "RenderError", "VideoError", "WeightsError"),
    "film.encoding": ("Encoding",),
    "frames": ("colorize_frames",),
    "pictures": ("colorize",),
    "render.colorizer": ("Colorizer",),
    "render.onnx_export": ("export_onnx",),
    "render.rendering": ("Rendering", "load_colorizer", "settle"),
    "run.items": ("Item",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

# Type checkers read the imports above, and would take every name for right if they saw this.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in _HOME_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
