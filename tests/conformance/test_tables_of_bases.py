"""Tables that a metaclass, or ``__init_subclass__``, makes of a class and all that it derives from.

The source of the class is the same; those of its bases are not. Its table follows them entry by
entry, and keeps what the program has entered itself.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.live import LiveModule

pytestmark = [
    pytest.mark.parametrize("rerun", ["all", "changed"]),
    pytest.mark.sampled(20),
]

MAKERS = {
    "by name": "table = {k: v for c in order for k, v in vars(c).items() if k in own(c)}",
    "by tuple": "table = {(k, 1): v for c in order for k, v in vars(c).items() if k in own(c)}",
    "records": "table = {k: [k, v] for c in order for k, v in vars(c).items() if k in own(c)}",
    "list": "table = [k for c in order for k in own(c)]",
    "pairs": "table = [(k, getattr(c, k)) for c in order for k in own(c)]",
    "twice": "table = [each for c in order for k in own(c) for each in (k, 'sep')]",
    "set": "table = {k for c in order for k in own(c)}",
    "set of tuples": "table = {(k, getattr(c, k)) for c in order for k in own(c)}",
    "ordered": "table = collections.OrderedDict((k, getattr(c, k)) for c in order for k in own(c))",
    "objects": "table = [Field(k, getattr(c, k)) for c in order for k in own(c)]",
    "objects by name": "table = {k: Field(k, getattr(c, k)) for c in order for k in own(c)}",
    "objects by tuple": "table = {(k, 1): Field(k, getattr(c, k)) for c in order for k in own(c)}",
    "pairs with objects": "table = [(k, Field(k, getattr(c, k))) for c in order for k in own(c)]",
    "set of objects": "table = {Field(k, getattr(c, k)) for c in order for k in own(c)}",
}
SOURCE = """
import collections
class Field:
    def __init__(self, name, value): self.name, self.value = name, value
    def __repr__(self): return f"{self.name}={self.value}"
def own(cls): return [k for k, v in vars(cls).items() if type(v) in (int, bool) and k[0] != "_"]
class Meta(type):
    def __init__(cls, *given):
        super().__init__(*given)
        order = cls.__mro__[-2::-1]
        cls.MAKE
class Base(metaclass=Meta):
    first = 1
    second = 2
class Child(Base):
    third = 3
"""
# The others are made anew, and named in README.
FOLLOWED = [each for each in MAKERS if "objects" not in each and each != "twice"]
ENTERED: dict[type, Any] = {
    dict: lambda table: table.__setitem__("run", 7),
    list: lambda table: table.append("run"),
    set: lambda table: table.add("run"),
}
EDITS = {
    "comes": ("second = 2", "second = 2\n    fourth = 4"),
    "goes": ("    second = 2\n", ""),
    "changes": ("second = 2", "second = 5"),
    "becomes a bool": ("first = 1", "first = True"),
    "swapped": ("first = 1\n    second = 2", "second = 2\n    first = 1"),
    "renamed": ("second = 2", "other = 2"),
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("maker", MAKERS)
def test_table_follows_the_bases(live: LiveModule, maker: str, edit: str) -> None:
    source = SOURCE.replace("MAKE", MAKERS[maker])
    module = live.start(source)
    before = repr(module.Child.table)
    report = live.edit(source.replace(*EDITS[edit]))

    expected = fresh_table(source, edit)
    if maker == "objects by name":  # each keeps the object that it has: it may have a state
        assert list(module.Child.table) == list(expected)
    else:
        assert shown(module.Child.table) == shown(expected)
    report.undo()
    assert repr(module.Child.table) == before or "set" in maker


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize(
    "maker", [each for each in MAKERS if "objects" not in each and each != "twice"]
)
def test_what_the_program_has_entered_stays(live: LiveModule, maker: str, edit: str) -> None:
    source = SOURCE.replace("MAKE", MAKERS[maker])
    module = live.start(source)
    held = module.Child.table
    enter(held)
    before = shown(held)
    report = live.edit(source.replace(*EDITS[edit]))

    expected = fresh_table(source, edit)
    enter(expected)
    assert shown(module.Child.table) == shown(expected)
    assert module.Child.table is held
    report.undo()
    assert shown(held) == before


def test_what_the_program_has_entered_stays_where_it_is(live: LiveModule) -> None:
    source = SOURCE.replace("MAKE", MAKERS["list"])
    module = live.start(source)
    module.Child.table.insert(0, "ahead")
    module.Child.table.insert(2, "between")
    live.edit(source.replace("second = 2", "second = 2\n    fourth = 4"))

    assert module.Child.table == ["ahead", "first", "between", "second", "fourth", "third"]


def enter(table: Any) -> None:
    kind = next(each for each in ENTERED if isinstance(table, each))
    ENTERED[kind](table)


def fresh_table(source: str, edit: str) -> Any:
    fresh: dict[str, Any] = {}
    exec(source.replace(*EDITS[edit]), fresh)
    return fresh["Child"].table


def shown(table: Any) -> Any:
    return sorted(repr(table)) if type(table) is set else repr(table)


def test_objects_by_name_stand_where_they_do_among_those_of_the_bases(live: LiveModule) -> None:
    """What the program has entered itself stays behind what it was entered behind."""
    source = SOURCE.replace("MAKE", MAKERS["objects by name"])
    module = live.start(source)
    held = module.Child.table
    third = held.pop("third")
    held.update(run=7, third=third)
    report = live.edit(source.replace(*EDITS["comes"]))

    assert module.Child.table is held
    assert list(held) == ["first", "second", "run", "fourth", "third"]
    assert held["third"] is third
    report.undo()
    assert list(held) == ["first", "second", "run", "third"]
