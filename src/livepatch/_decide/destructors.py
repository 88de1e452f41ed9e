"""Whose ``__del__`` is called: one that closes what an instance has must not do so for a copy.

An instance that was made anew and its successor have the same values. Where one of the two goes,
the other one goes on to use them.
"""

from __future__ import annotations

from typing import Any

from livepatch._decide.migration import Migration
from livepatch._python.own import OwnDict
from livepatch._steps.class_attributes import find_attribute, set_on_class
from livepatch._steps.steps import Steps

_NAME = "__del__"


def leave_to_successors(migration: Migration, steps: Steps) -> None:
    """Note the step that keeps instances which have a successor from calling their ``__del__``."""
    if find_attribute(migration.old.cls, _NAME) is not None:
        steps.set_on_class(migration.old.cls, _NAME, _left_to_successor)


def _left_to_successor(_: object) -> None:
    """Do nothing: what the instance had is its successor's."""


def leave_to_instances(migration: Migration) -> None:
    """Keep successors that are not needed, as the change is not made, from calling it.

    Other instances of the class do call theirs: the new source may have made some that it used.
    On the way back the class is one that `leave_to_successors` has dealt with; where the load
    made instances of a class that survives, it is the live one and is left alone.
    """
    cls = migration.new.cls
    own = find_attribute(cls, _NAME)
    if own is None or migration.direction != "forward":
        return
    unneeded = OwnDict.fromkeys(map(id, migration.successors))

    def end(self: Any) -> None:
        if id(self) not in unneeded:
            (own.__get__(self, cls) if hasattr(type(own), "__get__") else own)()

    set_on_class(cls, _NAME, end)
