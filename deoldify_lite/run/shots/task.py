"""A film by a list of its shots: planned, rendered, and told; smaller where memory does not hold it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deoldify_lite.color.hint import FilmHint
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.fit import Fit
from deoldify_lite.film.probe import Film
from deoldify_lite.render.colorizer import OutOfMemoryError, shrunk_factor
from deoldify_lite.run.items import Progress, ShotWork
from deoldify_lite.run.making import PieceMaker
from deoldify_lite.run.settings import FilmSettings
from deoldify_lite.run.shots.keyed import with_keys
from deoldify_lite.run.shots.networks import Networks
from deoldify_lite.run.shots.pieces import Piece, pieces_of
from deoldify_lite.run.shots.render import ShotJob, colorize_pieces
from deoldify_lite.run.shots.segments import KeptSegments, folder_of, kept_segments, look_into
from deoldify_lite.run.steps import Tally
from deoldify_lite.run.stream import cut_of
from deoldify_lite.run.task import Task
from deoldify_lite.storage.places import size_and_time
from deoldify_lite.system.files import Deliver, clear_parts

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ShotPlan:
    """A film that is to be rendered by a list of its shots.

    Args:
        task: with a list.
        film: as it is written.
        settings: of the film.
        hints: on the whole film.
        programs: what encodes it; segments of others may not fit together with those of these.
        overwrite: render all shots again.
        maker: of the result.
    """

    task: Task
    film: Film
    settings: FilmSettings
    hints: Sequence[FilmHint]
    programs: str
    overwrite: bool
    maker: PieceMaker | None = None  # of the result; None: ffmpeg makes a film of a film

    def pieces(self, most_factor: dict[str, int]) -> list[Piece]:
        """All pieces, in order; arguments and errors as of `pieces.pieces_of`."""
        assert self.task.shots is not None, "planned for tasks with a list"
        frames = self.task.frames
        basis = {
            "source": [*size_and_time(self.task.source)] if frames is None else frames.digest(),
            "programs": self.programs,
            "container": self.task.output.suffix.lower(),
        }
        return pieces_of(
            self.task.shots,
            self.film,
            self.settings,
            self.hints,
            {} if self.task.keys is None else self.task.keys.frames(self.film),
            self.cut,
            basis=basis,
            most_factor=most_factor,
        )

    @property
    def cut(self) -> Cut:
        """The part of the film to render."""
        return cut_of(self.film, self.settings)

    def look(self) -> tuple[tuple[ShotWork, ...], tuple[str, ...]]:
        """What would be rendered, and why, and warnings about key frames; nothing is written.

        Raises:
            OptionError: as in `pieces`, or a key frame cannot be used; the error names the line.
        """
        assert self.task.shots is not None
        kept = look_into(folder_of(self.task.shots.path, self.task.output), self._is_whole)
        pieces = self.pieces({})
        works = self._works(pieces, kept)
        todo = (piece for piece, work in zip(pieces, works, strict=True) if work.why)
        return works, tuple(words for piece in todo for words in with_keys(self.film, piece).warnings)

    def colorize(
        self,
        fit: Fit,
        networks: Networks,
        deliver: Deliver,
        deliver_layer: Deliver,
        *,
        batch_size: int,
        progress: Progress | None,
    ) -> tuple[int, Tally, tuple[ShotWork, ...]]:
        """Render what has changed, and join all.

        Returns:
            The smallest render factor of the shots that have the film's own look, the counts of frames, and
            what was rendered.
        """
        shots, output = self.task.shots, self.task.output
        assert shots is not None
        most_factor: dict[str, int] = {}
        pieces = self.pieces(most_factor)  # errors come before anything is written
        with kept_segments(folder_of(shots.path, output), output, self._is_whole) as kept:
            clear_parts([output])
            works = self._works(pieces, kept)
            if self.overwrite:
                kept.clear(but=())
            while True:
                job = ShotJob(
                    *(self.film, output, self.cut, pieces, kept, fit.streams, deliver, progress),
                    *(self.maker, self.task.layer, deliver_layer),
                )
                try:
                    tally = colorize_pieces(job, networks, batch_size=batch_size)
                    break
                except OutOfMemoryError as error:
                    _shrink(pieces, kept, most_factor, error)
                    pieces = self.pieces(most_factor)
            whole = self.cut.first == 0 and self.cut.end is None
            kept.clear(but={piece.fingerprint for piece in pieces} if whole else None)
        wanted = shots.rendering
        return min(wanted.render_factor, most_factor.get(wanted.sha256, 99)), tally, works

    def _is_whole(self, path: Path) -> bool:
        return self.maker is None or self.maker.is_whole(path)

    def _works(self, pieces: Sequence[Piece], kept: KeptSegments) -> tuple[ShotWork, ...]:
        return tuple(
            ShotWork(
                piece.shot.number,
                piece.shot.row.line,
                piece.first,
                piece.frames,
                "overwrite" if self.overwrite else "" if kept.find(piece) else kept.why(piece),
            )
            for piece in pieces
        )


def _shrink(
    pieces: Sequence[Piece], kept: KeptSegments, most_factor: dict[str, int], error: OutOfMemoryError
) -> None:
    """Limit the render factor of the network that ran out of memory: that of the first missing piece.

    Raises:
        OutOfMemoryError: there is no smaller one.
    """
    piece = next(piece for piece in pieces if kept.find(piece) is None and not piece.leave)
    smaller = shrunk_factor(piece.rendering.render_factor)
    if smaller is None:
        raise error
    most_factor[piece.rendering.sha256] = smaller
    log.warning(
        "%s: out of memory in shot %d, started again with render factor %d",
        piece.shot.row.path,
        piece.shot.number,
        smaller,
    )
