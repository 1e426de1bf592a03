"""Sets of whole numbers as ranges, so that ten thousand frames take one line."""

from collections.abc import Iterable, Iterator

Range = tuple[int, int]  # the first and the last number, both included
Ranges = tuple[Range, ...]  # in order, apart from each other


def as_ranges(numbers: Iterable[int]) -> Ranges:
    """Return numbers, in any order, as ranges."""
    found: list[Range] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return tuple(found)


def count_of(ranges: Ranges) -> int:
    """Return how many numbers there are."""
    return sum(last - first + 1 for first, last in ranges)


def numbers_of(ranges: Ranges) -> Iterator[int]:
    """Yield the numbers in order."""
    for first, last in ranges:
        yield from range(first, last + 1)


def gaps_of(ranges: Ranges, first: int, last: int) -> Ranges:
    """Return what is not in ranges, from the first to the last number."""
    gaps, at = [], first
    for start, end in ranges:
        if start > last:
            break
        if start > at:
            gaps.append((at, start - 1))
        at = max(at, end + 1)
    if at <= last:
        gaps.append((at, last))
    return tuple(gaps)


def without(ranges: Ranges, others: Ranges) -> Ranges:
    """Return the numbers of ranges that are not among others."""
    return tuple(piece for first, last in ranges for piece in gaps_of(others, first, last))


def text_of(ranges: Ranges, digits: int = 1, *, most: int = 8) -> str:
    """Return ranges as text, such as `0086400-0086410, 0086500`, of which at most so many are named.

    Args:
        ranges: to name.
        digits: to which numbers are padded with zeros.
        most: how many ranges to name; what follows is counted.
    """
    parts = [
        f"{first:0{digits}}" if first == last else f"{first:0{digits}}-{last:0{digits}}"
        for first, last in ranges[:most]
    ]
    more = count_of(ranges[most:])
    return ", ".join(parts) + (f" and {more} more" if more else "")
