"""Stage 3: what goes before and after the run of a module's chosen statements.

They run in the live namespace as it is, and change in place what it holds. So the containers that
can be reached from it are copied first, and are given their contents back if the reload does not
hold.
"""

from __future__ import annotations

import array
import builtins
import collections
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import compress
from operator import itemgetter
from types import FunctionType
from typing import Any

from livepatch._load.came_back import see_who_came_back
from livepatch._load.copied_objects import copy_objects, is_class_of_library
from livepatch._load.in_order import put_in_order
from livepatch._python.kinds import IS_HEAP_TYPE, dict_of
from livepatch._python.own import OwnDict, OwnList
from livepatch._registers.enrolled import find_entries, registers_entered, strike_off
from livepatch._registers.entries import Earlier
from livepatch._registers.frameworks import attributes_entered
from livepatch._registers.registers import is_register
from livepatch._select.chosen import BEFORE, LEND
from livepatch._select.selection import Selection
from livepatch._snapshot.snapshot import Snapshot, overload_registry
from livepatch._source.scope import ANNOTATING_NAMES
from livepatch._source.source import namespace_of
from livepatch._statements.annotated import annotates
from livepatch._statements.asked import NAMESPACES, reads_first
from livepatch._steps.class_names import CLASS_NAMES, name_of_class

# Containers inside one of more items than this are not looked for.
_MANY = 10_000
_DEEPEST = 20

_COPIES: dict[type, Callable[[Any], Any]] = {
    dict: OwnDict,
    collections.OrderedDict: OwnDict,
    collections.defaultdict: OwnDict,
    collections.Counter: OwnDict,
    list: OwnList,
    collections.deque: OwnList,
    set: OwnList,
    bytearray: bytes,
    array.array: itemgetter(slice(None)),
}


def before_rerun(selection: Selection, snapshot: Snapshot, earlier: Earlier) -> None:
    """Copy what the statements may change in place; forget what they register.

    Args:
        selection: the statements.
        snapshot: of their module.
        earlier: what is known of the time before the load.
    """
    registered = snapshot.overloads
    if registered is not None:
        overload_registry[snapshot.source.name] = _without(registered, selection.overloads)
    if selection.left:
        snapshot.enrolled.append(find_entries(snapshot.namespace, selection.left, earlier))
    if selection.code is not None:
        values: list[Any] = OwnList(snapshot.namespace.values())
        values += (value for _, attributes in snapshot.classes for value in attributes.values())
        # Statements may set attributes of functions that are not made again: `view.methods = []`.
        used = map(snapshot.namespace.get, dict.fromkeys(selection.code.co_names))
        functions = [each for each in used if type(each) is FunctionType]
        functions += _methods_named(snapshot, set(selection.code.co_names))
        values += (each.__dict__ for each in functions)
        snapshot.functions.extend(map(_with_attributes, functions))
        if "__annotations__" in selection.code.co_names:
            values += (each.__annotations__ for each in functions)
        if not frozenset(CLASS_NAMES).isdisjoint(selection.code.co_names):
            snapshot.names.extend(_with_names(cls) for cls, _ in snapshot.classes)
        snapshot.contents.extend(earlier.not_copied(_copies(values)))
        # What is kept elsewhere, by an object of a module that does not run say.
        made = selection.entered.values()
        registers = OwnList(registers_entered(snapshot.namespace, made, earlier))
        # And by one of which statements call a method: `scheduler.at(1, clean)`.
        named = dict.fromkeys(selection.goes_on.values())
        objects = ((name, snapshot.namespace.get(name)) for name in named)
        registers += (
            value
            for name, value in objects
            if is_register(value, (name,)) and not is_class_of_library(type(value))
        )
        for register in registers:
            copies = (
                OwnList((each, copy(each)))
                for each in earlier.containers_in(register)
                if (copy := _copier_of(type(each))) is not None
            )
            snapshot.contents.extend(earlier.not_copied(copies))
            snapshot.contents.extend(earlier.not_copied(attributes_entered(register)))
    for enrolled in snapshot.enrolled:
        snapshot.contents.extend(earlier.not_copied(map(OwnList, enrolled.contents())))
        strike_off(enrolled)
    if selection.code is not None:
        copy_objects(selection.code, snapshot, earlier)
        _make_ready(selection, snapshot)


