"""Shots that are edited: what is shown of them, tried on them, and saved."""

import io
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from deoldify_lite import api
from deoldify_lite.color.merge import chroma_of_rgb
from deoldify_lite.errors import DeoldifyError, InputError, OptionError
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.probe import probe_film
from deoldify_lite.film.reader import FrameReader
from deoldify_lite.render.rendering import Rendering
from deoldify_lite.run.shots.list import read_shot_list
from deoldify_lite.run.shots.survey import Colors, Picked, show_pictures
from deoldify_lite.web.shots.desk import ShotDesk
from helpers.shots import change_list, film_of, picture_of, write_list

# Pictures and frames of the film; its telling frames are 20, 55 and 85.
SHOTS = ((1, 40), (2, 30), (1, 30))
BLUE = "#2040e0"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film_of(tmp_path_factory.mktemp("clip") / "clip.mp4", *SHOTS)


@pytest.fixture(scope="module")
def rendering(tiny_weights: Path) -> Rendering:
    engine = {"device": "cpu", "precision": "fp32", "backend": "torch"}
    return api.settle("video", weights=str(tiny_weights), render_factor=6, **engine)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_list(tmp_path / "list" / "shots.csv", (0, 40, 1), (40, 30, 2), (70, 30, 3))


@pytest.fixture
def desk(clip: Path, path: Path, rendering: Rendering, tmp_path: Path) -> ShotDesk:
    (tmp_path / "uploads").mkdir()
    return ShotDesk(probe_film(clip), path, rendering, tmp_path / "uploads")


def picture(data: bytes) -> NDArray[Any]:
    return np.asarray(Image.open(io.BytesIO(data)))


def chroma_at(data: bytes, x: float, y: float) -> NDArray[Any]:
    """Mean Cb and Cr around a point of a JPEG."""
    rgb = picture(data) / 255
    row, column = int(y * len(rgb)), int(x * rgb.shape[1])
    around = rgb[max(row - 4, 0) : row + 5, max(column - 4, 0) : column + 5]
    return chroma_of_rgb(around.astype(np.float32)).mean(axis=(1, 2))


def change(first: int, **lists: list[str]) -> Mapping[str, Any]:
    names = ("hints_removed", "hints_added", "keys_removed", "keys_added")
    return {"first": first, **{name: lists.get(name, []) for name in names}}


def dropped(tmp_path: Path, source: Path) -> Path:
    """A copy of a picture as the page's server receives it."""
    folder = tmp_path / "uploads" / f"{len(list((tmp_path / 'uploads').iterdir()))}"
    folder.mkdir()
    return Path(shutil.copy(source, folder / f"picture{source.suffix}"))


def coloured(path: Path, shot: int, number: int) -> Path:
    """A frame of a shot of the clip in its true colours."""
    Image.fromarray(picture_of(shot, number)).save(path)
    return path


def test_the_list_is_shown(desk: ShotDesk, path: Path) -> None:
    first, second, _ = desk.shots()
    assert (first.first, first.number, first.telling, first.hints, first.keys) == (0, 1, 20, (), ())
    assert (second.begin, second.end, second.telling, second.fixed) == (40, 70, 55, "")
    change_list(path, lambda rows: rows[1].update({"in colour already": "yes"}))
    change_list(path, lambda rows: rows[2].update(leave="yes"))
    desk.load()
    assert ["write no into" in one.fixed for one in desk.shots()] == [False, True, False]
    assert "`leave` says yes" in desk.shots()[2].fixed


def test_a_tile_is_the_frame_as_it_comes_out(desk: ShotDesk, rendering: Rendering) -> None:
    colorizer = rendering.load()
    with FrameReader(desk.film, colorizer.render_size, cut=Cut(desk.film, 55, 56)) as reader:
        picked = Picked(2, 55, next(iter(reader)), in_color=False, is_telling=False)
    (still,) = show_pictures(desk.film, [picked], Colors(colorizer))
    tile = picture(desk.tile(40))
    assert tile.shape == still.rgb.shape and np.abs(tile.astype(int) - still.rgb).mean() < 3


def test_a_hint_spreads_and_what_is_wrong_is_said(desk: ShotDesk) -> None:
    plain = desk.try_out(0, 20, [], [])
    hinted = desk.try_out(0, 20, [f"f20,50%,50%,{BLUE}"], [])
    assert desk.try_out(0, 20, [], []) == plain
    before, after = (chroma_at(data, 0.5, 0.5) for data in (plain, hinted))
    assert after[0] > before[0] + 0.05 and after[0] > after[1]
    assert desk.try_out(0, 20, [f"f45,50%,50%,{BLUE}"], []) == plain, "it is of another shot"
    with pytest.raises(OptionError, match="`#12` is not a colour"):
        desk.try_out(0, 20, ["f20,50%,50%,#12"], [])
    with pytest.raises(OptionError, match="outside of the picture"):
        desk.try_out(0, 20, ["f20,150%,50%,keep"], [])
    with pytest.raises(OptionError, match="no shot begins at frame 7"):
        desk.try_out(7, 7, [], [])


