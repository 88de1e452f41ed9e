"""What does a mark (``@livepatch.hotswap``) cost while the program runs?

Nothing for a class: whatever is done with it and its instances is timed beside the same class
without the mark. At most one call of wrapt for a function: a bare proxy of the same function stands
beside it, and for a method a bare function wrapper. All run in the same process, in turns.
"""

from __future__ import annotations

import statistics
from timeit import Timer
from typing import TYPE_CHECKING, Any

from _model import Job, Outcomes, Row, Scenario
from _tools import LIVEPATCH
from _workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType

TARGET = 1.05
_CASE = "marks"
_PER_TURN = 10

_SOURCE = '''\
"""A generated module: each definition with the mark, and without."""

import livepatch
import wrapt


class Plain:
    kind = "plain"

    def __init__(self, x):
        self.x = x

    def shifted(self, by):
        return self.x + by


class PlainSlotted:
    __slots__ = ("x",)

    def __init__(self, x):
        self.x = x


@livepatch.hotswap(renamed={"y": "x"}, keep=("kind",))
class Marked:
    kind = "plain"

    def __init__(self, x):
        self.x = x

    def shifted(self, by):
        return self.x + by


@livepatch.hotswap
class MarkedSlotted:
    __slots__ = ("x",)

    def __init__(self, x):
        self.x = x


def add(left, right):
    return left + right


@wrapt.CallableObjectProxy
def plain_add(left, right):
    return left + right


@livepatch.hotswap
def marked_add(left, right):
    return left + right


@wrapt.decorator
def around(wrapped, instance, args, kwargs):
    return wrapped(*args, **kwargs)


class Methods:
    @around
    def plain(self, by):
        return by

    @livepatch.hotswap
    def marked(self, by):
        return by


plain, marked = Plain(1), Marked(1)
plain_slotted, marked_slotted = PlainSlotted(1), MarkedSlotted(1)
methods = Methods()
'''

# What is timed, and what it is compared with.
_PAIRS = {
    "attribute read, marked class": ("marked.x", "plain.x"),
    "attribute write, marked class": ("marked.x = 2", "plain.x = 2"),
    "class attribute read, marked class": ("marked.kind", "plain.kind"),
    "method call, marked class": ("marked.shifted(1)", "plain.shifted(1)"),
    "class call, marked class": ("Marked(1)", "Plain(1)"),
    "slot read, marked class": ("marked_slotted.x", "plain_slotted.x"),
    "class call, marked class with slots": ("MarkedSlotted(1)", "PlainSlotted(1)"),
    "isinstance, marked class": ("isinstance(marked, Marked)", "isinstance(plain, Plain)"),
    "call, marked function": ("marked_add(1, 2)", "plain_add(1, 2)"),
    "call, marked method": ("methods.marked(1)", "methods.plain(1)"),
}
_AGAINST = {
    "call, marked function": "a bare wrapt proxy",
    "call, marked method": "a bare wrapt function wrapper",
}


def jobs(tools: Sequence[str], quick: bool) -> list[Job]:
    """Return one round: a single process, for no other tool has marks."""
    if LIVEPATCH not in tools:
        return []
    return [Job("marks", _CASE, LIVEPATCH, {"loops": 300, "repeats": 200 if quick else 1_000})]


def rounds(quick: bool) -> int:
    """Return how often each job runs."""
    return 5 if quick else 20


def measure(job: Job) -> dict[str, Any]:
    """Time each statement with the mark and without."""
    with Workspace("bench_marks") as workspace:
        timers = _timers(workspace.load(_SOURCE))
        for timer in timers.values():
            timer.timeit(1_000)
        return {"nanoseconds": _least(timers, job.options["loops"], job.options["repeats"])}


def _timers(module: ModuleType) -> dict[str, Timer]:
    names = {name: value for name, value in vars(module).items() if not name.startswith("__")}
    # Locals of the loop, as in a real function.
    setup = "\n".join(f"{name} = names[{name!r}]" for name in names)
    return {
        statement: Timer("\n".join([statement] * _PER_TURN), setup, globals={"names": names})
        for pair in _PAIRS.values()
        for statement in pair
    }


def _least(timers: Mapping[str, Timer], loops: int, repeats: int) -> dict[str, float]:
    """Return the least nanoseconds of each statement.

    They take turns, so that a slow moment of the machine hits them all.
    """
    least = dict.fromkeys(timers, float("inf"))
    for _ in range(repeats):
        for statement, timer in timers.items():
            least[statement] = min(least[statement], timer.timeit(loops))
    return {name: seconds * 1e9 / (loops * _PER_TURN) for name, seconds in least.items()}


def rows(outcomes: Outcomes, tools: Sequence[str]) -> list[Row]:
    """Return each statement with the mark beside the one without."""
    if LIVEPATCH not in tools:
        return []
    return [_row(outcomes, what, *pair) for what, pair in _PAIRS.items()]


def _row(outcomes: Outcomes, what: str, with_mark: str, without: str) -> Row:
    runs = [run["nanoseconds"] for run in outcomes.figures(_CASE, LIVEPATCH)]
    if not runs:
        return Row("marks", what, LIVEPATCH, outcomes.problem(_CASE, LIVEPATCH), target=TARGET)
    # Of each process by itself: processes differ by how their memory happens to lie.
    ratio = statistics.median(run[with_mark] / run[without] for run in runs)
    measured, bare = (statistics.median(run[name] for run in runs) for name in (with_mark, without))
    return Row(
        scenario="marks",
        case=what,
        tool=LIVEPATCH,
        measured=f"{measured:.1f} ns",
        ratio=ratio,
        against=f"{_AGAINST.get(what, 'without a mark')} {bare:.1f} ns",
        target=TARGET,
    )


SCENARIO = Scenario(
    name="marks",
    question="what a mark costs while the program runs",
    jobs=jobs,
    rounds=rounds,
    measure=measure,
    rows=rows,
)
