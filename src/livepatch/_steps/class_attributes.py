"""Setting and deleting attributes of classes, past their metaclasses, as calls of C code.

Never through the raw dict alone: that bypasses the type's method cache.
"""

from __future__ import annotations

import gc
from types import MemberDescriptorType, WrapperDescriptorType
from typing import Any

from livepatch._python.kinds import class_attributes, is_class, mro_of
from livepatch._python.own import MISSING, Call
from livepatch._steps.rows import delete_class_attribute

# These can be given when a class is made (a lying __class__ property) and not afterwards: type
# itself has a data descriptor there, and setting them would set that.
UNSETTABLE = frozenset(
    ("__class__", "__bases__", "__mro__", "__name__", "__qualname__", "__dict__")
)


def find_attribute(cls: type, name: str) -> Any:
    """Return a class attribute past metaclasses and descriptors; None if there is none."""
    for base in mro_of(cls):
        attributes = class_attributes(base)
        if name in attributes:
            return attributes[name]
    return None


def has_attribute(cls: type, name: str) -> bool:
    """Whether a class or a base of it has an attribute of that name, None it may be."""
    return any(name in class_attributes(base) for base in mro_of(cls))


def is_computed(cls: type, name: str) -> bool:
    """Whether a property or the like stands for an attribute; a slot is one of the instance's."""
    kind = type(find_attribute(cls, name))
    # Not by `hasattr`: the metaclass of such an object may have code of its own.
    return kind is not MemberDescriptorType and has_attribute(kind, "__set__")


def set_on_class(cls: type, name: str, value: Any) -> None:
    """Set or (with MISSING) delete a class attribute, at once."""
    setting(cls, name, value)()


def setting(cls: type, name: str, value: Any) -> Call:
    """Return the call that sets or (with MISSING) deletes a class attribute."""
    if _is_hidden(cls, name):
        return Call(set_past_metaclass, cls, name, value)
    setter, deleter = _setters_of(cls)
    if value is MISSING:
        return Call(delete_class_attribute, deleter, cls, name)
    return Call(setter, cls, name, value)


def set_by(call: Call) -> tuple[type, str, Any] | None:
    """Return the class, the name and the value (or MISSING) that a call sets, if it sets one."""
    function = call.func
    if function is delete_class_attribute:
        return (*call.args[1:], MISSING)
    if function is set_past_metaclass or (
        type(function) is WrapperDescriptorType
        and function.__name__ == "__setattr__"
        and is_class(call.args[0])
    ):
        return call.args
    return None


def set_past_metaclass(cls: type, name: str, value: Any) -> None:
    """Set or (with MISSING) delete a class attribute that a property of the metaclass hides.

    What is in the class's dict is what instances see. The type forgets what it has cached of it as
    another attribute comes and goes.
    """
    # type_traverse visits tp_dict first (Objects/typeobject.c).
    namespace = next(part for part in gc.get_referents(cls) if type(part) is dict)
    if value is MISSING:
        namespace.pop(name, None)
    else:
        namespace[name] = value
    setter, deleter = _setters_of(cls)
    setter(cls, _NOBODYS_NAME, None)
    deleter(cls, _NOBODYS_NAME)


def _is_hidden(cls: type, name: str) -> bool:
    """Whether a property of the metaclass has the name: an attribute of the class cannot be set."""
    if name == "__type_params__":
        return True  # type's own descriptor sets it, and refuses to delete it
    for metaclass in mro_of(type(cls)):
        if metaclass is type:
            return False  # its own descriptors set what they are for
        if name in class_attributes(metaclass):
            return hasattr(type(class_attributes(metaclass)[name]), "__set__")
    return False


def _setters_of(cls: type) -> tuple[Any, Any]:
    """Return the ``__setattr__`` and ``__delattr__`` of C code that are the metaclass's.

    CPython lets no others be called for it (hackcheck in Objects/typeobject.c): those of a
    metaclass in C, such as ctypes have for structures, come before type's.
    """
    for metaclass in mro_of(type(cls)):
        own = class_attributes(metaclass)
        if type(own.get("__setattr__")) is WrapperDescriptorType:
            return own["__setattr__"], own["__delattr__"]
    raise AssertionError(f"{cls} is no class")  # every metaclass is below type


_NOBODYS_NAME = "<livepatch>"
