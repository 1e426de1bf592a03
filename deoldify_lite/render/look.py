"""What decides the colours of a picture, apart from the picture itself."""

from dataclasses import dataclass

from deoldify_lite.color.grade import NEUTRAL, Grade


@dataclass(frozen=True)
class Look:
    """What decides the colours of a picture; part of the fingerprint of every result."""

    weights: str  # sha256 of the weights
    render_factor: int
    saturation: float
    precision: str
    grade: Grade = NEUTRAL
    reference: str = ""  # sha256 of the photo whose colours are taken
