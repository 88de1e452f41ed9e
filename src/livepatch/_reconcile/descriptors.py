"""Descriptors that stay when their class is made again are told what the new ones were told.

A descriptor may keep what instances have (a WeakKeyDictionary of values), so the old one stays. Its
name and its place among others: these ``__set_name__``, ``__init_subclass__`` or a metaclass have
told the new one, and the old one must not go by the former.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from types import CodeType, FunctionType, MemberDescriptorType
from typing import Any

from livepatch._decide.class_source import is_made_from_changed
from livepatch._match.pairs import Pair
from livepatch._python.code import nested_codes
from livepatch._python.constants import same_value
from livepatch._python.kinds import class_attributes, dict_of, is_empty, mro_of
from livepatch._python.own import MISSING, OwnDict
from livepatch._reconcile.result import Reconciliation
from livepatch._statements.assigned import names_stored
from livepatch._steps.class_attributes import find_attribute

_ASKED = ("__get__", "__set__", "__set_name__")
# What runs as a class is made, and tells what it finds in it. (A metaclass's `__new__` and
# `__init__` are taken for constructors: what these alone assign is left.)
_MAKERS = frozenset({"__set_name__", "__init_subclass__"})
_CONSTRUCTORS = frozenset({"__new__", "__init__", "__post_init__"})
_OF_PYTHON = (FunctionType, property, staticmethod, classmethod, cached_property)
_SCALARS = frozenset({int, float, bool, complex, str, bytes, type(None)})


def tell_anew(
    result: Reconciliation, pair: Pair, attribute: tuple[str, Any], *, source_is_same: bool | None
) -> None:
    """Note the steps by which a descriptor that stays takes the constants that the new one has.

    These are what only ``__set_name__`` and ``__init_subclass__`` assign, and all that somebody
    has made in place of what the statement says. What other code assigns is state: a count of
    calls. So is what it has instead of a None: it was worked out when it was first asked for.

    Args:
        result: it gets the steps.
        pair: the class.
        attribute: what the class has it as, and what was chosen.
        source_is_same: whether the class says what it said; None where that is not known.
    """
    name, chosen = attribute
    old, new = (class_attributes(each).get(name) for each in (pair.old, pair.new))
    cls = type(old)
    if chosen is not old or old is new or result.settle(type(new)) is not result.settle(cls):
        return
    if all(find_attribute(cls, name) is None for name in _ASKED):
        return
    if cls in _OF_PYTHON or (source_is_same and not is_made_from_changed(result.decisions, pair)):
        return
    before, after = _attributes(old), _attributes(new)
    told = OwnDict(
        (name, value)
        for name, value in after.items()
        if type(value) in _SCALARS
        and type(before.get(name)) in _SCALARS
        and not same_value(before.get(name), value)
        and value is not None
    )
    if not told:
        return
    is_made = _is_made_by_makers(pair, name, cls)
    by_makers, state = set[str](told if is_made else ()), set[str]()
    for code in _codes(result, pair, cls):
        if code.co_name in _MAKERS:
            by_makers |= names_stored(code)
        elif code.co_name not in _CONSTRUCTORS:
            state |= names_stored(code)
    for each in by_makers.intersection(told) - state:
        result.steps.set_on_instance(old, each, told[each], before.get(each, MISSING))


def _is_made_by_makers(pair: Pair, name: str, cls: type) -> bool:
    """Whether the class statement says something else there: ``total = []`` became a column."""
    scope = pair.module.outline.scopes.get(pair.path)
    shells = scope.shells.get(name, ()) if scope is not None else ()
    return not any(cls.__name__ in shell.loads for shell in shells)


def _codes(result: Reconciliation, pair: Pair, cls: type) -> Iterator[CodeType]:
    """Yield the code that may set attributes of a descriptor, as far as it is known."""
    for module in result.decisions.matches.modules:
        yield from nested_codes(module.outline.scopes[()].code)
    for base in (*mro_of(cls), *mro_of(type(pair.old)), *mro_of(pair.old)):
        for value in class_attributes(base).values():
            for function in _functions_of(value):
                yield function.__code__
                yield from nested_codes(function.__code__)


def _functions_of(value: Any) -> Iterator[FunctionType]:
    """Yield a function, those of a property or method, and those that a decorator has inside."""
    inside = (getattr(value, name, None) for name in ("fget", "fset", "fdel", "__func__"))
    found = [value, *inside] if type(value) in _OF_PYTHON else []
    for each in found:
        if type(each) is FunctionType:
            yield each
            cells = (cell for cell in each.__closure__ or () if not is_empty(cell))
            yield from (cell.cell_contents for cell in cells if _is_function(cell.cell_contents))


def _is_function(value: Any) -> bool:
    return type(value) is FunctionType


def _attributes(instance: Any) -> dict[str, Any]:
    """Return what an object has in its dict and in slots."""
    found: dict[str, Any] = {}
    for base in mro_of(type(instance)):
        for name, place in class_attributes(base).items():
            if type(place) is MemberDescriptorType:
                try:
                    found[name] = place.__get__(instance)
                except AttributeError:
                    continue  # nothing in it
    return {**found, **(dict_of(instance) or {})}
