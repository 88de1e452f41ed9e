"""What the objects in a class are numbered by: ``Field.count += 1; self.count = Field.count``.

Whoever makes something of them in their order asks for it. Where one of them is made anew and
others stay, these have the numbers of an earlier time, and would all come before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, pairwise
from typing import Any

from livepatch._match.pairs import Pair
from livepatch._python.kinds import class_attributes, dict_of, is_plain_data, kind_of
from livepatch._reconcile.result import Reconciliation
from livepatch._steps.class_attributes import find_attribute


def number_anew(result: Reconciliation, pair: Pair, chosen: Mapping[str, Any]) -> None:
    """Give the objects that stay in a class the numbers that the load gave those in their places.

    Args:
        result: takes the steps.
        pair: the class.
        chosen: the attributes that the class will have, where these have to be set.
    """
    if not _objects_in(chosen):
        return  # nearly every one
    old, new = class_attributes(pair.old), class_attributes(pair.new)
    will_have = {**class_attributes(result.survivor(pair)), **chosen}
    before, after = _objects_in(old), _objects_in(new)
    stay = {name for name in before.keys() & after.keys() if will_have.get(name) is old[name]}
    if len(stay) == len(after):
        return
    for number in dict.fromkeys(chain.from_iterable(after[name] for name in stay)):
        numbers = {name: each[number] for name, each in after.items() if number in each}
        earlier = [each[number] for each in before.values() if number in each]
        present = [before[name][number] if name in stay else numbers[name] for name in numbers]
        if not _rise(present) and _count_on(earlier, [*numbers.values()]):
            for name in numbers.keys() & stay:
                result.steps.set_item(before[name], number, numbers[name])


def _objects_in(attributes: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what the objects have that are neither plain data nor definitions, in their order.

    Not of those that tables may know by a number: who has a hash of its own is to keep it.
    """
    objects = {
        name: value
        for name, value in attributes.items()
        if not is_plain_data(value) and kind_of(value) is None
        if find_attribute(type(value), "__hash__") is object.__hash__
    }
    # Each by its first name: ``z = a`` is no other object.
    first = dict(zip(map(id, reversed(objects.values())), reversed(objects)))
    own = {name: dict_of(value) for name, value in objects.items() if first[id(value)] == name}
    return {name: each for name, each in own.items() if each}


def _count_on(before: list[Any], after: list[Any]) -> bool:
    """Whether numbers rise from each object to the next, and go on behind the earlier ones."""
    # An attribute that came in an earlier reload may stand behind those that were there before.
    return {*map(type, before)} == {int} and _rise([*sorted(before), *after])


def _rise(numbers: list[Any]) -> bool:
    is_each = {*map(type, numbers)} == {int}
    return is_each and all(low < high for low, high in pairwise(numbers))