def _methods_named(snapshot: Snapshot, names: set[str]) -> Iterator[FunctionType]:
    """Yield the methods of which statements may set attributes: ``Player.hit.limit = 1``."""
    used = {id(snapshot.namespace.get(name)) for name in names}
    for cls, attributes in snapshot.classes:
        for name in names & attributes.keys() if id(cls) in used else ():
            if type(attributes[name]) is FunctionType:
                yield attributes[name]


def _with_attributes(function: FunctionType) -> OwnList[Any]:
    return OwnList((function, OwnDict((name, getattr(function, name)) for name in _ATTRIBUTES)))


def _with_names(cls: type) -> OwnList[Any]:
    return OwnList((cls, OwnDict((name, name_of_class(cls, name)) for name in CLASS_NAMES)))


# What a function has beside its dict; its annotations would be made by asking for them.
_ATTRIBUTES = (
    "__doc__",
    "__name__",
    "__qualname__",
    "__module__",
    "__defaults__",
    "__kwdefaults__",
)


def _make_ready(selection: Selection, snapshot: Snapshot) -> None:
    """Take out of the namespace what statements are not to find there, and put in what they are."""
    namespace = namespace_of(snapshot.source.module)
    for name in selection.names - selection.restored:
        if hasattr(builtins, name):
            namespace.pop(name, None)  # `open = wrapped(open)` means the builtin
    for name in selection.marks:
        namespace.pop(name, None)
    if selection.behind:
        namespace[BEFORE] = OwnDict(snapshot.namespace)
    annotations = namespace.get("__annotations__")
    if type(annotations) is dict:
        namespace["__annotations__"] = {
            name: kind for name, kind in annotations.items() if name not in selection.unannotated
        }


def before_run(snapshot: Snapshot, imported: Iterable[str], earlier: Earlier) -> None:
    """Copy what the whole of the new code may change in place, for it finds the earlier globals.

    A module may see to it that a registry outlives a reload: it asks for it before it makes one.
    What it imports is there already, too.

    Args:
        snapshot: of the module.
        imported: the names that its import statements bind.
        earlier: what is known of the time before the load.
    """
    code, values = snapshot.source.code, OwnList[Any]()
    inside = OwnDict((id(cls), attributes) for cls, attributes in snapshot.classes)
    by_name = not NAMESPACES.isdisjoint(code.co_names)
    globals_of = snapshot.namespace
    containers = map(_LOOKED_INTO.__contains__, map(id, map(type, globals_of.values())))
    names = list(compress(globals_of, containers))
    if inside:
        names += compress(globals_of, map(inside.__contains__, map(id, globals_of.values())))
    for name in names:
        value = globals_of[name]
        parts = [value, *inside.get(id(value), {}).values()]
        plain = _LOOKED_INTO.isdisjoint(map(id, map(type, parts)))
        if not plain and (by_name or reads_first(code, name)):
            values += parts
    snapshot.contents.extend(earlier.not_copied(_copies(values)))
    copy_objects(code, snapshot, earlier, imported)


