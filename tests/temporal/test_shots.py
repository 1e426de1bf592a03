"""Where shots begin, on films drawn here and on real ones whose cuts were seen by eye."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from deoldify_lite.temporal.shots import COLOR_LOOKAHEAD, CUT_LOOKAHEAD, Frame, mark_listed, mark_shots

Film = np.ndarray  # (frames, 96, 96) float32, luma
NEUTRAL = np.full((2, 48, 48), 128, np.uint8)


def scene(seed: int, length: int, *, speed_px: float = 0.5, shake_px: float = 0.0) -> Film:
    """A camera that moves over a drawn landscape."""
    rng = np.random.default_rng(seed)
    land = cv2.GaussianBlur(rng.standard_normal((256, 512)).astype(np.float32), (0, 0), 4)
    land += 0.6 * cv2.GaussianBlur(rng.standard_normal((256, 512)).astype(np.float32), (0, 0), 1.5)
    land = cv2.normalize(land, None, 20 + 40 * rng.random(), 180 + 60 * rng.random(), cv2.NORM_MINMAX)
    at = [
        (100 + speed_px * t + shake_px * x, 80 + shake_px * y)
        for t, (x, y) in enumerate(rng.normal(size=(length, 2)))
    ]
    moves = [np.float32([[1, 0, x % 400], [0, 1, y]]) for x, y in at]
    # Without INTER_LINEAR OpenCV takes the nearest pixel; at halves, its versions take different ones.
    flags = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
    return np.stack(
        [cv2.warpAffine(land, m, (96, 96), flags=flags, borderMode=cv2.BORDER_REFLECT) for m in moves]
    )


def frames(film: Film, chroma: np.ndarray | None = None) -> Iterator[Frame]:
    for luma in film:
        yield Frame(np.clip(luma, 0, 255).astype(np.uint8), chroma)


def cuts(film: Film) -> list[int]:
    return [index for index, frame in enumerate(mark_shots(frames(film))) if frame.begins_shot]


def test_an_empty_film_has_no_frames() -> None:
    assert list(mark_shots([])) == []


@pytest.mark.parametrize("length", [1, 7, 8, 9, 60])
def test_a_film_of_one_shot_begins_once(length: int) -> None:
    assert cuts(scene(0, length)) == [0]


@pytest.mark.parametrize("grain", [0, 15])
def test_hard_cuts_are_found_to_the_frame(grain: float) -> None:
    film = np.concatenate([scene(1, 20), scene(2, 9), scene(3, 31, shake_px=1), scene(4, 8)])
    film += grain * np.random.default_rng(0).standard_normal(film.shape).astype(np.float32)
    assert cuts(film) == [0, 20, 29, 60]


def test_bars_that_both_shots_have_hide_no_cut() -> None:
    film = np.concatenate([scene(1, 20), scene(2, 20)])
    film[:, :, :20] = film[:, :, -20:] = 0
    assert cuts(film) == [0, 20]


def test_a_shot_shorter_than_the_lookahead_is_part_of_the_one_before() -> None:
    near_each_other = np.concatenate([scene(1, 20), scene(2, CUT_LOOKAHEAD - 1), scene(3, 20)])
    assert cuts(near_each_other) == [0, 20 + CUT_LOOKAHEAD - 1] or cuts(near_each_other) == [0, 20]
    assert cuts(np.concatenate([scene(1, 20), scene(2, CUT_LOOKAHEAD - 1)])) == [0]
    assert cuts(np.concatenate([scene(1, CUT_LOOKAHEAD - 1), scene(2, 20)])) == [0]


@pytest.mark.parametrize("length", [1, 2, 3, 5])
@pytest.mark.parametrize("kind", ["white", "lightning", "photographer", "black", "dark"])
def test_flashes_are_no_cuts(kind: str, length: int) -> None:
    film = scene(5, 50, shake_px=0.5)
    shown = film[20 : 20 + length]
    y, x = np.mgrid[:96, :96]
    film[20 : 20 + length] = {
        "white": np.full_like(shown, 255),
        "lightning": 2.5 * shown + 40,
        "photographer": shown + 255 * np.exp(-((x - 30) ** 2 + (y - 40) ** 2) / 2 / 30**2),
        "black": np.zeros_like(shown),
        "dark": 0.15 * shown,
    }[kind]
    assert cuts(film) == [0]


def test_a_flash_hides_no_cut_soon_after() -> None:
    film = np.concatenate([scene(1, 40), scene(2, 40)])
    film[27:29] = 255
    assert cuts(film) == [0, 40]


def test_dissolves_and_fades_are_no_cuts() -> None:
    share = np.linspace(0, 1, 20, dtype=np.float32)[:, None, None]
    one, other = scene(6, 50), scene(7, 50)
    dissolve = np.concatenate([one[:30], one[30:] * (1 - share) + other[:20] * share, other[20:]])
    fades = one.copy()
    fades[5:25] *= 1 - share
    fades[25:45] *= share
    assert cuts(dissolve) == [0]
    assert cuts(fades) == [0]


def test_fast_pans_shaking_grain_and_flicker_are_no_cuts() -> None:
    rng = np.random.default_rng(0)
    pan = np.concatenate([scene(8, 20, speed_px=0), scene(8, 40, speed_px=4)])
    old = scene(9, 60, shake_px=2) * rng.normal(1, 0.08, (60, 1, 1)) + rng.normal(0, 20, (60, 96, 96))
    slow = np.repeat(scene(10, 20, speed_px=6), 3, axis=0)  # 8 frames a second shown at 24
    for film in (pan, old, slow):
        assert cuts(film) == [0]


def test_a_picture_that_comes_out_of_a_long_black_begins_a_shot() -> None:
    film = scene(11, 60)
    film[:30] = 0
    assert cuts(film) == [0, 30]
    film[30:40] *= np.linspace(0.02, 1, 10)[:, None, None]
    first, second = cuts(film)
    assert first == 0 and 30 < second < 35


def made_up_film(seed: int) -> list[Frame]:
    """Shots of all lengths with and without colour, flashes, fades and grain."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(rng.integers(2, 7)):
        length = int(rng.choice([3, 6, 8, 9, 12, 25, 60]))
        shot = scene(
            int(rng.integers(1 << 30)), length, speed_px=rng.choice([0, 1, 6]), shake_px=rng.choice([0, 2])
        )
        if rng.random() < 0.4:
            at = rng.integers(length)
            shot[at : at + rng.integers(1, 6)] = rng.choice([0, 255])
        if rng.random() < 0.3:
            shot *= np.linspace(*rng.permutation([0, 1]), length)[:, None, None]
        shot += rng.choice([0, 12]) * rng.standard_normal(shot.shape)
        chroma = rng.integers(100, 156, (2, 6, 6), np.uint8) if rng.random() < 0.5 else NEUTRAL
        made += frames(shot, cv2.resize(chroma.transpose(1, 2, 0), (48, 48)).transpose(2, 0, 1))
    return made


