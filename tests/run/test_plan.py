"""Where results go."""

import os
import unicodedata
from pathlib import Path

import pytest

from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.photo.kinds import PHOTO_SUFFIXES
from deoldify_lite.run.plan import plan, tasks_of
from deoldify_lite.run.task import check_output
from deoldify_lite.system.selection import LeftOut, Selection


def outputs(inputs: list[Path], out: Path | None, suffix: str | None = None) -> list[Path]:
    tasks = tasks_of(plan(inputs, out, suffixes=PHOTO_SUFFIXES, suffix_of=lambda path: suffix or path.suffix))
    return [task.output for task in tasks]


def test_a_folder_is_mirrored_beside_it(photos: Path) -> None:
    root = photos.with_name("photos-colorized")
    assert outputs([photos], None) == [root / "1920/summer/c 1.tif", root / "a.jpg", root / "b.png"]


def test_a_single_photo_lands_beside_itself_or_where_it_is_told(photos: Path, tmp_path: Path) -> None:
    assert outputs([photos / "a.jpg"], None) == [photos / "a-colorized.jpg"]
    assert outputs([photos / "a.jpg"], tmp_path / "x.png") == [tmp_path / "x.png"]
    assert outputs([photos / "a.jpg"], tmp_path / "new") == [tmp_path / "new" / "a.jpg"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has few links")
def test_a_result_goes_where_a_link_of_its_name_leads(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "link.png").symlink_to("disk/x.png")
    assert outputs([photos / "a.jpg"], tmp_path / "link.png") == [tmp_path.resolve() / "disk" / "x.png"]
    (tmp_path / "disk").mkdir()
    (tmp_path / "folder.png").symlink_to("disk")
    assert outputs([photos / "a.jpg"], tmp_path / "folder.png") == [tmp_path / "folder.png" / "a.jpg"]


def test_results_inside_the_sources_are_not_sources(photos: Path) -> None:
    out = photos / "colour"
    out.mkdir()
    (out / "old.jpg").touch()
    assert len(outputs([photos], out)) == 3


def test_results_among_the_sources_get_names_of_their_own(photos: Path) -> None:
    tasks = tasks_of(plan([photos], photos, suffixes=PHOTO_SUFFIXES, suffix_of=lambda path: path.suffix))
    assert [task.output.name for task in tasks] == [
        "c 1-colorized.tif",
        "a-colorized.jpg",
        "b-colorized.png",
    ]
    tasks[1].output.touch()
    tasks[1].manifest.add(tasks[1].output, "f")
    assert len(outputs([photos], photos)) == 3  # the result is not taken for a fourth photo


def test_two_sources_never_share_a_result(photos: Path) -> None:
    (photos / "a.png").touch()
    names = [path.name for path in outputs([photos], None, ".jpg")]
    assert sorted(names) == ["a.jpg", "a.png.jpg", "b.jpg", "c 1.jpg"]


def test_several_folders_get_a_folder_each(photos: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.jpg").touch()
    found = outputs([photos, other], tmp_path / "out")
    assert tmp_path / "out/photos/a.jpg" in found and tmp_path / "out/other/a.jpg" in found


def test_inputs_that_cannot_be(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere.*no such"):
        outputs([photos / "nowhere"], None)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty.*holds no"):
        outputs([tmp_path / "empty"], None)
    with pytest.raises(OptionError, match="one file for 2"):
        outputs([photos / "a.jpg", photos / "b.png"], tmp_path / "x.jpg")
    with pytest.raises(OptionError, match="is a file"):
        outputs([photos], photos / "a.jpg")
    (tmp_path / "twin").mkdir()
    (tmp_path / "twin" / "a.jpg").touch()
    with pytest.raises(OptionError, match="two sources"):
        outputs([photos / "a.jpg", tmp_path / "twin" / "a.jpg"], tmp_path / "out")


def test_a_file_that_is_not_ours_is_not_replaced(photos: Path) -> None:
    task = tasks_of(plan([photos / "a.jpg"], None, suffixes=PHOTO_SUFFIXES, suffix_of=lambda p: p.suffix))[0]
    check_output(task, overwrite=False)
    task.output.write_bytes(b"the user's")
    with pytest.raises(InputError, match="exists and is not a result"):
        check_output(task, overwrite=False)
    check_output(task, overwrite=True)
    task.manifest.add(task.output, "f")
    check_output(task, overwrite=False)


def test_results_of_runs_inside_are_no_sources(photos: Path) -> None:
    """First a single photo deep inside, then the whole tree."""
    (task,) = tasks_of(
        plan(
            [photos / "1920/summer/c 1.tif"],
            None,
            suffixes=PHOTO_SUFFIXES,
            suffix_of=lambda path: path.suffix,
        )
    )
    task.output.touch()
    task.manifest.add(task.output, "f")
    assert len(outputs([photos], None)) == 3


def test_names_that_differ_in_case_alone_are_not_lost(photos: Path, monkeypatch) -> None:
    """On exFAT, NTFS or macOS the second would replace the first."""
    (photos / "A.JPG").touch()
    (photos / "a-2.jpg").touch()
    if (photos / "A.JPG").samefile(photos / "a.jpg"):
        pytest.skip("the file system knows no case")
    names = ["c 1.tif", "a-2.jpg", "A.JPG", "a.jpg", "b.png"]
    assert [path.name for path in outputs([photos], None)] == names
    # Elsewhere both may be one.
    monkeypatch.setattr("deoldify_lite.run.names.device_of", lambda path: hash(path.parts))
    names[3] = "a-3.jpg"
    assert [path.name for path in outputs([photos], None)] == names
    compared = plan([photos], None, suffixes=PHOTO_SUFFIXES, suffix_of=lambda p: ".png", compare=True)
    everything = [name for one in compared for name in (one.output, one.comparison)]
    assert len({str(name).casefold() for name in everything}) == 2 * len(names)


def test_names_of_two_folders_that_differ_in_case_alone(photos: Path, tmp_path: Path) -> None:
    """That the sources' file system tells them apart says nothing: they are in two folders."""
    (tmp_path / "twin").mkdir()
    (tmp_path / "twin" / "A.jpg").touch()
    found = outputs([photos / "a.jpg", tmp_path / "twin" / "A.jpg"], tmp_path / "out")
    assert [path.name for path in found] == ["a.jpg", "A-2.jpg"]


def test_names_that_differ_in_the_form_of_a_letter_alone(tmp_path: Path) -> None:
    """On macOS a letter with an accent is the same file, composed or not."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("\u00e9.jpg", "e\u0301.jpg"):
        (folder / name).touch()
    if len(list(folder.iterdir())) == 1:
        pytest.skip("the file system takes them for one")
    assert len({unicodedata.normalize("NFC", str(path)) for path in outputs([folder], tmp_path / "o")}) == 2


def test_a_photo_that_is_named_twice_is_done_once(photos: Path, tmp_path: Path, monkeypatch) -> None:
    a = photos / "a.jpg"
    assert outputs([a, a], None) == [photos / "a-colorized.jpg"]
    assert outputs([a, photos / ".." / "photos" / "a.jpg"], tmp_path / "x.png") == [tmp_path / "x.png"]
    monkeypatch.chdir(photos)
    assert outputs([Path("a.jpg"), a, Path(".") / "a.jpg"], tmp_path / "o") == [tmp_path / "o" / "a.jpg"]
    assert len(outputs([photos, photos, Path()], None)) == 3
    both = outputs([photos, a, photos / "1920"], None)
    assert len(both) == 3 and photos.with_name("photos-colorized") / "a.jpg" in both
    (tmp_path / "link").symlink_to(photos)
    assert len(outputs([photos, tmp_path / "link" / "a.jpg"], tmp_path / "o")) == 3


def test_patterns_choose_among_files_of_folders_and_named_ones(photos: Path) -> None:
    def names(*inputs: Path, include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> list[str]:
        selection = Selection(include, exclude)
        planned = plan(
            inputs, None, suffixes=PHOTO_SUFFIXES, suffix_of=lambda p: p.suffix, selection=selection
        )
        return [one.place.name for one in planned]

    assert names(photos, exclude=("1920",)) == ["a.jpg", "b.png"]
    assert names(photos, include=("1920/*",)) == ["c 1.tif"]
    assert names(photos / "a.jpg", photos / "b.png", exclude=("*.png",)) == ["a.jpg"]
    with pytest.raises(InputError, match="--include or --exclude"):
        names(photos / "a.jpg", exclude=("*.jpg",))
    with pytest.raises(InputError, match=r"holds no file that can be read.*--include"):
        names(photos, exclude=("*",))


def test_results_and_hints_are_no_files_of_other_kinds(photos: Path) -> None:
    (task,) = tasks_of(plan([photos / "a.jpg"], None, suffixes={".jpg"}, suffix_of=lambda p: ".mkv"))
    task.output.touch()
    task.manifest.add(task.output, "f")
    for name in ("a.jpg.hints.csv", "notes.txt", "1920/list.csv"):
        (photos / name).touch()
    left_out = LeftOut()
    plan([photos], None, suffixes=PHOTO_SUFFIXES, suffix_of=lambda p: p.suffix, left_out=left_out)
    assert left_out.kinds == {".csv": 1, ".txt": 1}
    with pytest.raises(InputError, match=r"holds no file.*left out: .*\.txt 1"):
        plan([photos], None, suffixes={".mp4"}, suffix_of=lambda p: p.suffix)


def test_the_root_of_a_disk_needs_a_folder_for_results(photos: Path) -> None:
    with pytest.raises(OptionError, match="-o"):
        outputs([Path("/")], None)


def test_comparisons_get_names_of_their_own(photos: Path) -> None:
    (photos / "a.png").touch()
    (photos / "b-compare.jpg").touch()
    tasks = tasks_of(
        plan([photos], None, suffixes=PHOTO_SUFFIXES, suffix_of=lambda p: p.suffix, compare=True)
    )
    names = [task.output.name for task in tasks] + [
        str(task.comparison and task.comparison.name) for task in tasks
    ]
    assert len(set(names)) == len(names)
    comparison = tasks[0].comparison
    assert comparison is not None
    comparison.parent.mkdir(parents=True)
    comparison.write_bytes(b"the user's")
    with pytest.raises(InputError, match="not a result"):
        check_output(tasks[0], overwrite=False)


def film_names(inputs: list[Path], out: Path | None) -> dict[str, list[str]]:
    """The names that the result of each film may get, the likely one first."""
    suffixes = {".mp4", ".mov", ".mkv", ".avi"}
    planned = plan(
        inputs,
        out,
        suffixes=suffixes,
        suffix_of=lambda film: ".mkv" if film.suffix == ".avi" else film.suffix,
        fallback=".mkv",
    )
    return {one.place.name: [one.output, *one.aliases] for one in planned}


def test_a_film_that_does_not_fit_gets_a_name_that_no_other_may_get(tmp_path: Path) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    for name in ("a.mp4", "b.mov", "b.mp4", "c.avi", "c.mp4", "d.mkv", "d.mp4", "d.mp4.mkv"):
        (folder / name).touch()
    names = film_names([folder], None)
    assert names["a.mp4"] == ["a.mp4", "a.mkv", "a.mp4.mkv"]
    assert names["b.mov"][:2] == ["b.mov", "b.mov.mkv"] and names["b.mp4"][:2] == ["b.mp4", "b.mp4.mkv"]
    assert names["c.avi"][0] == "c.mkv" and names["c.mp4"][:2] == ["c.mp4", "c.mp4.mkv"]
    assert names["d.mkv"][0] == "d.mkv" and names["d.mp4"] == ["d.mp4"]  # both others are taken
    assert film_names([folder / "a.mp4"], None)["a.mp4"][:2] == ["a-colorized.mp4", "a-colorized.mkv"]
    assert film_names([folder / "a.mp4"], tmp_path / "x.mp4") == {"a.mp4": ["x.mp4"]}
