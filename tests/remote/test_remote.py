"""Photos and films on a store elsewhere: a real S3 server on this machine, and fsspec's own in memory."""

import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import pytest
from PIL import Image

from deoldify_lite import api
from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.film.kinds import CONTAINERS, FILM_SUFFIXES
from deoldify_lite.film.probe import probe_film
from deoldify_lite.photo.kinds import PHOTO_SUFFIXES, output_suffix
from deoldify_lite.remote import jobs, outbox
from deoldify_lite.remote.jobs import colorize_elsewhere
from deoldify_lite.remote.staging import OLD_S, staging
from deoldify_lite.render.look import Look
from deoldify_lite.run.items import Item, as_json
from deoldify_lite.run.manifest import NAME, Manifest, Record, fingerprint_of
from deoldify_lite.run.photos import colorize_photos
from deoldify_lite.run.plan import plan
from deoldify_lite.run.settings import PhotoSettings
from deoldify_lite.run.task import Task
from deoldify_lite.run.unfinished import Segment, unfinished
from deoldify_lite.run.verify import verify
from deoldify_lite.storage import store
from deoldify_lite.storage.errors import UnreachableError
from deoldify_lite.storage.names import safe_name, why_unsafe
from deoldify_lite.storage.places import Folder, place_of, size_and_time
from deoldify_lite.storage.store import fetch, list_files, look_up, put
from deoldify_lite.storage.url import Place, Url, any_url, is_url, name_below, path_or_url
from deoldify_lite.system.selection import LeftOut, Selection
from deoldify_lite.temporal.scene_memory import SceneMemory
from helpers.films import container_of, info, make, pattern, plane_hashes, tone
from helpers.pictures import grey_picture

fsspec = pytest.importorskip("fsspec", reason="files elsewhere need the extra `remote`")


@pytest.fixture(autouse=True)
def memory() -> Iterator[None]:
    """Nothing is left of another test in the store in memory."""
    yield
    fsspec.filesystem("memory").store.clear()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    pytest.importorskip("s3fs", reason="S3 needs the extra `s3`")
    server = pytest.importorskip("moto.server", reason="no S3 server to test with").ThreadedMotoServer(
        ip_address="127.0.0.1", port=0, verbose=False
    )
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in {
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_ENDPOINT_URL": "http://{}:{}".format(*server.get_host_and_port()),
        }.items():
            patch.setenv(name, value)
        yield os.environ["AWS_ENDPOINT_URL"]
    server.stop()


@pytest.fixture
def bucket(s3_server: str, request: pytest.FixtureRequest) -> Url:
    """An empty one for each test."""
    name = f"bucket-{abs(hash(request.node.name))}"
    fsspec.filesystem("s3").mkdir(name)
    return Url(f"s3://{name}")


@pytest.fixture
def rendering(tiny_weights: Path) -> api.Rendering:
    return api.settle(weights=tiny_weights, render_factor=4, device="cpu")


def write(url: Url, content: bytes | Path) -> None:
    """Put bytes, or all files of a folder, under a URL, as another program would."""
    system, path = fsspec.url_to_fs(url)
    if isinstance(content, bytes):
        system.pipe_file(path, content)
        return
    for file in content.rglob("*.*"):
        system.pipe_file(f"{path}/{file.relative_to(content).as_posix()}", file.read_bytes())


def read(url: Url) -> bytes:
    system, path = fsspec.url_to_fs(url)
    system.invalidate_cache()
    content: bytes = system.cat_file(path)
    return content


def names_in(url: Url) -> list[str]:
    return sorted(name_below(url, file.url) for file in list_files(url))


def colorize(
    inputs: Sequence[Place],
    out: Place | None,
    rendering: api.Rendering,
    *,
    format: str = "keep",
    compare: bool = False,
    overwrite: bool = False,
) -> Iterator[Item]:
    """Photos, as `api.colorize_folder` does it."""
    settings = PhotoSettings(
        Look(rendering.sha256, 4, rendering.saturation, "auto"), format=format, compare=compare
    )
    start = partial(
        colorize_photos,
        load_colorizer=cache(rendering.load),
        settings=settings,
        batch_size=2,
        overwrite=overwrite,
    )
    planned = plan(
        inputs,
        out,
        suffixes=PHOTO_SUFFIXES,
        suffix_of=lambda path: output_suffix(path, format),
        compare=compare,
    )
    return colorize_elsewhere(planned, start, settings, overwrite=overwrite)


def statuses(items: Sequence[Item]) -> dict[str, str]:
    return {item.source.name: item.status for item in items}


# URLs


def test_what_is_a_url() -> None:
    assert all(map(is_url, ["s3://b/x", "memory://x", "simplecache::s3://b/x", "SFTP://host/x"]))
    assert not any(map(is_url, ["photos", "/a/b", "C://photos", "a:b", "s3:/b", "./s3://b", Path("s3://b")]))
    assert path_or_url("s3://b/x/") == Url("s3://b/x") and path_or_url("s3:/b") == Path("s3:/b")
    assert any_url(["a", "s3://b"], None) and any_url("a", "s3://b") and not any_url([Path("a")], "b")


