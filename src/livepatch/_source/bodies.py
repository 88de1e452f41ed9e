"""Pair the functions of two versions of a scope that says the same outside them.

Such a function is not made again: whoever holds its old code is given the new code.
"""

from __future__ import annotations

import dis
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from livepatch._python.code import codes_in, instructions, same_code
from livepatch._python.opcodes import COMPILER_NAMES, CONSTANT
from livepatch._source.outline import Outline, same_scope
from livepatch._source.scope import (
    ANNOTATE_NAMES,
    COMPREHENSIONS,
    REST,
    Scope,
    is_type_scope,
    read_scope,
)
from livepatch._source.shell import Shell

Path = tuple[str, ...]
_NO_BODIES = frozenset((*COMPREHENSIONS, *ANNOTATE_NAMES))
_DOUBTFUL = ("<", "_")  # how the names of those begin


@dataclass(slots=True, eq=False)
class Body:
    """A function or class that is not made again.

    Attributes:
        path: the names that lead to it.
        old: its code before.
        new: its code now; the same object where nothing has changed or moved.
        changed: whether a function does something else now; a class's own body does not.
    """

    path: Path
    old: CodeType
    new: CodeType
    changed: bool = False


@dataclass(slots=True, eq=False)
class Bodies:
    """What is in a scope and is not made again.

    Attributes:
        functions: the functions.
        classes: the classes.
    """

    functions: list[Body] = field(default_factory=list)
    classes: list[Body] = field(default_factory=list)

    def are(self, other: Bodies) -> bool:
        """Whether these are the same, and not like ones."""
        return self.functions == other.functions and self.classes == other.classes


def pair_bodies(
    old: list[CodeType], new: list[CodeType], path: Path, outlines: tuple[Outline, Outline]
) -> Bodies | None:
    """Pair the code objects in two versions of a statement or scope that say the same outside them.

    Args:
        old: the code objects in the old version, in order.
        new: those in the new one.
        path: of the scope in which they are.
        outlines: of the old and the new module, which have most scopes scanned already.

    Returns:
        The pairs, at any depth of classes; None where a class says something else outside its
        functions, or where they do not correspond.
    """
    found = Bodies()
    return found if _pair(found, old, new, path, outlines) else None


def _pair(
    found: Bodies,
    old: list[CodeType],
    new: list[CodeType],
    path: Path,
    outlines: tuple[Outline, Outline],
) -> bool:
    before, after = list(_bodies(old)), list(_bodies(new))
    if len(before) != len(after):
        return False
    for one, other in zip(before, after):
        name, is_function = other.co_name, is_function_code(other)
        if one.co_name != name or is_function_code(one) is not is_function:
            return False
        body = Body((*path, name), one, other)
        if is_function:
            body.changed = one is not other and not same_code(one, other)
            found.functions.append(body)
            continue
        found.classes.append(body)
        if not _says_the_same(body, outlines):
            return False
        if not _pair(found, codes_in(one), codes_in(other), body.path, outlines):
            return False
    return True


def _says_the_same(body: Body, outlines: tuple[Outline, Outline]) -> bool:
    """Whether a class says the same outside its functions."""
    if body.old is body.new:
        return True
    before = _scope(outlines[0], body.old, body.path)
    after = _scope(outlines[1], body.new, body.path)
    return before.shells is after.shells or _same_statements(before, after)


def _bodies(codes: list[CodeType]) -> Iterator[CodeType]:
    for code in codes:
        name = code.co_name
        if name[:1] not in _DOUBTFUL:
            yield code  # nearly every one
        elif is_type_scope(code):
            yield from (each for each in codes_in(code) if name.endswith(f" {each.co_name}>"))
        elif name not in _NO_BODIES:
            yield code


def is_function_code(code: CodeType) -> bool:
    """Whether code is a function's, rather than a class's."""
    return bool(code.co_flags & inspect.CO_OPTIMIZED)


def runs_the_same(old: CodeType, new: CodeType) -> bool:
    """Whether a call of a function does the same, but for what functions made in it do later.

    The body of a class in it runs with the call. Its docstring does nothing.
    """
    said = same_scope(old, new)
    if not said and old.co_consts[:1] != new.co_consts[:1]:
        said = same_scope(_undocumented(old), _undocumented(new))
    return said and all(map(_is_same_class, _classes(old), _classes(new)))


