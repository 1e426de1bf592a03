"""Frames of film scanners: DPX laid out bit by bit from the words of the standard, slowly."""

import struct
from pathlib import Path
from typing import Any

import numpy as np

DESCRIPTORS = {1: 6, 3: 50, 4: 51}


def dpx_words(row: list[int], bits: int, method: int, order: str) -> bytes:
    """A row of samples, in whole words of 32 bits."""
    if bits == 8:
        data = bytes(row)
    elif bits == 16:
        data = struct.pack(f"{order}{len(row)}H", *row)
    elif bits == 12 and method:
        data = struct.pack(f"{order}{len(row)}H", *(value << 4 if method == 1 else value for value in row))
    else:
        raise AssertionError("needs the number of channels: see `dpx_bytes`")
    return data + bytes(-len(data) % 4)


def _tens(row: list[int], method: int, order: str, *, is_grey: bool) -> bytes:
    row = row + [0] * (-len(row) % 3)
    data = b""
    for at in range(0, len(row), 3):
        first, second, third = row[at : at + 3]
        if is_grey:
            first, third = third, first
        word = (first << 20 | second << 10 | third) << (2 if method == 1 else 0)
        data += struct.pack(f"{order}I", word)
    return data


def _stream(row: list[int], bits: int, order: str) -> bytes:
    number = sum(value << (bits * at) for at, value in enumerate(row))
    count = -(-len(row) * bits // 32)
    return b"".join(struct.pack(f"{order}I", number >> (32 * at) & 0xFFFFFFFF) for at in range(count))


def dpx_bytes(
    pixels: np.ndarray,
    bits: int,
    method: int = 1,
    order: str = ">",
    *,
    transfer: int = 6,
    padded: bool = True,
    fields: dict[int, tuple[str, Any]] | None = None,
    user_data: bytes = b"",
    tail: bytes = b"",
) -> bytes:
    """A DPX with (H, W, C) samples.

    Args:
        pixels: 1 (grey), 3 or 4 channels.
        bits: 8, 10, 12 or 16.
        method: 0 packed, 1 filled A, 2 filled B.
        order: of bytes.
        transfer: characteristic, by the standard's number: 1 density, 2 linear, 3 logarithmic, 6 BT.709.
        padded: whether each row begins with a word.
        fields: of the header, by their place: a letter of `struct` and the value.
        user_data: between header and picture.
        tail: behind the picture.
    """
    height, width, channels = pixels.shape
    offset = 2048 + len(user_data)
    head = bytearray(2048)
    struct.pack_into(f"{order}4sI8s", head, 0, b"SDPX" if order == ">" else b"XPDS", offset, b"V1.0")
    if order == "<":
        head[:4] = b"XPDS"
    struct.pack_into(f"{order}5I", head, 20, 1, 1664, 384, len(user_data), 0xFFFFFFFF)
    struct.pack_into(f"{order}HHII", head, 768, 0, 1, width, height)
    struct.pack_into(
        f"{order}4BHHII", head, 800, DESCRIPTORS[channels], transfer, transfer, bits, method, 0, offset, 0
    )
    for at in (1712, 1716, 1720, 1724, 1920, 1924, 1940, 1628, 1632):
        head[at : at + 4] = b"\xff" * 4
    for at, (letter, value) in (fields or {}).items():
        struct.pack_into(f"{order}{letter}", head, at, value)
    rows = pixels.reshape(height, -1).tolist()
    if not padded:
        rows = [[value for row in rows for value in row]]
    if bits == 10 and method:
        picture = b"".join(_tens(row, method, order, is_grey=channels == 1) for row in rows)
    elif bits in (10, 12) and not method:
        picture = b"".join(_stream(row, bits, order) for row in rows)
    else:
        picture = b"".join(dpx_words(row, bits, method, order) for row in rows)
    struct.pack_into(f"{order}I", head, 16, offset + len(picture) + len(tail))
    return bytes(head) + user_data + picture + tail


def write_dpx(path: Path, pixels: np.ndarray, bits: int, **options: Any) -> Path:
    """Write a DPX, see `dpx_bytes`."""
    path.write_bytes(dpx_bytes(pixels, bits, **options))
    return path


def ramp(height: int, width: int, channels: int, bits: int) -> np.ndarray:
    """(H, W, C) samples of all brightnesses, and a little different in each channel."""
    values = np.linspace(0, (1 << bits) - 1, height * width * channels)
    return values.reshape(height, width, channels).round().astype(np.uint8 if bits == 8 else np.uint16)


def luma(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 1 or 3) -> (H, W) of BT.601, exactly."""
    if pixels.shape[2] == 1:
        return pixels[..., 0].astype(np.float64)
    return pixels.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
