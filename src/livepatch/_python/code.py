"""Code objects: their instructions, what is inside them, and whether two do the same."""

from __future__ import annotations

import inspect
import operator
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain, compress, repeat
from operator import is_
from types import CodeType
from typing import Any

from livepatch._python.opcodes import CONSTANT, JUMPS, NAME_SHIFT, NAMED, OP, STORES

_EXTENDED = OP["EXTENDED_ARG"]
_DELETE_NAME, _MAKE_FUNCTION, _NOP = OP["DELETE_NAME"], OP["MAKE_FUNCTION"], OP["NOP"]
_OF_SCOPES = frozenset(
    OP[f"{what}_{where}"]
    for what in ("LOAD", "STORE", "DELETE")
    for where in ("NAME", "GLOBAL", "FROM_DICT_OR_GLOBALS")
    if f"{what}_{where}" in OP
)
_LOADS = frozenset(
    OP[name] for name in ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS") if name in OP
)
_STORE_DEREF = {OP[name] for name in ("STORE_DEREF", "DELETE_DEREF") if name in OP}
# Instructions that say nothing about the source, or something that only depends on where it stands.
_SILENT = {OP[name] for name in ("CACHE", "NOP", "RESUME", "EXTENDED_ARG") if name in OP}
_SPEAKS = bytes(opcode not in _SILENT for opcode in range(256))


def instructions(code: CodeType) -> Iterator[tuple[int, int]]:
    """Return opcode and argument of each instruction that says something about the source."""
    raw = code.co_code
    opcodes = raw[::2]
    if _EXTENDED in opcodes:
        return _long_instructions(raw)
    # Without a loop of ours: nearly no code is that long.
    return compress(zip(opcodes, raw[1::2]), opcodes.translate(_SPEAKS))


def _long_instructions(raw: bytes) -> Iterator[tuple[int, int]]:
    extended = 0
    for opcode, low in zip(raw[::2], raw[1::2]):
        if opcode in _SILENT:
            # 3.10 leaves NOPs that have an argument, and an EXTENDED_ARG for it.
            extended = (extended | low) << 8 if opcode == _EXTENDED else 0
            continue
        yield opcode, extended | low
        extended = 0


def codes_in(code: CodeType) -> list[CodeType]:
    """List the code objects directly in another one, in source order: of functions and classes."""
    constants = code.co_consts
    if CodeType not in map(type, constants):
        return []  # nearly every one
    return list(compress(constants, map(is_, map(type, constants), repeat(CodeType))))


def nested_codes(code: CodeType) -> Iterator[CodeType]:
    """Yield every code object inside another one, at any depth, not the code itself."""
    level = codes_in(code)
    while level:
        yield from level
        constants = list(chain.from_iterable(map(_constants_of, level)))
        level = list(compress(constants, map(is_, map(type, constants), repeat(CodeType))))


_constants_of = operator.attrgetter("co_consts")


def names_within(code: CodeType) -> set[str]:
    """Return all names that a code object says, and those inside it."""
    return set(code.co_names).union(*(each.co_names for each in nested_codes(code)))


def deletes(code: CodeType, name: str) -> bool:
    """Whether the code of a module or class deletes a name: ``del get_versions``."""
    if name not in code.co_names or _DELETE_NAME not in code.co_code[::2]:
        return False
    place = code.co_names.index(name)
    return any(each == (_DELETE_NAME, place) for each in instructions(code))


def writes_free_variable(code: CodeType, name: str) -> bool:
    """Whether this code, or code inside it, assigns a variable of an enclosing call."""
    if name not in code.co_freevars:
        return False
    opcodes = code.co_code[::2]
    if any(opcode in opcodes for opcode in _STORE_DEREF):
        for opcode, argument in instructions(code):
            if opcode in _STORE_DEREF and name_of_variable(code, argument, is_cell=True) == name:
                return True
    return any(
        writes_free_variable(inner, name) for inner in code.co_consts if type(inner) is CodeType
    )


def name_of_variable(code: CodeType, argument: int, *, is_cell: bool) -> str:
    """Return the name of a variable of a function that an instruction has as its argument."""
    if sys.version_info >= (3, 11):
        # Since 3.11 the argument counts all fast locals: locals, then cells that are not
        # arguments, then free variables.
        own_cells = [name for name in code.co_cellvars if name not in code.co_varnames]
        return (*code.co_varnames, *own_cells, *code.co_freevars)[argument]
    return (
        (*code.co_cellvars, *code.co_freevars)[argument] if is_cell else code.co_varnames[argument]
    )


