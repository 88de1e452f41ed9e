"""Classes that make their instances by `object` again, once there is no ``__new__`` left for them.

A class with a ``__new__``, and each class below it, makes instances by a function in C that looks
it up. CPython puts that function there when a ``__new__`` comes, and leaves it there when it goes:
``object.__new__`` then refuses the arguments that are ``__init__``'s ("takes exactly one argument",
``object_new`` in Objects/typeobject.c), and the class makes no instances any more. A class that is
made without a ``__new__`` has what `object` has in that place, and so it is written there.
"""

from __future__ import annotations

from collections.abc import Iterator
from ctypes import c_void_p
from types import BuiltinFunctionType
from typing import Any

from livepatch._plan.plan import Plan
from livepatch._python.class_fields import MAKER, field_of
from livepatch._python.class_tree import classes_below
from livepatch._python.kinds import class_attributes
from livepatch._python.own import Call, OwnDict
from livepatch._steps.class_attributes import find_attribute
from livepatch._steps.steps import Steps

_NAME = "__new__"


class _Looking:
    """A class that has a ``__new__`` to look up."""

    def __new__(cls) -> Any:
        return super().__new__(cls)


def keep_constructors(plan: Plan) -> None:
    """Put steps around those of a plan that mend the classes which lose their ``__new__``.

    First of all there is one that does nothing, and mends when all the others are taken back.
    """
    concerned = OwnDict((id(cls), cls) for cls in _classes_concerned(plan.steps))
    if not concerned or not _IS_KNOWN:
        return
    nothing, mend = Call(bool), Call(_mend, tuple(concerned.values()))
    first = Steps()
    first.add(nothing, mend)
    plan.steps.put_first(first)
    plan.steps.add(mend, nothing)


def _classes_concerned(steps: Steps) -> Iterator[type]:
    """Yield the classes that get a ``__new__``, or lose one; of their own, or with other bases."""
    for cls, bases in steps.new_bases():
        makers = [find_attribute(base, _NAME) for base in bases]
        has_maker = _NAME in class_attributes(cls) or not all(map(_is_in_c, makers))
        if has_maker is not any(
            _maker(each).value == _LOOKING for each in (cls, *classes_below(cls))
        ):
            yield cls
    yield from (cls for cls, name, _ in steps.new_attributes() if name == _NAME)


def _is_in_c(maker: Any) -> bool:
    return type(maker) is BuiltinFunctionType


def _mend(classes: tuple[type, ...]) -> None:
    for above in classes:
        for cls in (above, *classes_below(above)):
            if _maker(cls).value == _LOOKING and find_attribute(cls, _NAME) is object.__new__:
                _maker(cls).value = _OBJECTS


def _maker(cls: type) -> c_void_p:
    return field_of(cls, MAKER)


_LOOKING = _maker(_Looking).value
_OBJECTS = _maker(object).value
# A build whose types are laid out otherwise is left as it is.
_IS_KNOWN = _maker(type("Plain", (), {})).value == _OBJECTS != _LOOKING
