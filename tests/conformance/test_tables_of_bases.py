"""Tables that a metaclass, or ``__init_subclass__``, makes of a class and all that it derives from.

The source of the class is the same; those of its bases are not. Its table follows them entry by
entry, and keeps what the program has entered itself.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.live import LiveModule

pytestmark = [
    pytest.mark.parametrize("rerun", ["all", "changed"]),
    pytest.mark.sampled(8),
]

MAKERS = {
    "by name": "table = {k: v for c in order for k, v in vars(c).items() if k in own(c)}",
    "by tuple": "table = {(k, 1): v for c in order for k, v in vars(c).items() if k in own(c)}",
    "records": "table = {k: [k, v] for c in order for k, v in vars(c).items() if k in own(c)}",
    "list": "table = [k for c in order for k in own(c)]",
    "pairs": "table = [(k, getattr(c, k)) for c in order for k in own(c)]",
    "set": "table = {(k) for c in order for k in own(c)}",
}
SOURCE = """
def own(cls): return [k for k, v in vars(cls).items() if type(v) is int]
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
ENTERED: dict[type, Any] = {
    dict: lambda table: table.__setitem__("run", 7),
    list: lambda table: table.append("run"),
    set: lambda table: table.add("run"),
}
EDITS = {
    "comes": ("second = 2", "second = 2\n    fourth = 4"),
    "goes": ("    second = 2\n", ""),
    "changes": ("second = 2", "second = 5"),
    "renamed": ("second = 2", "other = 2"),
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("maker", MAKERS)
def test_table_follows_the_bases_and_keeps_what_was_entered(
    live: LiveModule, maker: str, edit: str
) -> None:
    source = SOURCE.replace("MAKE", MAKERS[maker])
    module = live.start(source)
    ENTERED[type(module.Child.table)](module.Child.table)
    held, before = module.Child.table, copy.deepcopy(module.Child.table)
    report = live.edit(source.replace(*EDITS[edit]))

    fresh: dict[str, Any] = {}
    exec(source.replace(*EDITS[edit]), fresh)
    expected = fresh["Child"].table
    ENTERED[type(expected)](expected)
    assert module.Child.table == expected
    assert module.Child.table is held
    report.undo()
    assert module.Child.table == before
    assert type(before) is set or [*module.Child.table] == [*before]  # in the order it had
