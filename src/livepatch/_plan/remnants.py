"""What is gone from the source and still held keeps the globals that went with it.

A callback that somebody has registered, or an instance of a class, may outlive its statement. What
it calls may have gone in the same edit, and then its next call would raise a NameError. Nobody else
is to see these names any more, so they are kept in the namespace as names that no source can spell,
and the codes that are left look for them there.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from types import CodeType, FunctionType
from typing import Any

from livepatch._match.module import Module
from livepatch._needs.marks import REMNANT
from livepatch._plan.plan import Plan
from livepatch._python.kinds import class_attributes, found_at, is_class, qualified_name
from livepatch._python.layers import layers_of
from livepatch._python.own import OwnList
from livepatch._steps.steps import Steps

_OF_GLOBALS = frozenset(
    ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS", "STORE_GLOBAL", "DELETE_GLOBAL")
)


def keep_names(plan: Plan, value: Any) -> list[str]:
    """Note the steps by which something that is gone and held goes on finding what went with it.

    Args:
        plan: it gets the steps.
        value: the function or class, or what a decorator made of it.

    Returns:
        The names that are kept for it.
    """
    steps, kept = Steps(), dict[str, None]()
    waiting: OwnList[Any] = OwnList((value,))
    seen: set[int] = set()
    for each in waiting:
        for function in _functions_of(each, seen):
            module = plan.matches.owner_of(function)
            if module is None or _lives_on(plan, module, function):
                continue
            vanished = module.old.keys() - plan.finals[module.name].keys()
            code, names = _with_remnants(function.__code__, vanished)
            if not names:
                continue
            steps.set_codes(OwnList((function,)), OwnList((code,)))
            for name in names:
                old = module.old[name]
                survivor = plan.decisions.survivors.get(id(old), old)
                plan.steps.set_item(module.live, REMNANT + name, survivor)
                plan.finals[module.name][REMNANT + name] = survivor
                kept[name] = None
                if id(old) not in plan.matches.by_old:
                    waiting.append(old)  # it went too
    plan.steps.extend(steps)
    plan.definition_steps.extend(steps)
    return list(kept)


def _lives_on(plan: Plan, module: Module, function: FunctionType) -> bool:
    """Whether a function is one that the new source has as well: its code is decided."""
    home = qualified_name(function)
    return (
        id(function) in plan.matches.by_old
        or any(function is each for each in module.followed.functions)
        or (home is not None and found_at(plan.finals[module.name], home) is function)
    )


def _functions_of(value: Any, seen: set[int]) -> Iterator[FunctionType]:
    """Yield the functions in a definition: its own, those of a class, those behind decorators.

    Args:
        value: the definition.
        seen: the ids of what has been gone through, which is not again: a class may be its own
            attribute.
    """
    waiting: OwnList[Any] = OwnList((value,))
    for each in waiting:
        for layer in layers_of(each):
            if id(layer) in seen:
                continue
            seen.add(id(layer))
            if type(layer) is FunctionType:
                yield layer
            elif is_class(layer):
                waiting += class_attributes(layer).values()


def _with_remnants(code: CodeType, vanished: AbstractSet[str]) -> tuple[CodeType, list[str]]:
    """Return code that finds what has vanished, and which names these are."""
    names = list(code.co_names)
    raw = bytearray(code.co_code)
    found: dict[str, None] = {}
    for at, name in enumerate(code.co_names):
        loads, others = _uses(code, name) if name in vanished else ([], [])
        if loads and not others:
            names[at] = REMNANT + name
        elif loads and _move(raw, loads, len(names) - at):
            names.append(REMNANT + name)
        else:
            continue
        found[name] = None
    constants = list(code.co_consts)
    for at, constant in enumerate(constants):
        if type(constant) is CodeType:
            constants[at], inside = _with_remnants(constant, vanished)
            found.update(dict.fromkeys(inside))
    if not found:
        return code, []
    code = code.replace(co_names=tuple(names), co_consts=tuple(constants), co_code=bytes(raw))
    return code, list(found)


def _uses(code: CodeType, name: str) -> tuple[list[dis.Instruction], list[dis.Instruction]]:
    """List the instructions that mean a global by a name, and those that mean something else."""
    named = (each for each in dis.get_instructions(code) if each.opcode in dis.hasname)
    uses = [each for each in named if each.argval == name]
    loads = [each for each in uses if each.opname in _OF_GLOBALS]
    return loads, [each for each in uses if each.opname not in _OF_GLOBALS]


def _move(raw: bytearray, loads: list[dis.Instruction], distance: int) -> bool:
    """Let instructions mean a later name, if all of them have room for its number."""
    changes: dict[int, int] = {}
    for each in loads:
        is_shifted = each.opname == "LOAD_GLOBAL" and sys.version_info >= (3, 11)
        number = (each.arg or 0) + (distance << is_shifted)
        high, low = divmod(number, 256)
        changes[each.offset + 1] = low
        if each.offset and raw[each.offset - 2] == dis.EXTENDED_ARG:
            changes[each.offset - 1] = high
        elif high:
            return False
        if high >= 256:  # noqa: PLR2004 - a byte
            return False
    for place, byte in changes.items():
        raw[place] = byte
    return True
