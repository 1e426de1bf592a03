"""Run ffmpeg and ffprobe: started in one place, watched so that none hangs, and quoted in errors."""

import contextlib
import re
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import IO, Any

import psutil

from deoldify_lite.film.kinds import FILM_FORMATS
from deoldify_lite.system.limits import read_limit
from deoldify_lite.system.programs import how_it_broke, own_group

# A process that we wait for and that reads and writes nothing for so long, in seconds, hangs. One that seeks
# in a long film reads; the slowest encoders, at the end of a film, write nothing for up to two minutes.
SILENCE_S = read_limit("DEOLDIFY_LITE_SILENCE", 300.0)
_TAIL_LINES = 20  # of what a process said last, kept for the error
# Should the disk be full only when a file is ended, ffmpeg says so and reports success (seen with 5.1).
_NOT_WRITTEN = ("Error writing trailer", "Error closing file")


def run_arguments(arguments: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    """Run a whole argument list to its end, without a terminal; the caller looks at the return code.

    A process that hangs is killed, and its stderr then ends with a line about that.
    """
    process, watchdog = _start(arguments, stdin=subprocess.DEVNULL)
    try:
        with watchdog.waiting():
            output, said = process.communicate()
    except BaseException:
        process.kill()
        process.communicate()
        raise
    finally:
        watchdog.stop()
    if end := watchdog.words():
        said += f"\n{end}".encode()
    code = _true_code(process.returncode, said.decode(errors="replace"))
    return subprocess.CompletedProcess(arguments, code, output, said)


def last_words(output: bytes) -> str:
    """The end of what a program said, for an error message."""
    text = output.decode(errors="replace").replace(FILM_FORMATS, "of films in one file")
    return "\n".join(text.strip().splitlines()[-_TAIL_LINES:]) or "(it said nothing)"


class FfmpegProcess:
    """A running ffmpeg or ffprobe. Threads drain its messages, so that it never blocks on them.

    It has a session of its own: a Ctrl-C reaches us first, and we stop it. If it hangs, it is killed,
    and then looks like any other failure.
    """

    def __init__(
        self, arguments: Sequence[str], *, feeds: bool, hear: Callable[[str], None] | None = None
    ) -> None:
        """Start it.

        Args:
            arguments: the whole command line.
            feeds: True: we write to its stdin, and its stdout holds messages; False: we read its stdout.
            hear: called, in a thread, with each line of stderr that is not an error; for a command that tells
                the level of each.
        """
        stdin = subprocess.PIPE if feeds else subprocess.DEVNULL
        self._process, self._watchdog = _start(arguments, stdin=stdin)
        self.said: deque[str] = deque(maxlen=_TAIL_LINES)
        """Last lines of its stderr."""
        self.reported: deque[str] = deque(maxlen=_TAIL_LINES)
        """Last lines of its stdout, if that holds messages."""
        take = _Sorter(self.said.append, hear) if hear else self.said.append
        self._drains = [self._drain(self._process.stderr, take)]
        if feeds:
            self._drains.append(self._drain(self._process.stdout, self.reported.append))

    @staticmethod
    def _drain(stream: IO[bytes] | None, take: Callable[[str], None]) -> threading.Thread:
        assert stream is not None

        def read_to_the_end() -> None:
            # A line without an end must not fill the memory.
            while line := stream.readline(4096):
                if text := line.decode(errors="replace").strip():
                    take(text)

        thread = threading.Thread(target=read_to_the_end, daemon=True)
        thread.start()
        return thread

    @property
    def stdin(self) -> "_Pipe":
        """Its input."""
        assert self._process.stdin is not None
        return _Pipe(self._process.stdin, self._watchdog)

    @property
    def stdout(self) -> "_Pipe":
        """Its output."""
        assert self._process.stdout is not None
        return _Pipe(self._process.stdout, self._watchdog)

    @property
    def was_ended(self) -> bool:
        """Whether it did not end by itself: it hung and was killed, was ended from outside, or crashed."""
        return bool(self._watchdog.words())

    def words(self) -> str:
        """Its last messages, and how it ended if not by itself; for an error or a warning."""
        end = self._watchdog.words()
        return "\n".join([*self.said, end] if end else self.said) or "(it said nothing)"

    def wait(self) -> int:
        """Close its stdin, and wait for its end and its last messages; returns 0 if it did its work."""
        with self._watchdog.waiting():
            if self._process.stdin is not None:
                # If it has ended early, its return code and messages say more than a broken pipe.
                with contextlib.suppress(OSError):
                    self._process.stdin.close()
            code = self._process.wait()
        self._finish()
        return _true_code(code, "\n".join(self.said))

    def stop(self) -> None:
        """Kill it; harmless if it has ended."""
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):  # Nobody takes what is still buffered for it.
                self._process.stdin.close()
        self._finish()

    def _finish(self) -> None:
        self._watchdog.stop()
        for thread in self._drains:
            thread.join()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()


