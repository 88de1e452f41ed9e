"""Which references to definitions are accounted for: the module's own, and those of losers."""

from __future__ import annotations

import gc
import types
from itertools import chain, islice
from operator import attrgetter
from typing import Any

from livepatch._decide.decisions import Decisions
from livepatch._heap.belongings import parts_of
from livepatch._match.module import Module
from livepatch._match.pairs import Matches
from livepatch._python.class_tree import without_instances
from livepatch._python.kinds import CACHE_TYPE, TYPE_PARAMETER, dict_of
from livepatch._python.own import OwnList

_VERY_MANY = 10_000
_old_of, _new_of = attrgetter("old"), attrgetter("new")


def explained_by(
    matches: Matches, decisions: Decisions, *, pairs: bool = True, young: bool = False
) -> OwnList[Any]:
    """List the objects whose references to definitions need no search.

    They are livepatch's own records, the modules' namespaces and their classes' (the plan sets
    every name there), and whatever goes away with a loser.

    Args:
        matches: the pairs.
        decisions: who survives.
        pairs: whether to list the pairs themselves; what they refer to is known without a look.
        young: whether the definitions are such as the load made: of what there was before, only
            what it may have changed is listed.
    """
    found: OwnList[Any] = OwnList()
    few = few_survivors(decisions)
    found.append(decisions.losers)
    found += (*matches.pairs, *matches.aliases) if pairs else ()
    found.append(decisions.survivors if few is None else few)
    found.append(decisions.heirs)
    for module in matches.modules:
        found += _explained_in(module, young=young)
    found += decisions.derived
    found += decisions.borrowed
    for migration in decisions.migrations.values():
        found += (migration, migration.old, migration.new)
    for pair in (*matches.pairs, *matches.aliases, *decisions.derived):
        if pair.is_plain:
            continue  # nearly every one
        if pair.kind is TYPE_PARAMETER and id(pair.new) not in decisions.survivors:
            found.append(pair.old)  # what the new one is bound to may be a loser that the load made
            continue
        both = (pair.new,) if young else (pair.old, pair.new)
        for definition in (pair.old,) if pair.foreign else both:
            if type(definition) is CACHE_TYPE and id(definition) not in decisions.survivors:
                found += (definition, dict_of(definition))  # what it remembers may be a loser
            # Nearly every definition is a function without a closure, of which nothing is a part.
            elif type(definition) is not types.FunctionType or definition.__closure__:
                found += parts_of(definition)
    if decisions.migrations:
        inside = _inside_caches(found)
        found = OwnList(each for each in found if id(each) not in inside)
    return found


def _explained_in(module: Module, *, young: bool) -> OwnList[Any]:
    found: OwnList[Any] = OwnList((module.live, module.new, module.added))
    found += module.contents
    found += (contents for _, contents in module.contents)
    found += (*module.objects, *module.slots)
    found += (contents for _, contents in module.objects)
    for enrolled in module.enrolled:
        found += enrolled.entries
        found += (entry.held for entry in enrolled.entries)
        found += (pair for _, pair in enrolled.came)
        found += (*enrolled.replaced, *enrolled.moved)
        found += (former for _, former in enrolled.orders)
    if not young:
        found += (module.old, module.removed, module.patched)
        found += module.classes
        found += (attributes for _, attributes in module.classes)
        found += module.functions
        found += (attributes for _, attributes in module.functions)
        found += module.names
        found += (names for _, names in module.names)
        for removed in module.removed.values():
            found += parts_of(removed)
    return found


def ids_in_pairs(matches: Matches) -> OwnList[int]:
    """Return the id of a definition for each reference that a pair has to it."""
    each_once = dict.fromkeys((*matches.pairs, *matches.aliases))
    return OwnList(map(id, chain(map(_old_of, each_once), map(_new_of, each_once))))


def few_survivors(decisions: Decisions) -> OwnList[Any] | None:
    """List the survivors that are no instances made anew; None unless these are very many.

    Their references need not be counted one by one: nobody asks for a million instances. Those of
    the survivors that are listed are to be counted beside those of the list.
    """
    survivors = decisions.survivors
    if len(survivors) < _VERY_MANY:
        return None
    seen, few = decisions.few_survivors
    if seen != len(survivors):
        made = [each.new.cls for each in decisions.migrations.values()]
        # None ever leaves, and those that come stand last.
        later = list(islice(survivors.values(), seen, None))
        few = OwnList((*few, *without_instances(later, made)))
        decisions.few_survivors = (len(survivors), few)
    return decisions.few_survivors[1]


def _inside_caches(definitions: OwnList[Any]) -> set[int]:
    """Return the ids of what caches keep entries in: instances in these are made anew."""
    caches = OwnList(each for each in definitions if type(each) is CACHE_TYPE)
    inside = (part for each in caches for part in gc.get_referents(each))
    found = {id(part) for part in inside if type(part) in (tuple, dict)}
    return found.difference(id(each.__dict__) for each in caches)
