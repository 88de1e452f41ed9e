"""What the load has registered with an object of which the live one stays.

``handler = Dispatcher("even")`` in a class says the same as before, so the live dispatcher stays,
with what others have registered. Functions and classes that the new source registers for something
new are in the tables of the dispatcher that the load made, and are entered into the live one's.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from livepatch._match.pairs import Matches, Pair
from livepatch._match.sentinels import same_tables
from livepatch._match.shapes import shape_of, state_of
from livepatch._python.kinds import dict_of
from livepatch._python.layers import CONTAINERS
from livepatch._python.own import Call, OwnList
from livepatch._reconcile.result import Reconciliation
from livepatch._values.registries import enter

_TABLES = (dict, list)
_DEEPEST = 8


def note_registered(result: Reconciliation, pair: Pair, live: Any, made: Any) -> None:
    """Note the tables of an object that stays into which the load entered definitions.

    Args:
        result: takes the tables, and the calls that make the object look at them again.
        pair: the class that has the object.
        live: the object.
        made: the one that the load made in its place.
    """
    matches = result.decisions.matches
    takes = functools.partial(has_definition, matches)
    for _, before, after in same_tables(matches, live, made):
        if type(after) in _TABLES and takes(after):
            result.registered.append((before, after))
            if len(enter(result.settle, before, after, takes)):
                for call in _forgets(live, made, before):
                    result.add_cache(pair, call)


def has_definition(matches: Matches, value: Any) -> bool:
    """Whether a value is a function or class of the reload, or contains one."""
    return any(matches.owner_of(part) is not None for part in _parts(value))


def _parts(value: Any, depth: int = _DEEPEST) -> Iterator[Any]:
    if type(value) in CONTAINERS and depth:
        for part in OwnList(value.values() if type(value) is dict else value):
            yield from _parts(part, depth - 1)
    else:
        yield value


def _forgets(live: Any, made: Any, table: Any) -> Iterator[Call]:
    """Yield the calls that empty what an object has made of a table: it would not look there again.

    All that is in it is in the table, and a new object has no such attribute, or nothing there.
    """
    keys = OwnList(table) if type(table) is dict else ()
    known = {id(part) for whole in (table, *keys) for part in _parts(whole)}
    fresh = state_of(shape_of(type(made)), made)
    for name, value in state_of(shape_of(type(live)), live).items():
        if type(value) in _TABLES and value and value is not table and not fresh.get(name):
            if not all(id(part) in known for part in _parts(value)):
                continue
            if name in fresh:
                yield Call(type(value).clear, value)
            elif (attributes := dict_of(live)) is not None:
                yield Call(dict.pop, attributes, name, None)