class _Sorter:
    """Tells errors from other lines, by the level that ffmpeg writes after the name of who speaks."""

    _LEVEL = re.compile(r"((?:\[[^][]+ @ [^][]+\] )*)\[(\w+)\] (.*)")

    def __init__(self, error: Callable[[str], None], other: Callable[[str], None]) -> None:
        self._error, self._other = error, other
        self._is_error = True

    def __call__(self, line: str) -> None:
        # A line without a level goes on with the message before.
        if found := self._LEVEL.fullmatch(line):
            line = found[1] + found[3]
            # Some decoders give a warning the level of an error.
            self._is_error = found[2] in ("error", "fatal", "panic") and not found[3].startswith("warning")
        (self._error if self._is_error else self._other)(line)


class _Pipe:
    """Our end of a pipe; waiting at it is waiting for the process at the other end."""

    def __init__(self, stream: IO[bytes], watchdog: "_Watchdog") -> None:
        self._stream = stream
        self._watchdog = watchdog

    def read(self, size: int) -> bytes:
        """Read so many bytes, or fewer if the process ends."""
        with self._watchdog.waiting():
            return self._stream.read(size)

    def lines(self) -> Iterator[bytes]:
        """Read line by line, until the process ends."""
        while True:
            with self._watchdog.waiting():
                line = self._stream.readline()
            if not line:
                return
            yield line

    def write(self, data: Any) -> None:
        """Write some bytes.

        Raises:
            OSError: the process has ended.
        """
        with self._watchdog.waiting():
            self._stream.write(data)


def _start(arguments: Sequence[str], *, stdin: int) -> tuple[subprocess.Popen[bytes], "_Watchdog"]:
    """Start a program, in a group of its own and watched; only --notify starts one elsewhere."""
    process = subprocess.Popen(
        arguments, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **own_group()
    )
    return process, _Watchdog(process)


def _true_code(code: int, said: str) -> int:
    return 1 if code == 0 and any(words in said for words in _NOT_WRITTEN) else code


class _Watchdog:
    """Kills a process that hangs: one that we wait for, and that reads and writes nothing for SILENCE_S."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._waited_for = False
        self._bit = False
        self._stopped: SimpleQueue[None] = SimpleQueue()  # An interrupt cannot leave it locked.
        threading.Thread(target=self._watch, daemon=True).start()

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """While we wait for the process; at other times it may well have nothing to do."""
        self._waited_for = True
        try:
            yield
        finally:
            self._waited_for = False

    def stop(self) -> None:
        """Watch no more."""
        self._stopped.put(None)

    def words(self) -> str:
        """How the process ended, for an error message; empty if by itself, or not yet."""
        if self._bit:
            return (
                f"it read and wrote nothing for {SILENCE_S:g} s and was stopped; check that the film plays, "
                "and that its disk is there"
            )
        if name := how_it_broke(self._process.returncode or 0):
            return f"it was ended from outside or crashed ({name}); close other programs, and try again"
        return ""

    def _watch(self) -> None:
        signs, since = None, time.monotonic()
        while not self._is_stopped(SILENCE_S / 20):
            before, signs = signs, _signs_of_life(self._process.pid)
            if not self._waited_for or signs != before:
                since = time.monotonic()
            elif time.monotonic() - since > SILENCE_S:
                self._bit = True
                self._process.kill()
                return

    def _is_stopped(self, within_s: float) -> bool:
        try:
            self._stopped.get(timeout=within_s)
            return True
        except Empty:
            return False


def _signs_of_life(pid: int) -> object:
    """A value that changes as long as a process reads or writes."""
    try:
        process = psutil.Process(pid)
        if hasattr(process, "io_counters"):
            with contextlib.suppress(psutil.AccessDenied):
                return process.io_counters()
        return process.cpu_times()  # Not as good: an endless loop looks like work.
    except psutil.Error:
        return None
