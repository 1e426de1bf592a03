"""Training photos: found in tar shards or folders, and served as endless batches of random crops."""

import csv
import io
import itertools
import logging
import tarfile
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from deoldify_lite.color.arrays import shrink
from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.photo.kinds import PHOTO_SUFFIXES
from deoldify_lite.system.files import find_media, natural_key
from deoldify_lite.system.programs import start_method
from deoldify_lite.system.signals import ignore_interrupts
from deoldify_lite.training.augment import MILD, Augmentation, Photo, random_crop

log = logging.getLogger(__name__)

# Large photos are reduced while they are decoded, to this longest side at least: 12 megapixels read to train
# on a fiftieth of one would keep a GPU waiting.
DECODE_PX = 768


class Source(NamedTuple):
    """Where the bytes of one photo lie."""

    name: str  # in its shard or below its folder
    file: Path  # the photo or the shard
    offset: int = 0  # in the file, in bytes
    size: int = -1  # in bytes; -1 = to the end


@dataclass(frozen=True)
class PhotoSet:
    """Photos, each read from its file when asked for.

    Holds places, not pixels: it costs little memory, is quick to hand to data workers, and what was read once
    stays in the system's file cache, where all workers share it.
    """

    sources: tuple[Source, ...]

    def __len__(self) -> int:
        return len(self.sources)

    def name(self, number: int) -> str:
        """Name in its shard or below its folder."""
        return self.sources[number].name

    def read(self, number: int) -> Photo:
        """One photo, upright: (H, W, 3) RGB.

        A large one is reduced by 2, 4 or 8, while its longest side remains at least DECODE_PX.

        Raises:
            InputError: the photo is broken or gone.
        """
        source = self.sources[number]
        where = f"{source.file}" if source.size < 0 else f"{source.file}: {source.name}"
        try:
            with open(source.file, "rb") as file:
                file.seek(source.offset)
                return decode(file.read(source.size))
        except (OSError, ValueError) as error:
            raise InputError(f"{where}: cannot be read ({error}); repair or remove it") from error


def decode(data: bytes) -> Photo:
    """A picture file -> (H, W, 3) RGB, upright, reduced as `PhotoSet.read` says.

    Raises:
        ValueError: the data is not a picture or a broken one.
    """
    try:
        with Image.open(io.BytesIO(data)) as header:  # reads no pixels
            longest = max(header.size)
        reduce = next((n for n in (8, 4, 2) if longest >= n * DECODE_PX), 1)
        flags = {
            1: cv2.IMREAD_COLOR,
            2: cv2.IMREAD_REDUCED_COLOR_2,
            4: cv2.IMREAD_REDUCED_COLOR_4,
            8: cv2.IMREAD_REDUCED_COLOR_8,
        }
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), flags[reduce])  # turns it by its EXIF orientation
    except Exception as error:  # Pillow raises whatever its parsers meet in a damaged file
        raise ValueError(str(error) or type(error).__name__) from error
    if bgr is None:
        raise ValueError("its data is damaged, or its format is unknown")
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


def open_photos(
    path: Path, *, validation_every: int = 50, limit: int | None = None
) -> tuple[PhotoSet, PhotoSet]:
    """Find the photos of a training set, without reading them yet.

    Args:
        path: a folder of tar shards (`*.tar`, not compressed), with or without an `index.tsv` that names the
            photos to use and their order (columns `name`, and `shard`: a file name, or 7 for train-007.tar);
            or any folder of photos, searched to its depths.
        validation_every: photos whose 0-based number in that order is divisible by this are for validation.
        limit: use only so many, from the first.

    Returns:
        The photos to train on, and those to validate with.

    Raises:
        InputError: there are no photos, or too few for both.
        OptionError: a number is out of range.
    """
    if validation_every < 2:
        raise OptionError(
            f"validation_every {validation_every}: choose 2 or more, to leave photos to train on"
        )
    if not path.is_dir():
        raise InputError(f"{path}: not a folder of photos or tar shards")
    shards = sorted(path.glob("*.tar"), key=lambda file: natural_key(file.name))
    if (path / "index.tsv").is_file():
        sources = _indexed(path / "index.tsv", limit)
    elif shards:
        members = itertools.chain.from_iterable(_members(shard) for shard in shards)
        sources = [source for source in members if Path(source.name).suffix.lower() in PHOTO_SUFFIXES]
        sources.sort(key=lambda source: (str(source.file), natural_key(source.name)))
    else:
        found = find_media(path, PHOTO_SUFFIXES)
        sources = [Source(str(file.relative_to(path)), file) for file in found]
    sources = sources[:limit]
    if len(sources) < 2:
        kinds = ", ".join(sorted(PHOTO_SUFFIXES))
        raise InputError(
            f"{path}: {len(sources)} photos found, but 2 are needed: name a folder of tar shards (*.tar) "
            f"or photos ({kinds})"
        )
    return (
        PhotoSet(tuple(source for i, source in enumerate(sources) if i % validation_every)),
        PhotoSet(tuple(sources[::validation_every])),
    )


def _members(shard: Path) -> list[Source]:
    """The files in a tar shard.

    Raises:
        InputError: it is not a tar file, or a compressed or damaged one.
    """
    try:
        with tarfile.open(shard, "r:") as tar:
            return [Source(m.name, shard, m.offset_data, m.size) for m in tar if m.isreg()]
    except (OSError, tarfile.TarError) as error:
        raise InputError(f"{shard}: cannot be read as an uncompressed tar file ({error})") from error


