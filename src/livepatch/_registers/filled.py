"""Which containers among the globals a function puts something into, or takes out of."""

from __future__ import annotations

import dis
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from types import CodeType
from typing import Any

from livepatch._python.opcodes import JUMPS

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
    containers = {
        name for name in code.co_names if issubclass(type(namespace.get(name)), FILLED)
    }
    last: str | None = None
    for each in dis.get_instructions(code) if containers else ():  # nearly never
        if each.opname in loads and each.argval in containers:
            last = each.argval
        elif last is not None and (
            each.opname in _CHANGING
            or (each.opname in ("LOAD_ATTR", "LOAD_METHOD") and each.argval in CHANGERS)
        ):
            yield last
        elif each.opname in _ENDS or each.opcode in JUMPS:
            last = None


def given_by(code: CodeType, containers: Collection[str]) -> Iterator[str]:
    """Yield the names of the containers that code puts something into, not into what is in these.

    ``RULES.append(rule)``, ``app.rules[name] = rule``; but neither ``GROUPS[name].append(rule)``
    nor ``GROUPS.setdefault(name, []).append(rule)``.

    Args:
        code: the code.
        containers: the names of the containers: globals, variables and attributes.
    """
    last: str | None = None
    is_last = False
    for each in dis.get_instructions(code):
        asked = each.opname in ("LOAD_ATTR", "LOAD_METHOD")
        if (asked or each.opname in _LOADS) and each.argval in containers:
            last, is_last = each.argval, True
            continue
        if last is not None and (
            each.opname == "STORE_SUBSCR" or (is_last and asked and each.argval in _GIVING)
        ):
            yield last
        if _leads_on(each) or (is_last and asked):
            last = None
        is_last = False


_LOADS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF")
_GIVING = frozenset({"add", "append", "appendleft", "insert"})


def _leads_on(instruction: dis.Instruction) -> bool:
    """Whether an instruction ends a statement, or takes something out of what has been loaded."""
    return (
        instruction.opname in _ENDS
        or instruction.opcode in JUMPS
        or instruction.opname == "BINARY_SUBSCR"
        or (instruction.opname == "BINARY_OP" and instruction.argrepr == "[]")  # Python 3.14
    )
