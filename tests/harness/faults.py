"""A module and an edit that has steps of every kind, what a program holds of it, and faults."""

from __future__ import annotations

import ctypes
import gc
import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from types import ModuleType
from typing import Any

import livepatch
from livepatch import _reload
from livepatch._plan.plan import Plan
from livepatch._python.own import Call
from livepatch.testing import LiveModule, assert_current
from livepatch.testing._unchanged import differing, fingerprint
from tests.harness.interrupter import Interrupter, Stop, codes_of_functions

SOURCE = """
    import enum, dataclasses, functools
    class Base: pass
    class Player(Base):
        \"\"\"A player.\"\"\"
        limit = 1
        def hit(self): return 1
        @property
        def name(self): return 1
        @staticmethod
        def made(): return 1
    class Archer(Player): pass
    class Color(enum.Enum):
        RED = 1
    @dataclasses.dataclass
    class Point:
        x: int = 1
        def hit(self): return 1
    def hit(power=1): return 1
    def gone(): return 1
    def outer():
        def inner(): return 1
        return inner
    class Token:
        __slots__ = ("name",)
        def __init__(self): self.name = 1
        def __hash__(self): return self.name
        def __eq__(self, other): return self.name == other.name
    @functools.lru_cache
    def cached(): return 1
    CACHE = {"a": hit}
"""
EDITED = (
    SOURCE.replace("return 1", "return 2")
    .replace("class Player(Base)", "class Extra: pass\n    class Player(Extra, Base)")
    .replace("    def gone(): return 2\n", "")
    .replace("RED = 1", "RED = 1\n        BLUE = 2")
    .replace("power=1", "power=2, *more")
    .replace('("name",)', '("name", "limit")')
)


def keep_code_alive(failures: int) -> None:
    """Let the code of every function outlive so many failures to make a function of it.

    CPython 3.12 and 3.13 release a code object twice where there is no memory for the function
    that is to run it (MAKE_FUNCTION), and crash when they come by again.
    """
    for code in codes_of_functions():
        for _ in range(failures):
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(code))


def keeps_arguments() -> bool:
    """Whether the interpreter keeps a function's arguments for good if it has no memory for cells.

    CPython 3.11 and 3.12 do: MAKE_CELL fails as the function begins, and nobody clears its frame.
    """

    def close_over(value: object) -> object:
        return (lambda: value) if value is None else None  # to make one may fail otherwise

    testcapi: Any = importlib.import_module("_testcapi")
    value = object()
    before = sys.getrefcount(value)
    for start in range(60):
        with suppress(MemoryError):
            testcapi.set_nomemory(start, start + 1)
            close_over(value)
        testcapi.remove_mem_hooks()
    return sys.getrefcount(value) != before


class Holdings:
    """What a program may hold of the module, in every kind of holder that a step is for."""

    def __init__(self, module: ModuleType, other: ModuleType) -> None:
        self.instances = [module.Player(), module.Archer(), module.Point(), module.Color.RED]
        self.bound = self.instances[0].hit
        self.table = {module.Player: 1, module.hit: 2, "a": module.Player.hit}
        self.members = {module.Player, module.hit}
        self.group = (module.Player, (module.hit, frozenset({module.Player})))
        self.items = [module.Player, module.hit, module.Player.hit]
        self.inner = module.outer()
        player, hit = module.Player, module.hit
        self.closure = lambda: (player, hit)
        self.cached = module.cached
        # Its hash is asked for last, for it may need what the whole change brings.
        self.tokens = frozenset({module.Token()})
        self.memory = (ctypes.py_object * 2)(module.Player, *self.tokens)
        self.reference = ctypes.py_object(module.hit)
        self.other = other
        other.Child = type("Child", (module.Player,), {"__module__": other.__name__})
        other.child = other.Child()


def _stop() -> None:
    raise Stop


