"""Films beside the truth: read in step, measured, summed up, drawn, and as a user runs it."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from deoldify_lite.cli import main as cli
from deoldify_lite.errors import InputError, OptionError, VideoError
from deoldify_lite.evaluation.films import plot as film_plot
from deoldify_lite.evaluation.films.frames import LONGER_SIDE_PX, read_in_step, read_rgb, size_to_measure
from deoldify_lite.evaluation.films.measure import FilmFigures, measure_film, measure_frames
from deoldify_lite.evaluation.films.pairs import are_films, film_columns, find_film_pairs
from deoldify_lite.evaluation.films.plot import draw_films
from deoldify_lite.evaluation.films.table import film_rows, films_as_json, films_as_text
from deoldify_lite.film.probe import probe_film
from helpers import films as clips

HEIGHT, WIDTH = 48, 64


def scene(seed: int) -> np.ndarray:
    """(H, 2 W, 3) uint8: coloured blocks, with texture, room to pan."""
    rng = np.random.default_rng(seed)
    blocks = np.kron(rng.integers(60, 190, (6, 16, 3)), np.ones((8, 8, 1)))
    return (blocks + rng.integers(-10, 11, (HEIGHT, 2 * WIDTH, 1))).astype(np.uint8)


def panned(seed: int, count: int = 6) -> Iterator[np.ndarray]:
    """A still picture that moves by two pixels with every frame."""
    picture = scene(seed)
    for i in range(count):
        yield np.ascontiguousarray(picture[:, 2 * i : 2 * i + WIDTH])


def still(seed: int, count: int = 6) -> Iterator[np.ndarray]:
    for _ in range(count):
        yield np.ascontiguousarray(scene(seed)[:, :WIDTH])


def tinted(frames: Iterator[np.ndarray], *casts: tuple[int, int, int]) -> Iterator[np.ndarray]:
    """A cast added to each frame, by turns."""
    for i, frame in enumerate(frames):
        yield np.clip(frame.astype(int) + casts[i % len(casts)], 0, 255).astype(np.uint8)


# Measuring


def test_a_still_film_has_nothing_that_moves() -> None:
    found = measure_frames(("same",), zip(still(1), still(1), strict=True))
    assert found.columns == ("same", "truth") and found.frames == 6 and found.starts == (0,)
    for column in found.columns:
        assert found.scores["cdc", column] == found.scores["flicker", column] == 0
        assert found.scores["warp", column] == pytest.approx(0, abs=1e-3)
    assert found.scores["psnr", "same"] == pytest.approx(100)
    assert found.scores["psnr_gain", "same"] > 60
    assert ("psnr", "truth") not in found.scores
    assert found.scores["cf", "same"] == found.scores["cf", "truth"] > 20


def test_an_alternating_cast_scores_worse_than_the_truth() -> None:
    """The cast is of no luma, so that the luma tells the same of both."""
    steps = zip(panned(1), tinted(panned(1), (0, 0, 0), (20, -10, 0)), panned(1), strict=True)
    found = measure_frames(("steady", "unsteady"), steps)
    scores = found.scores
    for measure in ("cdc", "warp", "warp_cf", "flicker", "flicker_cf"):
        assert scores[measure, "steady"] == scores[measure, "truth"]
        assert scores[measure, "unsteady"] > 1.5 * scores[measure, "truth"], measure
    a, b = (found.series[name, "unsteady"] - found.series[name, "truth"] for name in "ab")
    jump = math.hypot(a[1], b[1])
    # What the cast adds to the mean colour comes and goes with every frame.
    np.testing.assert_allclose(found.series["flicker", "unsteady"][1:-1], jump, rtol=0.25)
    assert scores["psnr", "unsteady"] < scores["psnr", "steady"]


def test_a_cut_counts_nowhere() -> None:
    def cut() -> Iterator[np.ndarray]:
        yield from still(1, 10)
        for frame in still(2, 10):
            yield 255 - frame // 3

    found = measure_frames(("same",), zip(cut(), cut(), strict=True))
    assert found.starts == (0, 10)
    for measure in ("cdc", "flicker", "warp"):
        assert found.scores[measure, "same"] == pytest.approx(0, abs=1e-3)
    assert np.isnan(found.series["warp", "same"][[0, 10]]).all()
    # The word of another finder of shots is taken, also if it looks ahead.
    unaware = measure_frames(
        ("same",), zip(cut(), cut(), strict=True), marker=lambda lumas: iter([False] * len(list(lumas)))
    )
    assert unaware.starts == (0,) and unaware.scores["cdc", "same"] > 0.02


def test_without_a_truth() -> None:
    grey = (frame[..., 1:2].repeat(3, -1) for frame in panned(1))
    found = measure_frames(("ours",), zip(panned(1), grey, strict=True), has_truth=False)
    assert found.columns == ("ours",)
    assert {measure for measure, _ in found.scores} == {
        *("cf", "cdc", "warp", "flicker", "warp_cf", "flicker_cf"),
    }


def test_frames_that_do_not_fit() -> None:
    small = (frame[:40] for frame in still(1))
    with pytest.raises(InputError, match=r"frame 0: 2 pictures of one size .* 40x64x3, 48x64x3"):
        measure_frames(("ours",), zip(small, still(1), strict=True))
    with pytest.raises(InputError, match="no frame"):
        measure_frames(("ours",), iter(()))


def test_one_frame_has_a_color_and_nothing_else() -> None:
    found = measure_frames(("ours",), zip(still(1, 1), still(1, 1), strict=True))
    assert found.scores["cf", "ours"] > 0
    assert all(math.isnan(found.scores[m, "ours"]) for m in ("cdc", "warp", "flicker"))


# Reading


@pytest.mark.parametrize(
    ("matrix", "color_range", "pix_fmt"),
    [("bt709", "tv", "yuv420p"), ("smpte170m", "pc", "yuv444p"), ("bt2020nc", "tv", "yuv420p10le")],
)
def test_colors_are_read_by_the_film_s_own_tags(
    tmp_path: Path, matrix: str, color_range: str, pix_fmt: str
) -> None:
    scaled = {"bt2020nc": "bt2020"}.get(matrix, matrix)
    film = clips.make(
        tmp_path / "f.mkv",
        *("-f", "lavfi", "-i", "color=0xc83c1e:s=64x48:r=5:d=0.6,format=rgb24"),
        *(
            "-vf",
            f"scale=out_color_matrix={scaled}:out_range={color_range}:flags=accurate_rnd,format={pix_fmt}",
        ),
        *("-c:v", "ffv1", "-colorspace", matrix, "-color_range", color_range),
        *("-color_primaries", "bt709", "-color_trc", "bt709"),
    )
    frames = list(read_rgb(probe_film(film), (32, 24)))
    assert len(frames) == 3 and frames[0].shape == (24, 32, 3)
    assert np.abs(frames[0].astype(int) - (200, 60, 30)).max() <= 3


def test_the_size_at_which_a_film_is_measured(tmp_path: Path) -> None:
    wide = probe_film(clips.make(tmp_path / "w.mkv", *clips.pattern(0.2, size="1280x720")))
    small = probe_film(clips.make(tmp_path / "s.mkv", *clips.pattern(0.2, size="96x64")))
    assert size_to_measure(wide) == (LONGER_SIDE_PX, 243)
    assert size_to_measure(small) == (96, 64)
    with pytest.raises(InputError, match=r"1280 x 720 px, but .* 96 x 64"):
        list(read_in_step([wide, small]))


def test_films_of_other_lengths(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    films = [
        probe_film(clips.make(tmp_path / f"{count}.mkv", *clips.pattern(count / 25), "-c:v", "ffv1"))
        for count in (10, 12, 13)
    ]
    assert len(list(read_in_step(films[:2]))) == 10
    assert "10 frames" in caplog.text and "12.mkv 12" in caplog.text
    with pytest.raises(InputError, match=r"10.mkv: has 10 frames, but .*13.mkv more, about 13"):
        list(read_in_step([films[2], films[0]]))


def test_a_broken_film_is_named(tmp_path: Path) -> None:
    path = clips.make(tmp_path / "f.mkv", *clips.pattern(0.4), "-c:v", "ffv1")
    film = probe_film(path)
    path.write_bytes(b"no more")
    with pytest.raises(VideoError, match=r"f.mkv"):
        list(read_rgb(film, (96, 64)))


# Pairs


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_the_truth_tells_whether_films_are_compared(tmp_path: Path) -> None:
    assert are_films(Path("not there.MKV")) and not are_films(Path("not there"))
    assert are_films(touch(tmp_path / "films", "in/a.mp4", "notes.txt"))
    assert not are_films(touch(tmp_path / "photos", "a.png"))
    with pytest.raises(InputError, match=r"both: holds films \(b.mov\) and photos \(a.png\)"):
        are_films(touch(tmp_path / "both", "a.png", "b.mov"))


def test_films_are_paired_by_their_paths(tmp_path: Path) -> None:
    truth = touch(tmp_path / "t", "a.mov", "in/b.mp4", "c.mp4", "d.mp4")
    results = touch(tmp_path / "r", "a.mp4", "in/b-colorized.mkv", "d.mkv", "d.mp4", "z.mp4")
    pairing = find_film_pairs([results], truth)
    found = {pair.name: pair.results[0].relative_to(results).as_posix() for pair in pairing.pairs}
    assert found == {"a.mov": "a.mp4", "in/b.mp4": "in/b-colorized.mkv"}
    assert "c.mp4: " in pairing.missing[0] and "has no result" in pairing.missing[0]
    assert "has several results for it: d.mkv and d.mp4" in pairing.missing[1]
    assert pairing.extra == (str(results / "z.mp4"),)
    with pytest.raises(InputError, match=r"is a folder, but .* a single film"):
        find_film_pairs([results], truth / "a.mov")
    with pytest.raises(InputError, match="nowhere: no such film or folder"):
        find_film_pairs([tmp_path / "nowhere"], truth)
    with pytest.raises(InputError, match="none of its films has a result"):
        find_film_pairs([touch(tmp_path / "other", "y.mp4")], truth)


# Table and plot


def figures(warp: float, cf: float = 20.0) -> FilmFigures:
    """A film with a result of given figures and a truth of warp error 1 and CF 40."""
    scores: dict[tuple[str, str], float] = {}
    for column, (error, color) in {"plain": (4.0, 20.0), "ours": (warp, cf), "truth": (1.0, 40.0)}.items():
        scores |= {("cf", column): color, ("warp", column): error, ("warp_cf", column): error / color}
        scores |= {("cdc", column): math.nan, ("flicker", column): 0.0, ("flicker_cf", column): 0.0}
        if column != "truth":
            scores |= {("psnr", column): 20 + color, ("psnr_gain", column): color}
    series = {(m, c): np.arange(4.0) for m in ("a", "b", "cf") for c in ("plain", "ours", "truth")}
    series["cf", "ours"][2] = np.nan
    return FilmFigures(("plain", "ours", "truth"), 4, (0, 2), series, scores, rate=25.0)


def test_rows_are_means_over_films() -> None:
    rows = {row.name: row for row in film_rows([figures(2.0), figures(1.0, 30)])}
    values = {column: cell.value for column, cell in rows["warp error"].cells.items() if cell}
    assert values == {"plain": 4.0, "ours": 1.5, "truth": 1.0}
    # The mean of 2/20 and 1/30, by that of 4/20 or of 1/40.
    ratio = rows["warp error / CF"].quotients["ours"]
    assert ratio and ratio.value == pytest.approx((0.1 + 1 / 30) / 2 / 0.2)
    share = rows["warp error / CF, share"].cells["ours"]
    assert share and share.value == pytest.approx((0.1 + 1 / 30) / 2 * 40)
    gain = rows["PSNR gain, dB"].differences["ours"]
    assert gain and gain.value == pytest.approx(5)
    assert rows["CDC"].cells["ours"] is None and rows["flicker / CF"].quotients["ours"] is None


def test_table_and_json() -> None:
    films = [figures(2.0)]
    rows = film_rows(films)
    text = films_as_text(rows, films)
    lines = text.splitlines()
    assert lines[0].split() == ["4", "frames,", "2", "shots", "plain", "ours", "truth"]
    assert next(x for x in lines if x.startswith("warp error  ")).split()[2:] == ["4.000", "2.000", "1.000"]
    assert next(x for x in lines if x.startswith("CDC  ")).split()[1:] == ["-", "-", "-"]
    assert "±" not in text and "x 0.500" in text
    report = json.loads(json.dumps(films_as_json(rows, films, ["f"], {"flow": "dis"}), allow_nan=False))
    assert report["films"][0]["series"]["ours"]["cf"] == [0, 1, None, 3]
    assert report["films"][0]["shot_starts"] == [0, 2]
    assert report["films"][0]["scores"]["ours"]["cdc"] is None


@pytest.mark.parametrize("count", [1, 2])
def test_a_plot_is_drawn(tmp_path: Path, count: int) -> None:
    pytest.importorskip("matplotlib")
    draw_films([figures(2.0)] * count, ["f"] * count, tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


def test_a_plot_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film_plot, "find_spec", lambda name: None)
    with pytest.raises(OptionError, match=r"pip install matplotlib"):
        film_plot.check_plotting()


# As a user


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A pale result and its truth."""
    tmp_path = tmp_path_factory.mktemp("pair")
    truth = clips.make(tmp_path / "truth.mp4", *clips.pattern(0.4), "-c:v", "libx264", "-crf", 4)
    pale = clips.make(tmp_path / "pale.mkv", "-i", truth, "-vf", "hue=s=0.5", "-c:v", "libx264", "-crf", 4)
    return pale, truth


