"""One scope of a source, read from its code: which names it binds, and what each statement says.

Two statements that say the same have equal shells: a statement but for the bodies of its functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import CodeType
from typing import Any

from livepatch._python.code import instructions, text_of_constant
from livepatch._python.opcodes import (
    COMPILER_NAMES,
    CONSTANT,
    DELETES,
    JUMPS,
    NAME_SHIFT,
    NAMED,
    OP,
    STORES,
)
from livepatch._source.shell import Shell

_SMALL_INT = OP.get("LOAD_SMALL_INT", -1)
_LOAD_LOCALS = OP.get("LOAD_LOCALS", -1)
_STORE_GLOBAL = OP["STORE_GLOBAL"]
_IMPORT_NAME, _IMPORT_FROM = OP["IMPORT_NAME"], OP["IMPORT_FROM"]
_STORE_ITEM = OP["STORE_SUBSCR"]
# What takes a value apart that the target before has left, or brings one to the top.
_LEFT = frozenset(
    OP[name]
    for name in ("UNPACK_SEQUENCE", "UNPACK_EX", "COPY", "DUP_TOP", "SWAP", "ROT_TWO", "ROT_THREE")
    if name in OP
)
_STAR_IMPORT = OP.get("IMPORT_STAR", OP.get("CALL_INTRINSIC_1", -1))
_BINDS = STORES | DELETES
# Pseudo names: what a scope says after its last binding, and what it annotates.
REST = "<rest>"
LAMBDA = "<lambda>"
ANNOTATIONS = "__annotations__"
# 3.14 makes a function of a scope's annotations (PEP 649); what it says is not in its name.
ANNOTATE_NAMES = ("__annotate__", "__conditional_annotations__")
# What a module has that annotates something.
ANNOTATING_NAMES = (ANNOTATIONS, *ANNOTATE_NAMES)
# Where the annotations of a class are among its shells: one statement each, or a function (3.14).
CLASS_ANNOTATING_NAMES = (ANNOTATIONS, "__annotate_func__", "__annotate__")
# Comprehensions are part of the statement they stand in (until 3.11 they have code of their own).
COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")
RUN_AT_ONCE = frozenset((*COMPREHENSIONS, *ANNOTATE_NAMES))


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
        rebound: the names that several statements bind.
        loads: the names that its statements read, but for what annotations say.
        in_turn: the names in the order in which they are bound, where one is bound several times.
    """

    code: CodeType
    shells: dict[str, tuple[Shell, ...]]
    imports: tuple[Import, ...]
    rebound: frozenset[str]
    loads: frozenset[str]
    in_turn: tuple[str, ...] = ()

    def binds(self, name: str) -> bool:
        """Whether a statement of this scope binds the name."""
        return name in self.shells


def read_scope(code: CodeType) -> Scope:
    """Read what a module's or class's code binds, and what each of its statements says."""
    scan = _Scan(code)
    for opcode, argument in instructions(code):
        _READERS[opcode](scan, opcode, argument)
    if scan.statement:
        scan.finish(REST)
    shells = dict(zip(scan.shells, map(tuple, scan.shells.values())))
    rebound = frozenset([name for name, found in shells.items() if len(found) > 1])
    in_turn = tuple(_bound_in_turn(code)) if rebound else ()
    return Scope(code, shells, tuple(scan.imports), rebound, names_read(shells), in_turn)


def _bound_in_turn(code: CodeType) -> Iterator[str]:
    for opcode, argument in instructions(code):
        if opcode in _BINDS and (name := code.co_names[argument]) not in COMPILER_NAMES:
            yield name


def names_read(shells: Mapping[str, Iterable[Shell]]) -> frozenset[str]:
    """Return the names that statements read, but for what annotations say."""
    said = (found for name, found in shells.items() if name != ANNOTATIONS)
    return frozenset[str]().union(*(shell.loads for found in said for shell in found))


