"""Changes of a list or deque by the objects in it, wherever these are by then."""

from __future__ import annotations

from collections import deque
from typing import Any

from livepatch._python.own import OwnList

Items = list[Any] | deque[Any]


def exchange_items(target: Items, olds: list[Any], news: list[Any]) -> None:
    """Put other objects into a list, each in the place of one."""
    survivors = {id(old): new for old, new in zip(olds, news)}
    for place, each in enumerate(target):  # a deque has no slices
        if id(each) in survivors:
            target[place] = survivors[id(each)]


def append_items(target: Items, items: list[Any]) -> None:
    """Append what is not in a list yet."""
    present = set(map(id, target))
    target.extend([each for each in items if id(each) not in present])


def remove_items(target: Items, items: list[Any]) -> None:
    """Remove some objects from a list."""
    gone = set(map(id, items))
    for place in range(len(target) - 1, -1, -1):
        if id(target[place]) in gone:
            del target[place]


def rearrange(target: Items, items: list[Any]) -> None:
    """Put some objects, those of them that are in a list, there into an order."""
    wanted, there = set(map(id, items)), set(map(id, target))
    places = [place for place, each in enumerate(target) if id(each) in wanted]
    items = [each for each in items if id(each) in there]
    if len(places) == len(items):
        for place, item in zip(places, items):
            target[place] = item


def repeat_item(target: Items, place: int, item: Any, times: int) -> None:
    """Insert an object into a list once more, unless it is there so many times."""
    if sum(each is item for each in target) < times:
        target.insert(place, item)


def unrepeat_item(target: Items, item: Any, times: int) -> None:
    """Take the last one of an object out of a list, if that is there more than so many times."""
    places = [place for place, each in enumerate(target) if each is item]
    if len(places) > times:
        del target[places[-1]]


def insert_items(target: Items, places: list[int], items: list[Any]) -> None:
    """Put some objects into a list, each at its place, the first ones first."""
    for place, item in zip(places, items):
        target.insert(place, item)


def restore_items(target: Items, former: list[Any], successors: list[tuple[Any, Any]]) -> None:
    """Bring what is in a list to the places it had; what is new comes last.

    Args:
        target: the list. Where the program has others in another order now, it stays.
        former: its items as they were.
        successors: items that went, each with those that came in its place.
    """
    came: dict[int, deque[list[Any]]] = {}
    for old, news in successors:
        came.setdefault(id(old), deque()).append(news)
    waiting: dict[int, deque[int]] = {}
    for place, each in enumerate(target):
        waiting.setdefault(id(each), deque()).append(place)
    places: list[int] = []
    stay = [each for each in former if id(each) not in came]
    for old in former:
        following = came.get(id(old))
        for each in (old, *(following.popleft() if following else ())):
            places += (waiting[id(each)].popleft(),) if waiting.get(id(each)) else ()
    places += sorted(place for left in waiting.values() for place in left)
    items: list[Any] = OwnList(target)  # a place in a deque takes as long as its number
    order: list[Any] = OwnList(items[place] for place in places)
    if _follow_one_another(stay, target):
        for place, each in enumerate(order):  # a deque has no slices
            target[place] = each


def _follow_one_another(items: list[Any], target: Items) -> bool:
    """Whether those of some objects that are in a list are there in the order they have here."""
    there, wanted = set(map(id, target)), set(map(id, items))
    kept = [id(each) for each in items if id(each) in there]
    return kept == [id(each) for each in target if id(each) in wanted]
