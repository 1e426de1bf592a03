"""Encoders for sound that does not fit into a container as it is: lossless ones come first."""

from collections.abc import Sequence
from typing import Any

from deoldify_lite.film.probe import Stream

# By format of the decoded samples: an encoder that writes them as they are, and their bits.
_PCM = {
    "u8": ("pcm_u8", 8),
    "s16": ("pcm_s16le", 16),
    "s32": ("pcm_s32le", 32),
    "s64": ("pcm_s64le", 64),
    "flt": ("pcm_f32le", 32),
    "dbl": ("pcm_f64le", 64),
}
_FLAC_BITS = 24  # of a sample, at most; the same in alac
_LOSSLESS = ("flac", "alac")
_LOSSY = ("aac", "libopus", "libvorbis")  # in this order: what .mp4 and .webm usually hold
_LOSSY_BITRATE = 96_000  # per channel; more than enough to sound the same


def encoders_for(stream: Stream, only: str | None = None) -> Sequence[str]:
    """Names of ffmpeg's encoders for a stream of sound, or of subtitles for .mp4 and .mov; the best first.

    Uncompressed sound stays so if it can. All else becomes flac or alac, and grows less by that.

    Args:
        stream: the stream.
        only: the one for all sound.
    """
    if stream.kind != "audio":
        return ("mov_text",) if stream.kind == "subtitle" else ()
    if only:
        return (only,)
    if stream.sample_fmt not in _PCM:
        return (*_LOSSLESS, *_LOSSY)
    pcm = pcm_encoder(stream)
    uncompressed = stream.codec.startswith("pcm_") or stream.codec == "s302m"
    return (pcm, *_LOSSLESS, *_LOSSY) if uncompressed else (*_LOSSLESS, pcm, *_LOSSY)


def is_lossy(stream: Stream) -> bool:
    """Whether a stream gets an encoder that leaves out what is hard to hear."""
    return stream.encoder in _LOSSY


def describe_encoding(stream: Stream) -> str:
    """What becomes of a stream that is encoded, as the end of a sentence."""
    stored = f"is stored as {stream.encoder.removeprefix('lib')}"
    if stream.kind != "audio":
        return f"{stored}, its text without its looks"
    if is_lossy(stream):
        return f"{stored}, which loses a little"
    if stream.encoder in _LOSSLESS and not _fits_losslessly(stream):
        return f"{stored}, with samples of {_FLAC_BITS} bits"
    return f"{stored}, each sample the same"


def encoder_settings(stream: Stream, position: int) -> dict[str, Any]:
    """ffmpeg's output options for a stream that is encoded, by its position in the result."""
    settings: dict[str, Any] = {f"c:{position}": stream.encoder}
    if stream.encoder in _LOSSY and stream.channels:
        settings[f"b:{position}"] = _LOSSY_BITRATE * stream.channels
    return settings


def _fits_losslessly(stream: Stream) -> bool:
    """Whether flac and alac hold each sample of a stream bit by bit."""
    whole = stream.sample_fmt in ("u8", "s16", "s32")
    return whole and (stream.bits or _PCM[stream.sample_fmt][1]) <= _FLAC_BITS


def pcm_encoder(stream: Stream) -> str:
    """Return the encoder that writes the samples of a stream as they are decoded."""
    encoder, bits = _PCM.get(stream.sample_fmt, _PCM["s32"])
    return "pcm_s24le" if encoder == "pcm_s32le" and 0 < stream.bits <= 24 < bits else encoder
