"""timecode: counted on by hand, and against a clock that counts one by one."""

from fractions import Fraction

import pytest

from deoldify_lite.film.timecode import advance_timecode, double_timecode

NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("timecode", "frames", "rate", "expected"),
    [
        ("01:02:03:04", 0, Fraction(25), "01:02:03:04"),
        ("10:59:59:24", 1, Fraction(25), "11:00:00:00"),
        ("23:59:59:23", 1, Fraction(24000, 1001), "00:00:00:00"),
        ("00:00:59:29", 1, NTSC, "00:01:00:00"),
        ("00:00:59;29", 1, NTSC, "00:01:00;02"),
        ("00:09:59;29", 1, NTSC, "00:10:00;00"),
        ("00:00:59;59", 1, 2 * NTSC, "00:01:00;04"),
        ("00:00:00;00", 107892, NTSC, "01:00:00;00"),  # an hour by the clock
        ("00:00:00:25", 0, Fraction(25), None),
        ("00:00:00;10", 0, Fraction(25), None),
        ("noon", 0, Fraction(25), None),
    ],
)
def test_counted_on(timecode: str, frames: int, rate: Fraction, expected: str | None) -> None:
    assert advance_timecode(timecode, frames, rate) == expected


def test_numbers_are_dropped_as_a_clock_would() -> None:
    hours = minutes = seconds = number = 0
    for frames in range(40000):
        assert advance_timecode("00:00:00;00", frames, NTSC) == (
            f"{hours:02}:{minutes:02}:{seconds:02};{number:02}"
        )
        number += 1
        if number == 30:
            number, seconds = 0, seconds + 1
        if seconds == 60:
            seconds, minutes = 0, minutes + 1
            number = 2 if minutes % 10 else 0
        if minutes == 60:
            minutes, hours = 0, hours + 1


def test_the_same_time_at_twice_the_rate() -> None:
    assert double_timecode("01:00:00:24") == "01:00:00:48"
    assert double_timecode("00:01:00;02") == "00:01:00;04"
