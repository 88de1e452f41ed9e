"""Interrupts at arbitrary bytecode, from signals, and memory that runs out, in child processes.

Whatever comes in between: afterwards all is as before the reload, or as after a whole one.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

from tests.live import Strategy, run_in_child

SETUP = """
    from contextlib import contextmanager
    from tests.harness.faults import *
    rehearsal = Rehearsal(live, CRITICAL)
"""


@pytest.fixture(params=["auto", "repoint"])
def strategy(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.mark.parametrize("places", [6, pytest.param(120, marks=pytest.mark.slow)])
def test_exception_at_arbitrary_bytecode_of_our_own(strategy: Strategy, places: int) -> None:
    said = run_in_child(
        SETUP
        + f"""
    stride = len(rehearsal.places) // {places}
    for number, at in enumerate(rehearsal.places[::stride]):
        error = KeyboardInterrupt if number % 2 else Stop
        print(*rehearsal.interrupt(at, error), sep="\\n", end="")
    """,
        strategy,
        timeout=900,
    )

    assert said == ""


@pytest.mark.parametrize(
    "function",
    ["_search.complete.complete", "_load.young.young_objects_kept_apart", "_load.load.load"],
)
def test_interrupt_leaves_all_as_it_was_in(function: str) -> None:
    """At each bytecode of it, where settings or namespaces change; the first time it runs."""
    module, _, name = function.rpartition(".")
    file = module.replace(".", "/") + ".py"
    said = run_in_child(
        f"""
    import inspect
    from livepatch.{module} import {name}
    from tests.harness.faults import *
    line = inspect.unwrap({name}).__code__.co_firstlineno
    rehearsal = Rehearsal(live, frozenset({{"{file}"}}))
    counter = Interrupter(files=rehearsal.files)
    with counter.interrupting():
        report = live.reload()
    report.undo()
    places = {{both[0] for (_, first, _), both in counter.counts.items() if first == line}}
    print(len(places) > 10)
    for at in sorted(places):
        print(*rehearsal.interrupt(at, KeyboardInterrupt), sep="\\n", end="")
    """
    )

    assert said == "True\n"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no timers that signal")
@pytest.mark.parametrize("times", [10, pytest.param(200, marks=pytest.mark.slow)])
def test_keyboard_interrupt_from_a_signal(strategy: Strategy, times: int) -> None:
    said = run_in_child(
        SETUP
        + f"""
    import signal
    def interrupt(number, frame): raise KeyboardInterrupt
    signal.signal(signal.SIGALRM, interrupt)
    @contextmanager
    def signalled(seconds):
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try: yield
        finally: signal.setitimer(signal.ITIMER_REAL, 0)
    for number in range({times}):
        late = 0.0002 + 0.03 * number / {times}
        found = rehearsal.disturb(signalled(late), lambda: f"after {{late}} s")
        print(*found, sep="\\n", end="")
    """,
        strategy,
        timeout=900,
    )

    assert said == ""


@pytest.mark.parametrize("times", [4, pytest.param(60, marks=pytest.mark.slow)])
def test_memory_that_runs_out(strategy: Strategy, times: int) -> None:
    """At places where CPython survives: not in its compiler, which crashes.

    The allocations are counted from the begin of the reload, and anew after each compilation.
    """
    pytest.importorskip("_testcapi")
    said = run_in_child(
        SETUP
        + f"""
    import _testcapi, builtins
    keep_code_alive({times})
    leaks = keeps_arguments()
    start = None
    def supplied(work):
        def call(*arguments, **options):
            _testcapi.remove_mem_hooks()
            try:
                return work(*arguments, **options)
            finally:
                if start is not None: _testcapi.set_nomemory(start, start + 1)
        return call
    def run_compiled(run, mode):
        def call(text, *namespaces):
            if isinstance(text, str):
                text = compile(text.strip(), "<string>", mode, dont_inherit=True)
            return run(text, *namespaces)
        return call
    builtins.compile = supplied(compile)
    builtins.exec, builtins.eval = run_compiled(exec, "exec"), run_compiled(eval, "eval")
    @contextmanager
    def without_memory():
        _testcapi.set_nomemory(start, start + 1)
        try: yield
        finally: _testcapi.remove_mem_hooks()
    for number in range({times}):
        start = 500 + number * 40_000 // {times}
        found = rehearsal.disturb(without_memory(), lambda: f"allocation {{start}}", leaks)
        found, start = list(found), None
        print(*found, sep="\\n", end="")
    """,
        strategy,
        timeout=900,
    )

    assert said == ""
