"""What a decorator makes of a definition, and puts on its list, is the entry: it goes whole."""

from __future__ import annotations

import operator
from typing import Any

import pytest

import livepatch
from tests.live import LiveModule

pytestmark = [pytest.mark.sampled(40), pytest.mark.parametrize("rerun", ["changed", "all"])]

FUNCTION = """
import collections, functools
R = {empty}
def reg(key):
    def enter(f):
        {enters}
        return f
    return enter
"""
METHOD = """
import collections, functools
class App:
    def __init__(self): self.rules = {empty}
    def reg(self, key):
        def enter(f):
            {enters}
            return f
        return enter
app = App()
reg, R = app.reg, app.rules
"""
CLOSURE = """
import collections, functools
def make():
    rules = {empty}
    def reg(key):
        def enter(f):
            {enters}
            return f
        return enter
    return reg, rules
reg, R = make()
"""
ENTRIES = {
    "dict": "{'k': key, 'f': f}",
    "dict of a call": "dict(f=f, k=key, type=int)",
    "list": "[key, f]",
    "tuple": "(key, f)",
    "dict in a dict": "{'k': key, 'more': {'f': f}}",
    "list in a tuple": "(key, [f])",
    "partial": "functools.partial(f, key)",
    "lambda": "(lambda: (key, f))",
}
WHERE = {"a global": (FUNCTION, "R"), "an attribute": (METHOD, "self.rules")}
WHERE["a variable"] = CLOSURE, "rules"


def said(entry: Any) -> str:
    """Return the key that an entry says, once it has been seen to be whole."""
    if callable(entry):
        return str(entry.args[0] if hasattr(entry, "args") else entry()[0])
    parts = entry.values() if isinstance(entry, dict) else entry
    assert len(parts) > 1
    assert "<function" in repr(entry)
    return str(next(part for part in parts if isinstance(part, str)))


def one(key: str, name: str = "", body: str = "return 1") -> str:
    return f"@reg({key!r})\ndef {name or key}(*a): {body}\n"


