"""What a reload does grows with the size of what is reloaded, and not with its square.

Counted, not timed: the calls of functions, in Python and in C, that a reload and its undo make. For
each program the counts at three sizes, each twice the one before, say how they grow.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.live import LiveModule, Rerun

pytestmark = pytest.mark.sampled(16)

SIZES = (80, 160, 320)
REGISTER = """
R, D = [], {}
def reg(f, *more):
    R.append((f.__name__, f))
    D[f.__name__] = f
    return f
"""
PROGRAMS = {
    "register": (REGISTER, "@reg\ndef f{i}(x): return x + {i}\n"),
    "names": (
        "NAMES = []\ndef reg(f, *more):\n    NAMES.append(f.__name__)\n    return f\n",
        "@reg\ndef f{i}(x): return x + {i}\n",
    ),
    "app": (
        "class App:\n"
        "    def __init__(self, *more): self.routes = []\n"
        "    def route(self, path):\n"
        "        def enter(f):\n"
        "            self.routes.append({'path': path, 'view': f})\n"
        "            return f\n"
        "        return enter\n"
        "app = App()\n",
        "@app.route('/{i}')\ndef f{i}(x): return x + {i}\n",
    ),
    "metaclass": (
        "class Meta(type):\n"
        "    made = {}\n"
        "    def __init__(cls, *given):\n"
        "        super().__init__(*given)\n"
        "        Meta.made[cls.__name__] = cls\n"
        "class Base(metaclass=Meta):\n"
        "    def run(self, *more): return 0\n",
        "class C{i}(Base):\n    def run(self): return super().run() + {i}\n",
    ),
    "subclasses": (
        "class Base:\n    def run(self, *more): return 0\n",
        "class C{i}(Base):\n    def run(self): return super().run() + {i}\n",
    ),
    "wrapped": (
        "import functools\n"
        "def deco(f, *more):\n"
        "    @functools.wraps(f)\n"
        "    def wrapper(*args): return f(*args)\n"
        "    return wrapper\n",
        "@deco\ndef f{i}(x): return x + {i}\n",
    ),
    "calls": (
        "def first(x, *more): return x\n",
        "def f{i}(x): return first(x) + {i}\nX{i} = f{i}({i})\n",
    ),
    "handlers": (
        "def first(x, *more): return x\n",
        "try: import nothing_of_the_kind\nexcept ImportError:\n"
        "    def f{i}(x): return first(x) + {i}\n",
    ),
    "tree": (
        "ROOT = {'children': []}\n"
        "def helper(*more): return 1\n"
        "def walk(): return [each['n'] for each in ROOT['children']] + [helper()]\n",
        "ROOT['children'].append({'n': {i}, 'parent': ROOT})\nX{i} = len(walk())\n",
    ),
    "constants": ("def first(x, *more): return x\n", "X{i} = {i}\n"),
    "dispatch": (
        "import functools\n@functools.singledispatch\ndef show(x, *more): return 0\n",
        "class K{i}: pass\n@show.register(K{i})\ndef show_{i}(x): return {i}\n",
    ),
}
EDITS: dict[str, Callable[[str, list[str]], str]] = {
    "head": lambda head, units: head.replace("*more", "*others") + "".join(units),
    "one": lambda head, units: head + "".join([*units[:7], _other(units[7]), *units[8:]]),
    "all": lambda head, units: head + "".join(map(_other, units)),
    "gone": lambda head, units: head + "".join(units[5:]),
    "moved": lambda head, units: head + "".join(reversed(units)),
}
_FEW = 150_000  # some tenths of a second


def _other(unit: str) -> str:
    """Return one of the definitions with another value, or another signature."""
    return (
        unit.replace("(x)", "(x, y=1)", 1)
        .replace("(self)", "(self, y=1)")
        .replace(" = ", " = 1 + ")
    )


def calls_made(run: Callable[[], Any]) -> tuple[int, Any]:
    """Count the calls of functions while something runs, and return what it returns."""
    count = 0

    def note(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    gc.collect()
    sys.setprofile(note)
    try:
        result = run()
    finally:
        sys.setprofile(None)
    return count, result


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_work_does_not_grow_with_the_square(
    tmp_path: Path, program: str, edit: str, rerun: Rerun
) -> None:
    head, unit = PROGRAMS[program]
    counts: list[tuple[int, int]] = []
    for size in SIZES:
        folder = tmp_path / str(size)
        folder.mkdir()
        live = LiveModule(folder, "auto", rerun)
        units = [unit.replace("{i}", str(each)) for each in range(size)]
        live.start(head + "".join(units))
        live.write(EDITS[edit](head, units))
        there, report = calls_made(live.reload)
        back, _ = calls_made(report.undo)
        counts.append((there, back))
        live.close()
    for few, some, many in zip(*counts):
        # Twice as many more make twice the work more; four times would be the square.
        assert many < _FEW or many - some < 2.6 * (some - few)
