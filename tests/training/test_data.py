"""Training photos: found in shards and folders, and served in batches that a seed decides."""

import itertools
import logging
import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.training.augment import Augmentation
from deoldify_lite.training.data import PhotoSet, batches, centre_square, open_photos, read_all, to_tensor
from helpers.pictures import grey_picture
from helpers.shards import jpeg, plain, write_index, write_shard

AS_IT_IS = Augmentation(
    min_area=1.0, rotation_deg=0.0, rotated=0.0, brightness=0.0, contrast=0.0, saturation=0.0
)


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """Twelve photos in two shards, number i with red 20 * i; the sixth is broken."""
    folder = tmp_path / "data"
    folder.mkdir()
    names = [f"p{i}.jpg" for i in range(12)]
    files = {name: jpeg(plain(20 * i, 90, 30)) for i, name in enumerate(names)}
    files["p5.jpg"] = files["p5.jpg"][: len(files["p5.jpg"]) // 2]
    for shard in (0, 1):
        write_shard(folder / f"train-{shard:03}.tar", {name: files[name] for name in names[shard::2]})
    write_index(folder, {name: i % 2 for i, name in enumerate(names)})
    return folder


def take(stream: Iterator[Tensor], count: int) -> list[Tensor]:
    return list(itertools.islice(stream, count))


def reds(batch: Tensor) -> list[int]:
    """Which photo each crop of a batch is of."""
    return [round(value / 20) for value in batch[:, 0].float().mean((1, 2)).tolist()]


def test_an_index_decides_order_and_split(shards: Path) -> None:
    train, validation = open_photos(shards, validation_every=4)
    assert [validation.name(i) for i in range(len(validation))] == ["p0.jpg", "p4.jpg", "p8.jpg"]
    assert [train.name(i) for i in range(4)] == ["p1.jpg", "p2.jpg", "p3.jpg", "p5.jpg"]
    np.testing.assert_allclose(train.read(1), plain(40, 90, 30), atol=2)
    assert [len(photos) for photos in open_photos(shards, validation_every=4, limit=6)] == [4, 2]


def test_an_index_may_name_shards_by_file(shards: Path) -> None:
    (shards / "train-001.tar").rename(shards / "odd ones.tar")
    write_index(shards, {"p1.jpg": "odd ones.tar", "p0.jpg": 0})
    train, validation = open_photos(shards)
    assert (train.name(0), validation.name(0)) == ("p0.jpg", "p1.jpg")


def test_without_an_index_all_pictures_of_all_shards_count(shards: Path) -> None:
    (shards / "index.tsv").unlink()
    write_shard(shards / "more.tar", {"b/10.PNG": b"", "b/9.png": b"", "labels.json": b"{}"})
    train, validation = open_photos(shards, validation_every=2)
    names = [photos.name(i) for i in range(7) for photos in (validation, train)]
    assert names[:4] == ["b/9.png", "b/10.PNG", "p0.jpg", "p2.jpg"] and names[-1] == "p11.jpg"


def test_a_folder_is_searched_to_its_depths_and_photos_are_read_upright(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    Image.fromarray(grey_picture(30, 40)).save(tmp_path / "z2.png")
    Image.fromarray(grey_picture(30, 40)).save(tmp_path / "z10.png")
    turned = Image.Exif()
    turned[0x0112] = 6  # to be turned by 90 degrees to the right
    picture = np.concatenate([plain(250, 0, 0), plain(0, 0, 250)])  # red above blue
    Image.fromarray(picture).save(tmp_path / "deep" / "a.jpg", exif=turned, quality=98)
    train, validation = open_photos(tmp_path, validation_every=3)
    assert validation.name(0) == str(Path("deep", "a.jpg"))
    assert [train.name(0), train.name(1)] == ["z2.png", "z10.png"]
    upright = validation.read(0)
    assert upright.shape == (64, 96, 3)
    assert upright[:, -40:, 0].min() > 200 and upright[:, :40, 2].min() > 200  # red is to the right now


@pytest.mark.parametrize(
    ("width", "height", "shape"),
    [(1500, 300, (300, 1500, 3)), (1536, 300, (150, 768, 3)), (800, 3200, (800, 200, 3))],
)
def test_large_photos_are_reduced(tmp_path: Path, width: int, height: int, shape: tuple[int, ...]) -> None:
    for name in ("a.jpg", "b.jpg"):
        Image.new("RGB", (width, height), (10, 200, 30)).save(tmp_path / name)
    photo = open_photos(tmp_path)[1].read(0)
    assert photo.shape == shape
    np.testing.assert_allclose(photo[5, 5], (10, 200, 30), atol=3)


def test_a_broken_photo_is_named(shards: Path, tmp_path: Path) -> None:
    train, _ = open_photos(shards, validation_every=4)
    with pytest.raises(InputError, match=r"train-001\.tar: p5\.jpg: cannot be read"):
        train.read(3)
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_text("no picture")
    (shards / "index.tsv").unlink()
    with pytest.raises(InputError, match=r"a\.jpg: cannot be read"):
        open_photos(tmp_path)[1].read(0)


def test_what_holds_no_photos_is_refused(shards: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a folder"):
        open_photos(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="0 photos found"):
        open_photos(tmp_path / "empty")
    with pytest.raises(InputError, match="1 photos found"):
        open_photos(shards, limit=1)
    with pytest.raises(OptionError, match="validation_every 1"):
        open_photos(shards, validation_every=1)
    write_index(shards, {"p0.jpg": 0, "lost.jpg": 1})
    with pytest.raises(InputError, match=r"names 1 photos that no shard holds, such as lost\.jpg"):
        open_photos(shards)
    (shards / "index.tsv").write_text("name,shard\na.jpg,0\n")
    with pytest.raises(InputError, match="columns name and shard"):
        open_photos(shards)
    (shards / "index.tsv").unlink()
    (shards / "train-000.tar").write_bytes(b"not a tar file" * 100)
    with pytest.raises(InputError, match=r"train-000\.tar: cannot be read as an uncompressed tar"):
        open_photos(shards)


def test_read_all_leaves_out_what_is_broken(shards: Path, caplog: pytest.LogCaptureFixture) -> None:
    train, _ = open_photos(shards, validation_every=4)
    assert len(read_all(train)) == len(train) - 1 == 8
    assert "p5.jpg" in caplog.text and len(caplog.records) == 1


def test_each_photo_is_used_once_in_an_epoch(shards: Path) -> None:
    train, _ = open_photos(shards, validation_every=6)  # without 0 and 6
    sound = PhotoSet(tuple(source for source in train.sources if source.name != "p5.jpg"))
    stream = batches(sound, size_px=8, batch_size=6, seed=1, augmentation=AS_IT_IS)
    seen = [photo for batch in take(stream, 3) for photo in reds(batch)]
    assert sorted(seen[:9]) == sorted(seen[9:]) == [1, 2, 3, 4, 7, 8, 9, 10, 11]
    assert seen[:9] != seen[9:]


def test_batches_depend_on_seed_and_number_alone(shards: Path) -> None:
    """Not on where the run was taken up, nor on the workers; and the workers end with the iterator."""
    train, _ = open_photos(shards, validation_every=4)
    wanted = take(batches(train, size_px=16, batch_size=4, seed=1), 4)
    assert wanted[0].shape == (4, 3, 16, 16) and wanted[0].dtype == torch.uint8
    assert wanted[0].is_contiguous(memory_format=torch.channels_last)
    resumed = batches(train, size_px=16, batch_size=4, seed=1, first=4, workers=2)
    torch.testing.assert_close(take(resumed, 3), wanted[1:], rtol=0, atol=0)
    assert len(multiprocessing.active_children()) == 2
    resumed.close()
    assert not multiprocessing.active_children()
    assert not torch.equal(next(batches(train, size_px=16, batch_size=4, seed=2)), wanted[0])


def test_processes_share_a_batch(shards: Path) -> None:
    train, _ = open_photos(shards, validation_every=4)
    whole = take(batches(train, size_px=16, batch_size=6, seed=3), 3)
    parts = [
        take(batches(train, size_px=16, batch_size=2, seed=3, rank=rank, world_size=3), 3)
        for rank in range(3)
    ]
    joined = [torch.cat(step) for step in zip(*parts, strict=True)]
    torch.testing.assert_close(joined, whole, rtol=0, atol=0)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_broken_photo_is_replaced_with_one_warning(
    shards: Path, caplog: pytest.LogCaptureFixture, workers: int
) -> None:
    train, _ = open_photos(shards, validation_every=4)
    stream = batches(train, size_px=8, batch_size=9, seed=1, workers=workers, augmentation=AS_IT_IS)
    with caplog.at_level(logging.WARNING):
        taken = [reds(batch) for batch in take(stream, 5)]
    assert all(len(photos) == 9 and 5 not in photos for photos in taken)
    assert [record.getMessage().count("p5.jpg") for record in caplog.records] == [1]


def test_only_broken_photos_stop_a_run(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (tmp_path / name).write_text("no picture")
    with pytest.raises(InputError, match="hardly any training photo can be read"):
        next(batches(open_photos(tmp_path)[0], size_px=8, batch_size=2, seed=0))


def test_squares_and_tensors() -> None:
    halves = np.concatenate([plain(255, 0, 0, height=20), plain(0, 0, 51, height=20)])
    square = centre_square(halves, 4)
    tensor = to_tensor([square, square])
    assert tensor.shape == (2, 3, 4, 4)
    expected = torch.tensor([[1.0, 0, 0], [0, 0, 0.2]])
    torch.testing.assert_close(tensor[1, :, :, 3].T, expected.repeat_interleave(2, 0))
