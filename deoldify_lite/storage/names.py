"""Names from elsewhere that are to be names of files here: stores take any text for a name."""

import os
import re

# Room for what is added to it: names of parts, -compare.jpg, -page12.
LONGEST_NAME = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def why_unsafe(name: str) -> str:
    """Why a name below a folder cannot be a file's name here, or would lead out of the folder; empty if it
    can. Stores take any text for a name, and nothing in it means a folder to them.
    """
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return "has an empty part, or one that leads elsewhere"
    if (
        "\\" in name
        or "::" in name
        or _CONTROL.search(name)
        or (os.name == "nt" and re.search(r'[:*?"<>|]', name))
    ):
        return "has letters that no file's name can have on every system"
    if any(len(os.fsencode(part)) > LONGEST_NAME for part in parts) or len(os.fsencode(name)) > 1024:
        return f"is too long: a part of it may have {LONGEST_NAME} bytes"
    return ""


def safe_name(name: str) -> str:
    """A file name that is as good as `name`, with the same suffix, and stays in its folder."""
    plain = re.sub(r'[\x00-\x1f\x7f/\\:*?"<>|]', "_", name)
    stem, suffix = os.path.splitext(plain)
    short = os.fsencode(stem)[:100].decode("utf-8", "ignore").lstrip(".")
    return (short or "_") + os.fsencode(suffix)[:20].decode("utf-8", "ignore")
