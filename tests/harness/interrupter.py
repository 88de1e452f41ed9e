"""Exceptions at single bytecodes of livepatch's own code."""

from __future__ import annotations

import dis
import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

import livepatch

Step = Callable[[CodeType, int], None]
"""What is told of each bytecode, of its code and offset; what this raises is raised there."""


def codes_of_functions() -> list[CodeType]:
    """Return the codes of all functions there are, and of those that these make."""
    codes = [each.__code__ for each in gc.get_objects() if type(each) is FunctionType]
    for code in codes:  # grows
        codes += (each for each in code.co_consts if type(each) is CodeType)
    return codes


@contextmanager
def telling_by_trace(wanted: Callable[[CodeType], bool], step: Step) -> Iterator[None]:
    """Tell of the bytecodes that this thread runs of the codes that are wanted, up to 3.11.

    From 3.12 on a function that ran untraced before is not traced by bytecodes when it begins.
    """

    def enter(frame: FrameType, event: str, arg: Any) -> Any:
        if not wanted(frame.f_code):
            return None
        frame.f_trace_opcodes = True
        return trace

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        if event == "opcode":
            step(frame.f_code, frame.f_lasti)
        return trace

    sys.settrace(enter)
    try:
        yield
    finally:
        sys.settrace(None)


@contextmanager
def telling_by_monitoring(wanted: Callable[[CodeType], bool], step: Step) -> Iterator[None]:
    """Tell of the bytecodes that this process runs of the codes that are wanted, from 3.12 on."""
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
    tool, event = monitoring.DEBUGGER_ID, monitoring.events.INSTRUCTION
    codes = [each for each in codes_of_functions() if wanted(each)]
    monitoring.use_tool_id(tool, __name__)
    try:
        for code in codes:
            monitoring.set_local_events(tool, code, event)
        monitoring.register_callback(tool, event, step)
        yield
    finally:
        monitoring.register_callback(tool, event, None)
        for code in codes:
            monitoring.set_local_events(tool, code, 0)
        monitoring.free_tool_id(tool)


telling = telling_by_monitoring if sys.version_info >= (3, 12) else telling_by_trace

_PACKAGE = str(Path(livepatch.__file__).resolve().parent)
_TESTING = str(Path(_PACKAGE, "testing"))


class Stop(Exception):
    """Raised on purpose."""


class Interrupter:
    """Counts livepatch's own bytecode, and raises at one of them.

    Attributes:
        files: the files whose bytecode counts, by path in the package; all if none.
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

    def interrupting(self) -> AbstractContextManager[None]:
        """Count during a block, up to where it raises."""
        return telling(self.wants, self.step)

    def wants(self, code: CodeType) -> bool:
        """Whether bytecode of this counts."""
        path = code.co_filename
        return (
            path.startswith(_PACKAGE)
            and not path.startswith(_TESTING)
            and (not self.files or Path(path).relative_to(_PACKAGE).as_posix() in self.files)
        )

    def step(self, code: CodeType, offset: int) -> None:
        """Count a bytecode; raise at the one chosen."""
        if self.place:
            return
        self.count += 1
        key = (code.co_filename, code.co_firstlineno, offset)
        self.counts[key] = (self.counts.get(key, (self.count,))[0], self.count)
        if self.count == self.at:
            line = max(
                (line for start, line in dis.findlinestarts(code) if start <= offset and line),
                default=0,
            )
            self.place = f"{Path(code.co_filename).name}:{line} in {code.co_name}"
            raise self.error()
