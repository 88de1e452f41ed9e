"""The ways in which a definition is held, and the instances that are made of its classes."""

from __future__ import annotations

import contextlib
import enum
import fnmatch
import functools
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from corpus_definitions import MISSING, Address, current, is_class

Hold = Callable[[Any], Any]
Read = Callable[[Any], Any]


class Keeper:
    """An object of somebody else's that keeps a definition in an attribute."""

    def __init__(self, kept: Any) -> None:
        self.kept = kept


def _cell(definition: Any) -> types.CellType:
    return types.CellType(definition)


def _closure(definition: Any) -> Callable[[], Any]:
    return lambda: definition


def _key(holder: dict[Any, Any]) -> Any:
    (key,) = holder
    return key if key in holder else f"{key!r}, which its dict no longer finds"


_ANY: dict[str, tuple[Hold, Read]] = {
    "list": (lambda it: [it], lambda holder: holder[0]),
    "dict value": (lambda it: {"kept": it}, lambda holder: holder["kept"]),
    "dict key": (lambda it: {it: "kept"}, _key),
    "tuple": (lambda it: (it,), lambda holder: holder[0]),
    "nested tuple": (lambda it: ("a", ("b", ("c", it))), lambda holder: holder[1][1][1]),
    "partial": (functools.partial, lambda holder: holder.func),
    "cell": (_cell, lambda holder: holder.cell_contents),
    "closure": (_closure, lambda holder: holder()),
    "attribute": (Keeper, lambda holder: holder.kept),
}
_FUNCTIONS: dict[str, tuple[Hold, Read]] = {
    "bound method": (lambda it: types.MethodType(it, Keeper(0)), lambda holder: holder.__func__),
}
_CLASSES: dict[str, tuple[Hold, Read]] = {
    "subclass": (
        lambda it: types.new_class("Elsewhere", (it,), exec_body=_elsewhere),
        lambda holder: holder.__bases__[0],
    ),
}
# What has a function in it can be held otherwise; these have a class or nothing.
_NEEDING_A_CLASS = ("subclass", "instance")
_INSTANCES = {"instance": type, "method of an instance": lambda holder: holder.__func__}
READS: dict[str, Read] = {
    name: read for table in (_ANY, _FUNCTIONS, _CLASSES) for name, (_, read) in table.items()
} | _INSTANCES


def _elsewhere(namespace: dict[str, Any]) -> None:
    namespace["__module__"] = __name__


@dataclass(slots=True)
class Held:
    """One held reference; it has no other way to its definition than the holder."""

    address: Address
    way: str
    holder: Any


@dataclass(slots=True)
class Holdings:
    """All that is held, and what could not be.

    Attributes:
        references: one entry for each definition and each way to hold it.
        states: instances with a copy of their attributes.
        impossible: holders that the definition itself did not allow, with its error.
    """

    references: list[Held] = field(default_factory=list)
    states: list[tuple[Address, Any, dict[str, Any]]] = field(default_factory=list)
    impossible: dict[str, str] = field(default_factory=dict)


def hold_all(definitions: Iterable[tuple[Address, Any]], not_made: Iterable[str] = ()) -> Holdings:
    """Hold every definition in every way that fits it.

    Args:
        definitions: what to hold.
        not_made: patterns of classes of which no instance is made.
    """
    holdings = Holdings()
    for address, definition in definitions:
        own_ways = _CLASSES if is_class(definition) else _FUNCTIONS
        for way, (hold, _) in {**_ANY, **own_ways}.items():
            _hold(holdings, address, definition, way, hold)
        unmade = any(fnmatch.fnmatchcase(str(address), each) for each in not_made)
        if is_class(definition) and not unmade:
            _hold_instance(holdings, address, definition)
    # Others have been made since, which may share what they keep (cssutils' loggers).
    for _, instance, state in holdings.states:
        state.clear()
        state.update(_state_of(instance) or {})
    return holdings


def _hold(holdings: Holdings, address: Address, definition: Any, way: str, hold: Hold) -> None:
    try:
        holder = hold(definition)
        holds = READS[way](holder) is definition
    except Exception as error:  # noqa: BLE001 - say, a class that is final
        holdings.impossible[f"{way} of {address}"] = type(error).__name__
        return
    if holds:
        holdings.references.append(Held(address, way, holder))
    else:  # a subclass of a typed dict is none
        holdings.impossible[f"{way} of {address}"] = "it does not hold it"


