"""What the records of earlier reloads hold: it is accounted for, and nobody else holds it."""

from __future__ import annotations

import functools
import gc
from collections import OrderedDict, deque
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from itertools import chain
from types import BuiltinMethodType, CodeType, FunctionType
from typing import Any

from livepatch._heap.belongings import parts_of
from livepatch._heap.record import Record, live_records
from livepatch._python.kinds import class_attributes, dict_of, is_class, parts_of_wrapper
from livepatch._python.own import OwnList
from livepatch._steps.steps import Steps


def retained(targets: AbstractSet[int] | None = None) -> OwnList[Any]:
    """List what the records of all live reports hold: no search must take it for a holder.

    Args:
        targets: only of records that refer to an object of these ids.
    """
    found: OwnList[Any] = OwnList()
    for record in live_records():
        found += _changing_parts(record)
        if not record.parts and not record.undone:
            record.parts += _lasting_parts(record)
            record.inside = frozenset(map(id, gc.get_referents(*record.parts)))
        if targets is None or not record.inside.isdisjoint(targets):
            found += record.parts
            found.append(record.parts)
    return found


def retained_lists_of_codes(targets: AbstractSet[int]) -> Iterator[list[CodeType]]:
    """Yield the lists of codes that the records of all live reports keep, if any has one of some.

    Args:
        targets: the ids of those.
    """
    for record in live_records():
        lists = (record.old_codes, record.new_codes)
        if not record.coded:
            record.coded = frozenset(map(id, chain(*lists)))
        if not record.coded.isdisjoint(targets):
            yield from (*lists, *record.steps.lists_of_codes())


def retained_codes() -> Iterator[CodeType]:
    """Yield the code of each module and class that the records of all live reports keep."""
    for record in live_records():
        for module in record.modules:
            yield module.source.code
            for outline in (module.origin, module.at, module.outline):
                yield from (scope.code for scope in outline.scopes.values()) if outline else ()


def unwrapped() -> OwnList[Any]:
    """List the wrappers that the records of all live reports keep, and what is in them.

    A search takes them for holders, for others may have one of them still. They are no evidence
    that others hold what is in them.
    """
    return OwnList(
        part for record in live_records() for layer in record.layers for part in layer.parts
    )


def once_entered() -> OwnList[Any]:
    """List what decorators have entered that the records of all live reports keep."""
    found: OwnList[Any] = OwnList()
    for record in live_records():
        parts = record.entered.arguments()
        parts += (call.args[1:] for call in record.steps.undo if call.func in _PUT_BACK)
        found += (value for each in parts for value in each)
    return found


def once_replaced() -> OwnList[Any]:
    """List the old classes that the records of all live reports keep."""
    replaced = (each.old for record in live_records() for each in record.replaced)
    return OwnList(each for each in replaced if is_class(each))


def insides_of_replaced() -> Iterator[Any]:
    """Yield what old functions and wrappers hold others in that the records of reports keep."""
    for record in live_records():
        for each in record.replaced:
            if type(each.old) is FunctionType:
                yield from each.old.__closure__ or ()
                yield each.old.__dict__
            elif not is_class(each.old):
                yield from (each.old, *filter(None, (dict_of(each.old),)))


def closures_kept() -> OwnList[Any]:
    """List the closures of methods that the records keep, or old classes that these keep.

    By `super()` they refer to the class that came next.
    """
    methods = OwnList(each for cls in once_replaced() for each in class_attributes(cls).values())
    calls = (call for record in live_records() for call in record.steps.undo)
    methods += (each for call in calls for each in call.args[2:])
    return OwnList(part for each in methods if not is_class(each) for part in parts_of(each))


def once_set() -> OwnList[Any]:
    """List the properties and the like that classes had, and that the records of reports keep."""
    return _once_set_of_types(_DESCRIPTORS)


def containers_once_set() -> OwnList[Any]:
    """List the containers that classes had, and that the records of all live reports keep."""
    return _once_set_of_types(_CONTAINERS)


def _once_set_of_types(types: tuple[type, ...]) -> OwnList[Any]:
    calls = (call for record in live_records() for call in record.steps.undo)
    return OwnList(each for call in calls for each in call.args[2:] if type(each) in types)


_DESCRIPTORS = (property, staticmethod, classmethod, functools.cached_property)
_CONTAINERS = (list, dict, set)
# How what was struck off is put back.
_PUT_BACK = (dict.setdefault, OrderedDict.setdefault, set.add, list.insert, deque.insert)


def _lasting_parts(record: Record) -> Iterator[Any]:
    yield from (record.replaced, record.old_codes, record.new_codes)
    yield from (record.caches, record.borrowed)
    for module in record.modules:
        yield from (module.before, module.after, module.contents, *module.contents.values())
    for replacement in record.replaced:
        yield from (replacement, replacement.attributes)
        yield from parts_of_wrapper(replacement.old)
    yield from (*record.caches, *record.borrowed, record.orders, *record.orders)
    yield from (record.listed, *record.listed.values())
    yield from (record.filled, *record.filled, record.layers)
    for layer in record.layers:
        yield from (layer, layer.parts, layer.kept, layer.inside, *layer.inside)
        yield from (contents for _, contents in layer.inside)
    for _, call in record.caches:
        yield call.args
        if type(call.func) is BuiltinMethodType:  # of the cache that it empties
            yield call.func
    yield from _arguments(record.steps)
    yield from _arguments(record.entered)
    yield from _arguments(record.registered)


def _changing_parts(record: Record) -> Iterator[Any]:
    yield record.left
    for left in list(record.left.values()):
        yield from (left, left.values, left.instance)
        yield from getattr(left.instance, "args", ())
    for filled in record.filled:
        yield filled.had
        for way in list(filled.had.values()):
            yield way
            yield from getattr(way, "args", ())
    yield record.retired
    for each in record.retired:
        yield from (each, each.had, each.had.bases, each.has, each.has.bases)


def _arguments(steps: Steps) -> Iterator[Any]:
    yield from steps.arguments()
    yield from steps.bases()
