"""``rerun="changed"``: what runs again after an edit, what does not, and what follows in any case.

Whatever a module under test does when it runs, it writes into the list ``LOG`` of the module beside
it, which nothing reloads.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
import traceback
import types
from textwrap import dedent
from typing import Any, NamedTuple

import pytest

import livepatch
from tests.live import LiveModule, run_in_child

BESIDE = """\
import functools

LOG = []

def run(what):
    LOG.append(what)
    return what

def noted(function):
    LOG.append(function.__name__)
    return function

def wrapping(function):
    LOG.append(function.__name__)
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)
    return wrapper
"""
IMPORT = "from OTHER import LOG, noted, run, wrapping\n"


def start(live: LiveModule, source: str) -> Any:
    """Import the module under test with the one beside it, and forget what its import ran."""
    live.other(BESIDE)
    module = live.start(IMPORT + dedent(source))
    module.LOG.clear()
    return module


def edit(live: LiveModule, source: str, **options: Any) -> livepatch.Report:
    """Write a new source and bring the module to it; only what changed runs."""
    return live.edit(IMPORT + dedent(source), rerun="changed", **options)


def change(live: LiveModule, old: str, new: str, **options: Any) -> livepatch.Report:
    """Replace a text of the source; only what changed runs."""
    return live.change(old, new, rerun="changed", **options)


def portrait(module: types.ModuleType) -> dict[str, Any]:
    """Describe all that a module's source says of its globals, in words that can be compared."""
    return {
        name: describe(
            sorted(value) if name == "__annotations__" else value, module.__name__
        )
        for name, value in vars(module).items()
        if name not in {"__builtins__", "__spec__", "__loader__", "LOG", "__annotate__"}
    }


def describe(value: Any, home: str) -> Any:
    """Describe one object: definitions by what they are made of, data by its repr."""
    if isinstance(value, types.FunctionType):
        code = value.__code__
        inner = [describe(cell.cell_contents, home) for cell in value.__closure__ or ()]
        return (
            value.__qualname__, value.__doc__, value.__defaults__ and repr(value.__defaults__),
            code.co_code, code.co_names, code.co_firstlineno, inner,
        )  # fmt: skip
    if isinstance(value, type):
        if value.__module__ != home:
            return value.__qualname__
        parts = {name: describe(part, home) for name, part in vars(value).items()}
        return (value.__qualname__, [base.__qualname__ for base in value.__bases__], parts)
    if isinstance(value, property):
        parts_of_it = [describe(each, home) for each in (value.fget, value.fset, value.fdel)]
        return ("property", value.__doc__, parts_of_it)
    if isinstance(value, (staticmethod, classmethod)):
        return (type(value).__name__, describe(value.__func__, home))
    if type(value) in (list, tuple, set, dict, int, str, float, bool, type(None)):
        return repr(value) if " at 0x" not in repr(value) else type(value)
    return type(value)


def kept_names(report: livepatch.Report) -> set[str]:
    """Return the globals that the report names as not brought up to date."""
    return {
        notice.path.rpartition(".")[2]
        for notice in report.notices
        if notice.code in {"LP313", "LP314"}
    }


def assert_modes_agree(live: LiveModule, report: livepatch.Report, *state: str) -> None:
    """Run everything, and compare: all but the data that the report names, and state, is the same."""
    before = portrait(live.module)
    live.reload(rerun="all")
    after = portrait(live.module)
    named = kept_names(report) | set(state)

    assert before.keys() - named == after.keys() - named
    assert {k: v for k, v in before.items() if k not in named} == {
        k: v for k, v in after.items() if k not in named
    }


class Case(NamedTuple):
    """An edit, what of the new source runs, and which globals the report names as kept."""

    name: str
    before: str
    after: str
    ran: list[str]
    kept: set[str] = set()