def same_code(old: CodeType, new: CodeType) -> bool:
    """Whether two codes do the same, wherever they stand in the file."""
    if old is new:
        return True
    return (
        old.co_names == new.co_names
        and _same_constants(old.co_consts, new.co_consts)
        and _same_instructions(old, new)
        and _own_fields(old) == _own_fields(new)
    )


def _same_instructions(old: CodeType, new: CodeType) -> bool:
    """Whether the instructions of two codes do the same.

    The compiler leaves one that does nothing for a line that has nothing but a parenthesis.
    """
    before, after = old.co_code, new.co_code  # a copy each, since 3.11
    if before == after or len(before) == len(after):
        return before == after
    opcodes, others = before[::2], after[::2]
    if len(opcodes) - opcodes.count(_NOP) != len(others) - others.count(_NOP):
        return False
    if getattr(old, "co_exceptiontable", b"") or not JUMPS.isdisjoint(opcodes):
        return False  # they say where others stand
    return _without_nops(before) == _without_nops(after)


def _without_nops(raw: bytes) -> list[tuple[int, int]]:
    return [each for each in zip(raw[::2], raw[1::2]) if each[0] != _NOP]


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

    def same(before: Any, after: Any, *, says_name: bool) -> bool:
        if type(before) is CodeType and type(after) is CodeType:
            return same_but_for_names(before, after, names)
        if says_name and type(before) is str and type(after) is str:
            return renamed(before) == after
        return _same_constant(before, after)

    if len(old.co_names) != len(new.co_names) or len(old.co_consts) != len(new.co_consts):
        return False
    others, texts = _names_of_others(old), _own_names(old)
    return (
        renamed(old.co_name) == new.co_name
        and all(
            (before if place in others else renamed(before)) == after
            for place, (before, after) in enumerate(zip(old.co_names, new.co_names))
        )
        and _own_fields(old)[1:] == _own_fields(new)[1:]
        and old.co_code == new.co_code
        and all(
            same(before, after, says_name=place in texts)
            for place, (before, after) in enumerate(zip(old.co_consts, new.co_consts))
        )
    )


def _names_of_others(code: CodeType) -> set[int]:
    """Return the places of the names that are attributes, or modules: not the code's own."""
    return {
        argument >> NAME_SHIFT.get(opcode, 0)
        for opcode, argument in instructions(code)
        if opcode in NAMED and opcode not in _OF_SCOPES
    }


def _own_names(code: CodeType) -> set[int]:
    """Return the places of the texts that say nothing but what definitions are called."""
    found, others = set[int](), set[int]()
    said = list(instructions(code))
    for before, (opcode, argument), after in zip([(0, 0), *said], said, [*said[1:], (0, 0)]):
        if opcode not in CONSTANT:
            continue
        is_class = after[0] in STORES and code.co_names[after[1]] == "__qualname__"
        is_function = after[0] == _MAKE_FUNCTION and before[0] in CONSTANT  # until 3.10
        (found if is_class or is_function else others).add(argument)
    return found - others


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
    if old is new:
        return True  # those of what has but moved
    if len(old) != len(new):
        return False
    for one, other in zip(old, new):
        if one is not other and not _same_constant(one, other):  # nearly all are the same objects
            return False
    return True


def _same_constant(old: Any, new: Any) -> bool:
    if type(old) is not type(new):
        return False
    if type(old) is CodeType:
        return same_code(old, new)
    if type(old) in _PLAINLY_EQUAL:
        return bool(old == new)
    return same_text(old, new)


_PLAINLY_EQUAL = frozenset((str, bytes, int, bool))


def text_of_constant(constant: object) -> str:
    """Return a text that is equal for equal constants of the same types."""
    # repr tells 1 from 1.0 and True, -0.0 from 0.0, and it finds a nan equal to itself. The order
    # of a set is another one with every way of making it.
    text = repr(constant)
    if "frozenset(" not in text:
        return text  # nearly every one
    if type(constant) is frozenset:
        return f"frozenset({sorted(map(text_of_constant, constant))})"
    if type(constant) is tuple and frozenset in map(type, constant):
        return f"({', '.join(map(text_of_constant, constant))})"
    return text


