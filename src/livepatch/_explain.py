"""Which references to definitions are accounted for: the module's own, and those of losers."""

from __future__ import annotations

import gc
import types
from collections.abc import Iterator
from typing import Any

from livepatch._decisions import PLACES, Decisions
from livepatch._kinds import (
    CACHE_TYPE,
    bases_of,
    class_attributes,
    is_class,
    parts_of_wrapper,
    without_instances,
)
from livepatch._own import OwnList
from livepatch._pairs import Matches

_VERY_MANY = 10_000


def explained_by(matches: Matches, decisions: Decisions) -> OwnList[Any]:
    """List the objects whose references to definitions need no search.

    They are livepatch's own records, the modules' namespaces and their classes' (the plan sets
    every name there), and whatever goes away with a loser.
    """
    found: OwnList[Any] = OwnList()
    found += (decisions.losers, _survivors(decisions), *matches.pairs, *matches.aliases)
    for module in matches.modules:
        found += (module.live, module.old, module.new)
        found += (module.added, module.removed, module.patched)
        found += module.classes
        found += (attributes for _, attributes in module.classes)
        found += module.contents
        found += (contents for _, contents in module.contents)
        for enrolled in module.enrolled:
            found += (entry.held for entry in enrolled.entries)
            found += (pair for _, pair in enrolled.came)
        for removed in module.removed.values():
            found += parts_of(removed)
    found += decisions.derived
    for migration in decisions.migrations.values():
        found += (migration, migration.old, migration.new)
    for pair in (*matches.pairs, *matches.aliases, *decisions.derived):
        for definition in (pair.old,) if pair.foreign else (pair.old, pair.new):
            # Nearly every definition is a function without a closure, of which nothing is a part.
            if type(definition) is not types.FunctionType or definition.__closure__:
                found += parts_of(definition)
    if decisions.migrations:
        inside = _inside_caches(found)
        found = OwnList(each for each in found if id(each) not in inside)
    return found


def _survivors(decisions: Decisions) -> Any:
    """Return what holds the survivors, but for a million instances that nobody asks about."""
    survivors = decisions.survivors
    if len(survivors) < _VERY_MANY:
        return survivors
    if decisions.few_survivors[0] != len(survivors):
        few = OwnList[Any]()
        made = [each.new.cls for each in decisions.migrations.values()]
        few += without_instances(list(survivors.values()), made)
        decisions.few_survivors = (len(survivors), few)
    return decisions.few_survivors[1]


def _inside_caches(definitions: OwnList[Any]) -> set[int]:
    """Return the ids of what caches keep entries in: instances in these are made anew."""
    caches = OwnList(each for each in definitions if type(each) is CACHE_TYPE)
    inside = (part for each in caches for part in gc.get_referents(each))
    found = {id(part) for part in inside if type(part) in (tuple, dict)}
    return found.difference(id(each.__dict__) for each in caches)


def parts_of(definition: Any) -> Iterator[Any]:
    """Yield a definition and the objects inside it that refer to definitions and go with it."""
    if type(definition) is types.FunctionType:
        # Not the function itself: its defaults and annotations may have to be exchanged.
        if definition.__closure__:
            yield definition.__closure__
            yield from definition.__closure__
    elif is_class(definition):
        yield from _parts_of_class(definition)
    else:
        yield from parts_of_wrapper(definition)


def _parts_of_class(cls: type) -> Iterator[Any]:
    yield cls
    for part in gc.get_referents(cls):
        # Its dict, its bases and its method resolution order.
        if type(part) is dict or (type(part) is tuple and part is not bases_of(cls)):
            yield part
    yield bases_of(cls)
    for attribute in class_attributes(cls).values():
        if type(attribute) in PLACES:
            yield attribute