EDITS = {
    "one goes": ("zxy", one("x") + one("y")),
    "the last goes": ("xyz", one("x") + one("y")),
    "its key changes": ("zx", one("z") + one("xx", "x")),
    "one goes, the next one changes": ("zxy", one("xx", "x") + one("y")),
    "two go, two change": ("zxwyv", one("xx", "x") + one("yy", "y") + one("v")),
    "one comes": ("zx", one("z") + one("y") + one("x")),
    "its body changes": ("zx", one("z", body="return 2") + one("x")),
    "its body and its key change": ("zx", one("zz", "z", "return 2") + one("x")),
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("where", WHERE)
def test_what_a_list_holds_of_a_definition_goes_as_a_whole(
    live: LiveModule, where: str, entry: str, edit: str
) -> None:
    source, name = WHERE[where]
    enters = f"{name}.append({ENTRIES[entry]})"
    _edit_back_and_forth(live, source.format(empty="[]", enters=enters), edit)


@pytest.mark.parametrize("edit", EDITS)
def test_what_is_deep_in_an_entry_is_found(live: LiveModule, edit: str) -> None:
    source = FUNCTION.format(empty="[]", enters="R.append((key, (1, [f])))")
    _edit_back_and_forth(live, source, edit)


GROUPS = """
R = {'a': [], 'b': []}
KINDS = [('a', {}), ('b', {})]
def reg(key, at):
    def enter(f):
        R[key].append(f); KINDS[at][1][f.__name__] = f
        return f
    return enter
"""


def test_groups_of_definitions_stay_where_these_go(live: LiveModule) -> None:
    one = "@reg('a', 0)\ndef x(): return 1\n"
    module = live.start(GROUPS + one + "@reg('b', 1)\ndef y(): return 2\n")
    groups = [*module.R.values(), *(each[1] for each in module.KINDS)]
    live.write(GROUPS + "@reg('a', 0)\ndef y(): return 3\n")
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert [[each.__name__ for each in group] for group in module.R.values()] == [["y"], []]
    assert [[*group] for _, group in module.KINDS] == [["y"], []]
    if live.rerun == "changed":
        now = [*module.R.values(), *(each[1] for each in module.KINDS)]
        assert all(map(operator.is_, groups, now))
    report.undo()
    assert [[each.__name__ for each in group] for group in module.R.values()] == [["x"], ["y"]]
    assert [[*group] for _, group in module.KINDS] == [["x"], ["y"]]


SHARED = """
R = []
def reg(key):
    def enter(f):
        for at, names in R:
            if at == key: break
        else:
            names = {}
            R.append((key, names))
        names[f.__name__] = f
        return f
    return enter
"""


def test_an_entry_with_another_definition_in_it_stays(live: LiveModule) -> None:
    two = "@reg('k')\ndef y(): return 2\n"
    module = live.start(SHARED + "@reg('k')\ndef x(): return 1\n" + two)
    live.write(SHARED + two)
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert [(key, [*names]) for key, names in module.R] == [("k", ["y"])]
    report.undo()
    assert [(key, [*names]) for key, names in module.R] == [("k", ["x", "y"])]


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("entry", ["dict", "list", "tuple"])
def test_what_a_deque_holds_of_a_definition_goes_as_a_whole(
    live: LiveModule, entry: str, edit: str
) -> None:
    enters = f"R.append({ENTRIES[entry]})"
    _edit_back_and_forth(live, FUNCTION.format(empty="collections.deque()", enters=enters), edit)


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("entry", ["dict", "list", "tuple"])
def test_what_a_dict_holds_of_a_definition_goes_as_a_whole(
    live: LiveModule, entry: str, edit: str
) -> None:
    enters = f"R[key] = {ENTRIES[entry]}"
    _edit_back_and_forth(live, FUNCTION.format(empty="{}", enters=enters), edit)


def _edit_back_and_forth(live: LiveModule, head: str, edit: str) -> None:
    names, after = EDITS[edit]
    module = live.start(head + "".join(map(one, names)))

    def keys() -> list[str]:
        return [said(each) for each in (module.R.values() if type(module.R) is dict else module.R)]

    live.write(head + after)
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
    wanted = [line.split("'")[1] for line in after.splitlines() if line.startswith("@")]

    assert keys() == wanted
    report.undo()
    assert keys() == list(names)
    livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
    assert keys() == wanted


BEARS = """
class P:
    all = []
    def __init_subclass__(cls, key=None): P.all.append({})
"""
BORN = {"tuple": "(key, cls)", "list": "[key, cls]", "dict": "{'k': key, 'c': cls}"}


def born(key: str, name: str = "") -> str:
    return f"class {name or key}(P, key={key!r}): pass\n"


CLASSES = {
    "its key changes": ("xy", born("xx", "x") + born("y"), "xx y"),
    "one goes": ("xyz", born("x") + born("z"), "x z"),
    "one goes, the next one changes": ("xyz", born("yy", "y") + born("z"), "yy z"),
    "one comes": ("xy", born("x") + born("z") + born("y"), "x z y"),
    "nothing changes": ("xy", born("x") + born("y"), "x y"),
}


@pytest.mark.parametrize("edit", CLASSES)
@pytest.mark.parametrize("entry", BORN)
def test_what_a_base_holds_of_a_class_goes_as_a_whole(
    live: LiveModule, entry: str, edit: str
) -> None:
    source, (names, after, wanted) = BEARS.format(BORN[entry]), CLASSES[edit]
    module = live.start(source + "".join(map(born, names)))

    def keys() -> list[str]:
        entries = (each.values() if isinstance(each, dict) else each for each in module.P.all)
        return [key for key, cls in entries if vars(module)[cls.__name__] is cls]

    live.write(source + after)
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert keys() == wanted.split()
    assert len(module.P.all) == len(keys())
    report.undo()
    assert keys() == list(names)
    livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
    assert keys() == wanted.split()
