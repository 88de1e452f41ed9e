"""What a source said, read from its code: its scopes by path, and where two sources say the same.

Code objects are compared and not syntax trees, because they are what is there: the source text a
live module was imported from is often gone (that is why one reloads), but its bytecode is in the
.pyc, and every live function carries its own. It is also several times cheaper than parsing.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, compress, count, repeat
from operator import attrgetter, gt, is_not
from types import CodeType
from typing import Any

from livepatch._python.code import codes_in, instructions, nested_codes, same_code, same_text
from livepatch._python.opcodes import COMPILER_NAMES, CONSTANT, OP
from livepatch._source.scope import (
    RUN_AT_ONCE,
    Scope,
    constant_shell,
    functions_bound,
    is_type_scope,
    read_scope,
)
from livepatch._source.shell import Shell

_STORE_GLOBAL = OP["STORE_GLOBAL"]
# Tables for bytes.translate.
_IS_CONSTANT = bytes(opcode in CONSTANT for opcode in range(256))
_IS_EXTENDED = bytes(opcode == OP["EXTENDED_ARG"] for opcode in range(256))
_LARGEST_BYTE = 255
_names_of_code = attrgetter("co_names")
_bound_by = attrgetter("bound")
# A class body says that it is one by lacking this flag.
_IS_FUNCTION = inspect.CO_OPTIMIZED
# By these a source may bind globals without a statement that says so.
OTHER_MEANS = frozenset(("globals", "locals", "vars", "exec", "setattr", "__dict__"))


@dataclass(frozen=True, slots=True)
class Outline:
    """The scopes of a module by path: ``()`` is the module's own, ``("Player",)`` a class's.

    Attributes:
        scopes: of a class that several statements define, the scope of one of them.
        global_names: what its functions bind through a ``global`` statement.
        twins: the bodies of each such class, in the branches of an `if` say.
        unsure: those of them of which it is not known which statement ran.
        has_other_means: whether the module, or one of its functions, may bind a global without a
            statement that says so.
    """

    scopes: dict[tuple[str, ...], Scope]
    global_names: frozenset[str]
    twins: dict[tuple[str, ...], tuple[CodeType, ...]] = field(default_factory=dict)
    unsure: frozenset[tuple[str, ...]] = frozenset()
    has_other_means: bool = True

    def with_body(self, path: tuple[str, ...], body: CodeType, *, unsure: bool) -> Outline:
        """Return an outline in which a class that several statements define is of a certain one."""
        doubts = self.unsure | {path} if unsure else self.unsure - {path}
        if body is self.scopes[path].code:
            return replace(self, unsure=doubts)
        outside = [each for each in self.scopes if each[: len(path)] != path]
        scopes = {each: self.scopes[each] for each in outside}
        twins = {
            each: bodies
            for each, bodies in self.twins.items()
            if each == path or each[: len(path)] != path
        }
        _collect_scopes(body, path, scopes, twins, None)
        return replace(self, scopes=scopes, twins=twins, unsure=doubts)

    def is_unsure_of(self, path: tuple[str, ...]) -> bool:
        """Whether several statements define a class, may each have run, and differ in a name."""
        home, name = path[:-1], path[-1]
        if home not in self.unsure:
            return False
        said = [read_scope(body).shells.get(name) for body in self.twins[home]]
        return any(each != said[0] for each in said)

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

    def binds_others(self, other: Outline, path: tuple[str, ...]) -> bool:
        """Whether a scope that is in both binds other names in one of them."""
        ours, theirs = self.scopes.get(path), other.scopes.get(path)
        return bool(ours and theirs and ours.shells.keys() != theirs.shells.keys())

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

    def same_turns(self, other: Outline | None, path: tuple[str, ...]) -> bool:
        """Whether a scope of both binds its names in the same order: ``x = 1; y = x; x = 2``."""
        theirs = other.scopes.get(path) if other is not None else None
        return theirs is not None and self.scopes[path].in_turn == theirs.in_turn

    def last_shell(self, path: tuple[str, ...]) -> Shell | None:
        """Return what the last statement that binds a path says."""
        scope = self.scopes.get(path[:-1])
        shells = scope.shells.get(path[-1], ()) if scope is not None else ()
        return shells[-1] if shells else None

    def imports(self, path: tuple[str, ...]) -> bool:
        """Whether the last statement that binds a path is an import."""
        scope = self.scopes.get(path[:-1])
        if scope is None or path[-1] not in map(_bound_by, scope.imports):
            return False  # nearly every one
        shell = self.last_shell(path)
        return shell is not None and shell.is_import

    def takes_over(self, path: tuple[str, ...]) -> bool:
        """Whether the last statement that binds a path only names what is there: no maker of it."""
        if self.imports(path):
            return True
        shell = self.last_shell(path)
        return shell is not None and shell.is_alias

    def defines(self, path: tuple[str, ...]) -> bool:
        """Whether the last statement that binds a path is that of a function or class."""
        shell = self.last_shell(path)
        return shell is not None and shell.is_definition

    def same_body(self, other: Outline | None, path: tuple[str, ...]) -> bool | None:
        """Whether a class says the same in the same order but for functions; None when unknown."""
        if other is None or path not in self.scopes or path not in other.scopes:
            return None
        ours, other_scope = self.scopes[path], other.scopes[path]
        mine, theirs = ours.shells, other_scope.shells
        if mine is theirs:
            return True  # as it was taken over
        if ours.in_turn != other_scope.in_turn:
            return False
        names, others = (
            [name for name in each if name not in COMPILER_NAMES] for each in (mine, theirs)
        )
        # An enumeration has its members in this order, and others ask for it as well.
        return names == others and all(mine[name] == theirs[name] for name in names)


def outline(
    code: CodeType, previous: Outline | None = None, nested: list[CodeType] | None = None
) -> Outline:
    """Digest a module's code.

    Args:
        code: of the module.
        previous: an outline of an earlier version; what it says of scopes that are the same but
            for the bodies of their functions is taken over.
        nested: the codes inside it, at any depth, where they are known.
    """
    scopes: dict[tuple[str, ...], Scope] = {}
    twins: dict[tuple[str, ...], tuple[CodeType, ...]] = {}
    nested = list(nested_codes(code)) if nested is None else nested
    _collect_scopes(code, (), scopes, twins, previous)
    names = chain(code.co_names, *map(_names_of_code, codes_in(code)))
    has_other_means = not OTHER_MEANS.isdisjoint(names)
    return Outline(scopes, frozenset(global_names(nested)), twins, has_other_means=has_other_means)


def _collect_scopes(
    code: CodeType,
    path: tuple[str, ...],
    scopes: dict[tuple[str, ...], Scope],
    twins: dict[tuple[str, ...], tuple[CodeType, ...]],
    previous: Outline | None,
) -> None:
    known = previous.scopes.get(path) if previous is not None else None
    inner_codes = codes_in(code)
    scope = _take_over(known, code) if known is not None else None
    scopes[path] = scope or read_scope(code)
    bodies: dict[str, list[CodeType]] = {}
    for name, body in _class_bodies(inner_codes):
        bodies.setdefault(name, []).append(body)
    for name, found in bodies.items():
        inner = (*path, name)
        body = found[-1]
        if len(found) > 1:
            twins[inner] = tuple(found)
            body = _likely_body(found, inner, previous)
        _collect_scopes(body, inner, scopes, twins, previous)


def _likely_body(
    bodies: list[CodeType], path: tuple[str, ...], previous: Outline | None
) -> CodeType:
    """Choose the body of a class that is there several times, under both arms of an `if` say.

    It is the one that ran before; else the last one, which is bound if all of them run. What ran is
    told by the class that comes of it.
    """
    before = previous.twins.get(path, ()) if previous is not None else ()
    if previous is None or len(before) != len(bodies):
        return bodies[-1]
    present = previous.scopes[path].code
    places = (place for place, body in enumerate(before) if body is present)
    return bodies[next(places, -1)]


def same_scope(old: CodeType, new: CodeType) -> bool:
    """Whether two scopes say the same outside their functions and classes."""
    return (
        old.co_code == new.co_code
        and old.co_names == new.co_names
        and len(old.co_consts) == len(new.co_consts)
        and all(a is b or _same_outside(a, b) for a, b in zip(old.co_consts, new.co_consts))
    )


def _take_over(known: Scope, code: CodeType) -> Scope | None:
    """Return what is known of a scope that says the same, but for some constants."""
    old = known.code
    if old is code:
        return known
    if (
        old.co_code != code.co_code
        or old.co_names != code.co_names
        or len(old.co_consts) != len(code.co_consts)
    ):
        return None
    different = _different_constants(old, code)
    if not different:
        return replace(known, code=code)
    return _with_other_constants(known, code, different)


def _different_constants(old: CodeType, new: CodeType) -> list[int]:
    """List the places of the constants that say something else; there are as many in both."""
    before, after = old.co_consts, new.co_consts
    others = compress(count(), map(is_not, before, after))
    return [place for place in others if not _same_outside(before[place], after[place])]


def _with_other_constants(known: Scope, code: CodeType, places: list[int]) -> Scope | None:
    """Return a scope that differs in constants alone, to each of which a name is bound."""
    before, after = (list(map(each.co_consts.__getitem__, places)) for each in (known.code, code))
    if not _PLAIN.issuperset(map(type, before + after)) or not _are_loaded_once(code, places):
        return None
    shells_of_constants = (map(constant_shell, each, repeat(set())) for each in (before, after))
    said = dict(zip(*shells_of_constants))
    shells_of = dict(known.shells)
    for name, shells in known.shells.items():
        if not said:
            break
        for place, shell in enumerate(shells):
            says = said.pop(shell.fingerprint[-2], None) if len(shell.fingerprint) > 1 else None
            if says is not None:
                fingerprint = (*shell.fingerprint[:-2], says, *shell.fingerprint[-1:])
                changed = Shell(fingerprint, shell.loads)
                shells = shells_of[name] = (*shells[:place], changed, *shells[place + 1 :])  # noqa: PLW2901
    return None if said else replace(known, code=code, shells=shells_of)


# What has another text wherever it is another value.
_PLAIN = frozenset((str, int, bool))


def _are_loaded_once(code: CodeType, places: list[int]) -> bool:
    """Whether one instruction alone loads each of some constants of a scope."""
    loaded: Sequence[int]
    if max(places) > _LARGEST_BYTE:
        loaded = [argument for opcode, argument in instructions(code) if opcode in CONSTANT]
    else:
        # Without a loop of ours, for a module's body is long.
        opcodes, arguments = code.co_code[::2], code.co_code[1::2]
        extended = (b"\0" + opcodes).translate(_IS_EXTENDED)
        short = map(gt, opcodes.translate(_IS_CONSTANT), extended)
        loaded = bytes(compress(arguments, short))
    return all(loaded.count(place) == 1 for place in places)


def _same_outside(old: Any, new: Any) -> bool:
    kind = type(new)
    if type(old) is not kind:
        return False
    if kind is CodeType:
        name = new.co_name
        if old.co_name != name or (name[:1] == "<" and is_type_scope(new)):
            return False  # what hides a header in itself is left to the scan
        return name not in RUN_AT_ONCE or same_code(old, new)
    return bool(old == new) if kind in _PLAIN else same_text(old, new)


def class_bodies(code: CodeType) -> Iterator[tuple[str, CodeType]]:
    """Yield name and code of the classes that a module's or class's body defines directly."""
    return _class_bodies(codes_in(code))


def _class_bodies(codes: list[CodeType]) -> Iterator[tuple[str, CodeType]]:
    for inner in codes:
        if inner.co_flags & _IS_FUNCTION:
            if inner.co_name[:1] == "<" and is_type_scope(inner):
                yield from class_bodies(inner)
        else:
            yield inner.co_name, inner


def global_names(nested: list[CodeType]) -> Iterator[str]:
    """Yield the names that functions of this module bind through a ``global`` statement."""
    for inner in nested:
        # As a byte first: nearly no function has it, not even as an argument.
        if inner.co_names and _STORE_GLOBAL in inner.co_code:
            for opcode, argument in instructions(inner):
                if opcode == _STORE_GLOBAL:
                    yield inner.co_names[argument]
