"""Changes of a list or deque by the objects in it, wherever these are by then."""

from __future__ import annotations

from collections import deque
from typing import Any

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


def insert_items(target: Items, places: list[int], items: list[Any]) -> None:
    """Put some objects into a list, each at its place, the first ones first."""
    for place, item in zip(places, items):
        target.insert(place, item)
