"""What a module's code says of attributes: ``Player.limit = 10`` behind the class statement."""

from __future__ import annotations

import dis
from collections.abc import Iterator
from types import CodeType
from typing import Any

from livepatch._opcodes import JUMPS

# Behind one of these a statement has been done.
_ENDS = frozenset({"STORE_NAME", "STORE_GLOBAL", "STORE_ATTR", "STORE_SUBSCR", "POP_TOP"})
_SAID = tuple[tuple[str, Any], ...]


def is_assigned_otherwise(before: CodeType, after: CodeType, name: str) -> bool:
    """Whether the statements of a module that assign an attribute of that name say something else.

    What functions in them say is left out: a function is a definition of its own.
    """
    if name not in after.co_names:
        return False  # who made the class sets it, and the code around may say anything
    now = list(_assignments(after, name))
    return bool(now) and now != list(_assignments(before, name))


def _assignments(code: CodeType, name: str) -> Iterator[_SAID]:
    """Yield what each statement that assigns an attribute of that name says."""
    said: list[tuple[str, Any]] = []
    for each in dis.get_instructions(code):
        if each.opcode in JUMPS:
            said.append((each.opname, None))  # where to is another matter
        elif type(each.argval) is CodeType:
            said.append((each.opname, each.argval.co_name))
        else:
            # By the text: 1 and True are equal, and a constant may be a tuple of such.
            said.append((each.opname, each.argrepr or each.arg))
        if each.opname in _ENDS:
            if each.opname == "STORE_ATTR" and each.argval == name:
                yield tuple(said)
            said = []
