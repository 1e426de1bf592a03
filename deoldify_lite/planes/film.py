"""Colorize a film frame by frame as it comes, each once, with a bounded number in memory."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from deoldify_lite.color.arrays import Luma
from deoldify_lite.planes.form import Form, Plane, chroma_planes, network_luma, small_chroma
from deoldify_lite.render.colorizer import Colorizer, finds_no_color
from deoldify_lite.run.steps import predict_steps
from deoldify_lite.temporal.key_frames import find_key_frames
from deoldify_lite.temporal.shots import Frame, mark_shots
from deoldify_lite.temporal.steady import steady


class Colored(NamedTuple):
    """A frame in colour."""

    planes: list[Plane]  # luma is that of the source
    is_kept: bool  # it was in colour already, and is as it was
    is_grey: bool  # the network found no colour in it


def colorize_planes(
    frames: Iterable[list[Plane]],
    form: Form,
    colorizer: Colorizer,
    *,
    steadiness: float,
    recolor_all: bool = False,
    batch_size: int = 4,
) -> Iterator[Colored]:
    """Colorize the frames of a film, as steadily as those of files.

    Frames are taken as they are needed. Each is yielded once the later frames that influence it are known:
    about a hundred are in memory, however long the film is.

    Args:
        frames: in order, as of `y4m.read_frames`.
        form: of them.
        colorizer: at the render factor to use.
        steadiness: as in `temporal.steady`.
        recolor_all: also colour shots that are in colour already.
        batch_size: frames predicted at once.

    Raises:
        RenderError: the network failed.
    """
    waiting: deque[tuple[list[Plane], Luma]] = deque()
    size_px, judged = colorizer.render_size, not (recolor_all or form.is_grey)

    def small() -> Iterator[Frame]:
        for planes in frames:
            luma = network_luma(planes[0], form, size_px)
            waiting.append((planes, luma))
            yield Frame(luma, small_chroma(planes, form, size_px) if judged else None)

    steps = find_key_frames(mark_shots(small()), colorizer.chroma_size, moves=steadiness > 0)
    predicted = predict_steps(steps, colorizer, batch_size=batch_size)
    for chroma in steady(predicted, steadiness=steadiness):
        planes, luma = waiting.popleft()
        if chroma is None:
            yield Colored(planes, is_kept=True, is_grey=False)
        else:
            colors = chroma_planes(chroma, luma, form)
            yield Colored([planes[0], *colors], is_kept=False, is_grey=finds_no_color(chroma))