def _undocumented(code: CodeType) -> CodeType:
    """Return a code without its docstring, unless the same text is used in it, too."""
    first, *others = code.co_consts or (None,)
    if type(first) is not str or any(
        opcode in CONSTANT and not argument for opcode, argument in instructions(code)
    ):
        return code
    return code.replace(co_consts=(None, *others))


def _is_same_class(old: CodeType, new: CodeType) -> bool:
    return old is new or (
        _same_statements(read_scope(old), read_scope(new))
        and all(map(_is_same_class, _classes(old), _classes(new)))
    )


def _classes(code: CodeType) -> Iterator[CodeType]:
    return (each for each in _bodies(codes_in(code)) if not is_function_code(each))


def _scope(outline: Outline, code: CodeType, path: Path) -> Scope:
    scope = outline.scopes.get(path)
    if scope is not None and scope.code is code:
        return scope
    return read_scope(code)  # a class that is there twice, under the arms of an `if` say


def _same_statements(before: Scope, after: Scope) -> bool:
    old, new = before.shells, after.shells
    names = [name for name in old if name not in _NOT_SAID]
    return (
        names == [name for name in new if name not in _NOT_SAID]
        and before.in_turn == after.in_turn
        and all(
            old[name] == new[name] or _headers(old[name]) == _headers(new[name]) for name in names
        )
        and _said_last(old) == _said_last(new)
    )


def _said_last(shells: Mapping[str, tuple[Shell, ...]]) -> list[Any]:
    """Return what a class does behind its last binding, or after it: a call, say."""
    said: list[Any] = []
    for name, count in _ENDS.items():
        for shell in shells.get(name, ()):
            said += _without_closures(shell.fingerprint[: len(shell.fingerprint) - count])
    return [part for part in said if part[0] not in _RETURNS and part[:2] != _NOTHING]


# A class has a cell for itself where a method uses super(), which is no part of what it says.
_NOT_SAID = frozenset((*COMPILER_NAMES, "__classcell__", REST))
_OP = dis.opmap
_MAKE_CELL = _OP.get("MAKE_CELL", -1)
_CELL_LOADS = frozenset(
    _OP[name] for name in ("LOAD_CLOSURE", "LOAD_FAST", "LOAD_FAST_BORROW") if name in _OP
)
_BUILD_TUPLE, _MAKE_FUNCTION = _OP["BUILD_TUPLE"], _OP["MAKE_FUNCTION"]
_SET_ATTRIBUTE = _OP.get("SET_FUNCTION_ATTRIBUTE", -1)
_STORE_CELL, _LOAD_LOCALS = _OP["STORE_DEREF"], _OP.get("LOAD_LOCALS", -1)
_CLOSURE = 8
# How a class body ends, whatever it says: in so many instructions that bind a name, and a return.
_ENDS = {"__static_attributes__": 2, "__classdictcell__": 2, "__classcell__": 3, REST: 0}
_RETURNS = frozenset(_OP[name] for name in ("RETURN_VALUE", "RETURN_CONST") if name in _OP)
_NOTHING = ("constant", "None")


def _headers(shells: tuple[Shell, ...]) -> list[list[Any]]:
    """Return what statements say but for the variables that functions in them capture."""
    return [_without_closures(shell.fingerprint) for shell in shells]


def _without_closures(fingerprint: tuple[Any, ...]) -> list[Any]:
    found: list[Any] = []
    for part in fingerprint:
        opcode, argument = (part[0], part[-1]) if isinstance(part, tuple) else (part, None)
        if opcode == "code" and found and found[-1][0] == _BUILD_TUPLE:
            count = found[-1][1]
            if all(each[0] in _CELL_LOADS for each in found[-1 - count : -1]):
                del found[-1 - count :]
        if opcode == _MAKE_FUNCTION and isinstance(argument, int):
            argument &= ~_CLOSURE
        elif opcode == _MAKE_CELL or (opcode == _SET_ATTRIBUTE and argument == _CLOSURE):
            continue
        elif opcode == _STORE_CELL and found and found[-1][0] == _LOAD_LOCALS:
            del found[-1]  # 3.12 and newer: the class's namespace, for annotations
            continue
        found.append((opcode, argument, part if isinstance(opcode, str) else None))
    return found
