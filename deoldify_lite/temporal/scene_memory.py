"""The colours of scenes seen before, so that a scene that comes back has its colours again."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Luma, Plane, Size, resize, shrink
from deoldify_lite.color.key import FilmKey
from deoldify_lite.temporal.motion import Motion, motion_between

# Scenes kept; the one not seen for longest is forgotten.
MOST_SCENES = 64
# Two frames may be of one scene from this correlation of their thumbnails on, and are from this mean trust in
# the motion between them on, which different scenes never reached (docs/calibration.md).
LEAST_CORRELATION = 0.4
LEAST_TRUST = 0.2
_THUMBNAIL_PX = 12  # coarse, so that a camera may move a little


@dataclass(frozen=True)
class _Scene:
    thumbnail: NDArray[np.float32]  # flat, of mean 0 and length 1
    luma: Luma
    chroma: NDArray[np.float32]  # (h, w, 2)
    certain: Plane | None = None  # (h, w) in [0, 1], how far its chroma is to be trusted; None: wholly


class SceneMemory:
    """Key frames of a film and the colours that they were shown in, of at most `MOST_SCENES` scenes.

    What it recalls depends only on what it was given, and in which order: a film rendered in pieces gives the
    same result as in one go if the memory is handed on.
    """

    def __init__(self) -> None:
        self._scenes: OrderedDict[int, _Scene] = OrderedDict()
        self._count = 0

    def recall(self, luma: Luma, size: Size) -> NDArray[np.float32] | None:
        """Find the colours that a frame's scene was shown in.

        Args:
            luma: (S, S) uint8.
            size: (h, w) of chroma.

        Returns:
            (h, w, 3): Cb and Cr times their trust, and the trust in [0, 1]. None: a new scene.
        """
        found = self._find(luma, size)
        if found is None:
            return None
        key, motion = found
        self._scenes.move_to_end(key)
        scene, trust = self._scenes[key], motion.trust[..., None]
        if scene.certain is not None:
            trust = trust * motion.carry(scene.certain)[..., None]
        return np.concatenate([motion.carry(scene.chroma) * trust, trust], -1)

    def number(self, luma: Luma, size: Size) -> int:
        """The number of a frame's scene, from 1; a scene that is not known gets the next, without colours.

        Args:
            luma: (S, S) uint8.
            size: (h, w) at which motion is looked for.
        """
        found = self._find(luma, size)
        if found is not None:
            self._scenes.move_to_end(found[0])
            return found[0] + 1
        self._add(luma, np.zeros((*size, 2), np.float32))
        return self._count

    def _find(self, luma: Luma, size: Size) -> tuple[int, Motion] | None:
        """The key of a frame's scene, and the motion from the scene's frame to it."""
        thumbnail = _thumbnail(luma)
        likeness = {key: float(scene.thumbnail @ thumbnail) for key, scene in self._scenes.items()}
        if not likeness:
            return None
        best = max(likeness, key=lambda key: likeness[key])
        if likeness[best] < LEAST_CORRELATION:
            return None
        motion, _ = motion_between(self._scenes[best].luma, luma, size)
        return None if motion.trust.mean() < LEAST_TRUST else (best, motion)

    def remember(self, luma: Luma, chroma: NDArray[np.float32]) -> None:
        """Keep the colours, (h, w, 2), that a frame was shown in, unless its scene is known already."""
        if self.recall(luma, chroma.shape[:2]) is not None:
            return
        self._add(luma, chroma)

    def _add(self, luma: Luma, chroma: NDArray[np.float32]) -> None:
        self._scenes[self._count] = _Scene(_thumbnail(luma), luma, chroma)
        self._count += 1
        if len(self._scenes) > MOST_SCENES:
            self._scenes.popitem(last=False)

    def copy(self) -> "SceneMemory":
        """Another memory with the same scenes."""
        memory = SceneMemory()
        memory._scenes, memory._count = self._scenes.copy(), self._count
        return memory

    def save(self, path: Path) -> None:
        """Write the memory to a file, as plain arrays."""
        scenes = self._scenes.values()
        with open(path, "wb") as file:  # given a name, numpy would change its suffix
            np.savez(
                file,
                keys=np.array(list(self._scenes), np.int64),
                told=np.array(self._count),  # scenes remembered so far
                luma=np.array([scene.luma for scene in scenes]),
                chroma=np.array([scene.chroma for scene in scenes]),
            )

    @classmethod
    def load(cls, path: Path) -> "SceneMemory":
        """Read what `save` wrote."""
        memory = cls()
        with np.load(path, allow_pickle=False) as arrays:
            for key, luma, chroma in zip(arrays["keys"], arrays["luma"], arrays["chroma"], strict=True):
                memory._scenes[int(key)] = _Scene(_thumbnail(luma), luma, chroma)
            memory._count = int(arrays["told"])
        return memory


class KeyScenes:
    """The scenes of a film's key frames, in the keys' colours; they never change."""

    def __init__(self, keys: Sequence[FilmKey]) -> None:
        self._keys = keys
        self._memory: SceneMemory | None = None  # of the size that is asked for first, which stays the same

    def recall(self, luma: Luma, size: Size) -> NDArray[np.float32] | None:
        """Find the colours that key frames give to a frame of their scenes; see `SceneMemory.recall`."""
        if not self._keys:
            return None
        if self._memory is None:
            self._memory = _memory_of(self._keys, (luma.shape[0], luma.shape[1]), size)
        return self._memory.recall(luma, size)


def _memory_of(keys: Sequence[FilmKey], luma_size: Size, size: Size) -> SceneMemory:
    memory = SceneMemory()
    for number, key in enumerate(keys):
        luma = resize(key.luma, luma_size)
        blue, red, certain = (resize(p.astype(np.float32), size) for p in (*key.chroma, key.trust))
        memory._scenes[number] = _Scene(_thumbnail(luma), luma, np.dstack([blue, red]), certain)
    return memory


def _thumbnail(luma: Luma) -> NDArray[np.float32]:
    small = shrink(luma, (_THUMBNAIL_PX, _THUMBNAIL_PX))
    flat = small.astype(np.float32).ravel()
    flat -= flat.mean()
    return np.asarray(flat / max(float(np.linalg.norm(flat)), 1e-6), np.float32)
