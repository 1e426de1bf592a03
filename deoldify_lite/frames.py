"""Colorize films frame by frame in memory; `run.stream` does the same with files."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from numpy.typing import NDArray

from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.photo.samples import Samples
from deoldify_lite.pictures import check_array, kept_colorizer, rgb_of
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.render.modes import MODES
from deoldify_lite.run.steps import predict_steps
from deoldify_lite.temporal.key_frames import find_key_frames
from deoldify_lite.temporal.shots import Frame, mark_shots
from deoldify_lite.temporal.steady import steady

# Frames predicted at once; with more, more of them wait in memory.
BATCH = 4


def colorize_frames(
    frames: Iterable[NDArray[Any]],
    *,
    colorizer: Colorizer | None = None,
    steadiness: float | None = None,
) -> Iterator[Samples]:
    """Colorize the frames of a film in memory, as steadily as films in files.

        for frame in colorize_frames(frames):
            show(frame)

    Frames are taken as they are needed. Each is yielded once the later frames that influence it are known;
    about a hundred are in memory at a time, however long the film is. Cuts are found, and the colour starts
    anew there. Shots that are in colour already are coloured like all others.

    Args:
        frames: in order, (H, W) or (H, W, 3) RGB, uint8 or uint16, all of one size.
        colorizer: from `load_colorizer`; None for the default of video mode.
        steadiness: 0 colours each frame alone, 1 holds colours for as long as motion can be followed; None
            for the default of video mode.

    Yields:
        (H, W, 3) for each frame, of its depth, with its own luma.

    Raises:
        OptionError: `steadiness` is out of range; at once.
        InputError: a frame is not a picture, or its size differs from the first.
        WeightsError: the weights are missing or wrong.
        RenderError: the network failed.
    """
    if steadiness is None:
        steadiness = MODES["video"].steadiness
    if not 0 <= steadiness <= 1:
        raise OptionError(f"steadiness {steadiness}: choose a value from 0 to 1")
    return _colorized(frames, colorizer, steadiness)


def _colorized(
    frames: Iterable[NDArray[Any]], colorizer: Colorizer | None, steadiness: float
) -> Iterator[Samples]:
    colorizer = colorizer or kept_colorizer("video")
    waiting: deque[Samples] = deque()

    def small() -> Iterator[Frame]:
        for frame in frames:
            check_array(frame)
            if waiting and frame.shape[:2] != waiting[-1].shape[:2]:
                raise InputError(
                    f"a frame of shape {frame.shape} after one of {waiting[-1].shape}: all must have one size"
                )
            waiting.append(rgb_of(frame))
            yield Frame(colorizer.prepare(waiting[-1]))

    steps = find_key_frames(mark_shots(small()), colorizer.chroma_size, moves=steadiness > 0)
    predicted = predict_steps(steps, colorizer, batch_size=BATCH)
    for chroma in steady(predicted, steadiness=steadiness):
        assert chroma is not None, "only frames whose chroma is known can be in colour already"
        yield colorizer.finish(waiting.popleft(), chroma)
