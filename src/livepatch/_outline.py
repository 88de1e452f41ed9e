"""What a source said, read from its code: its scopes by path, and where two sources say the same.

Code objects are compared and not syntax trees, because they are what is there: the source text a
live module was imported from is often gone (that is why one reloads), but its bytecode is in the
.pyc, and every live function carries its own. It is also several times cheaper than parsing.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any

from livepatch._code import instructions, same_code, text_of_constant
from livepatch._opcodes import CONSTANT, IMPORTS, OP
from livepatch._scope import RUN_AT_ONCE, Scope, functions_bound, is_type_scope, read_scope

_STORE_GLOBAL = OP["STORE_GLOBAL"]
# A class body says that it is one by lacking this flag.
_IS_FUNCTION = inspect.CO_OPTIMIZED
# What the compiler puts into a class namespace by itself; it says where the class is, not what.
COMPILER_NAMES = frozenset({"__firstlineno__", "__static_attributes__", "__classdictcell__"})


@dataclass(frozen=True, slots=True)
class Outline:
    """The scopes of a module by path: ``()`` is the module's own, ``("Player",)`` a class's."""

    scopes: dict[tuple[str, ...], Scope]
    global_names: frozenset[str]

    def same_names(self, other: Outline | None, path: tuple[str, ...]) -> Collection[str] | None:
        """Return the names that a scope binds by the same statements in both; None when unknown."""
        ours = self.scopes.get(path)
        theirs = other.scopes.get(path) if other is not None else None
        if ours is None or theirs is None:
            return None
        if ours.shells is theirs.shells:
            return ours.shells
        said = theirs.shells.get
        return {name for name, shells in ours.shells.items() if said(name) == shells}

    def same_shell(self, other: Outline | None, path: tuple[str, ...]) -> bool | None:
        """Whether the statements that bind a path are the same in both; None when unknown."""
        if other is None:
            return None
        ours, theirs = self.scopes.get(path[:-1]), other.scopes.get(path[:-1])
        if ours is None or theirs is None:
            return None
        mine = ours.shells.get(path[-1])
        return None if mine is None else mine == theirs.shells.get(path[-1])

    def same_function(self, other: Outline | None, path: tuple[str, ...]) -> bool:
        """Whether the function that a class binds to a name is the same in both, body included."""
        if not self.same_shell(other, path) or other is None:
            return False
        mine = functions_bound(self.scopes[path[:-1]].code, path[-1])
        theirs = functions_bound(other.scopes[path[:-1]].code, path[-1])
        return len(mine) == len(theirs) and all(map(same_code, mine, theirs))

    def imports(self, path: tuple[str, ...]) -> bool:
        """Whether the last statement that binds a path is an import."""
        scope = self.scopes.get(path[:-1])
        shells = scope.shells.get(path[-1], ()) if scope is not None else ()
        return bool(shells) and any(
            isinstance(part, tuple) and part[0] in IMPORTS for part in shells[-1].fingerprint
        )

    def same_body(self, other: Outline | None, path: tuple[str, ...]) -> bool | None:
        """Whether a class says the same outside its functions; None when unknown."""
        if other is None or path not in self.scopes or path not in other.scopes:
            return None
        mine, theirs = self.scopes[path], other.scopes[path]
        if mine.shells.keys() - COMPILER_NAMES != theirs.shells.keys() - COMPILER_NAMES:
            return False
        return all(
            mine.shells[name] == theirs.shells[name] for name in mine.shells.keys() - COMPILER_NAMES
        )


def outline(code: CodeType, previous: Outline | None = None) -> Outline:
    """Digest a module's code.

    Args:
        code: of the module.
        previous: an outline of an earlier version; what it says of scopes that are the same but
            for the bodies of their functions is taken over.
    """
    scopes: dict[tuple[str, ...], Scope] = {}
    _collect_scopes(code, (), scopes, previous)
    return Outline(scopes, frozenset(_global_names(code)))


def _collect_scopes(
    code: CodeType,
    path: tuple[str, ...],
    scopes: dict[tuple[str, ...], Scope],
    previous: Outline | None,
) -> None:
    known = previous.scopes.get(path) if previous is not None else None
    # A scope that occurs twice (a class under both arms of an `if`) is the last one's: that is
    # the one whose definitions the compiler would bind if both ran.
    scopes[path] = (_take_over(known, code) if known is not None else None) or read_scope(code)
    for name, body in class_bodies(code):
        _collect_scopes(body, (*path, name), scopes, previous)


def same_scope(old: CodeType, new: CodeType) -> bool:
    """Whether two scopes say the same outside their functions and classes."""
    return (
        old.co_code == new.co_code
        and old.co_names == new.co_names
        and len(old.co_consts) == len(new.co_consts)
        and all(map(_same_outside, old.co_consts, new.co_consts))
    )


def _take_over(known: Scope, code: CodeType) -> Scope | None:
    """Return what is known of a scope that says the same, but for one text (a docstring, say)."""
    old = known.code
    if (
        old.co_code != code.co_code
        or old.co_names != code.co_names
        or len(old.co_consts) != len(code.co_consts)
    ):
        return None
    pairs = enumerate(zip(old.co_consts, code.co_consts))
    different = [index for index, pair in pairs if not _same_outside(*pair)]
    if not different:
        return Scope(code, known.shells, known.imports)
    return _with_other_text(known, code, different[0]) if len(different) == 1 else None


def _with_other_text(known: Scope, code: CodeType, index: int) -> Scope | None:
    """Return a scope that differs in one string constant, where a name is bound to just that."""
    old, new = known.code.co_consts[index], code.co_consts[index]
    uses = sum(op in CONSTANT and argument == index for op, argument in instructions(code))
    if type(old) is not str or type(new) is not str or uses != 1:
        return None
    said, says = ("text", old), ("text", new)
    for name, shells in known.shells.items():
        for place, shell in enumerate(shells):
            if len(shell.fingerprint) == 2 and shell.fingerprint[0] == said:  # noqa: PLR2004
                changed = shell._replace(fingerprint=(says, shell.fingerprint[1]))
                others = {name: (*shells[:place], changed, *shells[place + 1 :])}
                return Scope(code, {**known.shells, **others}, known.imports)
    return None


def _same_outside(old: Any, new: Any) -> bool:
    if old is new:
        return True
    if type(old) is not type(new):
        return False
    if type(old) is CodeType:
        if old.co_name != new.co_name or old.co_name.startswith("<generic"):
            return False  # what hides a header in itself is left to the scan
        return old.co_name not in RUN_AT_ONCE or same_code(old, new)
    if type(old) in (str, int, bool):
        return bool(old == new)
    return text_of_constant(old) == text_of_constant(new)


def class_bodies(code: CodeType) -> Iterator[tuple[str, CodeType]]:
    """Yield name and code of the classes that a module's or class's body defines directly."""
    for constant in code.co_consts:
        if type(constant) is CodeType:
            if is_type_scope(constant):
                yield from class_bodies(constant)
            elif not constant.co_flags & _IS_FUNCTION:
                yield constant.co_name, constant


def _global_names(code: CodeType) -> Iterator[str]:
    """Yield the names that functions of this module bind through a ``global`` statement."""
    for constant in code.co_consts:
        if type(constant) is CodeType:
            # As a byte first: nearly no function has it, not even as an argument.
            if _STORE_GLOBAL in constant.co_code:
                for opcode, argument in instructions(constant):
                    if opcode == _STORE_GLOBAL:
                        yield constant.co_names[argument]
            yield from _global_names(constant)
