"""What a film is made for: an archive, an editor or the web; each chooses container, encoder and options."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # with it comes numpy, which `--help` need not wait for
    from deoldify_lite.film.probe import Film


@dataclass(frozen=True)
class Purpose:
    """What the results of a purpose have in common."""

    about: str  # for the help
    suffix: str  # of the container
    codec: str  # an encoder of ffmpeg
    options: dict[str, Any] = field(default_factory=dict)  # for that encoder
    crf: int | None = None
    plain: bool = False  # 8 bits and 4:2:0, whatever the film has
    sound: str | None = None  # codec to which all sound goes; None: it is copied where it fits
    leaves_out: bool = False  # streams that the container does not hold; else they are an error


PURPOSES = {
    "archive": Purpose(
        "FFV1 with checksums in .mkv: each luma as it was, and everything kept",
        ".mkv",
        "ffv1",
        # Level 3 has slices, each with a checksum; each frame stands alone, so that damage does not spread.
        {"level": 3, "slicecrc": 1, "g": 1},
    ),
    "edit": Purpose("ProRes in .mov, with timecode", ".mov", "prores_ks", leaves_out=True),
    "web": Purpose(
        "H.264 and AAC in .mp4, which plays everywhere",
        ".mp4",
        "libx264",
        {"profile:v": "high"},
        # Finer than any site that encodes it once more asks for, and half of the bytes of our default.
        crf=20,
        plain=True,
        sound="aac",
        leaves_out=True,
    ),
}
# ProRes' own names of its kinds, by number: HQ is for 4:2:2, 4444 for what has more.
_PRORES_HQ, _PRORES_4444 = 3, 4


def purpose_options(purpose: str, codec: str, pix_fmt: str) -> dict[str, Any]:
    """ffmpeg's options that a purpose asks for; none if another codec was named.

    Args:
        purpose: key of `PURPOSES`.
        codec: the encoder in use.
        pix_fmt: in which it stores the picture.
    """
    chosen = PURPOSES[purpose]
    if codec != chosen.codec:
        return {}
    if codec == "prores_ks":
        return {"profile:v": _PRORES_HQ if "422" in pix_fmt else _PRORES_4444}
    # High is for 8 bits and 4:2:0; x264 itself chooses the profile for more.
    return chosen.options if not chosen.plain or pix_fmt == "yuv420p" else {}


def losses_of_purpose(purpose: str, film: "Film", pix_fmt: str) -> list[str]:
    """What players or editors will not show of a film, though its file holds it: a sentence for each."""
    losses = []
    if purpose == "web":
        if pix_fmt != "yuv420p":
            losses.append(
                f"it is stored as {pix_fmt}, as a size of {film.width} x {film.height} needs, which few "
                "browsers and telephones play: make a copy of even size first, or use another --for"
            )
        if film.colors.is_hdr:
            losses.append("it is HDR, and few players show H.264 of 8 bits as such; without --for it is HEVC")
        if film.interlaced:
            losses.append("it is interlaced, and browsers show both fields at once: add --deinterlace")
    if purpose == "edit" and film.times:
        losses.append("its frames keep times of their own, and editors expect a constant rate")
    return losses
