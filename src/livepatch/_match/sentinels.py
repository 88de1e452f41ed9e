"""Whether two instances of one class, before and after, are a sentinel made a second time.

``MISSING = _Missing()`` is asked for with ``is``, by whoever imported it or has it as a default. An
instance that keeps nothing but itself and constants, the same on both sides, is told from the other
one by its identity alone: it can stay the object it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from livepatch._match.pairs import Matches
from livepatch._match.shapes import Shape, grows_by_slots, shape_of, state_of
from livepatch._python.constants import same_value
from livepatch._python.kinds import (
    IS_HEAP_TYPE,
    class_attributes,
    flags_of,
    is_class,
    qualified_name,
)
from livepatch._python.layers import CONTAINERS
from livepatch._python.layout import same_layout
from livepatch._python.own import OwnDict
from livepatch._steps.class_attributes import find_attribute

_CONTENTS: dict[type, Any] = {
    object: lambda _: None,
    int: int.__pos__,
    float: float.__pos__,
    str: str.__str__,
    bytes: lambda value: bytes.__getitem__(value, slice(None)),
    tuple: lambda value: tuple(tuple.__iter__(value)),
}


def may_be_sentinel(matches: Matches, old: Any, new: Any) -> bool:
    """Whether two values are instances of classes that the reload made again, or of one it did not.

    What a class compares by value is no sentinel, as long as the class is the same.
    """
    before, after = type(old), type(new)
    if not flags_of(before) & flags_of(after) & IS_HEAP_TYPE:
        return False  # nearly all data
    if before is after:
        return find_attribute(before, "__eq__") is class_attributes(object)["__eq__"]
    return matches.owner_of(before) is not None and matches.owner_of(after) is not None


def same_tables(matches: Matches, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the containers that two instances of one class keep under the same name.

    A dispatcher keeps there what it has been given to call.
    """
    before, after = type(old), type(new)
    if not flags_of(before) & flags_of(after) & IS_HEAP_TYPE:
        return  # nearly all data
    if before is not after and (
        qualified_name(before) != qualified_name(after)
        or matches.owner_of(before) is None
        or matches.owner_of(after) is None
    ):
        return
    olds = state_of(shape_of(before), old)
    for name, part in state_of(shape_of(after), new).items():
        if type(part) in CONTAINERS and type(part) is type(olds.get(name)):
            yield name, olds[name], part


def is_same_sentinel(matches: Matches, old: Any, new: Any) -> bool:
    """Whether two values are instances of one class that mean the same.

    Either they keep the same constants, themselves or nothing, or what they are is the same (a
    tuple's items, a number, a text), whatever attributes they have: tokens that lead to those below
    them.
    """
    if type(old) is not type(new):
        pair = matches.by_old.get(id(type(old)))
        if pair is None or pair.new is not type(new) or not is_class(pair.new):
            return False
    before, after = shape_of(type(old)), shape_of(type(new))
    contents = _CONTENTS.get(before.native)
    if contents is None or before.native is not after.native:
        return False
    if not (grows_by_slots(before.cls) and grows_by_slots(after.cls)):
        return False  # what it keeps in C memory nobody can compare: pydantic's validators
    if not same_value(contents(old), contents(new)):
        return False
    if before.native is not object:
        return True
    state = _marked(before, old)
    # What has a state is state, and goes over by name where its class has another layout.
    stays = not state or same_layout(type(old), type(new))
    return stays and _same_state(state, _marked(after, new))


def _marked(shape: Shape, instance: Any) -> OwnDict[str, Any]:
    state = state_of(shape, instance)
    return OwnDict((name, _without_itself(value, instance)) for name, value in state.items())


def _without_itself(value: Any, instance: Any) -> Any:
    """Return what an instance keeps with a mark in its own place: ``TARGET.steps = (TARGET,)``."""
    if value is instance:
        return _ITSELF
    if type(value) is tuple and any(each is instance for each in value):
        return tuple(_ITSELF if each is instance else each for each in value)
    return value


_ITSELF = object()


def _same_state(old: dict[str, Any], new: dict[str, Any]) -> bool:
    return old.keys() == new.keys() and all(same_value(old[name], new[name]) for name in old)
