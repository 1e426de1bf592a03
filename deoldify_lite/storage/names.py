"""Names from a store as names of files here: a store takes any text for a name."""

import os
import re

from deoldify_lite.system.files import why_no_name

# In bytes. File systems take 255; this leaves room for -compare.jpg, -page12, and the names of parts.
LONGEST_NAME = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def why_unsafe(name: str) -> str:
    """Why a name below a folder must not be a file's name here; empty if it may.

    A store takes any text for a name, so it may hold what no file system takes, or lead out of the folder.
    """
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return "has an empty part, or one that leads elsewhere"
    if "\\" in name or "::" in name or _CONTROL.search(name):
        return "has letters that no file's name can have on every system"
    if why := next(filter(None, map(why_no_name, parts)), ""):
        return why
    if any(len(os.fsencode(part)) > LONGEST_NAME for part in parts) or len(os.fsencode(name)) > 1024:
        return f"is too long: a part of it may have {LONGEST_NAME} bytes"
    return ""


def safe_name(name: str) -> str:
    """A file name made from `name` that stays in its folder, with the same suffix."""
    plain = re.sub(r'[\x00-\x1f\x7f/\\:*?"<>|]', "_", name)
    stem, suffix = os.path.splitext(plain)
    short = os.fsencode(stem)[:100].decode("utf-8", "ignore").lstrip(".")
    return (short or "_") + os.fsencode(suffix)[:20].decode("utf-8", "ignore")