@contextmanager
def failing_in_apply(part: float) -> Iterator[None]:
    """Let the next reload fail when it has done some part of its steps, from 0.0 to 1.0."""

    def fail_there(plan: Plan) -> None:
        index = round(part * len(plan.steps))
        plan.steps.do.insert(index, Call(_stop))
        plan.steps.undo.insert(index, Call(int))
        apply(plan)

    apply = _reload.apply
    _reload.apply = fail_there  # type: ignore[assignment]
    try:
        yield
    finally:
        _reload.apply = apply


CRITICAL = frozenset(
    {
        "_apply/apply.py",
        "_apply/withdraw.py",
        "_decide/successors.py",
        "_heap/record.py",
        "_holders/c_data.py",
        "_holders/frozen.py",
        "_load/at_exit.py",
        "_load/load.py",
        "_python/class_fields.py",
        "_python/quiet.py",
        "_reload.py",
        "_search/complete.py",
        "_snapshot/nested.py",
        "_snapshot/snapshot.py",
        "_steps/dicts.py",
        "_undo/keep.py",
        "_undo/undo.py",
        "_verify/verify.py",
    }
)
"""The files whose code changes the running program, or takes changes back."""


def _names_a_frozenset(report: livepatch.Report | None) -> bool:
    """Whether a reload left a frozenset: a fault where members are asked is taken for theirs."""
    return report is not None and any(each.code == "LP210" for each in report.notices)


class Rehearsal:
    """Reloads of one edit, each interrupted somewhere: for a child process."""

    def __init__(self, live: LiveModule, files: frozenset[str] = frozenset()) -> None:
        self.live = live
        self.files = files
        self.leaked = False
        self.module = live.start(SOURCE)
        self.held = Holdings(self.module, live.other("A = 1\n"))
        live.write(EDITED)
        counter = Interrupter(files=files)
        with counter.interrupting():
            report = live.reload()
        assert report.ok
        report.undo()
        self.places = sorted({count for both in counter.counts.values() for count in both})

    def interrupt(self, at: int, error: Callable[[], BaseException]) -> Iterator[str]:
        """Interrupt a reload at one bytecode; yield what is wrong afterwards."""
        interrupter = Interrupter(at, error, self.files)
        yield from self.disturb(interrupter.interrupting(), lambda: interrupter.place)

    def disturb(
        self,
        disturbance: AbstractContextManager[object],
        where: Callable[[], str],
        memory_leaks: bool = False,
    ) -> Iterator[str]:
        """Reload while something disturbs; yield what is neither as before nor as after it.

        Args:
            disturbance: is entered around the reload.
            where: says afterwards what it was that disturbed.
            memory_leaks: whether the interpreter itself may keep new classes alive, which their
                bases list then.
        """
        before = fingerprint(self.module, self.held, self.held.other)
        settings = (sys.getswitchinterval(), gc.isenabled())
        report = None
        with suppress(BaseException), disturbance:
            report = self.live.reload()
        gc.collect()
        place = where()
        if (sys.getswitchinterval(), gc.isenabled()) != settings:
            yield f"{place}: the interpreter's settings stay changed"
        found = list(differing(before, fingerprint(self.module, self.held, self.held.other)))
        if memory_leaks and any("'s subclass " in each for each in found):
            found = [each for each in found if "'s subclass " not in each]
            self.leaked = True
        if found and self.held.bound() == 1:
            yield f"{place}: half done: {found[:3]}"
        elif found and not self.leaked and not _names_a_frozenset(report):
            yield from self._complaints_after(place)
        try:
            self._go_back(report)
        except BaseException as broken:  # noqa: BLE001 - it is the finding
            yield f"{place}: no way back: {broken!r}"

    def _complaints_after(self, place: str) -> Iterator[str]:
        try:
            assert_current(self.module)
        except AssertionError as stale:
            yield f"{place}: done, and stale: {stale}"

    def _go_back(self, report: livepatch.Report | None) -> None:
        if report is not None:
            report.undo()
        elif self.held.bound() != 1:
            self.live.edit(SOURCE)
        self.live.write(EDITED)
        assert self.held.bound() == 1
