"""What we know of ffmpeg's encoders, and ffmpeg does not tell."""

from typing import Any

# Flag of constant quality, its default, and what else the encoder needs. The defaults aim at a result
# that cannot be told from the source at normal viewing; every scale has its own. Chroma, smooth and our
# work, is coded finer than x264 would, or its noise would undo a part of the steadying: 5 % more bytes.
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
# These halve the chroma of an odd size by rounding up; the others refuse such a size.
TAKES_ODD_SIZES = {"ffv1", "libvpx-vp9", "libaom-av1"}
# These write of each frame which field comes first. (libx265 wants the fields one by one.)
MARKS_FIELDS = {"libx264", "ffv1", "mpeg2video", "mpeg4", "prores", "prores_aw", "prores_ks", "dnxhd"}
HOLDS_CAPTIONS = {"libx264", "mpeg2video", "h264_nvenc", "hevc_nvenc"}
# ffprobe's words for two transfer curves are not those that the encoders' options know.
TRANSFER_OPTIONS = {"bt470m": "gamma22", "bt470bg": "gamma28", "log100": "log", "log316": "log_sqrt"}
