"""Which edits reach a program that runs only what changed, and which are dropped in silence?

Each is an edit outside of bodies. It arrives when an instance made before, and the module, have it;
or the tool says that they do not.
"""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, Any, NamedTuple

from _model import Job, Outcomes, Row, Scenario
from _tools import BARE, LIVEPATCH, TOOLS
from _workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType


class Edit(NamedTuple):
    """An edit, and how to see that it has arrived."""

    before: str
    after: str
    has_arrived: Callable[[ModuleType, Any], bool]


_SOURCE = """
import dataclasses
LIMIT = 2
DOUBLE = LIMIT * 2
class Base: pass
def mark(cls):
    cls.marked = True
    return cls
class Meta(type): pass
class Keyed:
    def __init_subclass__(cls, key=0): cls.key = key
class Plain: pass
class Thing(Keyed, key=1): pass
@dataclasses.dataclass
class Record:
    x: int = 1
def make(): return Plain(), Thing(), Record()
"""
EDITS: dict[str, Edit] = {
    "a base": Edit(
        "class Plain:", "class Plain(Base):", lambda new, held: isinstance(held[0], new.Base)
    ),
    "a class decorator": Edit(
        "class Plain:", "@mark\nclass Plain:", lambda new, held: hasattr(held[0], "marked")
    ),
    "a metaclass": Edit(
        "class Plain:",
        "class Plain(metaclass=Meta):",
        lambda new, held: type(type(held[0])) is new.Meta,
    ),
    "a class keyword": Edit("key=1", "key=2", lambda new, held: held[1].key == 2),
    "a dataclass field": Edit(
        "x: int = 1", "x: int = 1\n    y: int = 5", lambda new, held: new.Record(1, 7).y == 7
    ),
    "a derived value": Edit("LIMIT = 2", "LIMIT = 3", lambda new, held: new.DOUBLE == 6),
}
_ARRIVES, _SAID, _DROPPED = "arrives", "does not arrive, and is said", "dropped in silence"


def jobs(tools: Sequence[str], quick: bool) -> list[Job]:
    """Return one round: each edit by each tool that runs only what changed."""
    del quick
    return [Job("arrives", name, tool) for name in EDITS for tool in tools if tool != BARE]


def rounds(quick: bool) -> int:
    """Return how often each job runs: nothing is timed."""
    del quick
    return 1


def measure(job: Job) -> dict[str, Any]:
    """Make one edit and look for it."""
    tool = TOOLS[job.tool]()
    edit, said = EDITS[job.case], io.StringIO()
    with Workspace("bench_arrives") as workspace:
        module = workspace.load(_SOURCE)
        held = module.make()
        tool.attach(module)
        workspace.write(_SOURCE.replace(edit.before, edit.after))
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                result = tool.reload()
            except Exception as error:
                said.write(str(error))
                result = None
        if job.tool == LIVEPATCH:
            said.write("".join(map(str, getattr(result, "notices", ()))))
        try:
            arrived = bool(edit.has_arrived(module, held))
        except Exception:
            arrived = False
    return {"outcome": _ARRIVES if arrived else _SAID if said.getvalue() else _DROPPED}


def rows(outcomes: Outcomes, tools: Sequence[str]) -> list[Row]:
    """Return what became of each edit; of livepatch's none may be dropped."""
    return [_row(outcomes, name, tool) for name in EDITS for tool in tools if tool != BARE]


def _row(outcomes: Outcomes, name: str, tool: str) -> Row:
    runs = outcomes.figures(name, tool)
    outcome = runs[0]["outcome"] if runs else outcomes.problem(name, tool)
    ours = tool == LIVEPATCH
    return Row(
        scenario="arrives",
        case=name,
        tool=tool,
        measured=outcome,
        ratio=float(outcome == _DROPPED) if ours and runs else None,
        against="edits dropped",
        target=0 if ours else None,
    )


SCENARIO = Scenario(
    name="arrives",
    question="edits outside of bodies: do they reach the program?",
    jobs=jobs,
    rounds=rounds,
    measure=measure,
    rows=rows,
)
