"""Find out before any work which of a film's streams and metadata its result can hold.

Containers and encoders hold different things in different builds of ffmpeg. So ffmpeg rehearses: it encodes
one frame and muxes the first packets of all streams.
"""

import contextlib
import json
import logging
import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from deoldify_lite.errors import OptionError
from deoldify_lite.film.encoders import HOLDS_CAPTIONS, LOSSLESS, MARKS_FIELDS
from deoldify_lite.film.encoding import YUV_FORMATS, Encoding, encoder_options
from deoldify_lite.film.ffmpeg import open_file, open_test_picture, run_ffprobe
from deoldify_lite.film.hdr10 import hdr10_option
from deoldify_lite.film.kinds import CONTAINERS, FALLBACK_CONTAINER
from deoldify_lite.film.mux import mux_command
from deoldify_lite.film.probe import Film, Stream
from deoldify_lite.film.process import last_words, run_arguments
from deoldify_lite.film.purposes import PURPOSES, losses_of_purpose
from deoldify_lite.film.sound import describe_encoding, encoders_for, is_lossy
from deoldify_lite.film.timecode import advance_timecode
from deoldify_lite.film.transparency import is_transparent

log = logging.getLogger(__name__)

# Metadata of the file, which containers and encoders write themselves.
_TAGS_OF_FILE = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration", "timecode"}
# .mov takes all sound, readable or not; this is always readable.
_SURE_IN_MOV = {"aac", "ac3", "eac3", "mp3", "alac", "pcm_s16be", "pcm_s16le", "pcm_s24be", "pcm_s24le"}
_ALPHA_REMEDIES = {
    ".mkv": "--codec ffv1 keeps transparency",
    ".mov": "--codec prores_ks keeps transparency",
    ".webm": "--codec libvpx-vp9 keeps transparency",
    ".mp4": "name the result .mov and use --codec prores_ks to keep transparency",
    ".m4v": "name the result .mov and use --codec prores_ks to keep transparency",
}


class Fit(NamedTuple):
    """What a result holds of its source."""

    streams: tuple[Stream, ...]
    """Those that are kept, in the file's order, each with the encoder that it needs."""
    losses: tuple[str, ...]
    """What is not kept: a sentence for each, with a remedy if there is one."""


def fit_film(film: Film, out_paths: Sequence[Path], encoding: Encoding) -> tuple[Path, Fit]:
    """Choose a name for the result, and find out what it can hold under that name.

    Args:
        film: the source, as it will be written.
        out_paths: names; the first is chosen whose container holds all streams but data as they are. Under
            the last, sound is encoded that does not fit.
        encoding: of the picture.

    Raises:
        OptionError: the film does not even fit under the last name, or the result would replace the source.
        VideoError: ffmpeg or its encoder is missing.
    """
    *first, last = out_paths
    for out_path in first:
        with contextlib.suppress(OptionError):
            fit = fit_into(film, out_path.suffix.lower(), encoding, encode_sound=False)
            break
    else:
        out_path, fit = last, fit_into(film, last.suffix.lower(), encoding)
    if out_path.exists() and os.path.samefile(out_path, film.path):
        raise OptionError(f"{out_path}: the result would overwrite the source; give it another name")
    if film.interlaced:
        log.info("%s: interlaced, and kept so", film.path)
    return out_path, fit


