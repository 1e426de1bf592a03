"""ffmpeg's encoders: what we know about them, and what the installed ffmpeg offers."""

import functools
from typing import Any

from deoldify_lite.errors import VideoError
from deoldify_lite.film.ffmpeg import find_program, open_test_picture, write_command
from deoldify_lite.film.process import run_arguments

# Option of constant quality, its default, and what else the encoder needs. With the defaults a result looks
# like the source at normal viewing; each encoder has its own scale. Chroma is coded finer than x264 would, or
# its noise would undo a part of the steadying: 5 % more bytes.
ENCODERS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "libx264": ("crf", 16, {"preset": "medium", "x264-params": "chroma-qp-offset=-6"}),
    "libx265": ("crf", 18, {"preset": "medium", "x265-params": "log-level=error"}),
    "libvpx-vp9": ("crf", 22, {"b:v": 0, "row-mt": 1, "cpu-used": 3}),
    "libaom-av1": ("crf", 22, {"b:v": 0, "row-mt": 1, "cpu-used": 6}),
    "libsvtav1": ("crf", 22, {"preset": 8}),
    "h264_nvenc": ("cq", 19, {"preset": "p5", "rc": "vbr", "b:v": 0}),
    "hevc_nvenc": ("cq", 21, {"preset": "p5", "rc": "vbr", "b:v": 0}),
}
# Frames that x264 looks ahead take 20 MB each at 4K: 40 of them, its default, make 1.7 GB in all, ten 0.9.
LARGE_PIXELS = 4_000_000
X264_LARGE = "rc-lookahead=10:sync-lookahead=0"
# These round up half of an odd size; the others refuse such a size.
TAKES_ODD_SIZES = {"ffv1", "libvpx-vp9", "libaom-av1"}
LOSSLESS = {"ffv1", "ffvhuff", "huffyuv", "utvideo", "magicyuv"}
# These record for each frame which field comes first. (libx265 takes single fields.)
MARKS_FIELDS = {"libx264", "ffv1", "mpeg2video", "mpeg4", "prores", "prores_aw", "prores_ks", "dnxhd"}
HOLDS_CAPTIONS = {"libx264", "mpeg2video", "h264_nvenc", "hevc_nvenc"}
# The encoders' options have other names than ffprobe for some transfer curves.
TRANSFER_OPTIONS = {"bt470m": "gamma22", "bt470bg": "gamma28", "log100": "log", "log316": "log_sqrt"}


@functools.lru_cache
def encoder_pix_fmts(codec: str) -> frozenset[str]:
    """Pixel formats that an encoder of the installed ffmpeg takes; empty if ffmpeg does not say.

    Raises:
        VideoError: this ffmpeg has no such encoder.
    """
    done = run_arguments([find_program(), "-hide_banner", "-h", f"encoder={codec}"])
    help_text = done.stdout.decode()
    if not help_text.lstrip().startswith(f"Encoder {codec} "):
        raise VideoError(
            f"this ffmpeg has no encoder {codec}; choose another one (see: ffmpeg -encoders) or install a "
            "full build of ffmpeg"
        )
    for line in help_text.splitlines():
        name, _, formats = line.partition(":")
        if name.strip() == "Supported pixel formats":
            return frozenset(formats.split())
    return frozenset()


@functools.lru_cache
def nvenc_works(width: int, height: int) -> bool:
    """Whether this ffmpeg and this GPU encode H.264 of a size: some GPUs, such as H100, have no encoder."""
    still = open_test_picture(f"color=s={width}x{height}:d=1")
    options = {"f": "null", "vframes": 1, "pix_fmt": "yuv420p", "c:v": "h264_nvenc"}
    return run_arguments(write_command([still], "pipe:1", options)).returncode == 0