def _hold_instance(holdings: Holdings, address: Address, cls: type) -> None:
    instance = _instance_of(cls)
    if instance is MISSING:
        holdings.impossible[f"instance of {address}"] = "no constructor call worked"
        return
    holdings.references.append(Held(address, "instance", instance))
    state = _state_of(instance)
    # What a member of an enumeration has follows the source: its value, its place among them.
    if state is not None and not isinstance(instance, enum.Enum):
        holdings.states.append((address, instance, dict(state)))
    for name, attribute in list(vars(cls).items()):
        if type(attribute) is types.FunctionType and attribute.__name__ == name:
            method = types.MethodType(attribute, instance)
            below = Address(address.module, (*address.names, name))
            holdings.references.append(Held(below, "method of an instance", method))


def _state_of(instance: Any) -> dict[str, Any] | None:
    try:
        # Not by `vars`: an object that answers for all names answers for that one too.
        state = object.__getattribute__(instance, "__dict__")
    except Exception:  # noqa: BLE001 - no attributes of its own, or not ready to be asked
        return None
    return state if type(state) is dict else None


def _fields_of(instance: Any) -> dict[str, Any]:
    fields = getattr(type(instance), "_fields", ()) if issubclass(type(instance), tuple) else ()
    return {name: getattr(instance, name) for name in fields}