def fit_into(film: Film, suffix: str, encoding: Encoding, *, encode_sound: bool = True) -> Fit:
    """Find out what a result can hold in a container. Only data streams may be left out.

    Args:
        film: the source, as it will be written.
        suffix: names the container.
        encoding: of the picture.
        encode_sound: whether sound that does not fit as it is may be encoded.

    Raises:
        OptionError: another stream, or the encoder's output, does not fit into this container.
        VideoError: the encoder is missing or does not work here.
    """
    if suffix not in CONTAINERS:
        raise OptionError(
            f"a film cannot be written as {suffix or 'a file without suffix'}; use "
            f"{', '.join(CONTAINERS)} (.mkv holds every stream)"
        )
    losses: list[str] = []
    purpose = PURPOSES[encoding.purpose] if encoding.purpose else None
    streams, trouble, tags = film.streams, "", frozenset[str]()
    if purpose and any(s.kind == "audio" and s.codec != (purpose.sound or s.codec) for s in streams):
        trouble = "its sound is to be of another codec"
    else:
        trouble, tags = _rehearse(film, suffix, encoding, streams)
    rare = [s for s in streams if s.kind == "audio" and s.codec not in _SURE_IN_MOV]
    if rare and suffix == ".mov" and not trouble:
        trouble, _ = _rehearse(film, suffix, encoding, rare)
    if trouble:
        trouble, tags = _rehearse(film, suffix, encoding, ())
        if trouble:
            codec, options = encoding.codec_for(film, suffix), encoder_options(film, suffix, encoding)
            raise OptionError(
                f"{film.path}: {codec} with {options} does not work or does not fit into {suffix}; "
                f"choose another --codec or container. ffmpeg said: {trouble}"
            )
        fitted = [_fit_stream(film, suffix, encoding, s, encode=encode_sound) for s in film.streams]
        streams = tuple(s for s, _ in fitted if s)
        losses += [loss for _, loss in fitted if loss]
    losses += [
        f"stream {s.index} (audio, {s.codec}) is copied as it is, but ffmpeg does not know its codec: check "
        "that it plays"
        for s in streams
        if s.kind == "audio" and not s.is_known
    ]
    losses += losses_of_picture(film, suffix, encoding)
    if lost_tags := [tag for tag in own_tags(film) if tag.lower() not in tags]:
        losses.append(f"of its metadata {', '.join(lost_tags)} does not fit into {suffix}; .mkv holds all")
    return Fit(streams, tuple(losses))


def _fit_stream(
    film: Film, suffix: str, encoding: Encoding, stream: Stream, *, encode: bool
) -> tuple[Stream | None, str | None]:
    """Find out how a container can hold a stream: as it is, encoded, or, if it is data, not at all.

    Returns:
        The stream, with its encoder, or None; and the warning about it, if any.

    Raises:
        OptionError: it does not fit, is not data, and the purpose of the film does not leave it out.
    """
    purpose = PURPOSES[encoding.purpose] if encoding.purpose else None
    leaves_out = purpose is not None and purpose.leaves_out
    sound = purpose.sound if purpose and stream.kind == "audio" else None
    encoders: tuple[str, ...] = () if sound not in (None, stream.codec) else ("copy",)
    if encode and (stream.kind == "audio" or (leaves_out and stream.kind == "subtitle")):
        encoders = (*encoders, *encoders_for(stream, sound))
    for encoder in encoders:
        kept = replace(stream, encoder=encoder)
        if not _rehearse(film, suffix, encoding, (kept,))[0]:
            break
    else:
        kept = None
    if kept == stream:
        return stream, None
    misfit = f"stream {stream.index} ({stream.kind}, {stream.codec}) does not fit into {suffix}"
    if sound:
        misfit = f"stream {stream.index} ({stream.kind}, {stream.codec})"
    if kept:
        misfit += f"{'' if sound else ' and'} {describe_encoding(kept)}"
        if kept.encoder.startswith("pcm_"):
            log.info("%s: %s", film.path, misfit)
            return kept, None
        remedy = "--for archive keeps it as it is" if purpose else ".mkv loses less"
        return kept, f"{misfit}; {remedy}" if is_lossy(kept) else misfit
    if stream.kind == "data":
        return None, f"{misfit} and is left out"
    if leaves_out:
        return None, f"{misfit} and is left out; --for archive keeps it"
    if stream.kind == "audio" and not stream.is_known:
        return None, f"{misfit} and is left out, since ffmpeg does not know its codec; .mov may hold it"
    if suffix != FALLBACK_CONTAINER:
        raise OptionError(f"{film.path}: {misfit}; name the result .mkv to keep it")
    raise OptionError(
        f"{film.path}: {misfit}; make a copy without it: "
        f"ffmpeg -i FILM -map 0 -map -0:{stream.index} -c copy COPY.mkv"
    )


def own_tags(film: Film) -> list[str]:
    """Names of the metadata that belong to the film and not to its file."""
    return [tag for tag in film.tags if tag.lower() not in _TAGS_OF_FILE]