def _without(registered: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    made_anew = set(names)
    left: dict[str, Any] = collections.defaultdict(dict)
    for path, overloads in registered.items():
        if path.partition(".")[0] not in made_anew:
            left[path] = dict(overloads)
    return left


def _copies(values: Iterable[Any]) -> Iterator[OwnList[Any]]:
    # The interpreter's own, which every namespace leads to: they have changed for the load itself.
    seen: set[int] = {id(vars(builtins)), id(sys.modules)}
    level: list[Any] = OwnList(values)
    for _ in range(_DEEPEST):
        following: list[Any] = OwnList()
        for value in level:
            if id(value) in seen:
                continue
            seen.add(id(value))
            copy = _copier_of(type(value))
            if copy is not None:
                yield OwnList((value, copy(value)))
            if type(value) in _INSIDE and len(value) <= _MANY:
                following += filter(_may_be_looked_into, _INSIDE[type(value)](value))
            elif issubclass(type(value), _AROUND_OTHERS):
                following += filter(_may_be_looked_into, (dict_of(value) or {}).values())
        if not following:
            return  # nearly always at once
        level = following


def _dict_values(value: dict[Any, Any]) -> Iterable[Any]:
    return list(dict.values(value))


_INSIDE: dict[type, Callable[[Any], Iterable[Any]]] = {
    dict: _dict_values,
    collections.OrderedDict: _dict_values,
    collections.defaultdict: _dict_values,
    list: list,
    tuple: list,
    collections.deque: list,
}


# They keep their items in a container, which they have as an attribute.
_AROUND_OTHERS = (collections.UserDict, collections.UserList, collections.ChainMap)


def _copier_of(cls: type) -> Callable[[Any], Any] | None:
    """Return what copies the contents of a container, of a user's own kind too."""
    if cls in _COPIES or cls.__flags__ & IS_HEAP_TYPE == 0:
        return _COPIES.get(cls)
    return next((copy for base, copy in _OF_BASES if issubclass(cls, base)), None)


# Past what the class itself has put over these.
_OF_BASES: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (collections.OrderedDict, lambda value: OwnDict(collections.OrderedDict.items(value))),
    (dict, lambda value: OwnDict(dict.items(value))),
    (list, lambda value: OwnList(list.__iter__(value))),
    (set, lambda value: OwnList(set.__iter__(value))),
)
_LOOKED_INTO = frozenset(
    map(id, (*_COPIES, *_INSIDE, *_AROUND_OTHERS))
)  # a metaclass may have its own hash


def _may_be_looked_into(value: Any) -> bool:
    return id(type(value)) in _LOOKED_INTO


def after_rerun(selection: Selection, snapshot: Snapshot, earlier: Earlier) -> None:
    """Give names back that a statement which did not run has the last word on.

    Args:
        selection: the statements that ran.
        snapshot: of their module.
        earlier: what is known of the time before the load.
    """
    namespace = namespace_of(snapshot.source.module)
    _take_out_what_was_put_in(selection, snapshot, namespace)
    for enrolled in snapshot.enrolled:
        see_who_came_back(enrolled, selection, namespace)
    put_in_order(selection, snapshot, earlier)
    for name in selection.marks:
        namespace.setdefault(name, snapshot.namespace[name])
    _keep_what_none_bound(selection, snapshot, namespace)
    for name in selection.restored:
        if name in snapshot.namespace:
            namespace[name] = snapshot.namespace[name]
        else:
            namespace.pop(name, None)
    _give_back_what_was_set(selection, snapshot, namespace)
    if selection.annotate is not None:
        # The statements noted no annotations; this function has those of all of them (PEP 649).
        namespace.pop("__annotations__", None)
        namespace["__conditional_annotations__"] = set(range(selection.annotations))
        namespace["__annotate__"] = FunctionType(selection.annotate, namespace)
    elif not annotates(snapshot.source.code):
        for name in ANNOTATING_NAMES:
            namespace.pop(name, None)


def _keep_what_none_bound(
    selection: Selection, snapshot: Snapshot, namespace: dict[str, Any]
) -> None:
    """Name what has its old value because those that may bind it, and ran, have not done so."""
    for name in selection.kept:
        if name not in namespace:
            namespace[name] = snapshot.namespace[name]
        elif name in selection.perhaps or namespace[name] is not snapshot.namespace[name]:
            continue  # where it was left for those that run to read, this shows who bound it
        selection.notices.append(selection.kept[name])


def _take_out_what_was_put_in(
    selection: Selection, snapshot: Snapshot, namespace: dict[str, Any]
) -> None:
    """Take out of the namespace what the statements found there for the while that they ran."""
    # What a copy of the globals has of these keeps nothing alive (see `Lender.close`).
    namespace.pop(BEFORE, OwnDict()).clear()
    if LEND in namespace:
        namespace.pop(LEND).close()
    for name in selection.behind - snapshot.namespace.keys():
        namespace.pop(name, None)


def _give_back_what_was_set(
    selection: Selection, snapshot: Snapshot, namespace: dict[str, Any]
) -> None:
    """Give the names back that an import of everything alone has bound now."""
    for name, home in selection.set_behind.items():
        if namespace.get(name, snapshot) is vars(sys.modules[home]).get(name):
            namespace[name] = snapshot.namespace[name]
