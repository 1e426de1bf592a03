"""The folder of the user's cache."""

import os
import sys
from pathlib import Path


def user_cache() -> Path:
    """The folder for fetched weights and prepared networks, in the place for what can be made again."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "deoldify_lite"