class _Scan:
    """One pass over a scope's instructions: what has been read, and the statement under way."""

    __slots__ = (
        "attribute",
        "bound",
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
        self.bound = Shell((), _NOTHING)
        self.module = ""
        self.attribute: str | None = None
        self.whole = self.importing = False

    def finish(self, name: str) -> None:
        said = tuple(self.statement), frozenset(self.loads) if self.loads else _NOTHING
        self.bound = _make_shell(said)
        self.shells.setdefault(name, []).append(self.bound)
        self.statement = []
        if self.loads:
            self.loads = set()

    def binding(self, opcode: int, argument: int) -> None:
        name = self.code.co_names[argument]
        if self.importing:
            self.imports.append(_import(self.module, self.attribute, name, whole=self.whole))
            self.importing = False
        self.statement.append(opcode)
        first = self.statement[0]
        if first in STORES or (type(first) is tuple and first[0] in _LEFT):
            self.go_on()
        self.finish(name)

    def go_on(self) -> None:
        """Let a target say what the whole statement says: ``a = b = 1``, ``a, b = f()``."""
        self.statement[:0] = self.bound.fingerprint
        self.loads |= self.bound.loads

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
        name = self.code.co_names[argument >> NAME_SHIFT.get(opcode, 0)]
        self.statement.append((opcode, name))
        self.loads.add(name)

    def constant(self, _: int, argument: int) -> None:
        said = self.code.co_consts[argument]
        if type(said) is str:  # most are
            self.statement.append(("text", said))
        elif said is None or type(said) is int:
            self.statement.append(("constant", repr(said)))
        else:
            self.statement.append(constant_shell(said, self.loads))

    def small_number(self, _: int, argument: int) -> None:
        self.statement.append(("constant", repr(argument)))

    def jump(self, opcode: int, _: int) -> None:
        self.statement.append((opcode, None))

    def star_import(self, opcode: int, argument: int) -> None:
        if _is_star_import(argument):
            self.imports.append(Import(self.module, "*", "*"))
            self.importing = False
        self.anything_else(opcode, argument)

    def own_namespace(self, opcode: int, argument: int) -> None:
        # A class body first keeps its namespace for the annotations in it (3.12 and newer).
        if self.statement[-1:] == [(_LOAD_LOCALS, 0)]:
            self.statement.pop()
        else:
            self.anything_else(opcode, argument)

    def nothing(self, opcode: int, argument: int) -> None:
        """Leave out what makes room for variables: it stands before the first statement."""

    def anything_else(self, opcode: int, argument: int) -> None:
        self.statement.append((opcode, argument))


_NOTHING: frozenset[str] = frozenset()
# What the class itself does, in C.
_make_shell: Callable[[tuple[tuple[Any, ...], frozenset[str]]], Shell] = partial(
    tuple.__new__, Shell
)
# Where an opcode is of several kinds, the last entry decides.
_READERS: dict[int, Callable[[_Scan, int, int], None]] = {
    **dict.fromkeys(range(256), _Scan.anything_else),
    **dict.fromkeys(JUMPS, _Scan.jump),
    **dict.fromkeys(CONSTANT, _Scan.constant),
    **dict.fromkeys(NAMED, _Scan.name),
    **dict.fromkeys(STORES | DELETES, _Scan.binding),
    _IMPORT_NAME: _Scan.import_of_module,
    _IMPORT_FROM: _Scan.import_of_name,
    _STORE_ITEM: _Scan.item,
    _STAR_IMPORT: _Scan.star_import,
    _SMALL_INT: _Scan.small_number,
    OP["STORE_DEREF"]: _Scan.own_namespace,
    **{OP[name]: _Scan.nothing for name in ("MAKE_CELL", "COPY_FREE_VARS") if name in OP},
}


def _import(module: str, attribute: str | None, bound: str, *, whole: bool) -> Import:
    if not whole:
        return Import(module, attribute, bound)
    # `import a.b` binds a; `import a.b as c` is compiled like `from a import b as c`.
    return Import(module if attribute else module.partition(".")[0], None, bound)


def imports_something(code: CodeType) -> bool:
    """Whether a statement of a code itself imports something."""
    return _IMPORT_NAME in code.co_code[::2]


def imports_within(code: CodeType) -> Iterator[Import]:
    """Yield what a function's code imports; it is bound to a global, or to no name."""
    if not imports_something(code):
        return  # nearly every one
    said: list[str] = []
    module, waiting = "", list[str]()
    for opcode, argument in instructions(code):
        if opcode in CONSTANT:
            said.append(repr(code.co_consts[argument]))
        elif opcode == _SMALL_INT:
            said.append(repr(argument))
        elif opcode == _IMPORT_NAME:
            level, names = said[-2:]
            module = "." * int(level) + code.co_names[argument]
            if names == "None":
                yield Import(module, None, "")
        elif opcode == _IMPORT_FROM:
            waiting.append(code.co_names[argument])
        elif waiting:
            is_global = opcode == _STORE_GLOBAL
            yield Import(module, waiting.pop(), code.co_names[argument] if is_global else "")


def _is_star_import(argument: int) -> bool:
    # 3.12 made it an intrinsic: INTRINSIC_IMPORT_STAR is 2 (Include/internal/pycore_intrinsics.h).
    return "IMPORT_STAR" in OP or argument == 2  # noqa: PLR2004


def constant_shell(constant: object, loads: set[str]) -> tuple[Any, ...]:
    """Return what a constant says; code of a function or class is no more than its name."""
    if type(constant) is CodeType:
        name = constant.co_name
        if not (name.startswith("<") and is_type_scope(constant)) and name not in RUN_AT_ONCE:
            return ("code", name)
        loads.update(constant.co_names)
        return ("type parameters", *_type_scope_shell(constant, loads))
    if type(constant) is str:
        return ("text", constant)
    return ("constant", text_of_constant(constant))


def _type_scope_shell(code: CodeType, loads: set[str]) -> Iterator[Any]:
    definition = code.co_name.removeprefix("<generic parameters of ").removesuffix(">")
    for opcode, argument in instructions(code):
        if opcode in CONSTANT:
            constant = code.co_consts[argument]
            yield constant_shell(constant, loads)
            if type(constant) is CodeType and constant.co_name != definition:
                # The bound or default of a type parameter, evaluated when it is asked for.
                loads.update(constant.co_names)
                yield (constant.co_code, constant.co_names, repr(constant.co_consts))
        elif opcode in NAMED:
            yield (opcode, code.co_names[argument >> NAME_SHIFT.get(opcode, 0)])
        else:
            yield (opcode, None if opcode in JUMPS else argument)


def is_type_scope(code: CodeType) -> bool:
    """Whether this is the hidden function that PEP 695 wraps around a generic definition."""
    return code.co_name.startswith("<generic parameters of ")


def functions_bound(code: CodeType, name: str) -> list[CodeType]:
    """List the codes of the functions that the statements binding a name make."""
    found: list[CodeType] = []
    pending: list[CodeType] = []
    for opcode, argument in instructions(code):
        if opcode in STORES:
            if code.co_names[argument] == name:
                found += pending
            pending = []
        elif opcode in CONSTANT and type(code.co_consts[argument]) is CodeType:
            pending.append(code.co_consts[argument])
    return found
