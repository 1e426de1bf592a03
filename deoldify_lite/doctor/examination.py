"""All that is examined, in order."""

from collections.abc import Iterator

from deoldify_lite.doctor.devices import examine_devices
from deoldify_lite.doctor.finding import Finding
from deoldify_lite.doctor.machine import examine_environment, examine_room, examine_weights
from deoldify_lite.doctor.software import examine_ffmpeg, examine_packages, examine_system


def examine() -> Iterator[Finding]:
    """Examine this machine and this installation; findings of one topic follow each other."""
    for part in (
        examine_system,
        examine_packages,
        examine_ffmpeg,
        examine_devices,
        examine_room,
        examine_weights,
        examine_environment,
    ):
        yield from part()