def _indexed(index: Path, limit: int | None) -> list[Source]:
    """The photos that an index names, in its order."""
    try:
        with open(index, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[:limit]
        names = [(f"train-{int(s):03}.tar" if (s := row["shard"]).isdecimal() else s) for row in rows]
        wanted = [(index.parent / shard, row["name"]) for shard, row in zip(names, rows, strict=True)]
    except (KeyError, AttributeError, UnicodeDecodeError) as error:
        raise InputError(f"{index}: needs the columns name and shard, separated by tabs") from error
    shards = sorted({shard for shard, _ in wanted})
    sources = {(s.file, s.name): s for shard in shards for s in _members(shard)}
    missing = [name for shard, name in wanted if (shard, name) not in sources]
    if missing:
        raise InputError(f"{index}: names {len(missing)} photos that no shard holds, such as {missing[0]}")
    return [sources[key] for key in wanted]


def read_all(photos: PhotoSet) -> list[Photo]:
    """Read all photos of a set, in order; skip a broken one with a warning."""

    def read(number: int) -> Photo | None:
        try:
            return photos.read(number)
        except InputError as error:
            log.warning("%s; skipped", error)
            return None

    with ThreadPoolExecutor() as pool:
        return [photo for photo in pool.map(read, range(len(photos))) if photo is not None]


def centre_square(photo: Photo, size_px: int) -> Photo:
    """Squeeze a whole photo into a square, much as rendering does: (size_px, size_px, 3)."""
    return shrink(photo, (size_px, size_px))


def to_tensor(photos: list[Photo]) -> Tensor:
    """Equal-sized photos -> (N, 3, H, W) float32 RGB in [0, 1], channels last in memory."""
    return torch.from_numpy(np.stack(photos)).permute(0, 3, 1, 2).float().div_(255)


@dataclass(frozen=True)
class _Crops(Dataset[tuple[Tensor, dict[int, str]]]):
    """Item k is one process's part of batch k, with what was found broken."""

    photos: PhotoSet
    size_px: int
    batch_size: int
    seed: int
    first: int
    rank: int
    world_size: int
    augmentation: Augmentation

    def __getitem__(self, k: int) -> tuple[Tensor, dict[int, str]]:
        broken: dict[int, str] = {}
        first = self.first + (k * self.world_size + self.rank) * self.batch_size
        crops = [self._crop(n, broken) for n in range(first, first + self.batch_size)]
        return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2), broken

    def _crop(self, n: int, broken: dict[int, str]) -> Photo:
        """Crop number n since the first step, over all processes; adds broken photos with their errors."""
        epoch, place = divmod(n, len(self.photos))
        number = int(_shuffled(self.seed, epoch, len(self.photos))[place])
        rng = np.random.default_rng((self.seed, 1, n))
        for _ in range(100):
            try:
                photo = self.photos.read(number)
            except InputError as error:
                broken[number] = str(error)
                number = int(rng.integers(len(self.photos)))
            else:
                return random_crop(photo, self.size_px, rng, augmentation=self.augmentation)
        raise InputError(f"hardly any training photo can be read; the last error was: {broken[number]}")


@lru_cache(maxsize=2)  # an epoch and the next, where a batch takes from both
def _shuffled(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    """Return the order of the photos in one epoch."""
    return np.random.default_rng((seed, 0, epoch)).permutation(count)


def _start_worker(_: int) -> None:
    # each core already has its own worker
    cv2.setNumThreads(0)
    ignore_interrupts()  # and no traceback from each


def batches(
    photos: PhotoSet,
    *,
    size_px: int,
    batch_size: int,
    seed: int,
    first: int = 0,
    workers: int = 0,
    rank: int = 0,
    world_size: int = 1,
    augmentation: Augmentation = MILD,
) -> Generator[Tensor, None, None]:
    """Endless batches of random crops; each photo is used once in an epoch.

    A crop depends on the seed, its number and its size alone, so a resumed run sees what it would have
    seen, with any number of workers. A broken photo gets one warning, and another is used in its place.
    Closing the iterator stops the workers.

    Args:
        first: number of the first crop: how many were drawn before, by all processes together.
        batch_size: of one process. The processes of a run share batch k of batch_size * world_size crops:
            number `rank` gets the rank-th part.
        workers: processes that read and crop ahead; 0 = done while the caller waits.

    Yields:
        (batch_size, 3, size_px, size_px) uint8 RGB, channels last in memory; in pinned memory where there is
        a CUDA device.

    Raises:
        InputError: hardly any photo can be read.
    """
    loader = DataLoader(
        _Crops(photos, size_px, batch_size, seed, first, rank, world_size, augmentation),
        sampler=itertools.count(),
        batch_size=None,  # an item is a whole batch
        num_workers=workers,
        worker_init_fn=_start_worker,
        multiprocessing_context=start_method() if workers else None,
        pin_memory=torch.cuda.is_available(),
    )
    known: set[int] = set()
    for batch, broken in loader:
        for number in broken.keys() - known:
            log.warning("%s; another photo is used instead", broken[number])
        known |= broken.keys()
        yield batch
