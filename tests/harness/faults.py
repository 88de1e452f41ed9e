"""A module and an edit that has steps of every kind, what a program holds of it, and faults."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import livepatch
from livepatch.testing import LiveModule, assert_current
from livepatch.testing._unchanged import differing, fingerprint

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
)


class Stop(Exception):
    """Raised on purpose."""


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
        self.other = other
        other.Child = type("Child", (module.Player,), {"__module__": other.__name__})
        other.child = other.Child()


_PACKAGE = str(Path(livepatch.__file__).resolve().parent)
_TESTING = str(Path(_PACKAGE, "testing"))


class Interrupter:
    """A trace function that counts livepatch's own bytecode, and raises at one of them.

    Attributes:
        files: the names of the files whose bytecode counts; all if there are none.
        count: how many there were.
        counts: at which counts each bytecode was reached first and last, by file, line of its
            function and offset.
        place: where it raised, if it did.
    """

    def __init__(
        self,
        at: int = 0,
        error: Callable[[], BaseException] = Stop,
        files: frozenset[str] = frozenset(),
    ) -> None:
        self.files = files
        self.at = at
        self.error = error
        self.count = 0
        self.counts: dict[tuple[str, int, int], tuple[int, int]] = {}
        self.place = ""

    @contextmanager
    def tracing(self) -> Iterator[None]:
        """Trace this thread during a block."""
        sys.settrace(self.enter)
        try:
            yield
        finally:
            sys.settrace(None)

    def enter(self, frame: FrameType, event: str, arg: Any) -> Any:
        """Begin to trace a frame, if it runs livepatch's own code."""
        path = frame.f_code.co_filename
        if not path.startswith(_PACKAGE) or path.startswith(_TESTING):
            return None
        if self.files and Path(path).name not in self.files:
            return None
        frame.f_trace_opcodes = True
        return self.step

    def step(self, frame: FrameType, event: str, arg: Any) -> Any:
        """Count a bytecode; raise at the one chosen."""
        if event == "opcode":
            self.count += 1
            code = frame.f_code
            key = (code.co_filename, code.co_firstlineno, frame.f_lasti)
            self.counts[key] = (self.counts.get(key, (self.count,))[0], self.count)
            if self.count == self.at:
                sys.settrace(None)
                self.place = f"{Path(code.co_filename).name}:{frame.f_lineno} in {code.co_name}"
                raise self.error()
        return self.step


CRITICAL = frozenset(
    {
        *("_reload.py", "_load.py", "_apply.py", "_withdraw.py", "_dicts.py", "_snapshot.py"),
        *("_quiet.py", "_undo.py", "_record.py", "_verify.py", "_nested.py", "_successors.py"),
        "_complete.py",
    }
)
"""The files whose code changes the running program, or takes changes back."""


class Rehearsal:
    """Reloads of one edit, each interrupted somewhere: for a child process."""

    def __init__(self, live: LiveModule, files: frozenset[str] = frozenset()) -> None:
        self.live = live
        self.files = files
        self.module = live.start(SOURCE)
        self.held = Holdings(self.module, live.other("A = 1\n"))
        live.write(EDITED)
        counter = Interrupter(files=files)
        with counter.tracing():
            report = live.reload()
        assert report.ok
        report.undo()
        self.places = sorted({count for both in counter.counts.values() for count in both})

    def interrupt(self, at: int, error: Callable[[], BaseException]) -> Iterator[str]:
        """Interrupt a reload at one bytecode; yield what is wrong afterwards."""
        interrupter = Interrupter(at, error, self.files)
        yield from self.disturb(interrupter.tracing(), lambda: interrupter.place)

    def disturb(
        self, disturbance: AbstractContextManager[object], where: Callable[[], str]
    ) -> Iterator[str]:
        """Reload while something disturbs; yield what is neither as before nor as after it."""
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
        if found and self.held.bound() == 1:
            yield f"{place}: half done: {found[:3]}"
        elif found:
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
