"""What values have inside that may be records of definitions: a route, a command, a plugin."""

from __future__ import annotations

import gc
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from types import FunctionType, ModuleType
from typing import Any

from livepatch._python.kinds import (
    IS_HEAP_TYPE,
    class_attributes,
    dict_of,
    is_class,
    is_enum,
    kind_of,
    qualified_name,
)
from livepatch._python.own import OwnDict, OwnList
from livepatch._statements.made_of import Made

_LAYERS = 8
_MANY = 10_000
_Inside = tuple[tuple[int, ...], frozenset[tuple[Any, Any]]]


class Records:
    """Looks into values, into each of them once: hundreds of modules may share one register."""

    def __init__(self) -> None:
        self._known: OwnDict[int, OwnList[Any]] = OwnDict()

    def made_inside(self, value: Any, wanted: Mapping[Any, Made]) -> Made | None:
        """Return which of some definitions a value is, or holds in an attribute.

        Args:
            value: what may be a record of one.
            wanted: the definitions, see `by_key`.
        """
        codes, classes = self.inside(value)
        found = next((wanted[code] for code in codes if code in wanted), None)
        if found is None and classes:
            several = [each for each in classes if each in wanted]
            if len(several) > 1:  # the first one, whatever the order of a set
                several = [each for each in wanted if each in classes]
            found = wanted[several[0]] if several else None
        return found

    def made_in_one(self, values: Iterable[Any], wanted: Mapping[Any, Made]) -> Made | None:
        """Return which of some definitions the first value is, or holds, that does so at all."""
        found = (self.made_inside(value, wanted) for value in values)
        return next((made for made in found if made is not None), None)

    def inside(self, value: Any) -> _Inside:
        """Return the ids of the codes of functions in a value, and modules and names of classes."""
        codes, classes = self._inside(value)
        if may_have_own_attributes(value) and type(value).__flags__ & IS_HEAP_TYPE:
            more, others = self._inside_class(type(value))
            return codes + more, classes | others
        return codes, classes

    def clear(self) -> None:
        """Forget all values."""
        self._known.clear()

    def _inside(self, value: Any) -> _Inside:
        known = self._known.get(id(value))
        if known is None:
            known = self._known[id(value)] = OwnList((value, _look_into(parts_of(value))))
        inside: _Inside = known[1]
        return inside

    def _inside_class(self, cls: type) -> _Inside:
        key = -id(cls)  # apart from what the class has inside where it is a value itself
        if key not in self._known:
            attributes: list[Any] = OwnList(class_attributes(cls).values())
            self._known[key] = OwnList((cls, _look_into(attributes)))
        inside: _Inside = self._known[key][1]
        return inside


def keys_of(made: Made) -> list[Any]:
    """List what a definition is known by where it is looked for: codes, or a module and a name."""
    keys: list[Any] = [id(code) for code in made.codes]
    keys += [(made.home, made.name)] if made.is_class else []
    return keys


def by_key(definitions: Iterable[Made]) -> dict[Any, Made]:
    """Return definitions by what each is known by."""
    return {key: made for made in definitions for key in keys_of(made)}


def _look_into(parts: list[Any]) -> _Inside:
    classes = (part for part in parts if is_class(part))
    return (
        tuple(id(function.__code__) for function in functions_among(parts)),
        frozenset(
            (class_attributes(cls).get("__module__"), qualified_name(cls)) for cls in classes
        ),
    )


_NO_RECORDS = (ModuleType, dict, list, set, tuple)


def may_have_own_attributes(value: Any) -> bool:
    """Whether a value is an object with attributes: no definition, module or container."""
    return kind_of(value) is None and not issubclass(type(value), _NO_RECORDS)


def parts_of(value: Any) -> list[Any]:
    """List a value and, if it is an object that may be a record of a definition, its attributes."""
    parts: list[Any] = OwnList([value])
    if issubclass(type(value), tuple):
        parts += tuple.__iter__(value)
    elif issubclass(type(value), weakref.ref):
        parts.append(value())
    elif may_have_own_attributes(value):
        parts += (dict_of(value) or {}).values()
        parts += (each for each in gc.get_referents(value) if type(each) is FunctionType)
    return parts


def is_container(value: Any) -> bool:
    """Whether a value is a plain list, dict, set or tuple of something."""
    return issubclass(type(value), (dict, list, set, tuple, deque))


def leaves_of(value: Any) -> list[Any]:
    """List what is in a container and in those in it, ``{"path": "/", "f": f}``; else the value."""
    leaves: list[Any] = OwnList()
    waiting: list[Any] = OwnList([value])
    seen: set[int] = set()
    while waiting and len(seen) <= _MANY:
        part = waiting.pop()
        if not is_container(part):
            leaves.append(part)
        elif id(part) not in seen:
            seen.add(id(part))
            waiting += dict.values(part) if issubclass(type(part), dict) else part
    return leaves


def holds_inside(values: list[Any], wanted: AbstractSet[int]) -> bool:
    """Whether values lead to one of some objects, by way of no definition or module.

    Args:
        values: where to look.
        wanted: the ids of the objects.
    """
    level, seen = values, set(map(id, values))
    for _ in range(_LAYERS):
        inside = OwnDict(
            (id(part), part)
            for each in level
            for part in gc.get_referents(each)
            if part is not type(each)  # of which it is an instance, and which it does not keep
        )
        if not wanted.isdisjoint(inside):
            return True
        new = (inside[key] for key in inside.keys() - seen)
        level = OwnList(each for each in new if gc.is_tracked(each) and not _leads_anywhere(each))
        seen.update(map(id, level))
        if not level or len(seen) > _MANY:
            break
    return False


def _leads_anywhere(value: Any) -> bool:
    # A member of an enumeration leads to that, and a list of members was made from it.
    return issubclass(type(value), (type, ModuleType, FunctionType)) or is_enum(type(value))


def functions_among(values: list[Any]) -> Iterator[FunctionType]:
    """Yield the functions among values, behind wrappers too."""
    seen: set[int] = set()
    level = values
    for _ in range(_LAYERS):
        following: list[Any] = OwnList()
        for value in level:
            kind = kind_of(value)
            if kind is None or id(value) in seen or is_class(value):
                continue
            seen.add(id(value))
            if type(value) is FunctionType:
                yield value
            following += (part for _, part in kind.parts(value))
        level = following
