"""Which containers among the globals a function puts something into, or takes out of."""

from __future__ import annotations

import dis
from collections import deque
from collections.abc import Iterator, Mapping
from types import CodeType
from typing import Any

from livepatch._opcodes import JUMPS

FILLED = (dict, list, set, deque)
_CHANGING = frozenset({"STORE_SUBSCR", "DELETE_SUBSCR"})
CHANGERS = frozenset(
    (
        *("add", "append", "appendleft", "clear", "difference_update", "discard", "extend"),
        *("extendleft", "insert", "intersection_update", "pop", "popitem", "popleft", "remove"),
        *("setdefault", "symmetric_difference_update", "update"),
    )
)
# Behind one of these a statement has been done.
_ENDS = frozenset({"POP_TOP", "STORE_FAST", "STORE_GLOBAL", "STORE_NAME", "STORE_DEREF"})


def filled_by(code: CodeType, namespace: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the containers that code changes: ``TABLE[key] = value``, ``.append``.

    It is the one that the same statement has loaded last.
    """
    return _filled(code, namespace, ("LOAD_GLOBAL", "LOAD_NAME"))


def filled_attributes(code: CodeType, attributes: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the attributes that code changes: ``cls.names.append(cls.__name__)``."""
    return _filled(code, attributes, ("LOAD_ATTR", "LOAD_METHOD"))


def _filled(code: CodeType, namespace: Mapping[str, Any], loads: tuple[str, ...]) -> Iterator[str]:
    last: str | None = None
    for each in dis.get_instructions(code):
        if each.opname in loads and issubclass(type(namespace.get(each.argval)), FILLED):
            last = each.argval
        elif last is not None and (
            each.opname in _CHANGING
            or (each.opname in ("LOAD_ATTR", "LOAD_METHOD") and each.argval in CHANGERS)
        ):
            yield last
        elif each.opname in _ENDS or each.opcode in JUMPS:
            last = None
