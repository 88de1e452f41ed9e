"""What the source said, read from code objects: which names a scope binds, and with what.

Code objects are compared and not syntax trees, because they are what is there: the source text a
live module was imported from is often gone (that is why one reloads), but its bytecode is in the
.pyc, and every live function carries its own. It is also several times cheaper than parsing.
"""

from __future__ import annotations

import dis
import inspect
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import compress, count
from operator import attrgetter, gt, is_not, itemgetter
from types import CodeType
from typing import Any, NamedTuple

from livepatch._code import codes_in, instructions, same_code, text_of_constant

_OP = dis.opmap
_STORES = {_OP[name] for name in ("STORE_NAME", "STORE_GLOBAL") if name in _OP}
_DELETES = {_OP[name] for name in ("DELETE_NAME", "DELETE_GLOBAL") if name in _OP}
_NAMED = set(dis.hasname)
_CONSTANT = set(dis.hasconst)
# Tables for bytes.translate.
_IS_CONSTANT = bytes(opcode in _CONSTANT for opcode in range(256))
_IS_EXTENDED = bytes(opcode == _OP["EXTENDED_ARG"] for opcode in range(256))
_LARGEST_BYTE = 255
_name_of_code, _first_of = attrgetter("co_name"), itemgetter(0)
_JUMPS = set(dis.hasjrel) | set(dis.hasjabs)
_SMALL_INT = _OP.get("LOAD_SMALL_INT", -1)
_IMPORT_NAME, _IMPORT_FROM = _OP["IMPORT_NAME"], _OP["IMPORT_FROM"]
_IMPORTS = {_IMPORT_NAME, _IMPORT_FROM}
_STORE_ITEM = _OP["STORE_SUBSCR"]
_STAR_IMPORT = _OP.get("IMPORT_STAR", _OP.get("CALL_INTRINSIC_1", -1))
_STORE_GLOBAL = _OP["STORE_GLOBAL"]
# Pseudo names: what a scope says after its last binding, and what it annotates.
REST = "<rest>"
ANNOTATIONS = "__annotations__"
_CONSTANT_SHELLS = ("constant", "text")
# A class body says that it is one by lacking this flag.
_IS_FUNCTION = inspect.CO_OPTIMIZED
# The low bits of these arguments are flags (CPython: Lib/dis.py, _get_const_info and its neighbours).  # noqa: E501
_NAME_SHIFT: dict[int, int] = {}
if sys.version_info >= (3, 11):
    _NAME_SHIFT[_OP["LOAD_GLOBAL"]] = 1
if sys.version_info >= (3, 12):
    _NAME_SHIFT[_OP["LOAD_ATTR"]] = 1
    _NAME_SHIFT[_OP["LOAD_SUPER_ATTR"]] = 2
# 3.14 makes a function of a scope's annotations (PEP 649); what it says is not in its name.
ANNOTATE_NAMES = ("__annotate__", "__conditional_annotations__")
# Comprehensions are part of the statement they stand in (until 3.11 they have code of their own).
COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")
_RUN_AT_ONCE = frozenset((*COMPREHENSIONS, *ANNOTATE_NAMES))
# What the compiler puts into a class namespace by itself; it says where the class is, not what.
COMPILER_NAMES = frozenset({"__firstlineno__", "__static_attributes__", "__classdictcell__"})


class Shell(NamedTuple):
    """What the source says around a bound name: all of its statement but function bodies.

    Attributes:
        fingerprint: equal for two statements that say the same.
        loads: the names that the statement reads.
    """

    fingerprint: tuple[Any, ...]
    loads: frozenset[str]

    @property
    def is_definition(self) -> bool:
        """Whether this is the statement of a function or class."""
        return any(isinstance(part, tuple) and part[0] == "code" for part in self.fingerprint)

    @property
    def constant(self) -> str | None:
        """The repr of the constant that is all this statement binds, if it is that simple."""
        first = self.fingerprint[0] if len(self.fingerprint) == 2 else None  # noqa: PLR2004
        if not isinstance(first, tuple) or first[0] not in _CONSTANT_SHELLS:
            return None
        return repr(first[1]) if first[0] == "text" else str(first[1])


