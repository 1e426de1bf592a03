"""Limits that environment variables can change."""

import os

from deoldify_lite.errors import OptionError


def read_limit(name: str, default: float) -> float:
    """The value of an environment variable, or a default if it is not set.

    Raises:
        OptionError: it is not a positive number.
    """
    text = os.environ.get(name, "")
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not value > 0:
        raise OptionError(f"{name}={text}: must be a positive number")
    return value
