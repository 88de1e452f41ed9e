"""Methods that have come, and that an attribute of the instances there are hides."""

from __future__ import annotations

from itertools import chain
from types import FunctionType

from livepatch._match.pairs import Pair
from livepatch._python.kinds import class_attributes, is_special, kind_of
from livepatch._reconcile.result import Reconciliation
from livepatch._statements.assigned import names_stored
from livepatch._steps.class_attributes import find_attribute, has_attribute


def note_hidden(result: Reconciliation, pair: Pair) -> None:
    """Name what a class has now where its old methods assigned an attribute: ``self.size = 3``."""
    after = class_attributes(pair.new)
    come = [
        name
        for name, value in after.items()
        if not has_attribute(pair.old, name) and kind_of(value) is not None
        if find_attribute(type(value), "__set__") is None and not is_special(name)
    ]
    hidden = (_stored_in(pair.old) - _stored_in(pair.new)).intersection(come) if come else ()
    for name in sorted(hidden):
        message = "instances made before may have an attribute of that name, which hides it"
        result.values.note("LP324", pair, (*pair.path, name), message)


def _stored_in(cls: type) -> set[str]:
    functions = (each for each in class_attributes(cls).values() if type(each) is FunctionType)
    return set(chain.from_iterable(names_stored(each.__code__) for each in functions))
