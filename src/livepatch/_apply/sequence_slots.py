"""Classes below a built-in sequence: what their operators call in C, once they have other bases.

CPython has two places for ``+``, ``*``, ``[]`` and ``len`` (of numbers or mappings, and sequences),
and a class that is made below ``list`` inherits both as they are. Where ``__bases__`` is set it looks
the methods up by their names instead, and fills the wrong one (``update_one_slot`` and ``slotdefs``
in Objects/typeobject.c): ``items + other`` does not ask ``other.__radd__`` any more. What is C's own
for a name is written back as the type has it that the name is found in.
"""  # noqa: E501

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from types import WrapperDescriptorType
from typing import NamedTuple

from livepatch._plan.plan import Plan
from livepatch._python.class_fields import MAPPING, NUMBER, SEQUENCE, field_of
from livepatch._python.class_tree import classes_below
from livepatch._python.layout import sizes_of
from livepatch._python.own import Call, OwnDict
from livepatch._steps.class_attributes import find_attribute
from livepatch._steps.steps import Steps

_WORD = ctypes.sizeof(ctypes.c_void_p)
_SIZE = sizes_of(type)[0]
_Slot = tuple[int, int]  # which table of functions, and the place in it


class _Operator(NamedTuple):
    """What an operator calls.

    Attributes:
        name: its method.
        beside: another method that has a part in the first of the slots, if there is one.
        slots: of numbers or mappings, and of sequences (Include/cpython/object.h).
    """

    name: str
    beside: str
    slots: tuple[_Slot, _Slot]


_OPERATORS = (
    _Operator("__add__", "__radd__", ((NUMBER, 0), (SEQUENCE, 1))),
    _Operator("__mul__", "__rmul__", ((NUMBER, 2), (SEQUENCE, 2))),
    _Operator("__iadd__", "", ((NUMBER, 19), (SEQUENCE, 8))),
    _Operator("__imul__", "", ((NUMBER, 21), (SEQUENCE, 9))),
    _Operator("__len__", "", ((MAPPING, 0), (SEQUENCE, 0))),
    _Operator("__getitem__", "", ((MAPPING, 1), (SEQUENCE, 3))),
    _Operator("__setitem__", "__delitem__", ((MAPPING, 2), (SEQUENCE, 5))),
)


def keep_sequence_slots(plan: Plan) -> None:
    """Put steps around those of a plan that mend the classes which get other bases.

    First of all there is one that does nothing, and mends when all the others are taken back.
    """
    concerned = OwnDict(
        (id(cls), cls)
        for cls, bases in plan.steps.new_bases()
        if any(map(_is_below_sequence, (*bases, cls, *classes_below(cls))))
    )
    if not concerned:
        return  # nearly always
    nothing, mend = Call(bool), Call(mend_sequence_slots, tuple(concerned.values()))
    first = Steps()
    first.add(nothing, mend)
    plan.steps.put_first(first)
    plan.steps.add(mend, nothing)


def _is_below_sequence(cls: type) -> bool:
    found = (find_attribute(cls, operator.name) for operator in _OPERATORS)
    return any(type(method) is WrapperDescriptorType for method in found)


def mend_sequence_slots(classes: Iterable[type]) -> None:
    """Give classes with other bases, and those below, the slots that they would be made with."""
    for above in classes:
        for cls in (above, *classes_below(above)):
            for operator in _OPERATORS:
                _mend(cls, operator)


def _mend(cls: type, operator: _Operator) -> None:
    made = find_attribute(cls, operator.name)
    if type(made) is not WrapperDescriptorType:
        return  # nearly every one: nothing, or a method of the program
    beside = find_attribute(cls, operator.beside) if operator.beside else None
    is_shared = beside is not None and type(beside) is not WrapperDescriptorType
    for table, place in operator.slots[is_shared:]:
        functions = field_of(made.__objclass__, table).value
        present, own = field_of(cls, table).value, None
        if functions is not None:
            own = ctypes.c_void_p.from_address(functions + place * _WORD).value
        if present is not None and id(cls) < present < id(cls) + _SIZE:
            ctypes.c_void_p.from_address(present + place * _WORD).value = own
