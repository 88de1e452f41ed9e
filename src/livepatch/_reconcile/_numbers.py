"""What the objects in a class are numbered by: ``Field.count += 1; self.count = Field.count``.

Whoever makes something of them in their order asks for it. Where one of them is made anew and
others stay, these have the numbers of an earlier time, and would all come before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from livepatch._kinds import class_attributes, dict_of, is_plain_data, kind_of
from livepatch._own import OwnDict
from livepatch._pairs import Pair
from livepatch._reconcile._result import Reconciliation


def number_anew(result: Reconciliation, pair: Pair, chosen: Mapping[str, Any]) -> None:
    """Give the objects that stay in a class the numbers that the load gave those in their places.

    Args:
        result: takes the steps.
        pair: the class.
        chosen: the attributes that the class will have, where these have to be set.
    """
    old, new = class_attributes(pair.old), class_attributes(pair.new)
    will_have = {**class_attributes(result.survivor(pair)), **chosen}
    for names in _alike(new):
        stay = [name for name in names if name in old and will_have.get(name) is old[name]]
        if not stay or len(stay) == len(names):
            continue
        live = OwnDict((name, dict_of(old[name]) or {}) for name in stay)
        made = OwnDict((name, dict_of(new[name]) or {}) for name in names)
        for number in made[names[0]]:
            before = [each.get(number) for each in live.values()]
            after = {name: each.get(number) for name, each in made.items()}
            if _count_on(before, list(after.values())):
                for name, present in live.items():
                    result.steps.set_item(present, number, after[name])


def _alike(attributes: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield the names of objects of one type, in their order, where there are several."""
    by_type: OwnDict[int, list[str]] = OwnDict()
    for name, value in attributes.items():
        if not is_plain_data(value) and kind_of(value) is None and dict_of(value):
            by_type.setdefault(id(type(value)), []).append(name)
    yield from (names for names in by_type.values() if names[1:])


def _count_on(before: list[Any], after: list[Any]) -> bool:
    """Whether numbers rise from each object to the next, and go on behind the earlier ones."""
    both = [*before, *after]
    return {*map(type, both)} == {int} and all(low < high for low, high in pairwise(both))