def test_any_frame_shows_what_hints_on_others_of_its_shot_do(desk: ShotDesk) -> None:
    hint = f"f20,50%,50%,{BLUE}"  # the picture pans by a pixel a frame
    for frame, x in ((0, 0.5 + 20 / 128), (39, 0.5 - 19 / 128), (21, 0.5)):
        plain, hinted = desk.try_out(0, frame, [], []), desk.try_out(0, frame, [hint], [])
        assert np.abs(picture(plain).mean() - picture(desk.try_out(0, 20, [], [])).mean()) > 0, (
            "another frame"
        )
        before, after = (chroma_at(data, x, 0.5) for data in (plain, hinted))
        assert after[0] > before[0] + 0.05 and after[0] > after[1], frame
    many = [f"f{frame},50%,50%,{BLUE}" for frame in range(40)]
    assert picture(desk.try_out(0, 5, many, [])).shape == (96, 128, 3)
    with pytest.raises(OptionError, match="shot 1 has no frame 40: load the page again"):
        desk.try_out(0, 40, [], [])


def test_hints_are_saved_where_the_commands_read_them(desk: ShotDesk, path: Path) -> None:
    change_list(path, lambda rows: rows[1].update(note='mine, "mine"', hints="two.hints.csv"))
    two = path.with_name("two.hints.csv")
    two.write_bytes(b"# mine\r\nf41,1,1,keep\r\nf55,2,2,keep\r\n")
    before = path.read_bytes()
    desk.load()
    assert [(one.text, one.frame) for one in desk.shots()[1].hints] == [
        ("f41,1,1,keep", 41),
        ("f55,2,2,keep", 55),
    ]
    hints = [f"f20,50%,50%,{BLUE}", "f20,10%,10%,keep,5%"]
    saved = desk.save(
        [
            change(0, hints_added=hints),
            change(40, hints_added=["f55,5%,5%,keep"], hints_removed=["f55,2,2,keep"]),
        ]
    )
    assert [hint.text for hint in saved[0].hints] == hints
    assert path.with_name("shot-0001.hints.csv").read_text().splitlines() == hints
    assert two.read_bytes() == b"# mine\r\nf41,1,1,keep\r\nf55,5%,5%,keep\r\n"
    expected = before.split(b"\r\n")
    cells = expected[1].split(b",")
    cells[expected[0].split(b",").index(b"hints")] = b"shot-0001.hints.csv"
    expected[1] = b",".join(cells)
    assert path.read_bytes() == b"\r\n".join(expected)

    desk.save([change(0, hints_removed=hints), change(40, hints_removed=["f55,5%,5%,keep", "f41,1,1,keep"])])
    first, second, _ = read_shot_list(path).shots
    assert first.hints is second.hints is None and two.read_bytes() == b"# mine\r\n"
    assert second.row.text("note") == 'mine, "mine"'


def test_hints_of_an_earlier_list_are_not_taken_up(desk: ShotDesk, path: Path) -> None:
    old = path.with_name("shot-0001.hints.csv")
    old.write_text("f20,1,1,keep\n")
    desk.save([change(0, hints_added=["f20,2,2,keep"])])
    assert old.read_text() == "f20,1,1,keep\n"
    assert read_shot_list(path).shots[0].hints == path.with_name("shot-0001-2.hints.csv")


def test_what_others_have_changed_meanwhile_stays(desk: ShotDesk, path: Path) -> None:
    change_list(path, lambda rows: rows[0].update(saturation="0.5", note="later"))
    desk.save([change(0, hints_added=["f20,2,2,keep"])])
    shot = read_shot_list(path).shots[0]
    assert (shot.saturation, shot.row.text("note")) == (0.5, "later") and shot.hints
    change_list(path, lambda rows: rows[0].update(frames="30"))
    change_list(path, lambda rows: rows[1].update({"first frame": "30", "frames": "40"}))
    before = path.read_bytes()
    with pytest.raises(OptionError, match="no shot begins at frame 40 any more: load the page again"):
        desk.save([change(70, hints_added=["f85,2,2,keep"]), change(40, hints_added=["f55,2,2,keep"])])
    assert path.read_bytes() == before and not path.with_name("shot-0003.hints.csv").exists()


