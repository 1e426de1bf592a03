"""Every error that a user can cause or meet, each also a builtin kind.

A message says what went wrong, with which file, and what to do about it.
"""


class DeoldifyError(Exception):
    """Base of all errors raised on purpose by deoldify_lite."""


class InputError(DeoldifyError, ValueError):
    """A photo or film that cannot be read, or a path that does not fit."""


class OptionError(DeoldifyError, ValueError):
    """An option whose value makes no sense, alone or with the others."""


class WeightsError(DeoldifyError, RuntimeError):
    """Weights that are missing, damaged, unsafe, or of another network."""


class VideoError(DeoldifyError, RuntimeError):
    """ffmpeg is missing, lacks something, or failed on a film."""


class RenderError(DeoldifyError, RuntimeError):
    """The network could not render a picture, e.g. for lack of memory."""


class TrainingError(DeoldifyError, RuntimeError):
    """A training run that makes no sense any more."""
