"""Where visitors' work is done, without the page."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

from deoldify_lite import api
from deoldify_lite.api import Rendering
from deoldify_lite.color.arrays import fit_size, resize
from deoldify_lite.film.probe import probe_film
from deoldify_lite.photo.io import read_photo
from deoldify_lite.render.modes import RENDER_FACTORS, check_render_factor
from deoldify_lite.web.copies import film_still, playable, small_photo
from deoldify_lite.web.network import KeptRendering, OneNetwork
from deoldify_lite.web.outcome import Outcome, outcome_of
from deoldify_lite.web.session import STOPPED, Session, Sessions, Stopped, gather
from deoldify_lite.web.work import OnProgress, Progress, Sheet, Wish, Work, films_of, photos_of

# Of a sheet to choose from, as shares of the default render factor.
SHEET = (0.5, 0.75, 1, 1.33, 1.67, 2)
SHEET_PX = 480
UNKNOWN = "not a photo or film of a supported format"


class Desk:
    """Does one piece of work at a time.

    Args:
        sessions: the visitors.
        settle: how a mode renders, such as `api.settle`.
    """

    def __init__(self, sessions: Sessions, settle: Callable[[str], Rendering]) -> None:
        self.sessions = sessions
        self.usual = cache(settle)
        self._network = OneNetwork()
        self._turn = threading.Lock()

    def colorize(self, visitor: str, uploads: Sequence[Path], wish: Wish, on_progress: OnProgress) -> Work:
        """Colorize photos and films; one that fails stops no other, and its outcome says why.

        Raises:
            Stopped: the work was stopped before anything was finished.
            DeoldifyError, OSError: nothing could be done at all.
        """
        with self._work(visitor, "work") as (session, folder):
            return self._colorize(session, folder, uploads, wish, on_progress)

    def preview(self, visitor: str, uploads: Sequence[Path], wish: Wish, on_progress: OnProgress) -> Work:
        """Colorize the wished part of the first film; errors as in `colorize`."""
        with self._work(visitor, "preview") as (session, folder):
            part = (wish.start_s, wish.start_s + wish.length_s)
            work = self._colorize(session, folder, films_of(uploads)[:1], wish, on_progress, part=part)
            films = [
                replace(film, start_s=wish.start_s, shown=playable(film.output, folder / "shown.mp4"))
                for film in work.films
            ]
            return replace(work, films=films)

    def sheet(self, visitor: str, uploads: Sequence[Path], wish: Wish, on_progress: OnProgress) -> Sheet:
        """Render the first photo, or a frame of the first film, at several render factors to choose from.

        Raises:
            DeoldifyError, OSError: it cannot be read or rendered.
        """
        with self._work(visitor, "sheet") as (session, folder):
            upload = [*photos_of(uploads), *films_of(uploads), *uploads][0]
            rendering = self._rendering(wish)
            (source,) = gather([upload], folder)
            if films_of([source]):
                film = probe_film(source)
                frame = max(film.nearest_frame(Fraction(wish.start_s)), 0)
                frame = min(frame, film.frame_count - 1)
                source = film_still(film, frame, folder / "frame.png")
            on_progress(0, "Getting ready")
            colorizer = rendering.load()
            photo = read_photo(source)
            small = resize(photo.rgb, fit_size(photo.rgb.shape, SHEET_PX))
            cells: list[tuple[int, Path]] = []
            for factor in sheet_factors(self.usual(wish.mode).render_factor):
                session.check()
                on_progress(len(cells) / len(SHEET), f"Render factor {factor}")
                sized = colorizer.with_render_factor(factor)
                (prediction,) = sized.predict([sized.prepare(photo.rgb)])
                cell = sized.finish(small, prediction)
                cells.append((factor, small_photo(photo, cell, folder / f"factor-{factor}.jpg", SHEET_PX)))
            return Sheet(upload.name, cells)

    def close(self, patience_s: float = 10) -> None:
        """Stop all work, and wait for the current piece to end."""
        self.sessions.stop_all()
        if self._turn.acquire(timeout=patience_s):
            self._turn.release()

    @contextmanager
    def _work(self, visitor: str, kind: str) -> Iterator[tuple[Session, Path]]:
        """The visitor's session and a folder for a piece of work, once it is its turn."""
        session = self.sessions[visitor]
        with self._turn, session.new_folder(kind) as folder:
            session.check()
            yield session, folder

    def _colorize(
        self,
        session: Session,
        folder: Path,
        uploads: Sequence[Path],
        wish: Wish,
        on_progress: OnProgress,
        *,
        part: tuple[float, float] | None = None,
    ) -> Work:
        """Colorize photos and films, or a part of films, from and to seconds of them."""
        rendering = self._rendering(wish)
        sources = gather(uploads, folder)
        photos, films = photos_of(sources), films_of(sources)
        progress = Progress(session, folder, on_progress, len(photos) + len(films))
        on_progress(0, "Getting ready")
        try:
            if photos:
                api.colorize_folder(photos, rendering=rendering, on_item=progress.on_item)
            if films:
                start_s, end_s = part or (None, None)
                api.colorize_video(
                    films,
                    rendering=rendering,
                    steadiness=wish.steadiness,
                    recolor_all=wish.recolor_all,
                    start_s=start_s,
                    end_s=end_s,
                    on_item=progress.on_item,
                    on_frames=progress.on_frames,
                )
        except Stopped:
            if not progress.results:
                raise
        known = {item.source for item in progress.items}
        outcomes = [
            Outcome(path.name, "failed", (STOPPED if path in [*photos, *films] else UNKNOWN,))
            for path in sources
            if path not in known
        ]
        outcomes += [outcome_of(item, self.sessions.folder) for item in progress.items]
        return Work(
            outcomes,
            [progress.results[path] for path in photos if path in progress.results],
            [progress.results[path] for path in films if path in progress.results],
            folder,
        )

    def _rendering(self, wish: Wish) -> Rendering:
        settled = replace(
            self.usual(wish.mode),
            render_factor=check_render_factor(wish.render_factor),
            saturation=wish.saturation,
        )
        return KeptRendering(**vars(settled), network=self._network)


def sheet_factors(default: int) -> list[int]:
    """Render factors around the default one."""
    wanted = {round(default * share) for share in SHEET}
    return sorted({min(max(factor, RENDER_FACTORS[0]), RENDER_FACTORS[-1]) for factor in wanted})