def test_a_list_of_scenes_gets_its_columns(
    clip: Path, rendering: Rendering, path: Path, tmp_path: Path
) -> None:
    text = "Scene Number,Start Frame,End Frame\n1,1,40\n2,41,70\n3,71,100\n"
    path.write_text(text)
    desk = ShotDesk(probe_film(clip), path, rendering, tmp_path)
    assert [(one.first, one.number, one.telling) for one in desk.shots()] == [
        (0, 1, 19),
        (40, 2, 54),
        (70, 3, 84),
    ]
    desk.save([change(40, hints_added=["f54,2,2,keep"])])
    expected = text.replace("End Frame", "End Frame,hints").replace("41,70", "41,70,shot-0002.hints.csv")
    assert path.read_text() == expected and [len(one.hints) for one in desk.shots()] == [0, 1, 0]


def test_a_list_behind_a_link_is_written_where_it_is(desk: ShotDesk, path: Path, tmp_path: Path) -> None:
    real = tmp_path / "real.csv"
    path.rename(real)
    path.symlink_to(real)
    real.chmod(0o640)
    desk.save([change(0, hints_added=["f20,2,2,keep"])])
    assert path.is_symlink() and b"shot-0001.hints.csv" in real.read_bytes()
    assert real.stat().st_mode & 0o777 == 0o640


@pytest.mark.slow
def test_a_dropped_key_frame_gives_its_colours_and_is_saved(
    desk: ShotDesk, path: Path, tmp_path: Path
) -> None:
    source = coloured(tmp_path / "from elsewhere.png", 1, 20)
    key = desk.take_key(0, 20, source.name, dropped(tmp_path, source))
    assert (key.label, key.frame) == ("from elsewhere.png", 20)
    keyed, truth = chroma_of(picture(desk.try_out(0, 20, [], [key.name]))), chroma_of(picture_of(1, 20))
    plain = chroma_of(picture(desk.try_out(0, 20, [], [])))
    assert np.abs(keyed - truth).mean() < 0.5 * np.abs(plain - truth).mean()
    (saved,) = desk.save([change(0, keys_added=[key.name])])
    assert [one.name for one in saved.keys] == ["keys/shot-0001_frame-000020.png"]
    assert read_shot_list(path).shots[0].keys[0].read_bytes() == source.read_bytes()
    assert desk.tile(0) != desk.tile(40)

    other = coloured(tmp_path / "shot-0001_frame-000020.png", 1, 20)
    Image.open(other).save(other, compress_level=0)
    again = desk.take_key(0, 20, other.name, dropped(tmp_path, other))
    desk.save([change(0, keys_added=[again.name], keys_removed=[saved.keys[0].name])])
    (named,) = read_shot_list(path).shots[0].keys
    assert named.name == "shot-0001_2_frame-000020.png" and named.read_bytes() == other.read_bytes()
    assert path.with_name("keys").joinpath("shot-0001_frame-000020.png").exists(), "nothing is lost"
    desk.save([change(0, keys_removed=[f"keys/{named.name}"])])
    assert read_shot_list(path).shots[0].keys == () and named.exists()


def chroma_of(rgb: NDArray[Any]) -> NDArray[Any]:
    return chroma_of_rgb(rgb.astype(np.float32) / 255)


@pytest.mark.slow
def test_a_wrong_key_frame_is_refused_as_the_command_does(desk: ShotDesk, path: Path, tmp_path: Path) -> None:
    def refused(name: str, source: Path, first: int = 0, frame: int = 20) -> str:
        with pytest.raises(DeoldifyError) as found:
            desk.take_key(first, frame, name, dropped(tmp_path, source))
        assert str(tmp_path / "uploads") not in str(found.value)
        return str(found.value).removeprefix(f"{path}:2: ")

    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    good = coloured(tmp_path / "good.png", 1, 20)
    grey = tmp_path / "grey.png"
    Image.fromarray(picture_of(1, 20)).convert("L").save(grey)
    noise = tmp_path / "noise.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (96, 128, 3), np.uint8)).save(noise)
    assert refused("broken.png", broken).startswith("broken.png: ")
    assert refused("grey.png", grey).startswith("grey.png: this key frame has no colour")
    assert refused("noise.png", noise).startswith("noise.png: shows nothing of frame 20, or too little")
    words = refused("frame-55.png", good)
    assert words == (
        "key frames: frame-55.png is for frame 55, and this shot has 0 to 39: name it in the line of its shot"
    )
    assert "has frames 0 to 99" in refused("frame-999.png", good)
    assert not path.with_name("keys").exists()
    with pytest.raises(InputError, match="no longer here: drop it again"):
        desk.try_out(0, 20, [], ["../../etc/passwd"])
    key = desk.take_key(0, 20, "good.png", dropped(tmp_path, good))
    change_list(
        path, lambda rows: rows[0].update({"key frames": str(coloured(tmp_path / "frame-20.png", 1, 20))})
    )
    with pytest.raises(OptionError, match=r"shots\.csv:2: .*is for frame 20, and so is frame-20\.png"):
        desk.save([change(0, keys_added=[key.name])])


