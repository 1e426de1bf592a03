"""Give the frames of an encoded picture the times of the film: packets are copied, by PyAV."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from deoldify_lite.errors import VideoError
from deoldify_lite.film.ffmpeg import file_url
from deoldify_lite.film.times import Times


def retime(times: Times, first: int, segments: Sequence[tuple[Path, int]], folder: Path) -> Path:
    """Join the segments of a picture, each frame at its own time after the first.

    Args:
        times: of the film.
        first: number of the film's frame that comes first.
        segments: files with the picture, one after the other, and the frames in each.
        folder: where the new file goes.

    Raises:
        VideoError: a segment cannot be read, or has not the frames that it should have.
    """
    import av  # here, since few films need it

    # A random name, since another run may have been killed over its own.
    handle, name = tempfile.mkstemp(suffix=segments[0][0].suffix, prefix="part-times-", dir=folder)
    os.close(handle)
    whole = Path(name)
    try:
        orders = [_display_order(path, frames) for path, frames in segments]
        # Frames are decoded so many frames before their turn, at most.
        ahead = max(place - rank for order in orders for place, rank in enumerate(order))
        with av.open(file_url(whole), "w", options=_OPTIONS.get(whole.suffix, {})) as target:
            stream, done = None, first
            for (path, _), order in zip(segments, orders, strict=True):
                with av.open(file_url(path)) as source:
                    if stream is None:
                        template = source.streams.video[0]
                        # Opaque, since some decoders, such as that of AV1, have no encoder of their name.
                        stream = target.add_stream_from_template(template, opaque=True)
                        stream.time_base = times.time_base
                        stream.codec_context.codec_tag = template.codec_context.codec_tag
                        stream.metadata.update(template.metadata)
                    packets = (packet for packet in source.demux(video=0) if packet.size)
                    for place, (packet, rank) in enumerate(zip(packets, order, strict=True)):
                        frame = done + rank
                        packet.stream, packet.time_base = stream, times.time_base
                        packet.pts = times.tick(frame) - times.tick(first)
                        packet.dts = times.tick(done + place - ahead) - times.tick(first)
                        packet.duration = times.tick(frame + 1) - times.tick(frame)
                        target.mux(packet)
                done += len(order)
    except (av.FFmpegError, ValueError) as error:
        whole.unlink(missing_ok=True)
        raise VideoError(f"{segments[0][0]}: its frames cannot be given their times: {error}") from error
    return whole


# Frames that are decoded before their turn need times below zero, which an mp4 has only in an edit list.
_OPTIONS = {suffix: {"use_editlist": "1"} for suffix in (".mp4", ".m4v", ".mov")}


def _display_order(path: Path, frames: int) -> list[int]:
    """For each packet of a segment, as it lies there, which of its frames it shows.

    Raises:
        ValueError: there are more or fewer than there should be.
    """
    import av

    with av.open(file_url(path)) as source:
        shown = [packet.pts for packet in source.demux(video=0) if packet.size]
    if len(shown) != frames or None in shown:
        raise ValueError(f"{path} has {len(shown)} packets and {frames} frames")
    order = {time: rank for rank, time in enumerate(sorted(shown))}
    return [order[time] for time in shown]
