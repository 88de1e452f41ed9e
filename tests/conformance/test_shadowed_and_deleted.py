"""What a stranger found in realistic programs: names that lead elsewhere by now, or nowhere."""

from __future__ import annotations

from typing import Any

import pytest

import livepatch
from livepatch.testing import assert_current
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(14)

FAST = """
def scan(a=0): return "fast"
class Stack:
    def push(self): return "fast"
"""
SHADOWED = """
def scan(a=1): return ("slow", a)
class Stack:
    def push(self, a=1): return ("slow", a)
"""
INSTEAD = {
    "another": "try:\n    from OTHER import scan, Stack\nexcept ImportError: pass\n",
    "all of another": "try:\n    from OTHER import *\nexcept ImportError: pass\n",
    "nothing": "del scan, Stack\n",
}


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("instead", INSTEAD)
def test_definition_with_another_name_whose_own_leads_elsewhere(
    live: LiveModule, instead: str
) -> None:
    live.other(FAST)
    source = SHADOWED + "py_scan = scan\nPyStack = Stack\n" + INSTEAD[instead]
    module = live.start(source)
    scan, stack = module.py_scan, module.PyStack()
    kept = vars(module).get("scan")
    live.write(source.replace("a=1", "a=22"))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert module.py_scan() == ("slow", 22)
    assert stack.push() == ("slow", 22)
    assert type(stack) is module.PyStack
    assert scan is module.py_scan or live.strategy == "repoint"
    assert vars(module).get("scan") is kept
    report.undo()
    assert module.py_scan() == stack.push() == ("slow", 1)
    assert vars(module).get("scan") is kept


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("given", ["def run(f=scan): return f()", "run = functools.partial(scan)"])
def test_what_is_made_of_a_definition_whose_name_leads_elsewhere(
    live: LiveModule, given: str
) -> None:
    live.other(FAST)
    source = "import functools\n" + SHADOWED + given + "\n" + INSTEAD["another"]
    module = live.start(source)
    live.write(source.replace("a=1", "a=22"))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert module.run() == ("slow", 22)
    report.undo()
    assert module.run() == ("slow", 1)


@pytest.mark.parametrize("rerun", ["changed"])
@pytest.mark.parametrize("instead", INSTEAD)
@pytest.mark.parametrize(
    ("keeps", "named"),
    [
        ("TABLE = {'scan': scan}", "TABLE"),
        ("TABLE = []\nTABLE.append(scan)", "TABLE"),
        ("py_scan, count = scan, 1", "py_scan"),
    ],
)
def test_who_keeps_a_definition_whose_name_leads_elsewhere_is_named(
    live: LiveModule, keeps: str, named: str, instead: str
) -> None:
    live.other(FAST)
    source = SHADOWED + keeps + "\n" + INSTEAD[instead]
    module = live.start(source)
    live.write(source.replace("a=1", "a=22"))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert [(each.code, each.path) for each in report.notices] == [
        ("LP313", f"{live.name}.{named}")
    ]


@pytest.mark.parametrize("rerun", ["changed"])
def test_nobody_is_named_where_the_other_definition_is_not_there(live: LiveModule) -> None:
    source = SHADOWED + "TABLE = {'scan': scan}\n" + INSTEAD["another"]
    module = live.start(source.replace("OTHER", "_not_there_"))
    live.write(source.replace("OTHER", "_not_there_").replace("a=1", "a=22"))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert not report.notices
    assert module.TABLE["scan"] is module.scan
    assert module.scan() == ("slow", 22)


CHANGED_BEFORE_A_CHOICE = [
    (
        "def get(a=1): return a\ntry:\n    from _not_there_ import get\nexcept ImportError: pass\n",
        5,
    ),
    ("def get(a=1): return a\nif CHOICE:\n    def get(a=0): return 7\n", 5),
    ("def get(a=1): return a\nget = memo(get)\nif CHOICE: get = memo(get)\n", 5),
    ("LIMIT = 'a=1'\nif CHOICE: LIMIT = 0\ndef get(): return int(LIMIT[2:])\n", 5),
]


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize(("source", "expected"), CHANGED_BEFORE_A_CHOICE)
def test_statement_before_one_that_has_not_bound_the_name(
    live: LiveModule, source: str, expected: int
) -> None:
    source = f"CHOICE = False\ndef memo(f): return lambda: f()\n{source}"
    module = live.start(source)
    held = module.get
    live.write(source.replace("a=1", "a=5"))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert module.get() == held() == expected
    assert not report.notices
    report.undo()
    assert module.get() == held() == 1


@pytest.mark.parametrize("rerun", ["changed"])
def test_choice_that_does_more_than_bind_the_name_is_named(live: LiveModule) -> None:
    source = """
ROWS = []
BEST = 1
for row in (1, 2):
    if row > BEST: BEST = row
    ROWS.append(row)
"""
    module = live.start(source)
    live.write(source.replace("BEST = 1", "BEST = 5"))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert (module.BEST, module.ROWS) == (2, [1, 2])
    assert ("LP313", f"{live.name}.BEST") in [(each.code, each.path) for each in report.notices]


@pytest.mark.parametrize("rerun", ["changed"])
def test_variable_of_two_loops_is_not_named(live: LiveModule) -> None:
    source = "ROWS = []\nfor row in (1, 2): pass\nfor row in (3, 4): ROWS.append(row)\n"
    module = live.start(source)
    live.write(source.replace("(1, 2)", "(0, 2)"))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert module.ROWS == [3, 4]
    assert not report.notices