def _slots_of(instance: Any, names: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in names:
        for base in type(instance).__mro__:
            slot = vars(base).get(name)
            if type(slot) is types.MemberDescriptorType:
                with contextlib.suppress(AttributeError):  # it was never assigned
                    found.setdefault(name, slot.__get__(instance))
    return found


def _instance_of(cls: type) -> Any:
    for arguments in ((), ("text",), (b"bytes",), ("text", "text"), (1,), ([],)):
        try:
            instance = cls(*arguments)
        except (Exception, SystemExit):  # noqa: BLE001, S112 - a guess that it did not take
            continue
        if type(instance) is cls:
            return instance
    return MISSING


@dataclass(slots=True)
class Findings:
    """What became of the holdings.

    Attributes:
        held: how many references there are, by the way they are held.
        stale: references whose definition still exists and is another object.
        gone: definitions that the new source no longer has, as they themselves say where they are,
            and the address where that is another one.
        renamed: addresses that are no more, held by references that reach a current definition:
            the old one had two names.
        changed_kind: addresses where something of another type is now.
        lost_state: instances that have lost an attribute, or have another value for it.
    """

    held: dict[str, int] = field(default_factory=dict)
    stale: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    changed_kind: list[str] = field(default_factory=list)
    lost_state: list[str] = field(default_factory=list)


def examine(holdings: Holdings, moved: Mapping[str, str]) -> Findings:
    """Compare every held reference with what its module has now.

    Args:
        holdings: what is held.
        moved: where a tool says that definitions are now, by their paths before.
    """
    findings = Findings()
    for reference in holdings.references:
        findings.held[reference.way] = findings.held.get(reference.way, 0) + 1
        _examine_reference(findings, reference, moved)
    for address, instance, before in holdings.states:
        # A value whose slot has gone is in the dict, so there may be more than before; and what is
        # a named tuple now has none, or has slots for all of it.
        now = {**_slots_of(instance, before), **(_state_of(instance) or _fields_of(instance))}
        if any(now.get(name, MISSING) is not value for name, value in before.items()):
            findings.lost_state.append(str(address))
    findings.gone = list(dict.fromkeys(findings.gone))
    findings.renamed = list(dict.fromkeys(findings.renamed))
    findings.changed_kind = list(dict.fromkeys(findings.changed_kind))
    return findings


def _examine_reference(findings: Findings, reference: Held, moved: Mapping[str, str]) -> None:
    expected = current(reference.address)
    found = _read(reference)
    if str(reference.address) in moved:
        there = _at(moved[str(reference.address)])
        # Another definition may have come in its place, or another name for one.
        expected = there if expected is MISSING or found is there else expected
    # A function that has become a static method is what that has inside.
    if found is expected or found is _FUNCTION_IN.get(type(expected), _nothing)(expected):
        return
    if reference.way in _NEEDING_A_CLASS and _stands_for_class(expected, found):
        return
    if expected is MISSING or _is_of_another_package(expected, reference.address):
        if _is_renamed(found):
            findings.renamed.append(str(reference.address))
        else:
            place, address = _place_of(found), str(reference.address)
            findings.gone.append(address if place in (None, address) else f"{place} at {address}")
    elif not _is_a_definition(expected):
        findings.changed_kind.append(str(reference.address))
    else:
        kind = f"{type(found).__name__} {getattr(found, '__qualname__', found)}"
        findings.stale.append(f"{reference.address} held by a {reference.way}: {kind}")


def _is_of_another_package(expected: Any, address: Address) -> bool:
    """Whether a library has put a function of its own there, as attrs does for all frozen classes.

    The definition has gone then; who held it cannot hold that for it, which is everybody's.
    """
    if type(expected) is not types.FunctionType or not _is_renamed(expected):
        return False
    return str(expected.__module__).partition(".")[0] != address.module.partition(".")[0]


def _stands_for_class(expected: Any, found: Any) -> bool:
    """Whether a function has come in the place of a class, and that class is the current one.

    It is around it, or calls the one that has moved.
    """
    is_function = type(expected) is types.FunctionType and is_class(found)
    return is_function and (found is getattr(expected, "__wrapped__", None) or _is_renamed(found))


def _at(path: str) -> Any:
    """Return what is at a path; the modules of a package are the longest names that begin it."""
    module = path
    while module and module not in sys.modules:
        module = module.rpartition(".")[0]
    names = path.removeprefix(f"{module}.").split(".")
    return current(Address(module, tuple(names)))


def _nothing(_: Any) -> Any:
    return MISSING


_FUNCTION_IN: dict[type, Read] = dict.fromkeys(
    (staticmethod, classmethod), lambda method: method.__func__
)


def _is_renamed(found: Any) -> bool:
    """Whether something is a definition that the new source has in the place that it names."""
    if is_class(found):
        qualname = type.__dict__["__qualname__"].__get__(found)
        home = type.__getattribute__(found, "__module__")
        return current(Address(str(home), tuple(qualname.split(".")))) is found
    if type(found) is not types.FunctionType:
        return False
    place = current(Address(found.__module__, tuple(found.__qualname__.split("."))))
    # It may be the getter of a property, or be inside a cached one now, or another object's.
    inside = (getattr(place, name, None) for name in ("func", "__func__", "fget"))
    return any(found is each for each in (place, *inside, *getattr(place, "__dict__", {}).values()))


def _place_of(found: Any) -> str | None:
    """Return where a function was defined, and a class says so.

    A class may say that it belongs to another module than the one that has it, its methods none.
    """
    if is_class(found):
        home = type.__getattribute__(found, "__module__")
        return f"{home}.{type.__dict__['__qualname__'].__get__(found)}"
    is_function = type(found) is types.FunctionType and "<" not in found.__qualname__
    if is_function and found.__module__ is None:
        return None  # made from text in a namespace without a name, it cannot say
    return f"{_home_of(found)}.{found.__qualname__}" if is_function else None


def _home_of(function: types.FunctionType) -> str:
    """Return the module of a function, where a package has it say that it is of another one."""
    seen, said = function.__globals__.get("__name__"), str(function.__module__)
    is_own = function.__code__.co_name == function.__name__  # and no wrapper that took its name
    of_package = isinstance(seen, str) and seen.partition(".")[0] == said.partition(".")[0]
    return str(seen) if is_own and of_package else said


def _read(reference: Held) -> Any:
    try:
        return READS[reference.way](reference.holder)
    except Exception as error:  # noqa: BLE001 - a holder that lost what it held
        return f"nothing, but {error!r}"


def _is_a_definition(thing: Any) -> bool:
    # Else data, or an alias of something made from C, is at the address now.
    return is_class(thing) or hasattr(thing, "__code__") or hasattr(thing, "__wrapped__")
