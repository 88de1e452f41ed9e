"""Let instances go over between classes whose bases differ in name only.

CPython compares the bases of two classes where their layout grows, and asks for the same object:
a plain class that comes to derive from ``typing.Generic``, ``Protocol`` or another class with empty
slots is refused, though not a byte of its instances differs. While the instances go over, the new
class's ``tp_base`` is therefore the old class's base; CPython still compares sizes and slots. Nothing
runs in between, and the reference count of neither is touched.

It also takes the places that a class adds for a dict, weak references and slots, in that order: attrs
gives a slot to the weak references, which come behind the others then, and subclasses of int have no
fixed size. Such a class borrows the other class itself for its base, to which it adds nothing at all.
"""  # noqa: E501

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from livepatch._python.class_fields import BASE, METACLASS, field_of, set_field
from livepatch._python.kinds import base_of, flags_of
from livepatch._python.layout import sizes_of
from livepatch._python.own import Call
from livepatch._steps.steps import Steps


def can_borrow_base(cls: type) -> bool:
    """Whether the place of ``tp_base`` is where it is known to be."""
    return field_of(cls, BASE).value == id(base_of(cls))


def can_borrow_each_other(one: type, other: type) -> bool:
    """Whether CPython takes two classes for the same once one derives from the other.

    This is ``compatible_with_tp_base`` of Objects/typeobject.c.
    """
    same = sizes_of(one) == sizes_of(other) and not (flags_of(one) ^ flags_of(other)) & _IS_TRACKED
    return same and can_borrow_base(one) and can_borrow_base(other)


_IS_TRACKED = 1 << 14  # Py_TPFLAGS_HAVE_GC (Include/object.h)


def bases_to_give_back(
    borrowed: list[tuple[type, type]], fresh: Steps, settle: Callable[[Any], Any]
) -> list[tuple[type, type, type]]:
    """Add to each class that borrows a base the one that it has by then: it counts the reference.

    Args:
        borrowed: classes, each with the base it is to have in between.
        fresh: what is done before that; it gives some of the classes the survivors of their bases.
        settle: returns the survivor of a class.
    """

    def own(cls: type) -> Any:
        return settle(base_of(cls)) if id(cls) in given else base_of(cls)

    given = {id(cls): bases for cls, bases in fresh.new_bases()}
    # Of two that borrow each other the one does that goes: CPython finds the survivor in the order
    # of those that derive from it.
    both = {(id(cls), id(base)) for cls, base in borrowed}
    chosen = (
        (cls, base)
        for cls, base in borrowed
        if (id(base), id(cls)) not in both or settle(base) is not cls
    )
    return [(cls, base, own(cls)) for cls, base in _without_cycles(chosen, given)]


def _without_cycles(
    borrowed: Iterable[tuple[type, type]], given: Mapping[int, tuple[type, ...]]
) -> Iterator[tuple[type, type]]:
    """Yield classes that borrow a base, but for those that would so be a base of their own.

    CPython would go round for ever. Of two classes that borrow each other one is enough: it asks
    for the same base, whichever of them an instance is of.

    Args:
        borrowed: the classes, each with the base.
        given: by the ids of classes, the bases that these have by then.
    """
    lent: dict[int, tuple[type, ...]] = {}
    for cls, base in borrowed:
        above, seen = [base], set[int]()
        while above and id(cls) not in seen:
            each = above.pop()
            if id(each) not in seen:
                seen.add(id(each))
                own = base_of(each)
                known = lent.get(id(each)) or given.get(id(each))
                above += known or (() if own is None else (own,))
        if id(cls) not in seen:
            lent[id(cls)] = (base,)
            yield cls, base


Lent = list[tuple["weakref.ref[type]", "weakref.ref[type]"]]
"""Classes, each with the base that it had in between, without keeping either alive."""


def by_reference(borrowed: Iterable[tuple[type, type]]) -> Lent:
    """Return classes that borrowed a base, with that base, by weak references."""
    return [(weakref.ref(cls), weakref.ref(base)) for cls, base in borrowed]


def lent_once_more(lent: Lent) -> list[tuple[type, type, type]]:
    """Return those that are alive, as `with_borrowed_bases` takes them."""
    both = ((cls(), base()) for cls, base in lent)
    alive = ((cls, base) for cls, base in both if cls is not None and base is not None)
    return [
        (cls, base, own)
        for cls, base in _without_cycles(alive, {})
        if (own := base_of(cls)) is not None
    ]


def with_borrowed_bases(steps: Steps, borrowed: list[tuple[type, type, type]]) -> Steps:
    """Put steps between the borrowing of other bases and their return, in both directions.

    Args:
        steps: what needs the borrowed bases.
        borrowed: classes, each with the base it is to have in between and the one it has before.
    """
    if not borrowed:
        return steps
    before, after = Steps(), Steps()
    for cls, base, own in borrowed:
        field = field_of(cls, BASE)
        lend = Call(set_field, field, id(base))
        give_back = Call(set_field, field, id(own))
        before.add(lend, give_back)
        after.add(give_back, lend)
    before.extend(steps)
    before.extend(after)
    return before


def can_lend_metaclass(cls: type) -> bool:
    """Whether the place of ``ob_type`` is where it is known to be."""
    return field_of(cls, METACLASS).value == id(type(cls))


def with_plain_metaclass(steps: Steps, classes: list[type]) -> Steps:
    """Put steps between moments in which some classes come to be of ``type``, and are it no more.

    Args:
        steps: what gives classes other bases, and nothing else: nobody is asked what class one is.
        classes: the classes.
    """
    if not classes or not len(steps):
        return steps
    before, after = Steps(), Steps()
    for cls in classes:
        field = field_of(cls, METACLASS)
        lend = Call(set_field, field, id(type))
        give_back = Call(set_field, field, id(type(cls)))
        before.add(lend, give_back)
        after.add(give_back, lend)
    before.extend(steps)
    before.extend(after)
    return before
