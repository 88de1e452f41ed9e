"""Stage 5: classes elsewhere below one whose layout changed are made anew over it.

CPython lays out a class's instances when it makes the class, so a subclass in a module that is not
reloaded cannot be given a base of another layout. It is copied, attribute by attribute: its body is
not run, nor its metaclass's ``__new__``, nor ``__init_subclass__`` or ``__set_name__``. The copy
survives, and its instances migrate.
"""

from __future__ import annotations

import _abc  # type: ignore[import-not-found]  # pyright: ignore[reportMissingImports]
import abc
import types
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from livepatch._decide.decisions import Decisions
from livepatch._match.pairs import Pair
from livepatch._python.class_tree import classes_below
from livepatch._python.kinds import (
    CLASS,
    IS_HEAP_TYPE,
    bases_of,
    class_attributes,
    flags_of,
    is_class,
    is_enum,
    mro_of,
    qualified_name,
)
from livepatch._python.own import OwnList
from livepatch._steps.class_attributes import UNSETTABLE, set_on_class

# What a class has of its own by being made.
_MADE_ANEW = frozenset({"__dict__", "__weakref__", "_abc_impl", "__slots__", "__module__"})


def derive(decisions: Decisions) -> None:
    """Copy the classes elsewhere that derive from one whose layout changes.

    Args:
        decisions: takes the old ones as losers. Where a copy cannot be made, nothing is noted.
    """
    for pair, _ in OwnList(decisions.layout_changes):
        for cls in classes_below(pair.old):
            _derive_one(decisions, pair, cls, "LP121")
    for pair in decisions.matches.beyond_functions():
        if _has_another_metaclass(decisions, pair):
            for cls in classes_below(pair.old):
                if decisions.matches.by_new.get(id(cls)) is None:
                    _derive_one(decisions, pair, cls, None)


def _has_another_metaclass(decisions: Decisions, pair: Pair) -> bool:
    """Whether a class becomes abstract, say: then so are those that derive from it.

    CPython gives no class another metaclass in place of ``type`` itself.
    """
    return (
        pair.kind is CLASS
        and is_class(pair.old)
        and decisions.settle(pair.new) is not pair.old
        and type(pair.old) is type
        and type(pair.new) is not type
    )


def _derive_one(decisions: Decisions, base: Pair, cls: type, layout: str | None) -> None:
    if id(cls) in decisions.survivors or id(cls) in decisions.matches.by_old or is_enum(cls):
        return
    bases = tuple(map(decisions.settle_class, bases_of(cls)))
    if all(map(lambda a, b: a is b, bases, bases_of(cls))):
        return  # what it derives from could not be copied
    if any(map(is_enum, bases)):
        return  # what is no enumeration cannot derive from one
    try:
        copy = copy_class(cls, bases, _metaclass_of_copy(decisions, cls, bases))
    except (TypeError, ValueError):
        return  # CPython refuses the new bases: no common layout, no consistent order
    name = qualified_name(cls) or cls.__name__
    home = str(class_attributes(cls).get("__module__"))
    pair = Pair(tuple(name.split(".")), CLASS, cls, copy, base.module, base.before, home=home)
    decisions.matches.by_old[id(cls)] = pair
    decisions.kept[id(copy)] = False
    decisions.derived.append(pair)
    decisions.add_loser(cls, copy)
    if layout is not None:
        decisions.layout_changes.append((pair, layout))


def _metaclass_of_copy(decisions: Decisions, cls: type, bases: tuple[type, ...]) -> type:
    """Return the metaclass of a class, or that which a base has and which is below it."""
    metaclass: type = decisions.settle(type(cls))
    for other in map(decisions.settle_class, map(type, bases)):
        if any(decisions.settle_class(each) is metaclass for each in mro_of(other)):
            metaclass = other
    return metaclass


def copy_class(cls: type, bases: tuple[type, ...], metaclass: Any) -> type:
    """Make a class with the attributes of another one and other bases.

    Raises:
        TypeError: CPython cannot make a class of these bases.
    """
    attributes = class_attributes(cls)
    namespace: dict[str, Any] = {
        "__module__": attributes.get("__module__"),
        "__qualname__": qualified_name(cls),
    }
    if "__slots__" in attributes:
        namespace["__slots__"] = _slot_names(cls, bases)
    namespace.update((name, attributes[name]) for name in UNSETTABLE if _is_given(cls, name))
    with _subclasses_unannounced(bases):
        copy: type = type.__new__(_maker(metaclass, bases), cls.__name__, bases, namespace)
    if type(copy) is not metaclass:
        type.__setattr__(copy, "__class__", metaclass)
    for name, value in list(attributes.items()):
        if name not in _MADE_ANEW and name not in namespace and not _is_place(value, cls):
            set_on_class(copy, name, value)
    if "__slots__" in attributes:
        set_on_class(copy, "__slots__", attributes["__slots__"])
    if issubclass(metaclass, abc.ABCMeta):
        _abc._abc_init(copy)  # noqa: SLF001 - as abc does
        _register_all(copy, cls)
    return copy


def _register_all(copy: Any, cls: type) -> None:
    if not issubclass(type(cls), abc.ABCMeta):
        return  # its base has become abstract
    for reference in _abc._get_dump(cls)[0]:  # noqa: SLF001
        registered = reference()
        if registered is not None:
            abc.ABCMeta.register(copy, registered)


def _maker(metaclass: type, bases: tuple[type, ...]) -> type:
    """Return the metaclass that CPython would make a class of these bases with.

    A base that the load has made is still of the metaclass that was made with it, even if that one
    is let go for the live one; this has no part of the other below it.
    """
    for made in map(type, bases):
        if not type.__subclasscheck__(made, metaclass):
            metaclass = made
    return metaclass


def _is_given(cls: type, name: str) -> bool:
    return name in class_attributes(cls) and name not in _MADE_ANEW


def _is_place(value: Any, cls: type) -> bool:
    return type(value) is types.MemberDescriptorType and value.__objclass__ is cls


def _slot_names(cls: type, bases: tuple[type, ...]) -> tuple[str, ...]:
    """Return the slots of a class as its layout says: ``__slots__`` may have been used up."""
    attributes = class_attributes(cls)
    names = [name for name, value in attributes.items() if _is_place(value, cls)]
    for name, offset in (("__dict__", "__dictoffset__"), ("__weakref__", "__weakrefoffset__")):
        own = type(attributes.get(name)) is types.GetSetDescriptorType
        if own and not any(type.__dict__[offset].__get__(base) for base in bases):
            names.append(name)
    return tuple(names)


@contextmanager
def _subclasses_unannounced(bases: tuple[type, ...]) -> Generator[None, None, None]:
    """Keep ``__init_subclass__`` from hearing of a copy: it has heard of the original.

    The classes that define one have another meanwhile; no other thread runs in between. That of
    ``typing.Protocol`` may be new to it, and only says that the class is no protocol.
    """
    hushed: OwnList[tuple[type, Any]] = OwnList()
    try:
        for base in bases:
            for cls in mro_of(base):
                present = class_attributes(cls).get("__init_subclass__")
                if present is None or qualified_name(cls) == "Protocol":
                    continue
                if flags_of(cls) & IS_HEAP_TYPE:
                    hushed.append((cls, present))
                    set_on_class(cls, "__init_subclass__", _UNHEARD)
        yield
    finally:
        for cls, present in reversed(hushed):
            set_on_class(cls, "__init_subclass__", present)


def _ignore(cls: type[Any], /, **_: Any) -> None:
    """Stand in for ``__init_subclass__``."""


_UNHEARD: Any = classmethod(_ignore)
