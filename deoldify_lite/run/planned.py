"""What is planned for one photo or film: the names of what is made of it."""

from dataclasses import dataclass
from pathlib import Path

from deoldify_lite.run.manifest import Manifest
from deoldify_lite.run.sequences.frames import Frames
from deoldify_lite.run.task import Task
from deoldify_lite.sequence.names import Sequence as FrameFiles
from deoldify_lite.storage.places import Source, place_of
from deoldify_lite.storage.url import Place, Url


@dataclass(frozen=True)
class Planned:
    """One photo or film, and the names of what is made of it."""

    source: Source
    root: Place  # the folder of results
    output: str  # name of the result below `root`, with forward slashes
    comparison: str | None = None  # likewise, of before and after side by side
    layer: str | None = None  # likewise, of its colour as a layer beside the result
    is_layer: bool = False  # `output` is the colour as a layer
    aliases: tuple[str, ...] = ()  # likewise; see `Task.aliases`
    named: bool = False  # the user chose `output`, so it has no aliases
    problem: str = ""  # why it cannot be colorized
    frames: Frames | None = None  # the sequence of files that `source` stands for
    result: FrameFiles | None = None  # that `output` stands for; its numbers are those of `frames`

    @property
    def place(self) -> Place:
        """Where the source is."""
        return place_of(self.source)

    @property
    def is_remote(self) -> bool:
        """Whether its source or its result has a URL."""
        return isinstance(self.place, Url) or isinstance(self.root, Url)

    @property
    def origin(self) -> str:
        """The source as it is recorded: its absolute path, or its URL."""
        return str(self.place if isinstance(self.place, Url) else self.place.absolute())

    def task(self, source: Path, manifest: Manifest) -> Task:
        """The task of making it.

        Args:
            source: the source, or a copy of it.
            manifest: of the folder where results are made.
        """
        return Task(
            source,
            manifest.folder / self.output,
            manifest,
            manifest.folder / self.comparison if self.comparison else None,
            str(self.place) if isinstance(self.place, Url) else "",
            aliases=tuple(manifest.folder / name for name in self.aliases),
            layer=manifest.folder / self.layer if self.layer else None,
            is_layer=self.is_layer,
            frames=self.frames,
            result=self.result,
        )
