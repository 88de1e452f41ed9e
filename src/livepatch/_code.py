"""Code objects: their instructions, what is inside them, and whether two do the same."""

from __future__ import annotations

import dis
import inspect
import operator
import sys
from collections.abc import Iterator, Mapping
from itertools import compress, repeat
from operator import is_
from types import CodeType
from typing import Any

_OP = dis.opmap
_EXTENDED = _OP["EXTENDED_ARG"]
_STORE_DEREF = {_OP[name] for name in ("STORE_DEREF", "DELETE_DEREF") if name in _OP}
# Instructions that say nothing about the source, or something that only depends on where it stands.
_SILENT = {_OP[name] for name in ("CACHE", "NOP", "RESUME", "EXTENDED_ARG") if name in _OP}


def instructions(code: CodeType) -> Iterator[tuple[int, int]]:
    """Yield opcode and argument of each instruction that says something about the source."""
    raw = code.co_code
    pairs = zip(raw[::2], raw[1::2])
    extended = 0
    for opcode, low in pairs:
        if opcode in _SILENT:
            # 3.10 leaves NOPs that have an argument, and an EXTENDED_ARG for it.
            extended = (extended | low) << 8 if opcode == _EXTENDED else 0
            continue
        yield opcode, extended | low
        extended = 0


def codes_in(code: CodeType) -> list[CodeType]:
    """List the code objects that stand directly in another one: of its functions and classes."""
    constants = code.co_consts
    return list(compress(constants, map(is_, map(type, constants), repeat(CodeType))))


def nested_codes(code: CodeType) -> Iterator[CodeType]:
    """Yield every code object inside another one, at any depth, not the code itself."""
    waiting = codes_in(code)
    for inner in waiting:
        yield inner
        waiting += codes_in(inner)


def writes_free_variable(code: CodeType, name: str) -> bool:
    """Whether this code, or code inside it, assigns a variable of an enclosing call."""
    if name not in code.co_freevars:
        return False
    opcodes = code.co_code[::2]
    if any(opcode in opcodes for opcode in _STORE_DEREF):
        for opcode, argument in instructions(code):
            if opcode in _STORE_DEREF and _cell_name(code, argument) == name:
                return True
    return any(
        writes_free_variable(inner, name) for inner in code.co_consts if type(inner) is CodeType
    )


def _cell_name(code: CodeType, argument: int) -> str:
    if sys.version_info >= (3, 11):
        # Since 3.11 the argument counts all fast locals: locals, then cells that are not
        # arguments, then free variables.
        own_cells = [name for name in code.co_cellvars if name not in code.co_varnames]
        return (*code.co_varnames, *own_cells, *code.co_freevars)[argument]
    return (*code.co_cellvars, *code.co_freevars)[argument]


def same_code(old: CodeType, new: CodeType) -> bool:
    """Whether two codes do the same, wherever they stand in the file."""
    if old is new:
        return True
    return (
        old.co_names == new.co_names
        and len(old.co_consts) == len(new.co_consts)
        and _own_fields(old) == _own_fields(new)
        and old.co_code == new.co_code  # a copy each, since 3.11
        and _same_constants(old.co_consts, new.co_consts)
    )


def same_but_for_names(old: CodeType, new: CodeType, names: tuple[str, str]) -> bool:
    """Whether two codes do the same, where one is of a definition that has another name now.

    Args:
        old: the code before.
        new: the code now.
        names: the old and the new name; what the code says of itself counts as said of the other.
    """

    def renamed(name: str) -> str:
        first, dot, rest = name.partition(".")
        return f"{names[1]}{dot}{rest}" if first == names[0] else name

    def same(before: Any, after: Any) -> bool:
        if type(before) is CodeType and type(after) is CodeType:
            return same_but_for_names(before, after, names)
        if type(before) is str and type(after) is str:
            return before == after or renamed(before) == after
        return _same_constant(before, after)

    return (
        renamed(old.co_name) == new.co_name
        and tuple(map(renamed, old.co_names)) == new.co_names
        and len(old.co_consts) == len(new.co_consts)
        and _own_fields(old)[1:] == _own_fields(new)[1:]
        and old.co_code == new.co_code
        and all(map(same, old.co_consts, new.co_consts))
    )


_own_fields = operator.attrgetter(
    "co_name",
    "co_varnames",
    "co_freevars",
    "co_cellvars",
    "co_argcount",
    "co_posonlyargcount",
    "co_kwonlyargcount",
    "co_flags",
    *(("co_exceptiontable",) if sys.version_info >= (3, 11) else ()),
)