def same_text(old: object, new: object) -> bool:
    """Whether two constants have the same text."""
    if type(old) is tuple and type(new) is tuple and _TEXT.issuperset(map(type, old)):
        return old == new  # the names of arguments, mostly
    return repr(old) == repr(new) or text_of_constant(old) == text_of_constant(new)


_TEXT = frozenset((str,))
_KIND_FLAGS = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


def same_kind(old: CodeType, new: CodeType) -> bool:
    """Whether both are plain functions, both generators, and so on.

    Since 3.13 CPython warns where a function is given code of another kind.
    """
    return old.co_flags & _KIND_FLAGS == new.co_flags & _KIND_FLAGS


def can_take(old: CodeType, new: CodeType) -> bool:
    """Whether a function that has one code can be given the other."""
    return same_kind(old, new) and old.co_freevars == new.co_freevars


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
    """Whether two codes are equal and stand in the same lines and scopes, at any depth."""
    return old is new or (old == new and _same_labels(old, new))


# Codes are equal that differ in the lines inside them only (3.10), or in these names (3.11 on).
_labels = operator.attrgetter(
    "co_linetable", "co_qualname" if sys.version_info >= (3, 11) else "co_name"
)


def _same_labels(old: CodeType, new: CodeType) -> bool:
    if _labels(old) != _labels(new):
        return False
    inner = codes_in(old)  # none in nearly every one
    return not inner or all(map(_same_labels, inner, codes_in(new)))


def graft(old: CodeType, new: CodeType) -> CodeType:
    """Return new code in which all that stands where it stood is the old code object.

    Then what has not changed can be told by identity, and live functions have that very code. Not
    so of a name that has another number of definitions now: who holds the old one may go over to
    any of them, and its code with it.
    """
    if same_place(old, new):
        return old
    if old.co_firstlineno != new.co_firstlineno or CodeType not in map(type, new.co_consts):
        return new  # nearly every one; with what has moved all that is in it has
    waiting: dict[str, dict[int, list[CodeType]]] = {}
    before = codes_in(old)
    for code in before:
        lines = waiting.setdefault(code.co_name, {})
        lines.setdefault(code.co_firstlineno, []).append(code)
    there, after = set(map(id, before)), codes_in(new)
    numbers = Counter(code.co_name for code in after)
    for name in [each for each in waiting if each[:1] != "<"]:
        if numbers[name] != sum(map(len, waiting[name].values())):
            del waiting[name]
    return exchange(
        new, {id(code): _grafted(code, waiting) for code in after if id(code) not in there}
    )


def _grafted(code: CodeType, waiting: dict[str, dict[int, list[CodeType]]]) -> CodeType:
    by_line = waiting.get(code.co_name, {})  # there may be hundreds of lambda expressions
    candidates = by_line.get(code.co_firstlineno, [])
    if len(by_line) == 1 and len(candidates) == 1:
        return graft(candidates[0], code)
    return next((each for each in candidates if same_place(each, code)), code)


Placed = tuple[int, CodeType]


def placed(code: CodeType) -> Placed:
    """Return a key for a code object, by which those of many like methods lie apart.

    Until 3.11 the hash of a code object says nothing of where it stands.
    """
    return code.co_firstlineno, code


def linked(code: CodeType, live: Mapping[Placed, CodeType]) -> CodeType:
    """Return code in which equal code objects are those that live functions have."""
    found = live.get(placed(code))
    if found is not None:
        return found
    constants = [linked(x, live) if type(x) is CodeType else x for x in code.co_consts]
    return _with_constants(code, constants)


def exchange(code: CodeType, others: Mapping[int, CodeType]) -> CodeType:
    """Return code with others in the place of some directly inside it, by the id of each."""
    before = code.co_consts
    return _with_constants(code, list(map(others.get, map(id, before), before)))


def _with_constants(code: CodeType, constants: list[Any]) -> CodeType:
    if all(map(operator.is_, constants, code.co_consts)):
        return code
    return code.replace(co_consts=tuple(constants))


def globals_read(code: CodeType) -> Iterator[str]:
    """Yield the names that a code reads as globals, and not as attributes."""
    for opcode, argument in instructions(code):
        if opcode in _LOADS:
            yield code.co_names[argument >> NAME_SHIFT.get(opcode, 0)]