def test_films_side_by_side(
    pair: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    reports = ["--json", str(tmp_path / "r.json"), "--plot", str(tmp_path / "p.png")]
    assert cli.main(["evaluate", *map(str, pair), *reports, "--quiet"]) == 0
    shown = capsys.readouterr()
    assert shown.out.splitlines()[0].split() == ["10", "frames,", "1", "shot", "pale.mkv", "truth"]
    assert shown.err == ""
    report = json.loads((tmp_path / "r.json").read_text())
    share = next(row for row in report["measures"] if row["name"] == "CF, share")["columns"]["pale.mkv"]
    assert 0.4 < share["value"] < 0.7
    assert len(report["films"][0]["series"]["truth"]["warp"]) == 10
    assert (tmp_path / "p.png").stat().st_size > 10_000


@pytest.mark.slow
def test_a_plot_on_standard_output_is_alone_there(
    pair: tuple[Path, Path], capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    pytest.importorskip("matplotlib")
    assert cli.main(["evaluate", *map(str, pair), "--plot", "-", "--quiet"]) == 0
    assert capsysbinary.readouterr().out.startswith(b"\x89PNG")


@pytest.mark.slow
@pytest.mark.logs_errors
def test_folders_of_films(
    pair: tuple[Path, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    results, truth = tmp_path / "results", tmp_path / "true"
    for folder, film in zip((results, truth), pair, strict=True):
        folder.mkdir()
        for name in ("a", "b"):
            (folder / f"{name}{film.suffix}").write_bytes(film.read_bytes())
    assert cli.main(["evaluate", str(results), str(truth), "--quiet"]) == 0
    assert capsys.readouterr().out.startswith("2 films, 20 frames, 2 shots")
    (results / "b.mkv").write_bytes(b"broken")
    assert cli.main(["evaluate", str(results), str(truth), "--quiet"]) == 1
    assert capsys.readouterr().out.startswith("10 frames") and "b.mkv: not a film" in caplog.text


@pytest.mark.slow
@pytest.mark.logs_errors
def test_a_source_in_place_of_the_truth(
    pair: tuple[Path, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    source = clips.make(tmp_path / "grey.mp4", "-i", pair[1], "-vf", "hue=s=0", "-c:v", "libx264", "-crf", 4)
    assert cli.main(["evaluate", str(pair[0]), str(source)]) == 0
    assert "has no colour; if it is the source, add --no-truth" in caplog.text
    capsys.readouterr()
    assert (
        cli.main(["evaluate", str(pair[0]), str(source), "--no-truth", "--flow", "farneback", "--quiet"]) == 0
    )
    out = capsys.readouterr().out
    assert "PSNR" not in out and "share" not in out and "flicker / CF" in out


@pytest.mark.logs_errors
def test_options_that_do_not_fit(
    pair: tuple[Path, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    films = ["evaluate", *map(str, pair)]
    assert cli.main([*films, "--html", str(tmp_path / "r.html")]) == 2
    assert "--html: is for photos" in caplog.text
    assert cli.main([*films, "--plot", str(tmp_path / "p.txt")]) == 2
    assert "--plot" in caplog.text and ".svg" in caplog.text
    touch(tmp_path / "photos", "a.png")
    assert cli.main(["evaluate", *[str(tmp_path / "photos")] * 2, "--no-truth"]) == 2
    assert "--no-truth: is for films" in caplog.text
    assert cli.main(["evaluate", str(pair[0]), str(tmp_path / "lost.mp4"), "--quiet"]) == 1
    assert "lost.mp4: no such file" in caplog.text


def test_films_of_one_name_are_told_apart_by_their_folders() -> None:
    films = [Path("plain/film.mp4"), Path("ours/film.mp4")]
    assert film_columns(films) == ["plain", "ours"]
    assert film_columns([films[0], Path("ours/other.mp4")]) == ["film.mp4", "other.mp4"]
    assert film_columns([Path("plain"), Path("ours")]) == ["plain", "ours"]


@pytest.mark.slow
def test_a_film_measured_twice_gives_the_same(pair: tuple[Path, Path]) -> None:
    once, again = (measure_film(("pale",), pair[:1], pair[1]) for _ in range(2))
    assert once.scores == again.scores and once.rate == 25.0
