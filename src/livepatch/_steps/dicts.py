"""Calls that bring a dict to given contents or to a given order, without a moment in between."""

from __future__ import annotations

import array
import collections
import gc
import operator
import weakref
from collections import OrderedDict
from collections.abc import Iterable
from itertools import compress, count
from operator import is_not, methodcaller
from types import FunctionType
from typing import Any

from livepatch._python.constants import same_value
from livepatch._python.kinds import class_attributes
from livepatch._python.own import Call, OwnDict, OwnList


def replace_contents(target: dict[Any, Any], contents: dict[Any, Any]) -> list[Call]:
    """Return the calls that give a dict exactly these contents in this order.

    Where the order permits, keys are set and removed one by one, which leaves a dict's keys alone
    that every LOAD_GLOBAL of the module has cached.
    """
    if list(target) == list(contents):
        return [Call(dict.update, target, contents)]
    extra = [key for key in target if key not in contents]
    kept = [key for key in target if key in contents]
    if kept == list(contents)[: len(kept)]:
        removals = [Call(dict.__delitem__, target, key) for key in extra]
        return [*removals, Call(dict.update, target, contents)]
    return [Call(dict.clear, target), Call(dict.update, target, contents)]


def reorder(target: dict[str, Any], wanted: list[str]) -> list[Call]:
    """Return the calls that bring some keys of a dict into an order, by moving them to its end."""
    places = dict.fromkeys(wanted)
    present = [key for key in list(target) if key in places]
    wanted = [key for key in wanted if key in target]
    others = compress(count(), map(is_not, present, wanted))
    moved = (place for place in others if not same_value(present[place], wanted[place]))
    first = next(moved, len(wanted))
    calls: list[Call] = OwnList()
    for key in wanted[first:]:
        calls += move_to_end(target, key)
    return calls


def move_to_end(target: dict[str, Any], key: str) -> tuple[Call, Call]:
    """Return the calls that move a key behind all others of a dict."""
    return (
        Call(dict.pop, target, key, None),
        Call(dict.__setitem__, target, key, target[key]),
    )


def run_in_c(calls: list[Call]) -> None:
    """Run calls of C code without an eval loop in between, so that no other thread gets a turn.

    The interpreter gives the GIL away between bytecodes only; here there are none.
    """
    collections.deque(map(methodcaller("__call__"), calls), maxlen=0)


def restored_order(cls: type, wanted: Iterable[str]) -> list[Call]:
    """Return the calls that bring a class's attributes into an order; they stay what they are.

    Some attributes cannot be deleted and set again (``__doc__``), so this works on the dict itself.
    The type's caches remember values and not places, and the values do not change.
    """
    attributes = class_attributes(cls)
    contents = OwnDict((name, attributes[name]) for name in wanted if name in attributes)
    contents.update(attributes)
    for part in gc.get_referents(cls):
        if type(part) is dict and part.keys() == contents.keys():
            return [Call(dict.clear, part), Call(dict.update, part, contents)]
    return []


def restore_places(
    target: dict[Any, Any], former: Iterable[Any], successors: Iterable[tuple[Any, Any]]
) -> None:
    """Bring what is in a dict of texts to the places it had; what is new comes last.

    Args:
        target: the dict.
        former: its keys as they were.
        successors: keys that went, each with the one that came in its place.
    """
    if not has_plain_keys((*target, *former)):
        return
    came: dict[Any, list[Any]] = {}
    for old, new in successors:
        came.setdefault(old, []).append(new)
    order = OwnList(each for key in former for each in (key, *came.get(key, ())))
    contents = OwnDict((key, target[key]) for key in order if key in target)
    contents.update(target)
    restore_contents(target, contents)


def kind_of_dict(container: Any) -> Any:
    """Return the built-in class whose methods keep a dict whole, past those of a subclass."""
    return OrderedDict if isinstance(container, OrderedDict) else dict


def identity_of(key: Any) -> Any:
    """Return what tells a key from others, without asking the objects in it."""
    return tuple(map(identity_of, key)) if type(key) is tuple else id(key)


def known_by(key: Any) -> Any:
    """Return what tells a key from others; a text may be another object by now."""
    if type(key) is tuple:
        return tuple(map(known_by, key))
    return (type(key), key) if type(key) in _ATOMS else id(key)


_ATOMS = (str, bytes, int, float, complex, bool, type(None))


def has_plain_keys(keys: Iterable[Any]) -> bool:
    """Whether keys are of types whose hashes and equality run no code of the program."""
    return all(type(key) in _HASHED_IN_C or _is_plain_key(key) for key in keys)


def _is_plain_key(key: Any) -> bool:
    if type(key) is tuple:
        return has_plain_keys(key)
    metaclass = type(key)
    return (
        issubclass(metaclass, type)
        and metaclass.__hash__ is object.__hash__
        and metaclass.__eq__ is object.__eq__
    )


_HASHED_IN_C = frozenset({str, bytes, int, bool, type(None), FunctionType})


def restore_contents(container: Any, before: Any) -> None:
    """Give a container of a built-in kind the contents it had, unless it has them still."""
    if isinstance(container, dict):
        if _same_items(dict.items(container), before.items()):
            return
        kind: Any = kind_of_dict(container)
        run_in_c([Call(kind.clear, container), Call(kind.update, container, before)])
    elif isinstance(container, (bytearray, array.array)):
        container[:] = before
    elif not _same_objects(container, before):
        kind = next(each for each in (set, list, collections.deque) if isinstance(container, each))
        add = kind.update if kind is set else kind.extend
        run_in_c([Call(kind.clear, container), Call(add, container, before)])


def without_dead(contents: Any) -> Any:
    """Return contents without weak references to what has died since: these go by themselves."""
    if isinstance(contents, dict):
        alive = (each for each in contents.items() if not any(map(_is_dead, each)))
        return OwnDict(alive)
    return OwnList(each for each in contents if not _is_dead(each))


def _is_dead(value: Any) -> bool:
    return issubclass(type(value), weakref.ref) and weakref.ref.__call__(value) is None


def _same_objects(one: Any, other: Any) -> bool:
    return len(one) == len(other) and all(map(operator.is_, one, other))


def _same_items(one: Any, other: Any) -> bool:
    return len(one) == len(other) and all(
        key is again and value is same for (key, value), (again, same) in zip(one, other)
    )