def test_the_parts_of_a_url() -> None:
    url = Url("S3://bucket/a b/c.d.JPG//")
    assert str(url) == "S3://bucket/a b/c.d.JPG" and isinstance(url, str)
    assert (url.protocol, url.host) == ("s3", "bucket")
    assert (url.name, url.stem, url.suffix) == ("c.d.JPG", "c.d", ".JPG")
    assert url.parent == "S3://bucket/a b" and url.with_name("x") == "S3://bucket/a b/x"
    assert url.parents == [url.parent, Url("S3://bucket")]
    bucket = url.parent.parent
    assert bucket == "S3://bucket" and bucket.name == "" and bucket.parent == bucket
    assert bucket / "x" == "S3://bucket/x"
    assert url.is_relative_to(Url("S3://bucket/a b")) and not url.is_relative_to(Url("S3://bucket/a"))


# names


@pytest.mark.parametrize(
    "name",
    ["../a.jpg", "a/../../b.jpg", "/etc/a.jpg", "a//b.jpg", "./a.jpg", "a\\..\\b.jpg", "a\0.jpg", "a\n.jpg",
     "zip::memory:x.jpg", "a" * 201 + ".jpg", "é" * 101 + ".jpg", "/".join(["a" * 100] * 11)],
)  # fmt: skip
def test_names_that_lead_away_are_refused(name: str) -> None:
    assert why_unsafe(name)


def test_names_that_do_not_are_taken() -> None:
    for name in ("a.jpg", "1920/summer/c 1.tif", "é.jpg", "a*?[1].jpg" if os.name != "nt" else "a.jpg"):
        assert not why_unsafe(name)


@pytest.mark.parametrize(
    "name", ["../../x.jpg", "/x.jpg", "a\0b.jpg", "..", "", "a" * 999 + ".jpg", ".x.jpg"]
)
def test_copies_stay_in_their_folder(name: str, tmp_path: Path) -> None:
    safe = safe_name(name)
    assert (tmp_path / safe).resolve().parent == tmp_path and safe and len(os.fsencode(safe)) <= 120
    (tmp_path / safe).touch()
    assert safe.endswith(Path(name.replace("\0", "")).suffix)


# the store


@pytest.mark.parametrize(
    ("told", "nanoseconds"),
    [({"mtime": 1.5}, 1_500_000_000), ({"updated": "1970-01-01T00:00:02.000Z"}, 2_000_000_000),
     ({"modify": "19700101000003"}, 3_000_000_000), ({"modificationTime": 1_700_000_000_000}, 17 * 10**17),
     ({}, 0), ({"mtime": "yesterday"}, 0)],
)  # fmt: skip
def test_times_of_change_in_all_their_forms(told: dict[str, object], nanoseconds: int) -> None:
    assert store._mtime_ns(told) == nanoseconds


def test_media_are_listed_in_natural_order_without_the_hidden() -> None:
    folder = Url("memory://photos")
    write(Url("memory://photos2/a.jpg"), b"123")
    for name in ("p10.jpg", "p2.JPG", "x.txt", ".hidden.jpg", ".trash/a.jpg", "deep/1.png", "out/p2.jpg"):
        write(folder / name, b"123")
    for name in ("@eaDir/p2.JPG/thumb.jpg", "deep/#recycle/1.png", "deep/2.ai", "no/3.jpg", "no2/thumbs.db"):
        write(folder / name, b"123")
    left_out = LeftOut()
    found = Folder(folder).media(
        {".jpg", ".png"}, skip=folder / "out", selection=Selection(exclude=("no",)), left_out=left_out
    )
    assert left_out.as_json() == {"files": {".ai": 1, ".txt": 1}, "folders": {"#recycle": 1, "@eaDir": 1}}
    assert [place_of(file) for file in found] == [
        folder / name for name in ("deep/1.png", "p2.JPG", "p10.jpg")
    ]
    known = [size_and_time(file) for file in found]
    assert {size for size, _ in known} == {3} and all(mtime_ns > 0 for _, mtime_ns in known)
    assert len(list_files(folder, deep=False)) == 4
    assert list_files(Url("memory://elsewhere")) == []


def test_a_copy_has_the_time_of_change(tmp_path: Path) -> None:
    url = Url("memory://photos/a b.jpg")
    write(url, b"123")
    file = look_up(url)
    assert file is not None
    local = fetch(file, tmp_path / "new")
    assert (local.name, local.read_bytes(), local.stat().st_mtime_ns) == ("a b.jpg", b"123", file.mtime_ns)
    with pytest.raises(InputError, match=r"memory://photos/a b\.jpg: has 3 bytes and not 4"):
        fetch(replace(file, size=4), tmp_path / "other")
    with pytest.raises(InputError, match="no room"):
        fetch(replace(file, size=10**18), tmp_path / "other")
    assert not list((tmp_path / "other").iterdir())
    assert look_up(url.parent) is None