def marks(film: list[Frame]) -> list[tuple[bool, bool]]:
    return [(frame.begins_shot, frame.in_color) for frame in mark_shots(film)]


def test_pieces_that_start_at_a_cut_are_marked_like_the_whole_film() -> None:
    found = 0
    for seed in range(6):
        film = made_up_film(seed)
        whole = marks(film)
        assert len(whole) == len(film)
        starts = [index for index, (begins, _) in enumerate(whole) if begins]
        pieces = [film[a:b] for a, b in zip(starts, [*starts[1:], len(film)], strict=True)]
        assert len(pieces) == 1 or min(map(len, pieces)) >= CUT_LOOKAHEAD
        assert [mark for piece in pieces for mark in marks(piece)] == whole
        # and in two pieces, at each of the cuts
        for start in starts[1:]:
            assert marks(film[:start]) + marks(film[start:]) == whole
        found += len(starts) - 1
    assert found > 5  # or it would prove nothing


def test_frames_come_out_as_they_went_in_and_few_are_held() -> None:
    taken = 0

    def counted() -> Iterator[Frame]:
        nonlocal taken
        for frame in film:
            taken += 1
            yield frame

    film = list(frames(np.concatenate([scene(1, 130), scene(2, 80)]), NEUTRAL))
    for given, (before, marked) in zip(film, enumerate(mark_shots(counted())), strict=True):
        assert marked.luma is given.luma and marked.chroma is given.chroma
        assert taken - before <= COLOR_LOOKAHEAD + CUT_LOOKAHEAD