CASES = [
    Case("body", "@noted\ndef f(): return 1", "@noted\ndef f(): return 2", []),
    Case("body behind a wrapper", "@wrapping\ndef f(): return 1", "@wrapping\ndef f(): return 2", []),
    Case("docstring", "@noted\ndef f(): 'old'", "@noted\ndef f(): 'new'", []),
    Case("docstring comes", "@wrapping\ndef f(): pass", "@wrapping\ndef f(): 'new'", []),
    Case("argument without default", "@noted\ndef f(a): pass", "@noted\ndef f(a, b): pass", []),
    Case(
        "method body",
        "@noted\nclass C:\n    x = run('x')\n    def m(self): return 1",
        "@noted\nclass C:\n    x = run('x')\n    def m(self): return 2",
        [],
    ),
    Case(
        "method docstrings of every kind",
        """
        class C:
            @property
            def p(self): "old"
            @staticmethod
            def s(): "old"
            @classmethod
            def c(cls): "old"
            """,
        """
        class C:
            @property
            def p(self): "new"
            @staticmethod
            def s(): "new"
            @classmethod
            def c(cls): "new"
            """,
        [],
    ),
    Case("comment", "X = run('x')\ndef f(): pass", "# one\n\nX = run('x')  # two\n# three\ndef f(): pass", []),
    Case("formatting", "X = run('x'); Y = [1, 2]\nclass C: a = 1", "X = run(\n  'x'\n)\nY = [\n 1,\n # two\n 2]\n\nclass C:\n\n    a = 1", []),
    Case("docstring of the module", "'old'\nX = run('x')", "'new'\nX = run('x')", []),
    Case("docstring of the module goes", "'old'\nX = run('x')", "X = run('x')", []),
    Case("docstring of a class", "class C:\n    'old'\nX = run('x')", "class C:\n    'new'\nX = run('x')", []),
    Case("assignment", "X = run('x')\nY = run('y')", "X = run('x')\nY = run('z')", ["z"]),
    Case("comprehension", "X = [run(i) for i in 'ab']", "X = [run(i) for i in 'ba']", ["b", "a"]),
    Case("inside a comprehension", "X = [run(i) for i in 'ab']", "X = [run(i + i) for i in 'ab']", ["aa", "bb"]),
    Case("added assignment", "X = run('x')", "W = run('w')\nX = run('x')\nY = run('y')", ["w", "y"]),
    Case("removed assignment", "X = run('x')\nY = run('y')", "Y = run('y')", []),
    Case("statements change places", "X = run('x')\nY = run('y')", "Y = run('y')\nX = run('x')", []),
    Case("added function", "X = run('x')", "X = run('x')\n@noted\ndef f(): pass", ["f"]),
    Case("removed function", "X = run('x')\ndef f(): pass", "X = run('x')", []),
    Case("default", "def f(a=run('1')): pass\nX = run('x')", "def f(a=run('2')): pass\nX = run('x')", ["2"]),
    Case("decorator comes", "def f(): pass\nX = run('x')", "@noted\ndef f(): pass\nX = run('x')", ["f"]),
    Case("decorator goes", "@wrapping\ndef f(): pass", "def f(): pass", []),
    Case("class attribute", "class C:\n    x = run('1')\n    def m(self): pass", "class C:\n    x = run('2')\n    def m(self): pass", ["2"]),
    Case("method added", "class C:\n    x = run('x')", "class C:\n    x = run('x')\n    def m(self): pass", ["x"]),
    Case("base", "class A: pass\nclass C: x = run('x')", "class A: pass\nclass C(A): x = run('x')", ["x"]),
    Case(
        "default uses a changed value",
        "LIMIT = 1\n@noted\ndef f(a=LIMIT): pass\n@noted\ndef g(): return LIMIT",
        "LIMIT = 2\n@noted\ndef f(a=LIMIT): pass\n@noted\ndef g(): return LIMIT",
        ["f"],
    ),
    Case(
        "class statement uses a changed function",
        "def f(): return 1\n@noted\nclass C: x = f()\n@noted\nclass D: x = 1",
        "def f(): return 2\n@noted\nclass C: x = f()\n@noted\nclass D: x = 1",
        ["C"],
    ),
    Case(
        "decorator changed itself",
        "def deco(f):\n    f.tag = 1\n    return f\n@noted\n@deco\ndef f(): pass\n@noted\ndef g(): pass",
        "def deco(f):\n    f.tag = 2\n    return f\n@noted\n@deco\ndef f(): pass\n@noted\ndef g(): pass",
        ["f"],
    ),
    Case(
        "only the wrapper inside a decorator changed",
        "def deco(f):\n    def inner(): return 1\n    return inner\n@noted\n@deco\ndef f(): pass",
        "def deco(f):\n    def inner(): return 2\n    return inner\n@noted\n@deco\ndef f(): pass",
        [],
    ),
    Case(
        "base changed outside its methods",
        "class A: x = 1\n@noted\nclass B(A): pass",
        "class A: x = 2\n@noted\nclass B(A): pass",
        ["B"],
    ),
    Case(
        "a method of a base changed",
        "class A:\n    def __init__(self): self.x = 1\n@noted\nclass B(A): pass",
        "class A:\n    def __init__(self): self.x = 2\n@noted\nclass B(A): pass",
        [],
    ),
    Case(
        "data computed from a changed value",
        "LIMIT = 1\nDOUBLE = LIMIT * 2\nMORE = DOUBLE + 1\nOTHERS = run('x')",
        "LIMIT = 2\nDOUBLE = LIMIT * 2\nMORE = DOUBLE + 1\nOTHERS = run('x')",
        [],
        {"DOUBLE", "MORE"},
    ),
    Case(
        "data computed through calls",
        "def one(): return 1\ndef two(): return one() + 1\nX = two()\nY = run('y')",
        "def one(): return 5\ndef two(): return one() + 1\nX = two()\nY = run('y')",
        [],
        {"X"},
    ),
    Case(
        "data computed by a method",
        "class C:\n    def m(self): return 1\nX = C().m()\nY = [C]",
        "class C:\n    def m(self): return 2\nX = C().m()\nY = [C]",
        [],
        {"X"},
    ),
    Case(
        "a list that several statements build",
        "__all__ = ['a']\n__all__ += ['b']\n__all__.append('c')\nX = run('x')",
        "__all__ = ['a']\n__all__ += ['b', 'd']\n__all__.append('c')\nX = run('x')",
        [],
    ),
    Case(
        "a table that other statements fill",
        "TABLE = {}\nTABLE['a'] = run('a')\nX = run('x')",
        "TABLE = {'z': 0}\nTABLE['a'] = run('a')\nX = run('x')",
        ["a"],
    ),
    Case(
        "a changed entry of a table",
        "TABLE = {}\nTABLE['a'] = run('a')\nTABLE['b'] = run('b')",
        "TABLE = {}\nTABLE['a'] = run('c')\nTABLE['b'] = run('b')",
        ["c"],
        {"TABLE"},
    ),
    Case(
        "an entry of a table goes",
        "TABLE = {}\nTABLE['a'] = run('a')\nTABLE['b'] = run('b')",
        "TABLE = {}\nTABLE['b'] = run('b')",
        [],
        {"TABLE"},
    ),
    Case(
        "redefinition, the first one changed",
        "def f(a=1): return a\nX = run('x')\ndef f(a=2): return a",
        "def f(a=3): return a\nX = run('x')\ndef f(a=2): return a",
        [],
    ),
    Case(
        "redefinition, the body of the first one changed",
        "def f(): return 1\nX = run('x')\ndef f(): return 2",
        "def f(): return 3\nX = run('x')\ndef f(): return 2",
        [],
    ),
    Case(
        "a temporary name",
        "tmp = run('tmp')\nX = tmp + '1'\ndel tmp\nY = run('y')",
        "tmp = run('tmp')\nX = tmp + '2'\ndel tmp\nY = run('y')",
        ["tmp"],
    ),
    Case("del comes", "X = run('x')\nY = 1", "X = run('x')\nY = 1\ndel Y", []),
    Case("if, the test changes", "if run('a'):\n    X = 1\nY = run('y')", "if run('b'):\n    X = 1\nY = run('y')", ["b"]),
    Case("a statement leaves an if", "if not run(''):\n    X = run('x')", "X = run('x')", ["x"]),
    Case("a statement enters an if", "X = run('x')", "if not run(''):\n    X = run('x')", ["", "x"]),
    Case("a body inside an if", "if run('a'):\n    def f(): return 1", "if run('a'):\n    def f(): return 2", []),
    Case("a body inside a try", "try:\n    @noted\n    def f(): return 1\nfinally:\n    run('end')", "try:\n    @noted\n    def f(): return 2\nfinally:\n    run('end')", []),
    Case("try, the handler changes", "try:\n    X = run('a')\nexcept ValueError:\n    X = 1", "try:\n    X = run('a')\nexcept KeyError:\n    X = 1", ["a"]),
    Case("a statement leaves a try", "try:\n    X = run('x')\nexcept ValueError:\n    pass\nY = run('y')", "X = run('x')\nY = run('y')", ["x"]),
    Case("a statement leaves a with", "import contextlib\nwith contextlib.suppress(OSError):\n    X = run('x')\nY = run('y')", "import contextlib\nX = run('x')\nY = run('y')", ["x"]),
    Case("with, unchanged", "import contextlib\nwith contextlib.suppress(OSError):\n    X = run('x')\nY = 1", "import contextlib\nwith contextlib.suppress(OSError):\n    X = run('x')\nY = 2", []),
    Case("for", "for i in 'ab':\n    run(i)\nY = run('y')", "for i in 'ac':\n    run(i)\nY = run('y')", ["a", "c"]),
    Case("a statement leaves a for", "for i in 'ab':\n    X = run('x')", "for i in 'ab':\n    pass\nX = run('x')", ["x"]),
    Case("two loops over one name", "for i in 'ab': run(i)\nfor i in 'cd': run(i)", "for i in 'ax': run(i)\nfor i in 'cd': run(i)", ["a", "x"]),
    Case("match", "match run('a'):\n    case 'a': X = 1\n    case _: X = 2", "match run('a'):\n    case 'a': X = 3\n    case _: X = 2", ["a"]),
    Case("TYPE_CHECKING", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import json\nX = run('x')", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import csv\nX = run('x')", []),
    Case("main", "X = run('x')\nif __name__ == '__main__':\n    run('main')", "X = run('x')\nif __name__ == '__main__':\n    run('other')", []),
    Case("import changes", "import os\nX = run(os.sep)", "import os, re\nX = run(os.sep)", []),
    Case("from-import changes", "from os import path\n@noted\ndef f(a=path): pass", "from os import path, sep\n@noted\ndef f(a=path): pass", []),
    Case("star import comes", "X = run('x')", "from string import *\nX = run('x')", []),
    Case("walrus", "print(X := run('x'), end='')\nY = run('y')", "print(X := run('z'), end='')\nY = run('y')", ["z"]),
    Case("globals()", "globals()['X'] = run('x')\nY = run('y')", "globals()['X'] = run('z')\nY = run('y')", ["z"]),
    Case("annotated", "X: int = run('x')\nY: int = run('y')", "X: int = run('x')\nY: str = run('z')", ["z"]),
    Case("annotation goes", "W: int = 1\nX: int = run('x')", "X: int = run('x')", []),
    Case("annotation comes above", "X: int = run('x')", "W: int = 1\nX: int = run('x')", []),
    Case("lambda bound to a name", "f = lambda: 1\nX = run('x')", "f = lambda: 2\nX = run('x')", []),
    Case("property setter", "class C:\n    @property\n    def p(self): return 1\n    @p.setter\n    def p(self, v): self.x = v", "class C:\n    @property\n    def p(self): return 1\n    @p.setter\n    def p(self, v): self.x = v + 1", []),
    Case("class in a class", "@noted\nclass C:\n    class D:\n        def m(self): return 1", "@noted\nclass C:\n    class D:\n        def m(self): return 2", []),
    Case("nested class attribute", "@noted\nclass C:\n    class D:\n        x = 1", "@noted\nclass C:\n    class D:\n        x = 2", ["C"]),
    Case("a semicolon line", "X = run('x'); Y = run('y')\nZ = run('z')", "X = run('x'); Y = run('w')\nZ = run('z')", ["x", "w"]),
    Case(
        "dataclass field",
        "import dataclasses\n@dataclasses.dataclass\nclass C:\n    x: int = 1\nX = run('x')",
        "import dataclasses\n@dataclasses.dataclass\nclass C:\n    x: int = 1\n    y: int = 2\nX = run('x')",
        [],
    ),
    Case(
        "enum member",
        "import enum\nclass C(enum.Enum):\n    A = 1\nX = run('x')",
        "import enum\nclass C(enum.Enum):\n    A = 1\n    B = 2\nX = run('x')",
        [],
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_only_what_changed_runs_and_both_modes_agree(live: LiveModule, case: Case) -> None:
    module = start(live, case.before)
    report = edit(live, case.after)

    assert module.LOG == case.ran
    assert kept_names(report) == case.kept
    assert not {notice.code for notice in report.notices} & {"LP315", "LP206", "LP201"}
    assert_modes_agree(live, report)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_dry_run_and_an_undo_leave_what_was_there(live: LiveModule, case: Case) -> None:
    module = start(live, case.before)
    before = portrait(module)
    edit(live, case.after, dry_run=True)
    dry = portrait(module)
    report = live.reload(rerun="changed")
    report.undo()
    undone = portrait(module)
    data = {name for name, value in before.items() if isinstance(value, str)}

    assert dry == before
    assert list(dry) == list(before)
    # An undo keeps the state gathered since: containers stay as they are.
    assert {k: v for k, v in undone.items() if k not in data} == {
        k: v for k, v in before.items() if k not in data
    }
