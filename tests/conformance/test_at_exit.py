"""Functions that the interpreter calls at its end are registered once, whatever runs again."""

from __future__ import annotations

import pytest

from tests.live import Strategy, run_in_child

SOURCE = """
import atexit
from atexit import register
class Server:
    def stop(self): print("stop")
@atexit.register
def bye(x=1): print("bye", x)
def leave(n): print("leave", n)
register(leave, 7)
SERVER = Server()
atexit.register(SERVER.stop)
"""


def printed(strategy: Strategy, rerun: str, *steps: str) -> list[str]:
    """Return what is printed at the end of a process in which some steps have been done."""
    lines = "\n".join(steps)
    source = f"""
import atexit
SOURCE = {SOURCE!r}
atexit.register(print, "first")
module = live.start(SOURCE)
def edit(*pairs, **options):
    text = SOURCE
    for old, new in pairs: text = text.replace(old, new)
    return live.edit(text, rerun={rerun!r}, **options)
{lines}
"""
    return run_in_child(source, strategy).split("\n")[:-1]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("strategy", ["auto", "repoint"])
@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ('("x=1", "x=2")', ["leave 7", "bye 2"]),
        ('("print(\\"bye\\"", "print(\\"by\\"")', ["leave 7", "by 1"]),
        ('("def leave(n)", "def leave(n, more=0)")', ["leave 7", "bye 1"]),
        ('("def bye", "\\ndef bye")', ["leave 7", "bye 1"]),
    ],
)
def test_function_is_called_once(
    strategy: Strategy, rerun: str, pairs: str, expected: list[str]
) -> None:
    steps = f"report = edit({pairs})", f"edit({pairs})", "print(report.ok)"
    found = printed(strategy, rerun, *steps)

    # With all of it run again there is another server, and the first one is to be stopped as well.
    # Where another function is the one that lives on, the first one is held in C, and named.
    assert found.pop(0) == "True" or (strategy, rerun) != ("auto", "changed")
    assert found.count("stop") == 1 or rerun == "all"
    assert [each for each in found if each != "stop"] == [*expected, "first"]


@pytest.mark.parametrize("strategy", ["auto", "repoint"])
def test_arguments_that_a_statement_gives_now_are_the_ones(strategy: Strategy) -> None:
    found = printed(strategy, "changed", 'edit(("leave, 7", "leave, 8"))')

    assert sorted(found) == ["bye 1", "first", "leave 8", "stop"]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("strategy", ["auto", "repoint"])
@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("how", ["fails", "dry run", "undo"])
def test_what_is_taken_back_has_registered_nothing(
    strategy: Strategy, rerun: str, how: str
) -> None:
    steps = {
        "fails": 'try: edit(("x=1", "x=2"), ("SERVER =", "1 / 0; SERVER ="))\n'
        "except ZeroDivisionError: pass",
        "dry run": 'edit(("x=1", "x=2"), dry_run=True)',
        "undo": 'edit(("x=1", "x=2")).undo()',
    }
    found = printed(strategy, rerun, steps[how])

    assert [each for each in found if each != "stop"] == ["leave 7", "bye 1", "first"]


@pytest.mark.parametrize("strategy", ["auto", "repoint"])
def test_what_compares_as_it_likes_is_left_alone(strategy: Strategy) -> None:
    odd = (
        "class Odd:\n"
        "    def __call__(self): print('odd')\n"
        "    def __eq__(self, other): raise RuntimeError\n"
        "    __hash__ = None\n"
        "atexit.register(Odd())"
    )
    found = printed(strategy, "changed", odd, 'edit(("x=1", "x=2"))')

    assert found.count("odd") == 1