def losses_of_picture(film: Film, suffix: str, encoding: Encoding) -> Iterable[str]:
    """What the encoder does not keep of the picture."""
    codec = encoding.codec_for(film, suffix)
    pix_fmt = encoder_options(film, suffix, encoding)["pix_fmt"]
    kept = YUV_FORMATS[pix_fmt]
    if kept.depth < film.pixels.bits or int(kept.sampling) < int(film.sampling):
        how = "--for archive" if encoding.purpose else "--codec ffv1"
        more = f"; {how} holds all" if film.pixels.bits <= 16 and codec != "ffv1" else ""
        yield f"{codec} stores it as {pix_fmt}, which holds less than {film.pix_fmt}{more}"
    # Each GIF is read as if it were transparent, and few are long. Opaque films of other codecs are rare, and
    # not worth a decode of all of it.
    if film.has_alpha and not kept.has_alpha and (film.codec != "gif" or is_transparent(film)):
        yield (
            f"{film.pix_fmt} can be transparent, and {pix_fmt}, as which {codec} stores it, cannot; "
            f"{_ALPHA_REMEDIES[suffix]}"
        )
    if encoding.purpose:
        yield from losses_of_purpose(encoding.purpose, film, pix_fmt)
    if film.is_rgb and codec in LOSSLESS and suffix != FALLBACK_CONTAINER:
        yield f"{suffix} does not mark full range for {codec}, so its luma gets fewer levels; .mkv holds all"
    if film.hdr10 and not hdr10_option(codec, film.hdr10):
        yield f"{codec} takes no HDR10 metadata, which is not kept; --codec libx265 does"
    if film.interlaced and codec not in MARKS_FIELDS:
        yield (
            f"it is interlaced, and {codec} does not mark that, so players may show two fields at once; "
            "deinterlace it, or use --codec libx264 or ffv1"
        )
    if film.captions and film.deinterlace:
        yield "its closed captions are not kept when it is deinterlaced"
    elif film.captions and codec not in HOLDS_CAPTIONS:
        yield f"{codec} takes no closed captions, which are not kept; --codec libx264 does"
    if film.timecode and advance_timecode(film.timecode, 0, film.rate) is None:
        yield f"its timecode {film.timecode} does not go with {film.rate} frames a second and is not kept"
    for what in film.lost:
        # Two pictures in one frame: H.264 says so in the picture, Matroska in a tag of the stream.
        in_tag = suffix in (".mkv", ".webm") and "stereo_mode" in film.picture_tags
        if what != "Stereo 3D" or not (in_tag or codec == "libx264"):
            yield f"its {what} cannot be kept"


def _rehearse(
    film: Film, suffix: str, encoding: Encoding, streams: Sequence[Stream]
) -> tuple[str, frozenset[str]]:
    """Encode one frame and mux the first packets of streams.

    Returns:
        ffmpeg's error, or ''; and names of the metadata in the result, lower case.
    """
    options = encoder_options(film, suffix, encoding)
    still = f"color=s={film.width}x{film.height}:r={film.rate}:d=1"
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, f"rehearsal{suffix}")
        options["t"] = 0.1
        if not streams or any(s.kind != "audio" for s in streams):
            # One byte is enough: a sparse stream of subtitles must not make it read the whole film.
            options["fs"] = 1
        picture, source = open_test_picture(still), open_file(film.path)
        done = run_arguments(mux_command(film, picture, source, streams, result, options))
        if done.returncode != 0:
            return last_words(done.stderr), frozenset()
        if not (streams or own_tags(film)):
            return "", frozenset()
        probed = run_ffprobe(
            result, "-show_entries", "format_tags:stream=codec_type,codec_name", "-of", "json"
        )
    found = json.loads(probed.stdout or "{}")
    sounds = [stream for stream in found.get("streams", ()) if stream.get("codec_type") == "audio"]
    trouble = _misread([s for s in streams if s.kind == "audio"], sounds)
    return trouble, frozenset(name.lower() for name in found.get("format", {}).get("tags", {}))


def _misread(given: Sequence[Stream], found: Sequence[dict[str, Any]]) -> str:
    """What is wrong with sound in a file; '' if it is read as it was given, or was unreadable before."""
    for stream, sound in zip(given, found, strict=False):
        codec = sound.get("codec_name")
        wanted = stream.codec if stream.encoder == "copy" else stream.encoder
        if codec is None and stream.is_known:
            return "its sound cannot be read"
        if wanted.startswith("pcm_") and codec != wanted:
            return f"its sound, {wanted}, is read as {codec}"
    return ""
