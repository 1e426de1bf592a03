"""The page on which shots are edited as a site for the server."""

import logging
import secrets
import shlex
from pathlib import Path
from typing import Annotated, Any

from fastapi import Body, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, JSONResponse, Response

from deoldify_lite.errors import DeoldifyError, InputError, OptionError
from deoldify_lite.run.shots.pieces import Place
from deoldify_lite.show.shots import GENERATOR, doubts_in, start_of
from deoldify_lite.templates.environment import render
from deoldify_lite.web.shots.desk import ShotDesk, as_data

log = logging.getLogger(__name__)

# Of a picture that is uploaded.
MOST_BYTES = 1 << 30
_FRESH = {"Cache-Control": "no-store"}


def shots_site(desk: ShotDesk, folder: Path, secret: str) -> FastAPI:
    """Build the site.

    Args:
        desk: does the work.
        folder: for uploads.
        secret: the path below which everything lies, so that no page from elsewhere and nobody else on this
            computer can ask for it.
    """
    app = FastAPI(openapi_url=None)

    @app.exception_handler(DeoldifyError)
    @app.exception_handler(OSError)
    @app.exception_handler(MemoryError)
    def tell(request: Request, error: Exception) -> JSONResponse:
        log.info("%s", error)
        words = str(error) or "out of memory: close other programs and try again"
        return JSONResponse({"error": words}, status_code=422)

    @app.get(f"/{secret}/")
    def page() -> HTMLResponse:
        try:
            return HTMLResponse(_page(desk), headers=_FRESH)
        except (InputError, OptionError) as error:
            return HTMLResponse(_refusal(desk, str(error)), status_code=422, headers=_FRESH)

    @app.get(f"/{secret}/tiles/{{first}}.jpg")
    def tile(first: int) -> Response:
        return _jpeg(desk.tile(first))

    @app.post(f"/{secret}/try/{{first}}/{{frame}}")
    def try_out(
        first: int, frame: int, hints: Annotated[list[str], Body()], keys: Annotated[list[str], Body()]
    ) -> Response:
        return _jpeg(desk.try_out(first, frame, hints, keys))

    @app.post(f"/{secret}/problems/{{first}}")
    def problems(first: int, keys: Annotated[list[str], Body()]) -> dict[str, str]:
        return desk.problems(first, keys)

    @app.post(f"/{secret}/save")
    def save(changes: Annotated[list[dict[str, Any]], Body()]) -> list[dict[str, Any]]:
        return as_data(desk.save(changes))

    @app.post(f"/{secret}/keys/{{first}}/{{frame}}")
    async def take_key(request: Request, first: int, frame: int, name: str) -> dict[str, Any]:
        picture = await _receive(request, folder, name)
        key = await run_in_threadpool(desk.take_key, first, frame, Path(name).name, picture)
        return vars(key)

    @app.post(f"/{secret}/palette")
    async def palette(request: Request, name: str) -> Response:
        picture = await _receive(request, folder, name)
        try:
            return _jpeg(await run_in_threadpool(desk.palette, Path(name).name, picture))
        finally:
            picture.unlink()

    return app


def _page(desk: ShotDesk) -> str:
    places = desk.load()
    doubts = doubts_in(desk.path.parent)
    tiles = [_tile(desk, place, doubts) for place in places]
    film = shlex.quote(str(desk.film.path))
    return render(
        "editing.html.j2",
        generator=GENERATOR,
        title=f"Shots: {desk.film.path.name}",
        counts=f"{len(tiles)} shots, {sum(tile['shot']['frames'] for tile in tiles)} frames",
        command=f"colorize-video {film} --shots {shlex.quote(str(desk.path))}",
        list_name=desk.path.name,
        tiles=sorted(tiles, key=lambda tile: -1 if tile["doubt"] is None else tile["doubt"], reverse=True),
        state=as_data(desk.shots()),
    )


def _refusal(desk: ShotDesk, words: str) -> str:
    return render("refused.html.j2", generator=GENERATOR, title=f"Shots: {desk.film.path.name}", words=words)


def _tile(desk: ShotDesk, place: Place, doubts: dict[int, float]) -> dict[str, Any]:
    shot = place.settled.shot
    return {
        "shot": {
            "number": shot.number,
            "first": place.first,
            "frames": place.end - place.first,
            "scene": shot.scene,
            "in_color": bool(shot.row.answer("in colour already")),
        },
        "first": shot.first,
        "start": start_of(desk.film, place.first),
        "picture": f"tiles/{shot.first}.jpg",
        "size": desk.size,
        "doubt": doubts.get(place.telling),
    }


def _jpeg(data: bytes) -> Response:
    return Response(data, media_type="image/jpeg", headers=_FRESH)


async def _receive(request: Request, folder: Path, name: str) -> Path:
    """Write an upload into a folder of its own, under the suffix that it has."""
    own = folder / secrets.token_hex(8)
    own.mkdir(mode=0o700)
    path, length = own / f"picture{Path(name).suffix.lower()}", 0
    with open(path, "wb") as file:
        async for chunk in request.stream():
            length += len(chunk)
            if length > MOST_BYTES:
                path.unlink()
                raise InputError(f"{name}: is larger than {MOST_BYTES >> 20} MiB")
            file.write(chunk)
    return path
