"""Lines of libraries in C, caught for each file.

In processes of their own, since descriptor 2 is replaced.
"""

import os
import subprocess
import sys

import pytest

from helpers.places import ROOT

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows keeps its standard error")

START = """
import os, sys, threading
from deoldify_lite.system.native_lines import catch_lines, with_lines
sys.stderr = open(os.dup(2), "w", buffering=1)
catch_lines()
"""


def run(code: str) -> tuple[str, str]:
    """Run Python code after START; return what it printed and what was left on standard error."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", START + code], env=env, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def test_lines_go_with_the_work_and_own_messages_do_not() -> None:
    code = """
def work():
    os.write(2, b"[ WARN:0@0.071] global grfmt_tiff.cpp:121 run Bad code word at line 1\\n")
    print("our message", file=sys.stderr)
    os.write(2, b"Bad code word at line 2\\nBad code word at line 2\\n\\nBad code word at line 3\\n")
    return 7
print(with_lines(work), with_lines(lambda: 8))
os.write(2, b"neither\\n")
"""
    lines = "['Bad code word at line 1 (the first of 3 lines)']"
    assert run(code) == (f"(7, {lines}) (8, [])\n", "our message\nneither\n")


def test_overlapping_work_is_done_again_alone_if_one_prints() -> None:
    code = """
both = threading.Barrier(2)
times, found = {"good": 0, "bad": 0}, {}
def work(name):
    times[name] += 1
    if times[name] == 1:
        both.wait(20)
    if name == "bad":
        os.write(2, b"damaged\\n")
    if times[name] == 1:
        both.wait(20)
    return name
def begin(name):
    found[name] = with_lines(lambda: work(name))
threads = [threading.Thread(target=begin, args=(name,)) for name in times]
for thread in threads: thread.start()
for thread in threads: thread.join(20)
print(found["good"], found["bad"], times)
"""
    assert run(code) == ("('good', []) ('bad', ['damaged']) {'good': 2, 'bad': 2}\n", "")


def test_an_error_leaves_the_next_work_clean() -> None:
    code = """
def fail():
    os.write(2, b"damaged\\n")
    raise KeyError
try:
    with_lines(fail)
except KeyError:
    print(with_lines(lambda: 8))
os.write(2, b"neither\\n")
"""
    assert run(code) == ("(8, [])\n", "neither\n")


def test_many_threads() -> None:
    code = """
found = {}
def begin(first):
    for number in range(first, 400, 8):
        def work():
            if number % 5 == 0:
                os.write(2, b"%d\\n" % number)
        found[number] = with_lines(work)[1]
threads = [threading.Thread(target=begin, args=(first,)) for first in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join(30)
print(all(found[n] == ([] if n % 5 else [str(n)]) for n in range(400)))
"""
    assert run(code) == ("True\n", "")


def test_without_a_program_nothing_is_caught(capfd: pytest.CaptureFixture[str]) -> None:
    from deoldify_lite.system.native_lines import with_lines

    assert with_lines(lambda: os.write(2, b"line\n")) == (5, [])
    assert capfd.readouterr().err == "line\n"