def test_fetching_can_be_stopped(tmp_path: Path) -> None:
    write(Url("memory://photos/a.jpg"), b"123")
    stop = threading.Event()
    stop.set()
    with pytest.raises(InputError, match="stopped"):
        fetch(list_files(Url("memory://photos"))[0], tmp_path, stop=stop)
    assert not list(tmp_path.iterdir())


def test_on_a_file_server_a_name_never_stands_for_half_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "OBJECT_STORES", ())
    monkeypatch.setattr(store, "FILE_SERVERS", ("memory",))
    (tmp_path / "a").write_bytes(b"new")
    url = Url("memory://results/deep/a.jpg")
    write(url, b"older")
    put(tmp_path / "a", url)
    assert read(url) == b"new" and names_in(Url("memory://results")) == ["deep/a.jpg"]
    system = fsspec.filesystem("memory")

    def fail(*_: object) -> None:
        raise ConnectionResetError("gone")

    monkeypatch.setattr(type(system), "mv", fail)
    with pytest.raises(InputError, match="cannot be reached"):
        put(tmp_path / "a", Url("memory://results/b.jpg"))
    assert names_in(Url("memory://results")) == ["deep/a.jpg"]


@pytest.mark.parametrize(
    ("url", "said"),
    [("zip://a.jpg::s3://b/x.zip", "through another"), ("simplecache::s3://b/x", "through another"),
     ("https://host/a.jpg", "is not opened"), ("file:///etc/passwd", "is not opened"),
     ("s3:///x", "no bucket"), ("sftp://me:secret@host/x", "no password")],
)  # fmt: skip
def test_what_would_surprise_is_not_opened(url: str, said: str) -> None:
    with pytest.raises(OptionError, match=said) as caught:
        look_up(Url(url))
    assert "secret" not in str(caught.value)


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(url: str) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec, "url_to_fs", missing)
    with pytest.raises(OptionError, match=r's3://b/x: .*pip install "deoldify_lite\[s3\]"'):
        look_up(Url("s3://b/x"))
    with pytest.raises(OptionError, match="pip install gcsfs"):
        look_up(Url("gs://b/x"))


def test_what_is_wrong_with_a_store_is_told(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"s3://no-bucket/a\.jpg: there is no such .* check the name"):
        look_up(Url("s3://no-bucket/a.jpg"))
    with pytest.raises(InputError, match=r"s3://no-bucket/a\.jpg: .* create it first"):
        put(Path(__file__), Url("s3://no-bucket/a.jpg"))
    clear = fsspec.get_filesystem_class("s3").clear_instance_cache
    clear()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("HOME", "/nowhere")
    with pytest.raises(InputError, match=r"s3://b/a: .*without valid credentials"):
        look_up(Url("s3://b/a"))
    clear()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(InputError, match=r"s3://b/a: cannot be reached .*check the network"):
        list_files(Url("s3://b/a"))
    clear()


def test_one_who_may_not_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("AccessDenied")

    monkeypatch.setattr(type(fsspec.filesystem("memory")), "info", refuse)
    with pytest.raises(InputError, match=r"memory://a/b: may not be read .*credentials allow"):
        look_up(Url("memory://a/b"))


# the plan


def plan_names(inputs: Sequence[str], out: str | None) -> dict[str, list[tuple[str, str]]]:
    names: dict[str, list[tuple[str, str]]] = {}
    for one in plan(
        [path_or_url(text) for text in inputs],
        None if out is None else path_or_url(out),
        suffixes={".jpg", ".png"},
        suffix_of=lambda path: ".jpg",
    ):
        names.setdefault(str(one.root), []).append((one.place.name, one.output))
    return names


def test_results_mirror_the_folders() -> None:
    for name in ("a.jpg", "a.png", "deep/b.jpg"):
        write(Url("memory://in/photos") / name, b"1")
    names = [("a.jpg", "a.jpg"), ("a.png", "a.png.jpg"), ("b.jpg", "deep/b.jpg")]
    assert plan_names(["memory://in/photos"], None) == {"memory://in/photos-colorized": names}
    assert plan_names(["memory://in/photos/"], "memory://out/x/") == {"memory://out/x": names}
    assert plan_names(["memory://in/photos"], "here") == {"here": names}
    assert plan_names(["memory://in"], "memory://out")["memory://out"][2] == ("b.jpg", "photos/deep/b.jpg")
    inside = plan_names(["memory://in/photos/deep"], "memory://in/photos/deep")
    assert inside == {"memory://in/photos/deep": [("b.jpg", "b-colorized.jpg")]}
    one = "memory://in/photos/a.png"
    assert plan_names([one], None) == {"memory://in/photos": [("a.png", "a-colorized.jpg")]}
    assert plan_names([one], "memory://out/new.jpg") == {"memory://out": [("a.png", "new.jpg")]}
    assert plan_names([one], "memory://out") == {"memory://out": [("a.png", "a.jpg")]}
    several = plan_names([one, "memory://in/photos/deep"], "memory://out")
    assert several == {"memory://out": [("a.png", "a.jpg")], "memory://out/deep": [("b.jpg", "b.jpg")]}