FACTORY = """
def _twice(x): return x * 2
def _make(n):
    class Codec:
        name = n
        def encode(self, a=1): return a
    return Codec
def _sized(n):
    def put(cls):
        cls.size = _twice(n)
        return cls
    return put
A = _make("a")
B = _make("b")
@_sized(4)
class C:
    limit = _twice(5)
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("deletes", ["", "del _make, _sized, _twice\n"])
@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("name = n", "name = n.upper()", ("A", "B", 8, 10, 1)),
        ("_twice(n)", "n * 3", ("a", "b", 12, 10, 1)),
        ("x * 2", "x * 3", ("a", "b", 12, 15, 1)),
        ("a=1", "a=3", ("a", "b", 8, 10, 3)),
        ("return a", "return a + 4", ("a", "b", 8, 10, 5)),
    ],
)
def test_what_a_function_has_made_that_is_deleted_behind(
    live: LiveModule, deletes: str, old: str, new: str, expected: tuple[object, ...]
) -> None:
    module = live.start(FACTORY + deletes)
    codec, held = module.A(), live.hold("A", "B", "C")

    def told() -> tuple[object, ...]:
        module = live.module
        return module.A.name, module.B.name, module.C.size, module.C.limit, codec.encode()

    before = told()
    live.write((FACTORY + deletes).replace(old, new))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert told() == expected
    assert held == [module.A, module.B, module.C]
    assert type(codec) is module.A
    report.undo()
    assert told() == before == ("a", "b", 8, 10, 1)


TABLE = "OPS = {}\nfor name in ('add', 'sub'):\n    BODY\n    OPS[name] = op\n"
ON_CLASS = "class Ops: pass\nfor name in ('add', 'sub'):\n    BODY\n    setattr(Ops, name, op)\n"
FUNCTION = "def op(a=1, name=name): return (name, a)"
LAMBDA = "op = lambda a=1, name=name: (name, a)"
CLASS = "class op:\n        a = 1\n        def __new__(cls, name=name): return (name, cls.a)"


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("source", [TABLE, ON_CLASS], ids=["table", "class"])
@pytest.mark.parametrize("body", [FUNCTION, LAMBDA, CLASS], ids=["function", "lambda", "class"])
@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [("a=1", "a=3", 3), ("a = 1", "a = 3", 3), ("(name, ", "(name * 2, ", 1)],
    ids=["default", "attribute", "body"],
)
def test_definitions_of_a_loop_that_others_hold(  # noqa: PLR0913, PLR0917 - the cases
    live: LiveModule, source: str, body: str, old: str, new: str, expected: int
) -> None:
    if body.startswith("def") or "class" not in body:
        old, new = old.replace(" = ", "="), new.replace(" = ", "=")
    source = source.replace("BODY", body)
    module = live.start(source)

    def found() -> list[Any]:
        ops = vars(live.module).get("OPS") or vars(live.module.Ops)
        return [ops["add"], ops["sub"], live.module.op]

    class Holder:
        held = found()

    before = [each() for each in Holder.held]
    live.write(source.replace(old, new))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert Holder.held == found()
    assert [name[:3] for name, _ in map(_called, found())] == ["add", "sub", "sub"]
    assert {a for _, a in map(_called, found())} == ({expected} if old in source else {1})
    assert not [each for each in report.notices if each.code == "LP314"]
    assert_current(module)
    report.undo()
    assert Holder.held == found()
    assert [each() for each in Holder.held] == before
    assert_current(module)


@pytest.mark.parametrize("rerun", ["changed"])
def test_key_that_a_loop_enters_no_more_is_named(live: LiveModule) -> None:
    source = TABLE.replace("BODY", FUNCTION)
    module = live.start(source)
    live.write(source.replace("'sub'", "'mul'").replace("a=1", "a=2"))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert [*module.OPS] == ["add", "sub", "mul"]
    assert [(each.code, each.path) for each in report.notices] == [("LP314", f"{live.name}.OPS")]


def _called(each: Any) -> tuple[str, int]:
    found: tuple[str, int] = each()
    return found


NAMED = "import os as _os\nclass Shape:\n    sep = _os.sep\n    width = 1\ndel _os\n"
ALIASED = """
def _init(self, a): self.a = a
class Shape:
    __init__ = _init
    width = 1
del _init
"""
CALLED = """
_LEAST = 0
def _check(a): return max(a, _LEAST)
def _twice(a): return _check(a) * 2
class Shape:
    width = 1
    def __init__(self, a): self.a = _twice(a)
Shape.zero = Shape(0)
del _check, _LEAST, _twice
"""
BUILT = """
_sizes = {}
_sizes["a"] = 1
class Shape:
    sizes = [*_sizes]
    width = 1
del _sizes
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("source", [NAMED, ALIASED, CALLED, BUILT])
def test_class_that_needs_a_name_deleted_behind_it(live: LiveModule, source: str) -> None:
    module = live.start(source)
    held, names = module.Shape, set(vars(module))
    live.write(source.replace("width = 1", "width = 2"))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert module.Shape.width == 2
    assert held is module.Shape or live.strategy == "repoint"
    assert set(vars(module)) == names
    assert not report.notices
    report.undo()
    assert module.Shape.width == 1
    assert set(vars(module)) == names


@pytest.mark.parametrize("rerun", ["changed"])
def test_who_used_a_deleted_name_before_does_not_run_for_another(live: LiveModule) -> None:
    source = """
CALLS = []
def _on(f):
    CALLS.append(f.__name__)
    return f
@_on
def one(a=1): return a
@_on
def two(a=2): return a
def _unused(): CALLS.append("never")
_UNUSED = CALLS.append("once")
del _on, _unused, _UNUSED
"""
    module = live.start(source)
    live.write(source.replace("a=1", "a=3"))
    livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert (module.one(), module.two()) == (3, 2)
    assert sorted(module.CALLS) == ["once", "one", "one", "two"]
