"""What a module's code says of attributes behind the class statement: ``Player.limit = 10``."""

from __future__ import annotations

import dis
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from livepatch._python.opcodes import JUMPS

# Behind one of these a statement has been done.
_ENDS = frozenset({"STORE_NAME", "STORE_GLOBAL", "STORE_ATTR", "STORE_SUBSCR", "POP_TOP"})
_LOADS = frozenset({"LOAD_NAME", "LOAD_GLOBAL"})

Said = tuple[tuple[str, Any], ...]


def said_of_attribute(code: CodeType, name: str) -> list[Said]:
    """Return what each statement of a module says that gives a class an attribute from outside.

    That is one that assigns an attribute of that name, and where the module calls ``setattr``, each
    that does so and each that says the name as a text: ``for name in ("x", "y"): setattr(...)``.
    What functions in them say is left out: a function is a definition of its own.
    """
    called = "setattr" in code.co_names
    if name not in code.co_names and not called:
        return []  # who made the class sets it, and the code around may say anything
    statements = list(_statements(code))
    if called and not any(name in each.texts for each in statements):
        called = False
    return [
        each.said
        for each in statements
        if each.assigns == name or (called and (name in each.texts or "setattr" in each.names))
    ]


@dataclass(slots=True)
class _Statement:
    """What a statement says, which names it loads, which texts it has, and what it assigns."""

    said: Said = ()
    names: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    assigns: str | None = None


def names_in(said: Iterable[Said]) -> set[str]:
    """Return the globals that statements load."""
    return {value for each in said for what, value in each if what in _LOADS}


def names_given_to_attributes(code: CodeType) -> set[str]:
    """Return the globals that statements load which assign an attribute: ``Base.hook = hook``."""
    return {
        name
        for each in _statements(code)
        if each.assigns is not None or "setattr" in each.names
        for name in each.names
    }


def _statements(code: CodeType) -> Iterator[_Statement]:
    statement = _Statement()
    for each in dis.get_instructions(code):
        if each.opcode in JUMPS:
            said: tuple[str, Any] = (each.opname, None)  # where to is another matter
        elif type(each.argval) is CodeType:
            said = (each.opname, each.argval.co_name)
        elif each.opname in _LOADS:
            said = (each.opname, each.argval)
            statement.names.add(each.argval)
        else:
            # By the text: 1 and True are equal, and a constant may be a tuple of such.
            said = (each.opname, each.argrepr or each.arg)
            statement.texts.update(_texts_in(each.argval))
        statement.said += (said,)
        if each.opname in _ENDS:
            if each.opname == "STORE_ATTR":
                statement.assigns = str(each.argval)
            yield statement
            statement = _Statement()


def _texts_in(value: Any) -> Iterator[str]:
    if type(value) is str:
        yield value
    elif type(value) in (tuple, frozenset):
        for part in value:
            yield from _texts_in(part)