COLORFUL = np.stack([np.full((48, 48), 128), np.where(np.mgrid[:48, :48][0] > 24, 128, 170)]).astype(np.uint8)


def test_each_shot_is_in_color_or_not_as_a_whole() -> None:
    lengths, colors = (20, 100, 30, 12), (None, COLORFUL, NEUTRAL, COLORFUL)
    film = [f for i, (n, c) in enumerate(zip(lengths, colors, strict=True)) for f in frames(scene(i, n), c)]
    assert [in_color for _, in_color in marks(film)] == [False] * 20 + [True] * 100 + [False] * 30 + [
        True
    ] * 12


def test_what_is_decided_holds_until_the_next_cut() -> None:
    shot = scene(1, 100)
    film = [*frames(shot[:60], COLORFUL), *frames(shot[60:], NEUTRAL)]
    assert marks(film) == [(True, True), *[(False, True)] * 99]


def test_a_color_shot_that_fades_in_from_black_is_in_color() -> None:
    level = np.clip(np.arange(120) / 40 - 1, 0, 1)  # black for 40 frames, then brighter for 40
    shot = scene(1, 120) * level[:, None, None]
    film = []
    for luma, share in zip(shot, level, strict=True):
        film += frames(luma[None], np.rint(128 + share * (COLORFUL.astype(float) - 128)).astype(np.uint8))
    in_color = [mark[1] for mark in marks(film)]
    assert all(in_color[50:])


@pytest.mark.parametrize(
    ("name", "size", "expected"),
    [
        ("bw1_chaplin_audio", 192, {0: False}),
        ("bw2_usgov_blast_effects_cuts", 192, {0: False, 44: False, 134: False}),
        ("c01_street_dance_audio", 192, {0: True}),
        ("c08_bikes_cuts", 192, {0: True, 30: True, 76: True, 137: True, 187: True}),
        ("c_davis_horsejump-high", 336, {0: True}),
    ],
)
def test_cuts_of_real_films(samples: Path, name: str, size: int, expected: dict[int, bool]) -> None:
    squeezed = f"scale={size}:{size}:out_range=pc,format=yuv444p"
    command = ["ffmpeg", "-v", "error", "-i", samples / "films" / f"{name}.mp4", "-vf", squeezed]
    raw = subprocess.run([*command, "-f", "rawvideo", "-"], capture_output=True, check=True).stdout
    planes = np.frombuffer(raw, np.uint8).reshape(-1, 3, size, size)
    marked = mark_shots(Frame(picture[0], picture[1:]) for picture in planes)
    assert {i: frame.in_color for i, frame in enumerate(marked) if frame.begins_shot} == expected


def test_shots_of_a_list_begin_where_it_says() -> None:
    """Also where nothing is cut; and each is in colour or not by itself."""
    rng = np.random.default_rng(0)
    patches = cv2.resize(rng.integers(60, 200, (2, 4, 4)).transpose(1, 2, 0).astype(np.float32), (48, 48))
    colored = patches.transpose(2, 0, 1).astype(np.uint8)
    film = [*frames(scene(1, 20), NEUTRAL), *frames(scene(1, 20), colored)]
    marked = list(mark_listed(film, {0, 3, 20, 39}))
    assert [index for index, frame in enumerate(marked) if frame.begins_shot] == [0, 3, 20, 39]
    assert [frame.in_color for frame in marked] == [False] * 20 + [True] * 20
    assert list(mark_listed([], set())) == []
