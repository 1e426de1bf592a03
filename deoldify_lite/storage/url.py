"""URLs of photos, films and folders, such as s3://bucket/photos."""

import re
from collections.abc import Iterable
from pathlib import Path

from deoldify_lite.errors import OptionError

# Two letters at least, since C:// may be a disk. `::` chains protocols, which `store` refuses.
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.:-]+://")


class Url(str):
    """A URL with the parts of a path; the bucket or host is a folder that has no name.

    Nothing in it is decoded or resolved: the store knows the file by this very text.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> "Url":
        """Slashes at the end are dropped."""
        start = text.index("://") + 3
        return super().__new__(cls, text[:start] + text[start:].rstrip("/"))

    @property
    def protocol(self) -> str:
        """The part before ://, in lower case."""
        return self.partition("://")[0].lower()

    @property
    def host(self) -> str:
        """The bucket or host: the part before the first slash."""
        return self.partition("://")[2].partition("/")[0]

    @property
    def name(self) -> str:
        """The part after the last slash; empty for a bucket."""
        return self.partition("://")[2].partition("/")[2].rpartition("/")[2]

    @property
    def stem(self) -> str:
        """The name without its suffix."""
        return Path(self.name).stem

    @property
    def suffix(self) -> str:
        """The end of the name from its last dot on, as spelled."""
        return Path(self.name).suffix

    @property
    def parent(self) -> "Url":
        """The folder it is in; the bucket itself for a bucket."""
        return Url(self.removesuffix(self.name)) if self.name else self

    @property
    def parents(self) -> "list[Url]":
        """The folders it is in, from the inmost out to the bucket."""
        return [self.parent, *self.parent.parents] if self.name else []

    def with_name(self, name: str) -> "Url":
        """The URL of another name in the same folder."""
        return self.parent / name

    def __truediv__(self, below: str) -> "Url":
        return Url(f"{self}/{below}")

    def is_relative_to(self, folder: object) -> bool:
        """Whether it is `folder` or lies in it."""
        return self == folder or self.startswith(f"{folder}/")


# A file or folder, here or by URL.
Place = Path | Url


def name_below(folder: Place, place: Place) -> str:
    """The name of a place below a folder, with forward slashes."""
    if isinstance(place, Path):
        return place.relative_to(folder).as_posix()
    return place.removeprefix(str(folder)).removeprefix("/")


def is_url(text: object) -> bool:
    """Whether a text looks like a URL of any protocol. A `Path` never does."""
    return isinstance(text, str) and _URL.match(text) is not None


def path_or_url(text: str | Path) -> Place:
    """A URL if the text looks like one, a path otherwise."""
    return Url(text) if isinstance(text, str) and is_url(text) else Path(text)


def local_path(text: str | Path) -> Path:
    """A path on this machine.

    Raises:
        OptionError: it is a URL.
    """
    if is_url(text):
        raise OptionError(f"{text}: is a URL, and only files on this machine do here: download it first")
    return Path(text)


def any_url(inputs: str | Path | Iterable[str | Path], out: str | Path | None) -> bool:
    """Whether any input, or the output, is a URL."""
    listed = [inputs] if isinstance(inputs, str | Path) else inputs
    return is_url(out) or any(map(is_url, listed))
