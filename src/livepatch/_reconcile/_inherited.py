"""Tables that a metaclass makes of a class and its bases: a list of all fields, say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from livepatch._constants import is_plain
from livepatch._kinds import class_attributes, is_class, mro_of
from livepatch._own import MISSING, OwnList
from livepatch._pairs import Pair
from livepatch._reconcile._result import Reconciliation
from livepatch._registries import lacking


def follow_bases(result: Reconciliation, pair: Pair, name: str, old: Any, new: Any) -> None:
    """Let a table that is made of those of the bases follow them; what else is in it stays."""
    if not result.values.is_made_of_bases(pair, name):
        return
    more, gone = lacking(old, new), set(_gone_from_bases(result, pair, name, new))
    if type(old) is list and (more or gone) and gone.issuperset(lacking(new, old)):
        result.steps.replace_items(old, list(new), list(old))  # in the order of the new one
        return
    if more:
        result.fillings.append((old, more))
    if type(old) is dict:
        for key in gone:
            result.steps.set_item(old, key, MISSING)
    elif gone:
        result.steps.replace_items(old, [each for each in old if each not in gone], list(old))


def _gone_from_bases(result: Reconciliation, pair: Pair, name: str, new: Any) -> Iterator[str]:
    """Yield the names in a class's table that a base had in its own, and has no more."""
    old: Any = class_attributes(pair.old).get(name)
    kind = type(old)
    if kind is not type(new) or (kind is not dict and (kind is not list or not is_plain(old))):
        return
    by_old = result.decisions.matches.by_old
    bases = (by_old[id(base)] for base in mro_of(pair.old)[1:] if id(base) in by_old)
    tables: OwnList[tuple[Any, Any]] = OwnList(
        (class_attributes(base.old).get(name), class_attributes(base.new).get(name))
        for base in bases
        if is_class(base.new)
    )
    alike = OwnList(each for each in tables if type(each[0]) is type(each[1]) is kind)
    for key in old:
        if type(key) is str and key not in new:
            value = old[key] if kind is dict else None
            had = (
                key not in after
                and (
                    before.get(key) is value if kind is dict else is_plain(before) and key in before
                )
                for before, after in alike
            )
            if any(had):
                yield key