@pytest.mark.slow
def test_a_saved_key_frame_that_gives_nothing_is_told_and_left_out(
    desk: ShotDesk, path: Path, tmp_path: Path
) -> None:
    keys = path.with_name("keys")
    keys.mkdir()
    names = [
        "frame-20.png",
        "x_frame-20.png",
        "frame-22.png",
        "frame-24.png",
        "frame-50.png",
        "frame-999.png",
    ]
    coloured(keys / "frame-20.png", 1, 20)
    coloured(keys / "x_frame-20.png", 1, 20)
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (96, 128, 3), np.uint8)).save(
        keys / "frame-22.png"
    )
    (keys / "frame-24.png").write_bytes(b"no picture")
    coloured(keys / "frame-50.png", 2, 10)
    coloured(keys / "frame-999.png", 1, 20)
    cell = "; ".join(f"keys/{name}" for name in names)
    change_list(path, lambda rows: rows[0].update({"key frames": cell}))
    desk.load()
    listed = [key.name for key in desk.shots()[0].keys]
    assert listed == [f"keys/{name}" for name in names]
    assert [key.frame for key in desk.shots()[0].keys] == [20, 20, 22, 24, 50, 999]
    found = {Path(name).name: words for name, words in desk.problems(0, listed).items()}
    assert set(found) == set(names[1:])
    assert "is for frame 20, and so is frame-20.png: remove one of them" in found["x_frame-20.png"]
    assert found["frame-22.png"].startswith("frame-22.png: shows nothing of frame 22, or too little")
    assert str(keys / "frame-24.png") in found["frame-24.png"]
    assert "shots.csv:2: key frames: " in found["frame-50.png"]
    assert "this shot has 0 to 39" in found["frame-50.png"] and "has frames 0 to 99" in found["frame-999.png"]
    good = desk.try_out(0, 20, [], listed[:1])
    assert desk.try_out(0, 20, [], listed) == good == desk.try_out(0, 20, [], [*listed[:1], *listed[2:]])
    assert desk.tile(0)
    desk.save([change(0, keys_removed=listed[1:])])
    assert desk.problems(0, [key.name for key in desk.shots()[0].keys]) == {}


@pytest.mark.slow
def test_shots_in_colour_stay(tmp_path: Path, rendering: Rendering) -> None:
    film = film_of(tmp_path / "colour.mp4", (3, 40), grey=False)
    path = write_list(tmp_path / "list" / "shots.csv", (0, 40, 1))
    desk = ShotDesk(probe_film(film), path, rendering, tmp_path)
    assert np.ptp(picture(desk.tile(0)).astype(int), axis=2).mean() > 20
    with pytest.raises(
        InputError, match="shot 1 is in colour already, and stays so: write no into its column"
    ):
        desk.try_out(0, 20, [f"f20,50%,50%,{BLUE}"], [])
    own = desk.tile(0)
    key = coloured(path.with_name("frame-20.png"), 3, 20)
    change_list(path, lambda rows: rows[0].update({"key frames": key.name}))
    desk.load()
    assert "is in colour already" in desk.problems(0, [key.name])[key.name]
    assert desk.try_out(0, 20, [], [key.name]) and desk.tile(0) == own
    change_list(path, lambda rows: rows[0].update({"leave": "no", "key frames": ""}))
    desk.load()
    assert desk.tile(0) != own and desk.try_out(0, 20, [f"f20,50%,50%,{BLUE}"], [])


def test_any_picture_gives_colours(desk: ShotDesk, tmp_path: Path) -> None:
    Image.new("RGB", (1800, 100), (200, 30, 60)).save(tmp_path / "a.tif")
    shown = picture(desk.palette("a.tif", tmp_path / "a.tif"))
    assert shown.shape == (50, 900, 3) and np.abs(shown.astype(int) - (200, 30, 60)).max() <= 3
    (tmp_path / "b.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"^mine\.png: "):
        desk.palette("mine.png", tmp_path / "b.png")
