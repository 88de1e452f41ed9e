"""Which metaclass a class has, and those below it elsewhere that have theirs by it."""

from __future__ import annotations

from collections.abc import Iterator

from livepatch._match.pairs import Pair
from livepatch._python.class_tree import classes_below
from livepatch._python.kinds import (
    IS_HEAP_TYPE,
    bases_of,
    class_attributes,
    flags_of,
    mro_of,
    qualified_name,
)
from livepatch._python.layout import same_layout
from livepatch._python.own import OwnList
from livepatch._reconcile.result import Reconciliation
from livepatch._report.report import Notice

_IMMUTABLE = 1 << 8  # Py_TPFLAGS_IMMUTABLETYPE (Include/object.h)
_FLAGS = _IMMUTABLE | IS_HEAP_TYPE


def take_metaclass(result: Reconciliation, pair: Pair, survivor: type) -> None:
    """Note the steps by which a class has the metaclass that it is to have, and those below it."""
    metaclass = type(survivor)
    settled = result.decisions.settle(metaclass)
    if settled is not metaclass:
        result.steps.set_class(OwnList([survivor]), settled, metaclass)
    before, after = type(pair.old), result.decisions.settle(type(pair.new))
    if result.decisions.settle(before) is after or not issubclass(after, type):
        return
    below = OwnList(_having_it_by(result, pair, after))
    mutable = all(flags_of(each) & _FLAGS == IS_HEAP_TYPE for each in (before, after))
    can_take = mutable and same_layout(before, after)
    if below and can_take:
        result.steps.set_class(below, after, before)
    for cls in below:
        # What it does when it makes a class is not done for them.
        message = f"has the metaclass {after.__qualname__} now, which did not make it"
        if not can_take:
            message = (
                f"keeps the metaclass {before.__qualname__}; its base has {after.__qualname__}"
            )
        place = f"{class_attributes(cls).get('__module__')}.{qualified_name(cls)}"
        result.values.notices.append(Notice("LP312", place, message))


def _having_it_by(result: Reconciliation, pair: Pair, after: type) -> Iterator[type]:
    """Yield the classes of other modules that have a metaclass because one above them had it."""
    matches, known = result.decisions.matches, {id(pair.old)}
    above = set(map(id, mro_of(after)))
    for cls in classes_below(pair.old):
        in_reload = (
            id(cls) in matches.by_old
            or id(cls) in matches.by_new
            or class_attributes(cls).get("__module__") in matches.by_name
        )
        if in_reload or type(cls) is not type(pair.old):
            continue
        others = (base for base in bases_of(cls) if id(base) not in known)
        if all(id(result.decisions.settle(type(base))) in above for base in others):
            known.add(id(cls))
            yield cls