def _same_constants(old: tuple[Any, ...], new: tuple[Any, ...]) -> bool:
    return len(old) == len(new) and all(map(_same_constant, old, new))


def _same_constant(old: Any, new: Any) -> bool:
    if type(old) is CodeType and type(new) is CodeType:
        return same_code(old, new)
    return type(old) is type(new) and text_of_constant(old) == text_of_constant(new)


def text_of_constant(constant: object) -> str:
    """Return a text that is equal for equal constants of the same types."""
    # repr tells 1 from 1.0 and True, -0.0 from 0.0, and it finds a nan equal to itself. The order
    # of a set is another one with every way of making it.
    if type(constant) is frozenset:
        return f"frozenset({sorted(map(text_of_constant, constant))})"
    if type(constant) is tuple and frozenset in map(type, constant):
        return f"({', '.join(map(text_of_constant, constant))})"
    return repr(constant)


_KIND_FLAGS = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


def same_kind(old: CodeType, new: CodeType) -> bool:
    """Whether both are plain functions, both generators, and so on.

    Since 3.13 CPython warns where a function is given code of another kind.
    """
    return old.co_flags & _KIND_FLAGS == new.co_flags & _KIND_FLAGS


def match_nested(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType | None]]:
    """Pair the code objects inside two versions of a function, at any depth.

    Functions pair by name, and those of one name (lambdas, comprehensions) first by what they do
    and then in order. What has no partner is paired with None.
    """
    waiting: dict[str, list[CodeType]] = {}
    for constant in new.co_consts:
        if type(constant) is CodeType:
            waiting.setdefault(constant.co_name, []).append(constant)
    unpaired: list[CodeType] = []
    for constant in old.co_consts:
        if type(constant) is CodeType:
            candidates = waiting.get(constant.co_name, [])
            same = next((code for code in candidates if same_code(constant, code)), None)
            if same is None:
                unpaired.append(constant)
                continue
            candidates.remove(same)
            yield constant, same
            yield from match_nested(constant, same)
    for constant in unpaired:
        candidates = waiting.get(constant.co_name, [])
        partner = candidates.pop(0) if candidates else None
        yield constant, partner
        if partner is not None:
            yield from match_nested(constant, partner)


def same_place(old: CodeType, new: CodeType) -> bool:
    """Whether two codes are equal and stand in the same lines, at any depth."""
    # Until 3.11 codes that differ in the lines inside them only are equal.
    return old is new or (old == new and _same_lines(old, new))


def _same_lines(old: CodeType, new: CodeType) -> bool:
    return old.co_linetable == new.co_linetable and all(
        _same_lines(before, after)
        for before, after in zip(old.co_consts, new.co_consts)
        if type(before) is CodeType and before is not after
    )


def graft(old: CodeType, new: CodeType) -> CodeType:
    """Return new code in which all that stands where it stood is the old code object.

    Then what has not changed can be told by identity, and live functions have that very code.
    """
    if same_place(old, new):
        return old
    waiting: dict[str, list[CodeType]] = {}
    for constant in old.co_consts:
        if type(constant) is CodeType:
            waiting.setdefault(constant.co_name, []).append(constant)
    return _with_constants(new, [_grafted(constant, waiting) for constant in new.co_consts])


def _grafted(constant: Any, waiting: dict[str, list[CodeType]]) -> Any:
    if type(constant) is not CodeType:
        return constant
    candidates = waiting.get(constant.co_name, [])
    if len(candidates) == 1:
        return graft(candidates[0], constant)
    return next((code for code in candidates if same_place(code, constant)), constant)


def linked(code: CodeType, live: Mapping[CodeType, CodeType]) -> CodeType:
    """Return code in which equal code objects are those that live functions have."""
    found = live.get(code)
    if found is not None:
        return found
    constants = [linked(x, live) if type(x) is CodeType else x for x in code.co_consts]
    return _with_constants(code, constants)


def exchange(code: CodeType, others: Mapping[int, CodeType]) -> CodeType:
    """Return code with others in the place of some directly inside it, by the id of each."""
    constants: list[Any] = [others.get(id(constant), constant) for constant in code.co_consts]
    return _with_constants(code, constants)


def _with_constants(code: CodeType, constants: list[Any]) -> CodeType:
    if all(map(operator.is_, constants, code.co_consts)):
        return code
    return code.replace(co_consts=tuple(constants))
