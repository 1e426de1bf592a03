"""A command at work: its time, the memory and processor time of its processes, and what its stages do."""

import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from report import Row

from deoldify_lite.system.machine import cores

PROGRAM = (sys.executable, "-m", "deoldify_lite")
# To look at a process's memory costs a few ms; so often it does not show.
LOOK_EVERY_S = 0.2
# What `system.work_time` logs at --verbose.
STAGE = re.compile(r"DEBUG: (.+): at work for ([\d.]+) of ([\d.]+) s, computed for ([\d.]+) s")


@dataclass(frozen=True)
class Run:
    """A command that has ended well. The parts are Python, ffmpeg that reads or encodes, and others."""

    seconds: float
    memory: dict[str, float]  # part -> highest sum of its processes' memory, in bytes; and of "all" at once
    processor: dict[str, float]  # part -> seconds, of all cores together
    said: str  # on stderr

    @property
    def busy(self) -> float:
        """Share of the cores' time that was used."""
        return sum(self.processor.values()) / (self.seconds * cores())

    def stages(self) -> list[Row]:
        """For each stage that overlaps with others: at work and computing, as a share of the time that it
        was there. What libraries compute for it in threads of their own is not among the latter."""
        found: dict[str, list[list[float]]] = defaultdict(list)
        for name, *seconds in STAGE.findall(self.said):
            found[name].append([float(text) for text in seconds])
        rows: list[Row] = []
        for name, threads in found.items():
            work, passed, computed = (sum(column) for column in zip(*threads, strict=True))
            passed = max(passed, 1e-9)
            shares = {"at work": work / passed, "computing": computed / passed}
            rows.append({"stage": name, "threads": len(threads), **shares, "computed s": computed})
        return rows


def run(command: Sequence[object]) -> Run:
    """Run a command to its end, and watch it; ends this program if it fails."""
    words = [str(word) for word in command]
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said)
        watch = _Watch(process.pid)
        code = process.wait()
        seconds = time.perf_counter() - began
        watch.end()
        said.seek(0)
        text = said.read().decode(errors="replace")
    if code:
        sys.exit(f"{' '.join(words)} failed with {code}:\n{text[-2000:]}")
    return Run(seconds, dict(watch.memory), watch.processor(), text)


def rate_without_start(count: int, done: Run, start: Run) -> float | None:
    """So many a second, beyond those of a run that did few; None where too little time lies between the two
    to tell."""
    seconds = done.seconds - start.seconds
    return count / seconds if seconds > 0.2 * done.seconds else None


class _Watch:
    """Looks at a process and all below it until it is told to end."""

    def __init__(self, pid: int) -> None:
        self.memory: dict[str, float] = defaultdict(float)
        self._processor: dict[int, tuple[str, float]] = {}  # process -> its part, seconds so far
        self._root = psutil.Process(pid)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def processor(self) -> dict[str, float]:
        """Seconds of each part."""
        total: dict[str, float] = defaultdict(float)
        for part, seconds in self._processor.values():
            total[part] += seconds
        return dict(total)

    def end(self) -> None:
        """Look no more."""
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._done.wait(LOOK_EVERY_S):
            now: dict[str, float] = defaultdict(float)
            try:
                processes = [self._root, *self._root.children(recursive=True)]
            except psutil.Error:
                continue  # it has just ended
            for process in processes:
                try:
                    words = process.cmdline()
                    if not words:
                        continue  # it has ended, and nobody has asked how
                    part, times = _part_of(words), process.cpu_times()
                    self._processor[process.pid] = (part, times.user + times.system)
                    size = memory_of(process)
                except psutil.Error:
                    continue
                now[part] += size
                now["all"] += size
            for name, size in now.items():
                self.memory[name] = max(self.memory[name], size)


def memory_of(process: psutil.Process) -> float:
    """Resident bytes, of shared pages only its part where the system tells: a process that was just forked
    would count twice otherwise."""
    memory = process.memory_full_info()
    return float(getattr(memory, "pss", memory.rss))


def _part_of(words: list[str]) -> str:
    program = Path(words[0]).name
    if "ffmpeg" not in program:
        return "Python" if "python" in program else "others"
    # Of film_jobs' two, one gives small frames to its stdout, the other tells there how far it is.
    return "ffmpeg encoding" if "-progress" in words or "rawvideo" not in words else "ffmpeg reading"
