"""What had come with a reload that is undone: the report of the undo names it if it is held."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest

from tests.live import LiveModule

pytestmark = pytest.mark.sampled(10)

BOTH = pytest.mark.parametrize("rerun", ["all", "changed"])
BEFORE = """
    import abc, dataclasses, enum, functools
    def noted(function):
        @functools.wraps(function)
        def call(*given): return function(*given)
        return call
    class Base:
        made = []
        def __init_subclass__(cls): Base.made.append(cls)
        def hit(self): return 1
    class Color(enum.Enum):
        RED = 1
"""
CAME = {
    "a function": "def came(): return 2",
    "a decorated one": "@noted\n    def came(): return 2",
    "one that keeps results": "@functools.lru_cache\n    def came(): return 2",
    "a class": "class came: pass",
    "one below another": "class came(Base):\n        def hit(self): return super().hit() + 1",
    "a data class": "@dataclasses.dataclass\n    class came:\n        x: int = 1",
    "one with slots": "@dataclasses.dataclass(slots=True)\n    class came:\n        x: int = 1",
    "an enumeration": "class came(enum.Enum):\n        A = 1",
    "an abstract one": "class came(abc.ABC):\n        @abc.abstractmethod\n        def f(self): 0",
}


def named(live: LiveModule, report: Any) -> list[tuple[str, str]]:
    prefix = f"{live.name}."
    return [(each.code, each.path.removeprefix(prefix)) for each in report.notices]


@BOTH
@pytest.mark.parametrize("said", CAME.values(), ids=CAME)
def test_what_is_held_after_the_undo_is_named(live: LiveModule, said: str) -> None:
    module = live.start(BEFORE)
    report = live.edit(BEFORE + f"    {said}\n")
    held = [module.came]
    undone = report.undo()

    assert not hasattr(module, "came")
    code = "LP306" if isinstance(held[0], type) else "LP309"
    assert named(live, undone) == [(code, "came")]


@BOTH
@pytest.mark.parametrize("said", CAME.values(), ids=CAME)
def test_what_nobody_holds_is_not_named(live: LiveModule, said: str) -> None:
    module = live.start(BEFORE)
    report = live.edit(BEFORE + f"    {said}\n")
    if "abstract" not in said and "Enum" not in said:
        module.came()
    undone = report.undo()

    assert not hasattr(module, "came")
    assert named(live, undone) == []
    assert not module.Base.made


@BOTH
def test_instance_is_a_holder_and_so_is_who_has_a_method(live: LiveModule) -> None:
    module = live.start(BEFORE)
    more = "    class came:\n        def hit(self): return 1\n"
    report = live.edit(BEFORE.replace("return 1", "return 1\n        def miss(self): pass") + more)
    held = [module.came(), module.Base.miss]
    undone = report.undo()

    assert len(held) == len(named(live, undone))
    assert set(named(live, undone)) == {("LP306", "came"), ("LP309", "Base.miss")}


@BOTH
def test_list_of_another_module_that_has_it_is_a_holder(live: LiveModule) -> None:
    other = live.other(
        "LIST = []\ndef add(function):\n    LIST.append(function)\n    return function\n"
    )
    live.start("import OTHER\n@OTHER.add\ndef hit(): return 1\n")
    report = live.edit(f"{live.source}@OTHER.add\ndef came(): return 2\n")
    undone = report.undo()

    left = [each.__name__ for each in other.LIST if each.__name__ == "came"]
    stays = [("LP314", f"{live.other_name}.LIST"), ("LP309", "came")]
    assert named(live, undone) == stays * len(left)


@BOTH
def test_what_was_there_by_another_name_is_not_named(live: LiveModule) -> None:
    module = live.start("def hit(): return 1\n")
    held = live.hold("hit")
    report = live.edit("def came(): return 1\nother = came\nfrom math import sqrt\n")
    more = [module.sqrt]
    undone = report.undo()

    assert held[0] is module.hit
    assert more
    assert named(live, undone) == []


@pytest.mark.parametrize("strategy", ["repoint"])
@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_what_an_undo_is_to_give_back_is_no_holder_that_is_seen_late(live: LiveModule) -> None:
    source = "from typing import NamedTuple\nclass Point(NamedTuple):\n    x: int\n    y: int = 2\n"
    module = live.start(source)
    old: Any = vars(module.Point)["__new__"]
    unseen, at = ctypes.py_object(old.__func__), id(old)
    ctypes.pythonapi.Py_IncRef(unseen)
    code, unseen, old = old.__func__.__code__, None, None
    report = live.edit(source + "    z: int = 3\n")
    kept: Any = ctypes.cast(at, ctypes.py_object).value  # by the report

    assert module.Point(1) == (1, 2, 3)
    assert len(kept.__func__.__defaults__) == 1

    del kept
    report.undo()

    assert vars(module.Point)["__new__"].__func__.__code__ is code
    assert module.Point(1) == (1, 2)