@dataclass(frozen=True, slots=True)
class Import:
    """A name that an import statement binds.

    Attributes:
        module: what is imported, with leading dots where it is relative.
        name: what is taken from it; ``"*"`` for everything; None for the module itself.
        bound: the name it is bound to.
    """

    module: str
    name: str | None
    bound: str


@dataclass(frozen=True, slots=True)
class Scope:
    """A module's or a class's body.

    Attributes:
        code: its code.
        shells: the names it binds, each with its shells in source order.
        imports: what its import statements bind.
    """

    code: CodeType
    shells: dict[str, tuple[Shell, ...]]
    imports: tuple[Import, ...]

    def binds(self, name: str) -> bool:
        """Whether a statement of this scope binds the name."""
        return name in self.shells


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
        mine = _functions_bound(self.scopes[path[:-1]].code, path[-1])
        theirs = _functions_bound(other.scopes[path[:-1]].code, path[-1])
        return len(mine) == len(theirs) and all(map(same_code, mine, theirs))

    def imports(self, path: tuple[str, ...]) -> bool:
        """Whether the last statement that binds a path is an import."""
        scope = self.scopes.get(path[:-1])
        shells = scope.shells.get(path[-1], ()) if scope is not None else ()
        return bool(shells) and any(
            isinstance(part, tuple) and part[0] in _IMPORTS for part in shells[-1].fingerprint
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
    scopes[path] = (_take_over(known, code) if known is not None else None) or _scan(code)
    for name, body in class_bodies(code):
        _collect_scopes(body, (*path, name), scopes, previous)


def same_scope(old: CodeType, new: CodeType) -> bool:
    """Whether two scopes say the same outside their functions and classes."""
    return (
        old.co_code == new.co_code
        and old.co_names == new.co_names
        and len(old.co_consts) == len(new.co_consts)
        and all(a is b or _same_outside(a, b) for a, b in zip(old.co_consts, new.co_consts))
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
    different = _different_constants(old, code)
    if not different:
        return Scope(code, known.shells, known.imports)
    return _with_other_text(known, code, different[0]) if len(different) == 1 else None


def _different_constants(old: CodeType, new: CodeType) -> list[int]:
    """List the places of the constants that say something else; there are as many in both."""
    before, after = old.co_consts, new.co_consts
    places = list(compress(count(), map(is_not, before, after)))
    if not places:
        return places
    names = list(map(_name_of_code, codes_in(new)))
    if names == list(map(_name_of_code, codes_in(old))) and "<" not in map(_first_of, names):
        # Functions and classes that are called the same are the same outside.
        places = [place for place in places if type(after[place]) is not CodeType]
    return [place for place in places if not _same_outside(before[place], after[place])]


def _with_other_text(known: Scope, code: CodeType, index: int) -> Scope | None:
    """Return a scope that differs in one string constant, where a name is bound to just that."""
    old, new = known.code.co_consts[index], code.co_consts[index]
    if type(old) is not str or type(new) is not str or not _is_loaded_once(code, index):
        return None
    said, says = ("text", old), ("text", new)
    for name, shells in known.shells.items():
        for place, shell in enumerate(shells):
            if len(shell.fingerprint) == 2 and shell.fingerprint[0] == said:  # noqa: PLR2004
                changed = shell._replace(fingerprint=(says, shell.fingerprint[1]))
                others = {name: (*shells[:place], changed, *shells[place + 1 :])}
                return Scope(code, {**known.shells, **others}, known.imports)
    return None


def _is_loaded_once(code: CodeType, index: int) -> bool:
    """Whether one instruction alone loads a constant of a scope."""
    if index > _LARGEST_BYTE:
        return sum(op in _CONSTANT and arg == index for op, arg in instructions(code)) == 1
    # Without a loop of ours, for a module's body is long.
    opcodes, arguments = code.co_code[::2], code.co_code[1::2]
    extended = (b"\0" + opcodes).translate(_IS_EXTENDED)
    short = map(gt, opcodes.translate(_IS_CONSTANT), extended)
    return bytes(compress(arguments, short)).count(index) == 1


def _same_outside(old: Any, new: Any) -> bool:
    if type(old) is not type(new):
        return False
    if type(old) is CodeType:
        name = new.co_name
        if old.co_name != name or name.startswith("<generic"):
            return False  # what hides a header in itself is left to the scan
        return name not in _RUN_AT_ONCE or same_code(old, new)
    if type(old) in (str, int, bool):
        return bool(old == new)
    return text_of_constant(old) == text_of_constant(new)


def shells_of_code(code: CodeType) -> dict[str, tuple[Shell, ...]]:
    """Return what a scope binds, as `Scope.shells` has it."""
    return _scan(code).shells


def _scan(code: CodeType) -> Scope:
    scan = _Scan(code)
    read = _READERS.get
    for opcode, argument in instructions(code):
        read(opcode, _Scan.anything_else)(scan, opcode, argument)
    if scan.statement:
        scan.finish(REST)
    shells = {name: tuple(found) for name, found in scan.shells.items()}
    return Scope(code, shells, tuple(scan.imports))


class _Scan:
    """One pass over a scope's instructions: what has been read, and the statement under way."""

    __slots__ = (
        "attribute",
        "code",
        "importing",
        "imports",
        "loads",
        "module",
        "shells",
        "statement",
        "whole",
    )

    def __init__(self, code: CodeType) -> None:
        self.code = code
        self.shells: dict[str, list[Shell]] = {}
        self.imports: list[Import] = []
        self.statement: list[Any] = []
        self.loads: set[str] = set()
        self.module = ""
        self.attribute: str | None = None
        self.whole = self.importing = False

    def finish(self, name: str) -> None:
        shell = Shell(tuple(self.statement), frozenset(self.loads) if self.loads else _NOTHING)
        self.shells.setdefault(name, []).append(shell)
        self.statement = []
        if self.loads:
            self.loads = set()

    def binding(self, opcode: int, argument: int) -> None:
        name = self.code.co_names[argument]
        if self.importing:
            self.imports.append(_import(self.module, self.attribute, name, whole=self.whole))
            self.importing = False
        self.statement.append(opcode)
        self.finish(name)

    def item(self, opcode: int, argument: int) -> None:
        # Until 3.13 `name: kind` is compiled to __annotations__["name"] = kind.
        before = self.statement[-2:]
        if any(part[-1] == ANNOTATIONS for part in before if isinstance(part, tuple)):
            self.finish(ANNOTATIONS)
        else:
            self.anything_else(opcode, argument)

    def import_of_module(self, opcode: int, argument: int) -> None:
        (_, level), (_, names) = self.statement[-2:]
        self.module, self.attribute = "." * int(level) + self.code.co_names[argument], None
        self.whole, self.importing = names == "None", True
        self.statement.append((opcode, self.module))

    def import_of_name(self, opcode: int, argument: int) -> None:
        self.attribute, self.importing = self.code.co_names[argument], True
        self.statement.append((opcode, self.attribute, self.module))

    def name(self, opcode: int, argument: int) -> None:
        name = self.code.co_names[argument >> _NAME_SHIFT.get(opcode, 0)]
        self.statement.append((opcode, name))
        self.loads.add(name)

    def constant(self, _: int, argument: int) -> None:
        self.statement.append(constant_shell(self.code.co_consts[argument], self.loads))

    def small_number(self, _: int, argument: int) -> None:
        self.statement.append(("constant", repr(argument)))

    def jump(self, opcode: int, _: int) -> None:
        self.statement.append((opcode, None))

    def star_import(self, opcode: int, argument: int) -> None:
        if _is_star_import(argument):
            self.imports.append(Import(self.module, "*", "*"))
            self.importing = False
        self.anything_else(opcode, argument)

    def anything_else(self, opcode: int, argument: int) -> None:
        self.statement.append((opcode, argument))


_NOTHING: frozenset[str] = frozenset()
# Where an opcode is of several kinds, the last entry decides.
_READERS: dict[int, Callable[[_Scan, int, int], None]] = {
    **dict.fromkeys(_JUMPS, _Scan.jump),
    **dict.fromkeys(_CONSTANT, _Scan.constant),
    **dict.fromkeys(_NAMED, _Scan.name),
    **dict.fromkeys(_STORES | _DELETES, _Scan.binding),
    _IMPORT_NAME: _Scan.import_of_module,
    _IMPORT_FROM: _Scan.import_of_name,
    _STORE_ITEM: _Scan.item,
    _STAR_IMPORT: _Scan.star_import,
    _SMALL_INT: _Scan.small_number,
}


def _import(module: str, attribute: str | None, bound: str, *, whole: bool) -> Import:
    if not whole:
        return Import(module, attribute, bound)
    # `import a.b` binds a; `import a.b as c` is compiled like `from a import b as c`.
    return Import(module if attribute else module.partition(".")[0], None, bound)


def _functions_bound(code: CodeType, name: str) -> list[CodeType]:
    """List the codes of the functions that the statements binding a name make."""
    found: list[CodeType] = []
    pending: list[CodeType] = []
    for opcode, argument in instructions(code):
        if opcode in _STORES:
            if code.co_names[argument] == name:
                found += pending
            pending = []
        elif opcode in _CONSTANT and type(code.co_consts[argument]) is CodeType:
            pending.append(code.co_consts[argument])
    return found


def _is_star_import(argument: int) -> bool:
    # 3.12 made it an intrinsic: INTRINSIC_IMPORT_STAR is 2 (Include/internal/pycore_intrinsics.h).
    return "IMPORT_STAR" in _OP or argument == 2  # noqa: PLR2004


def constant_shell(constant: object, loads: set[str]) -> tuple[Any, ...]:
    """Return what a constant says; code of a function or class is no more than its name."""
    if type(constant) is CodeType:
        if not is_type_scope(constant) and constant.co_name not in _RUN_AT_ONCE:
            return ("code", constant.co_name)
        loads.update(constant.co_names)
        return ("type parameters", *_type_scope_shell(constant, loads))
    if type(constant) is str:
        return ("text", constant)
    return ("constant", text_of_constant(constant))


def _type_scope_shell(code: CodeType, loads: set[str]) -> Iterator[Any]:
    definition = code.co_name.removeprefix("<generic parameters of ").removesuffix(">")
    for opcode, argument in instructions(code):
        if opcode in _CONSTANT:
            constant = code.co_consts[argument]
            yield constant_shell(constant, loads)
            if type(constant) is CodeType and constant.co_name != definition:
                # The bound or default of a type parameter, evaluated when it is asked for.
                loads.update(constant.co_names)
                yield (constant.co_code, constant.co_names, repr(constant.co_consts))
        elif opcode in _NAMED:
            yield (opcode, code.co_names[argument >> _NAME_SHIFT.get(opcode, 0)])
        else:
            yield (opcode, None if opcode in _JUMPS else argument)


def annotate_code(code: CodeType) -> CodeType | None:
    """Return the code of the function of a module's annotations, if it has one (3.14)."""
    if "__annotate__" not in code.co_names:
        return None
    last: CodeType | None = None
    for opcode, argument in instructions(code):
        if opcode in _CONSTANT and type(code.co_consts[argument]) is CodeType:
            last = code.co_consts[argument]
        elif opcode in _STORES and code.co_names[argument] == "__annotate__":
            return last
    return None


def is_type_scope(code: CodeType) -> bool:
    """Whether this is the hidden function that PEP 695 wraps around a generic definition."""
    return code.co_name.startswith("<generic parameters of ")


def class_bodies(code: CodeType) -> Iterator[tuple[str, CodeType]]:
    """Yield name and code of the classes that a module's or class's body defines directly."""
    for inner in codes_in(code):
        if is_type_scope(inner):
            yield from class_bodies(inner)
        elif not inner.co_flags & _IS_FUNCTION:
            yield inner.co_name, inner


def _global_names(code: CodeType) -> Iterator[str]:
    """Yield the names that functions of this module bind through a ``global`` statement."""
    waiting = codes_in(code)
    for inner in waiting:
        # As a byte first: nearly no function has it, not even as an argument.
        if _STORE_GLOBAL in inner.co_code:
            for opcode, argument in instructions(inner):
                if opcode == _STORE_GLOBAL:
                    yield inner.co_names[argument]
        waiting += codes_in(inner)
