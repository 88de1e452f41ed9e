"""A change to very many objects as one step: a row of calls of C code.

Called as they are, these are functions like any others, and another thread may run as one begins:
there the interpreter looks whether to give the GIL away. `in_c` makes of such a call one without.
"""

from __future__ import annotations

import collections
import operator
from collections.abc import Callable, Iterable, Iterator
from itertools import compress, repeat
from typing import Any

from livepatch._python.own import Call
from livepatch._steps.recode import codes_set

_namespace_of = type.__dict__["__dict__"].__get__
_set_class = object.__dict__["__class__"].__set__
_rows: dict[int, Callable[..., Iterator[Any]]] = {}


def _row(make: Callable[..., Iterator[Any]]) -> Callable[..., None]:
    """Return the function that does what is done as the iterator is gone through."""

    def run(*args: Any) -> None:
        collections.deque(make(*args), maxlen=0)

    _rows[id(run)] = make
    return run


def in_c(call: Call) -> Call:
    """Return a call that does the same, once, and runs no bytecode of its own."""
    make = _rows.get(id(call.func))
    return call if make is None else Call(collections.deque, make(*call.args), 0)


recode = _row(codes_set)


@_row
def set_items(targets: list[Any], keys: list[Any], values: list[Any]) -> Iterator[Any]:
    """Set an item of each of many dicts."""
    return map(dict.__setitem__, targets, keys, values)


@_row
def set_class_of_all(instances: list[Any], cls: type) -> Iterator[Any]:
    """Give many instances another class."""
    return map(_set_class, instances, repeat(cls))


@_row
def set_on_all(instances: list[Any], name: str, values: Iterable[Any]) -> Iterator[Any]:
    """Set an attribute of many instances, past their classes' ``__setattr__``."""
    return map(object.__setattr__, instances, repeat(name), values)


@_row
def set_column(instances: list[Any], setter: Any, values: list[Any]) -> Iterator[Any]:
    """Set one slot of many instances."""
    return map(setter, instances, values)


@_row
def set_values(kind: Any, target: Any, keys: list[Any], values: list[Any]) -> Iterator[Any]:
    """Set the values of many keys of a dict that has them; ``kind`` is the built-in type."""
    return map(kind.update, (target,), (zip(keys, values),))


@_row
def delete_class_attribute(deleter: Any, cls: type, name: str) -> Iterator[Any]:
    """Delete a class attribute, if the class has it; the deleter is its metaclass's, in C."""
    present = map(operator.contains, map(_namespace_of, (cls,)), (name,))
    return map(deleter, compress((cls,), present), (name,))
