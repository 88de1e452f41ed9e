"""Who is registered with an abstract class: what a source says of it, and how it is changed.

A registration is a weak reference in C memory. Nobody can say who made it but the source.
"""

from __future__ import annotations

import _abc  # type: ignore[import-not-found]  # pyright: ignore[reportMissingImports]
import abc
import gc
import types
import weakref
from collections.abc import Iterator, Mapping
from types import CodeType
from typing import Any

from livepatch._python.class_tree import abstract_bases_of
from livepatch._python.code import instructions
from livepatch._python.kinds import class_attributes, is_class
from livepatch._python.opcodes import NAME_SHIFT, OP, STORES
from livepatch._python.own import OwnList
from livepatch._source.outline import Outline

Dotted = tuple[str, ...]
Registration = tuple[Dotted, Dotted]
"""The names that lead to an abstract class, and those that lead to a class registered with it."""

_ROOTS = {OP["LOAD_NAME"], OP["LOAD_GLOBAL"]}
_ATTRIBUTES = {OP[name] for name in ("LOAD_ATTR", "LOAD_METHOD") if name in OP}
_CALLS = {OP[name] for name in ("CALL", "CALL_METHOD", "PRECALL", "CALL_FUNCTION") if name in OP}
_END_OF_STATEMENT = OP["POP_TOP"]


def registrations_in(outline: Outline | None) -> frozenset[Registration]:
    """Return what the statements of a source register: as decorators, or by calls."""
    scopes = outline.scopes.items() if outline is not None else ()
    return frozenset(
        each
        for path, scope in scopes
        if "register" in scope.code.co_names  # in nearly none
        for each in read_registrations(scope.code, path)
    )


def read_registrations(code: CodeType, path: Dotted = ()) -> Iterator[Registration]:
    """Yield what a module's or class's code registers.

    Args:
        code: the code.
        path: of the class that it is of.
    """
    if "register" not in code.co_names:
        return  # nearly every one
    waiting: list[Dotted] = []
    chain: Dotted = ()
    begins = is_argument = False
    for opcode, argument in instructions(code):
        if opcode in _ROOTS:
            chain, is_argument, begins = (code.co_names[_index(opcode, argument)],), begins, False
        elif opcode in _ATTRIBUTES and chain:
            name = code.co_names[_index(opcode, argument)]
            begins = name == "register"
            if begins:
                waiting.append(chain)
            chain = () if begins else (*chain, name)
        else:
            if opcode in STORES:
                yield from ((each, (*path, code.co_names[argument])) for each in waiting)
            if opcode in STORES or opcode == _END_OF_STATEMENT:
                waiting = []
            elif opcode in _CALLS and argument == 1 and waiting and chain and is_argument:
                yield waiting.pop(), chain
            chain, begins = (), False


def _index(opcode: int, argument: int) -> int:
    return argument >> NAME_SHIFT.get(opcode, 0)


def resolved(names: Dotted, namespace: Mapping[str, Any]) -> type | None:
    """Return the class that names lead to from a namespace; nothing is asked, and nothing run."""
    found: Any = namespace.get(names[0])
    for name in names[1:]:
        if type(found) is types.ModuleType:
            found = vars(found).get(name)
        else:
            found = class_attributes(found).get(name) if is_class(found) else None
    return found if is_class(found) else None


def is_abstract(cls: Any) -> bool:
    """Whether classes can be registered with a class."""
    return is_class(cls) and issubclass(type(cls), abc.ABCMeta) and "_abc_impl" in class_attributes(
        cls
    )  # fmt: skip


def registered_with(cls: type) -> OwnList[type]:
    """List the classes that are registered with an abstract class."""
    found = (reference() for reference in _references_of(cls))
    return OwnList(each for each in found if each is not None)


def _references_of(cls: type) -> set[weakref.ref[type]]:
    references: set[weakref.ref[type]] = _abc._get_dump(cls)[0]  # noqa: SLF001
    return references


def enrol(cls: type, *registered: type) -> None:
    """Register classes with an abstract class, past a ``register`` of its own."""
    for each in registered:
        _abc._abc_register(cls, each)  # noqa: SLF001


def strike(cls: type, *registered: type) -> None:
    """Take classes off those registered with an abstract class, where they are."""
    gone = set(map(id, registered))
    references = [each for each in _references_of(cls) if id(each()) in gone]
    # The dump is a copy; the set itself is that which has the very references.
    for part in gc.get_referents(class_attributes(cls)["_abc_impl"]):
        if type(part) is set:
            known = set(map(id, part))
            for reference in references:
                if id(reference) in known:
                    part.discard(reference)
    for base in abstract_bases_of(cls):
        _abc._reset_caches(base)  # noqa: SLF001


class _Nobody(abc.ABC):  # noqa: B024 - nothing derives from it
    """Whose registration counts."""


def forget_denials() -> None:
    """Let all abstract classes, and `functools.singledispatch`, forget of whom they said no.

    Each registration does that (`abc.get_cache_token`). A class may be asked about while it is let
    go, and derives from nothing.
    """
    enrol(_Nobody, int)
    strike(_Nobody, int)


Known = dict[int, frozenset[int]]
"""The ids of the registrations with an abstract class, by the id of that.

Of references and not of classes: nothing that livepatch holds is to look like a holder.
"""


def known_registrations(code: CodeType, namespace: Mapping[str, Any]) -> Known:
    """Return what registrations there are with what code registers something with."""
    classes: OwnList[Any] = OwnList(
        resolved(names, namespace) for names, _ in read_registrations(code)
    )
    return {
        id(cls): frozenset(map(id, _references_of(cls))) for cls in filter(is_abstract, classes)
    }


def take_back_registrations(known: Known, code: CodeType, namespace: Mapping[str, Any]) -> None:
    """Take back what code that has run, perhaps not to its end, registered with what was there.

    Args:
        known: see `known_registrations`.
        code: the code.
        namespace: in which it ran.
    """
    for names, registered in read_registrations(code) if known else ():
        cls, came = resolved(names, namespace), resolved(registered, namespace)
        if cls is None or came is None or id(cls) not in known:
            continue
        fresh = (each for each in _references_of(cls) if id(each) not in known[id(cls)])
        if any(each() is came for each in fresh):
            strike(cls, came)
