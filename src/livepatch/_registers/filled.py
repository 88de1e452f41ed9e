"""Which containers among the globals a function puts something into, or takes out of."""

from __future__ import annotations

import dis
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from types import CodeType
from typing import Any

from livepatch._python.code import instructions
from livepatch._python.opcodes import JUMPS, NAME_SHIFT, NAMED, OP

FILLED = (dict, list, set, deque)
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
    return _filled(code, namespace, _GLOBALS)


def filled_attributes(code: CodeType, attributes: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the attributes that code changes: ``cls.names.append(cls.__name__)``."""
    return _filled(code, attributes, _ATTRIBUTES)


def _filled(code: CodeType, namespace: Mapping[str, Any], loads: AbstractSet[int]) -> Iterator[str]:
    containers = {name for name in code.co_names if issubclass(type(namespace.get(name)), FILLED)}
    last: str | None = None
    for opcode, argument in instructions(code) if containers else ():
        name = code.co_names[argument >> NAME_SHIFT.get(opcode, 0)] if opcode in NAMED else None
        if opcode in loads and name in containers:
            last = name
        elif last is not None and (
            opcode in _CHANGING or (opcode in _ATTRIBUTES and name in CHANGERS)
        ):
            yield last
        elif opcode in _ENDS_BY_CODE:
            last = None


def changes_something(code: CodeType) -> bool:
    """Whether code has what may put something into a container, or take something out."""
    return not CHANGERS.isdisjoint(code.co_names) or not _CHANGING.isdisjoint(code.co_code[::2])


_GLOBALS = frozenset((OP["LOAD_GLOBAL"], OP["LOAD_NAME"]))
_ATTRIBUTES = frozenset(OP[name] for name in ("LOAD_ATTR", "LOAD_METHOD") if name in OP)
_CHANGING = frozenset((OP["STORE_SUBSCR"], OP["DELETE_SUBSCR"]))
_ENDS_BY_CODE = JUMPS.union(OP[name] for name in _ENDS)


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
    for each in dis.get_instructions(code) if changes_something(code) else ():
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