def test_inputs_that_make_no_sense() -> None:
    write(Url("memory://in/a.txt"), b"1")
    write(Url("memory://in/b.jpg"), b"1")
    with pytest.raises(InputError, match=r"memory://none: there is no such"):
        plan_names(["memory://none"], "memory://out")
    with pytest.raises(OptionError, match="whole bucket"):
        plan_names(["memory://in"], None)
    with pytest.raises(OptionError, match="one file for 2 inputs"):
        plan_names(["memory://in", "memory://in/b.jpg"], "memory://out/x.jpg")
    with pytest.raises(OptionError, match="is a file"):
        plan_names(["memory://in"], "memory://in/b.jpg")
    with pytest.raises(InputError, match="no such file"):
        plan_names(["memory://in/b.jpg", "not-there"], "memory://out")


# photos


@pytest.mark.slow
def test_a_folder_on_s3_comes_out_as_it_would_here(
    bucket: Url, photos: Path, rendering: api.Rendering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(bucket / "photos", photos)
    items = list(colorize([bucket / "photos"], bucket / "out", rendering))
    assert [item.status for item in items] == ["done"] * 3
    assert {(str(item.source), str(item.output)) for item in items} == {
        (bucket / "photos" / name, bucket / "out" / name)
        for name in ("a.jpg", "b.png", "1920/summer/c 1.tif")
    }
    assert {item["output"] for item in as_json(items, {})["items"]} == {str(item.output) for item in items}
    assert names_in(bucket / "out") == [NAME, "1920/summer/c 1.tif", "a.jpg", "b.png"]
    here = {item.source.name: item for item in colorize([photos], tmp_path / "here", rendering)}
    for item in items:
        assert read(Url(str(item.output))) == Path(here[item.source.name].output).read_bytes()
    sources = {record.source for record in manifest_of(bucket / "out", tmp_path).records()}
    assert sources == {str(item.source) for item in items}

    # what is done is skipped, and not even fetched
    fetched: list[str] = []

    def count(file: store.RemoteFile, *args: Path, **options: threading.Event) -> Path:
        fetched.append(file.url.name)
        return fetch(file, *args, **options)

    monkeypatch.setattr(jobs, "fetch", count)
    again = list(colorize([bucket / "photos"], bucket / "out", rendering))
    assert {item.status for item in again} == {"skipped"} and not fetched
    assert {item.output for item in again} == {item.output for item in items}
    write(bucket / "photos" / "a.jpg", (photos / "a.jpg").read_bytes() + b"longer")
    fsspec.filesystem("s3").rm_file(bucket / "out" / "b.png")
    third = statuses(list(colorize([bucket / "photos"], bucket / "out", rendering)))
    assert third == {"a.jpg": "done", "b.png": "done", "c 1.tif": "skipped"}
    assert sorted(fetched) == ["a.jpg", "b.png"]
    assert {verdict.sound for verdict in verify(bucket / "out")} == {True}


def manifest_of(root: Url, tmp_path: Path) -> Manifest:
    folder = tmp_path / f"manifest-{abs(hash(root))}"
    folder.mkdir(exist_ok=True)
    (folder / NAME).write_bytes(read(root / NAME))
    return Manifest(folder)


def test_from_here_to_there_and_back(photos: Path, rendering: api.Rendering, tmp_path: Path) -> None:
    out = Url("memory://out/x")
    assert [(i.status, i.reason) for i in colorize([photos], out, rendering)] == [("done", "")] * 3
    assert {item.status for item in colorize([photos], out, rendering)} == {"skipped"}
    write(Url("memory://in/photos"), photos)
    (tmp_path / "back").mkdir()
    (tmp_path / "back" / "a.jpg").write_bytes(b"painted by hand")
    back = list(colorize([Url("memory://in/photos")], tmp_path / "back", rendering))
    assert statuses(back) == {"a.jpg": "failed", "b.png": "done", "c 1.tif": "done"}
    assert (tmp_path / "back" / "b.png").read_bytes() == read(out / "b.png")
    sources = {record.source for record in Manifest(tmp_path / "back").records()}
    assert sources == {"memory://in/photos/b.png", "memory://in/photos/1920/summer/c 1.tif"}
    assert statuses(list(colorize([Url("memory://in/photos")], tmp_path / "back", rendering)))["b.png"] == (
        "skipped"
    )


def test_no_copy_is_left(photos: Path, rendering: api.Rendering) -> None:
    list(colorize([photos], Url("memory://out"), rendering))
    base = Path(os.environ["XDG_CACHE_HOME"]) / "deoldify_lite" / "staging"
    assert list(base.iterdir()) == []


def test_files_of_the_users_are_kept(photos: Path, rendering: api.Rendering) -> None:
    out = Url("memory://out")
    write(out / "a.jpg", b"painted by hand")
    write(out / "b-compare.jpg", b"so is this")
    items = {item.source.name: item for item in colorize([photos], out, rendering, compare=True)}
    assert {name: item.status for name, item in items.items()} == {
        "a.jpg": "failed", "b.png": "failed", "c 1.tif": "done",
    }  # fmt: skip
    assert items["a.jpg"].reason.startswith("memory://out/a.jpg: exists and is not a result")
    assert read(out / "a.jpg") == b"painted by hand" and read(out / "b-compare.jpg") == b"so is this"
    over = colorize([photos], out, rendering, compare=True, overwrite=True)
    assert {item.status for item in over} == {"done"}
    assert read(out / "a.jpg") != b"painted by hand"
    # one that was painted over is the user's again
    write(out / "a.jpg", b"painted again")
    assert statuses(list(colorize([photos], out, rendering, compare=True)))["a.jpg"] == "failed"


def test_files_of_the_users_are_kept_where_pages_would_go(tmp_path: Path, rendering: api.Rendering) -> None:
    pages = [Image.fromarray(grey_picture(40, 50)), Image.fromarray(grey_picture(40, 50))]
    pages[0].save(tmp_path / "book.tif", save_all=True, append_images=pages[1:])
    out = Url("memory://out")
    write(out / "book-page2.jpg", b"painted by hand")
    (item,) = colorize([tmp_path / "book.tif"], out, rendering, format="jpg")
    assert "memory://out/book-page2.jpg: exists" in " ".join(item.warnings)
    assert read(out / "book-page2.jpg") == b"painted by hand"
    assert names_in(out) == [NAME, "book-page2.jpg", "book.jpg"]


def test_a_name_that_leads_away_fails_alone(
    bucket: Url, photos: Path, rendering: api.Rendering, tmp_path: Path
) -> None:
    picture = (photos / "a.jpg").read_bytes()
    for name in ("good.jpg", "../evil.jpg", "a//b.jpg", "back\\slash.jpg", "x" * 300 + ".jpg", "w*[1].jpg"):
        write(Url(f"{bucket}/photos/{name}"), picture)
    items = list(colorize([bucket / "photos"], bucket / "out", rendering))
    good = {item.source.name for item in items if item.status == "done"}
    assert good == {"good.jpg", "w*[1].jpg"} and len(items) == 6
    assert all("give it another one" in item.reason for item in items if item.status == "failed")
    assert names_in(bucket / "out") == [NAME, "good.jpg", "w*[1].jpg"]
    back = list(colorize([bucket / "photos"], tmp_path / "out" / "deep", rendering))
    assert sum(item.status == "done" for item in back) == 2
    assert {path.name for path in (tmp_path / "out").rglob("*.jpg")} == good
    assert not (tmp_path / "out" / "evil.jpg").exists()


def test_a_broken_photo_stops_no_other(photos: Path, rendering: api.Rendering) -> None:
    (photos / "broken.jpg").write_bytes((photos / "a.jpg").read_bytes()[:300])
    write(Url("memory://in/photos"), photos)
    items = {i.source.name: i for i in colorize([Url("memory://in/photos")], Url("memory://out"), rendering)}
    assert items["broken.jpg"].status == "failed"
    assert items["broken.jpg"].reason.startswith("memory://in/photos/broken.jpg: ")
    assert sum(item.status == "done" for item in items.values()) == 3


def test_many_windows(photos: Path, rendering: api.Rendering, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "MOST_BYTES", 4)
    monkeypatch.setattr(jobs, "MOST_FILES", 2)
    monkeypatch.setattr(outbox, "EVERY_S", 0.0)
    for i in range(5):
        write(Url(f"memory://in/photos/{i}.jpg"), (photos / "a.jpg").read_bytes())
    items = list(colorize([Url("memory://in/photos")], Url("memory://out"), rendering))
    assert statuses(items) == {f"{i}.jpg": "done" for i in range(5)}
    assert len(names_in(Url("memory://out"))) == 6


def test_what_is_finished_when_a_run_is_stopped_is_put(photos: Path, rendering: api.Rendering) -> None:
    out = Url("memory://out")

    def interrupted(tasks: Sequence[Task]) -> Iterator[Item]:
        for number, item in enumerate(start(tasks)):
            yield item
            if number == 1:
                raise KeyboardInterrupt

    settings = PhotoSettings(Look(rendering.sha256, 4, 1.0, "auto"))
    start = partial(colorize_photos, load_colorizer=cache(rendering.load), settings=settings, batch_size=1)
    planned = plan([photos], out, suffixes=PHOTO_SUFFIXES, suffix_of=lambda path: path.suffix)
    with pytest.raises(KeyboardInterrupt):
        list(colorize_elsewhere(planned, interrupted, settings))
    assert len(names_in(out)) >= 3
    left = list(colorize_elsewhere(planned, start, settings))
    assert (
        sum(item.status == "skipped" for item in left)
        == len(names_in(out)) - 1 - sum(item.status == "done" for item in left)
        >= 2
    )
    assert not any(item.status == "failed" for item in left)


def test_a_run_that_was_killed_before_results_were_put(
    tmp_path: Path, rendering: api.Rendering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest is there and the results are not: an older one of the same size must not pass for new."""
    Image.fromarray(grey_picture(40, 50)).save(tmp_path / "a.bmp")
    out = Url("memory://out")
    (item,) = colorize([tmp_path / "a.bmp"], out, rendering)
    first = read(out / item.output.name)
    paler = replace(rendering, saturation=0.5)

    def broken(path: Path, url: Url) -> None:
        if url.name != NAME:
            tries.append(url)
            raise UnreachableError(f"{url}: cannot be reached")
        put(path, url)

    tries: list[Url] = []

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "put", broken)
        patch.setattr(outbox, "PAUSES_S", (0.0, 0.0))
        (item,) = colorize([tmp_path / "a.bmp"], out, paler)
        assert (item.status, item.reason) == ("failed", f"{item.output}: cannot be reached")
        assert tries == [item.output] * 3
    (item,) = colorize([tmp_path / "a.bmp"], out, paler)
    assert item.status == "done"
    second = read(out / item.output.name)
    assert len(second) == len(first) and second != first


def test_what_another_run_records_meanwhile_is_kept(
    photos: Path, rendering: api.Rendering, tmp_path: Path
) -> None:
    out = Url("memory://out")
    items = colorize([photos], out, rendering)
    other = Record("other.jpg", "fingerprint", 5)

    def record_other(file: Item) -> Item:
        write(out / NAME, other.line().encode())
        return file

    planned = plan([photos], out, suffixes=PHOTO_SUFFIXES, suffix_of=lambda path: path.suffix)
    settings = PhotoSettings(Look(rendering.sha256, 4, 1.0, "auto"))
    start = partial(colorize_photos, load_colorizer=cache(rendering.load), settings=settings, batch_size=1)
    items = colorize_elsewhere(planned, lambda tasks: map(record_other, start(tasks)), settings)
    assert {item.status for item in items} == {"done"}
    outputs = {record.output for record in manifest_of(out, tmp_path).records()}
    assert outputs == {"other.jpg", "a.jpg", "b.png", "1920/summer/c 1.tif"}


def test_where_we_may_not_write_nothing_is_begun(bucket: Url, photos: Path, rendering: api.Rendering) -> None:
    with pytest.raises(InputError, match=r"s3://no-bucket-there/x/\.deoldify_lite\.jsonl: .*create it first"):
        list(colorize([photos], Url("s3://no-bucket-there/x"), rendering))


def test_results_elsewhere_are_verified(photos: Path, rendering: api.Rendering) -> None:
    out = Url("memory://out/x")
    list(colorize([photos], out, rendering))
    assert [verdict.sound for verdict in verify(out / "1920/summer/c 1.tif")] == [True]
    content = bytearray(read(out / "a.jpg"))
    content[-9] ^= 1
    write(out / "a.jpg", bytes(content))
    write(out / "b.png", b"short")
    fsspec.filesystem("memory").rm_file(f"{out}/1920/summer/c 1.tif")
    said = {verdict.output.name: verdict.reason for verdict in verify(Url("memory://out"))}
    assert "damaged" in said["a.jpg"] and "has 5 bytes" in said["b.png"] and "missing" in said["c 1.tif"]
    (verdict,) = verify(out / "1920/summer/c 1.tif")
    assert not verdict.sound and "missing" in verdict.reason
    with pytest.raises(InputError, match=r"memory://out/x/none\.jpg: there is no such file"):
        list(verify(out / "none.jpg"))
    with pytest.raises(InputError, match="nothing is recorded"):
        write(Url("memory://else/a.jpg"), b"1")
        list(verify(Url("memory://else/a.jpg")))


# the private folder


def test_the_private_folder_is_this_runs_alone() -> None:
    root = Url("memory://out")
    with staging(root) as folder:
        (folder / "in" / "1").mkdir(parents=True)
        (folder / "in" / "1" / "film.mp4").touch()
        with unfinished(folder / "out" / "film.mp4", "fingerprint") as _:
            (folder / "out" / ".film.mp4.unfinished" / "segment-00000.mkv").touch()
            kept = folder / "out" / ".other.mp4.unfinished" / "segment-00000.mkv"
            kept.parent.mkdir()
            kept.touch()
        if os.name != "nt":
            assert folder.stat().st_mode & 0o077 == 0
        with pytest.raises(InputError, match="memory://out: another run is at work"), staging(root):
            pass
        with staging(Url("memory://elsewhere")):
            pass
    assert [path.name for path in folder.rglob("*.*")] == [kept.parent.name, kept.name]
    with staging(root):
        assert kept.exists()
        kept.unlink()
        kept.parent.rmdir()
    assert not folder.exists()


def test_what_nobody_came_back_for_goes() -> None:
    with staging(Url("memory://out")) as folder:
        left = folder / "out" / ".film.mp4.unfinished"
        left.mkdir(parents=True)
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (path.stat().st_mtime - OLD_S - 9,) * 2)
    with staging(Url("memory://elsewhere")):
        assert not folder.exists()


# films


@pytest.fixture
def film_rendering(tiny_weights: Path) -> api.Rendering:
    return api.settle("video", weights=tiny_weights, render_factor=4, device="cpu")


def colorize_films_elsewhere(
    inputs: Sequence[Place], out: Place | None, rendering: api.Rendering
) -> tuple[list[Item], list[tuple[str, int]]]:
    """Films, as `api.colorize_video` does it, and what is told of frames."""
    from deoldify_lite.run.films import colorize_films
    from deoldify_lite.run.stream import FilmSettings

    settings = FilmSettings(Look(rendering.sha256, 4, 1.0, "auto"), steadiness=0.0)
    places: dict[Path, Place] = {}
    frames: list[tuple[str, int]] = []

    def progress(film: Path, done: int, _expected: int) -> None:
        frames.append((str(places.get(film, film)), done))

    start = partial(
        colorize_films,
        load_colorizer=cache(rendering.load),
        settings=settings,
        batch_size=2,
        progress=progress,
    )
    planned = plan(
        inputs,
        out,
        suffixes=FILM_SUFFIXES,
        suffix_of=lambda path: path.suffix if path.suffix in CONTAINERS else ".mkv",
        fallback=".mkv",
    )
    items = colorize_elsewhere(planned, start, settings, one_by_one=True, places=places)
    return list(items), frames


@pytest.mark.slow
def test_films_on_s3(
    bucket: Url, tmp_path: Path, film_rendering: api.Rendering, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = make(tmp_path / "old film.mp4", *pattern(0.4), *tone(0.4), "-vf", "hue=s=0", "-c:a", "aac")
    odd = make(
        tmp_path / "odd.mp4", *pattern(0.2), *tone(0.2), "-vf", "hue=s=0", "-c:a", "pcm_s16le", "-f", "mov"
    )
    assert container_of(probe_film(odd)) == ".mkv"  # known only after a look into it
    write(bucket / "films/old film.mp4", film.read_bytes())
    write(bucket / "films/more/odd.mp4", odd.read_bytes())
    write(bucket / "films/broken.mkv", b"no film")
    items, frames = colorize_films_elsewhere([bucket / "films"], bucket / "out", film_rendering)
    assert statuses(items) == {"old film.mp4": "done", "odd.mp4": "done", "broken.mkv": "failed"}
    assert names_in(bucket / "out") == [NAME, "more/odd.mkv", "old film.mp4"]
    assert (bucket / "films/old film.mp4", 10) in frames
    (broken,) = (item for item in items if item.status == "failed")
    assert broken.reason.startswith(f"{bucket}/films/broken.mkv") and "staging" not in broken.reason
    (tmp_path / "result.mp4").write_bytes(read(bucket / "out/old film.mp4"))
    assert len(info(tmp_path / "result.mp4")["streams"]) == 2
    monkeypatch.delattr(jobs, "fetch")
    fsspec.filesystem("s3").rm_file(f"{bucket}/films/broken.mkv")
    again, _ = colorize_films_elsewhere([bucket / "films"], bucket / "out", film_rendering)
    assert [item.status for item in again] == ["skipped", "skipped"]
    assert {str(item.output) for item in again} == {str(item.output) for item in items} - {str(broken.output)}


def test_a_film_from_there_is_the_same_here_and_there(tmp_path: Path, film_rendering: api.Rendering) -> None:
    film = make(tmp_path / "film.mkv", *pattern(0.4), "-vf", "hue=s=0")
    source, out = Url("memory://in/film.mkv"), Url("memory://out")
    write(source, film.read_bytes())
    items, _ = colorize_films_elsewhere([source], tmp_path / "here", film_rendering)
    assert items[0].status == "done" and items[0].source == source
    assert Manifest(tmp_path / "here").records()[0].source == source
    items, _ = colorize_films_elsewhere([source], out, film_rendering)
    assert items[0].status == "done" and names_in(out) == [NAME, "film.mkv"]
    (tmp_path / "there.mkv").write_bytes(read(out / "film.mkv"))
    assert plane_hashes(tmp_path / "there.mkv") == plane_hashes(tmp_path / "here" / "film.mkv")


def test_the_segments_of_a_film_wait_for_the_next_run(tmp_path: Path) -> None:
    write(Url("memory://in/film.mkv"), b"film")
    planned = plan(
        [Url("memory://in/film.mkv")],
        Url("memory://out"),
        suffixes=FILM_SUFFIXES,
        suffix_of=lambda path: ".mkv",
    )
    settings = PhotoSettings(Look("", 4, 1.0, "auto"))
    found: list[int] = []

    def stopped(tasks: Sequence[Task]) -> Iterator[Item]:
        with unfinished(tasks[0].output, "fingerprint") as before:
            found.append(len(before.segments))
            segment = before.folder / "segment-00000.mkv"
            segment.touch()
            before.add(Segment(segment.name, 0, 5, 0, 0, 5), SceneMemory())
            raise KeyboardInterrupt
        yield

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            list(colorize_elsewhere(planned, stopped, settings, one_by_one=True))
    assert found == [0, 1]


def test_a_name_that_the_user_chose_stays() -> None:
    write(Url("memory://in/film.mp4"), b"film")
    for out, names in (("memory://out/new.mp4", ["new.mp4"]), ("memory://out", ["film.mp4", "film.mkv"])):
        planned = plan(
            [Url("memory://in/film.mp4")],
            Url(out),
            suffixes=FILM_SUFFIXES,
            suffix_of=lambda path: ".mp4",
            fallback=".mkv",
        )
        found: list[str] = []

        def colorized(tasks: Sequence[Task], found: list[str] = found) -> Iterator[Item]:
            found += [path.name for task in tasks for path in (task.output, *task.aliases[:1])]
            return iter(())

        settings = PhotoSettings(Look("", 4, 1.0, "auto"))
        list(colorize_elsewhere(planned, colorized, settings, one_by_one=True))
        assert found == names


def test_films_whose_results_were_put_under_other_names_are_known() -> None:
    """Of film.mp4 and film.mov, which both came out as .mkv."""
    source, out = Url("memory://in/film.mov"), Url("memory://out")
    write(Url("memory://in/film.mp4"), b"film")
    write(source, b"film")
    settings = PhotoSettings(Look("", 4, 1.0, "auto"))
    planned = plan(
        [source.parent], out, suffixes=FILM_SUFFIXES, suffix_of=lambda path: path.suffix, fallback=".mkv"
    )
    assert [one.aliases for one in planned] == [
        ("film.mov.mkv", "film.mkv"),
        ("film.mp4.mkv", "film.mkv"),
    ]
    file = look_up(source)
    assert file is not None
    record = Record("film.mkv", fingerprint_of(file, settings.as_dict()), 5, source=source)
    write(out / NAME, record.line().encode())
    write(out / "film.mkv", b"12345")
    asked: list[str] = []

    def colorized(tasks: Sequence[Task]) -> Iterator[Item]:
        asked.extend(task.origin for task in tasks)
        return iter(())

    items = list(colorize_elsewhere(planned, colorized, settings, one_by_one=True))
    assert [(item.source, item.output, item.status) for item in items] == [
        (source, out / "film.mkv", "skipped")
    ]
    assert asked == ["memory://in/film.mp4"]


# Dry runs


def test_a_dry_run_fetches_and_puts_nothing(photos: Path, tmp_path: Path, rendering: api.Rendering) -> None:
    source, out = Url("memory://in"), Url("memory://out")
    write(source, photos)
    api.colorize_folder(str(source / "a.jpg"), str(out), rendering=rendering)
    write(out / "b.png", b"of the user")
    before = {name: read(out / name) for name in names_in(out)}

    def run(inputs: object, target: object, *, dry_run: bool) -> list[Item]:
        return api.colorize_folder(str(inputs), str(target), rendering=rendering, dry_run=dry_run)

    planned = run(source, out, dry_run=True)
    assert {name: read(out / name) for name in names_in(out)} == before
    assert statuses(planned) == {"a.jpg": "skipped", "b.png": "failed", "c 1.tif": "planned"}
    by_name = {item.source.name: item for item in planned}
    assert by_name["c 1.tif"].outlook.fetched_bytes == (photos / "1920/summer/c 1.tif").stat().st_size
    done = {item.source.name: item for item in run(source, out, dry_run=False)}
    assert {name: item.output for name, item in done.items()} == {
        name: item.output for name, item in by_name.items()
    }
    assert done["b.png"].reason == by_name["b.png"].reason
    # To this machine, and from it.
    here = tmp_path / "here"
    assert statuses(run(source, here, dry_run=True)) == dict.fromkeys(statuses(planned), "planned")
    assert not here.exists()
    sent = run(photos, "memory://sent", dry_run=True)
    assert {str(item.output) for item in sent} == {
        f"memory://sent/{name}" for name in ("a.jpg", "b.png", "1920/summer/c 1.tif")
    }
    assert all(item.outlook and item.outlook.pixels and item.outlook.seconds for item in sent)
    assert not names_in(Url("memory://sent"))


def test_films_are_named_by_url_on_either_side(tmp_path: Path, film_rendering: api.Rendering) -> None:
    film = make(tmp_path / "film.mkv", *pattern(0.2), "-vf", "hue=s=0")
    source, out = Url("memory://reels/film.mkv"), Url("memory://coloured")
    write(source, film.read_bytes())
    for place in (source, film):
        [planned] = api.colorize_video(str(place), str(out), rendering=film_rendering, dry_run=True)
        assert (planned.status, str(planned.output)) == ("planned", "memory://coloured/film.mkv")
        assert not names_in(out)
    [item] = api.colorize_video(str(source), str(out), rendering=film_rendering)
    assert item.status == "done" and names_in(out) == [NAME, "film.mkv"]
