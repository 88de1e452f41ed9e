"""Note how each holder that the search found is repointed; what cannot let go is forwarded."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from livepatch._decide.successors import fill_successors, tuple_successor
from livepatch._heap.retire import forward_class
from livepatch._holders import (
    IS_FILLABLE,
    Repointing,
    ask_registered_holders,
    fill_unseen,
    is_crowd_type,
    keepers_of,
    repoint_contents,
    repoint_crowd,
    repoint_running_frames,
)
from livepatch._match.pairs import Pair
from livepatch._match.shapes import is_tracked
from livepatch._python.kinds import CACHE_TYPE, is_class, is_enum
from livepatch._python.layout import same_layout
from livepatch._python.own import Call, OwnDict, OwnList
from livepatch._reconcile import Reconciliation
from livepatch._search.hidden import forward_function, repoint_hidden_holders
from livepatch._search.noted import CROWD, Noted
from livepatch._steps.rows import recode
from livepatch._steps.steps import Steps


def repoint_all(result: Reconciliation, noted: Noted) -> None:
    """Build the immutable holders anew, parts before wholes; then note how the rest is changed.

    Args:
        result: the steps for the definitions.
        noted: the holders.
    """
    repointing = noted.repointing
    migrations = repointing.migrations.values()
    with _earlier_code(result.steps, noted):
        _fill_what_is_hashed(noted)
        for holder in OwnList(noted.rebuilt.values()):
            _rebuild(noted, holder)
    # What is built anew was found by the collector.
    tracked = all(is_tracked(each.old.cls) for each in migrations) and all(
        map(gc.is_tracked, result.decisions.losers)
    )
    for migration in migrations:
        fill_successors(migration, repointing.survivors, losers_are_tracked=tracked)
        # Since 3.13 a dict whose values lie in its instance does not refer to them itself.
        noted.changed.update((id(shared), shared) for shared in migration.shared.values())
    _change_all(result, noted)
    for held in OwnDict(zip(map(id, noted.unseen), noted.unseen)).values():
        fill_unseen(repointing, held)
    if noted.unseen or any(migration.instances for migration in migrations):
        repoint_hidden_holders(repointing)
        ask_registered_holders(repointing, noted.changed)
        repoint_running_frames(repointing)
        unseen = set(map(id, noted.unseen))
        matches = result.decisions.matches
        for pair in (*matches.pairs, *matches.aliases):
            if id(pair.old) in unseen:
                _forward(result, repointing, pair)


@contextmanager
def _earlier_code(steps: Steps, noted: Noted) -> Generator[None, None, None]:
    """Let the functions of the earlier code be that while frozensets are built on the way back.

    They ask their members for hashes, and the function that answers may have the later code until
    the change is made. Only where they cannot be filled when it has been.
    """
    back = any(each.direction == "back" for each in noted.repointing.migrations.values())
    if not back or IS_FILLABLE or frozenset not in set(map(type, noted.rebuilt.values())):
        yield
        return
    codes = [(do, undo) for do, undo in zip(steps.do, steps.undo) if do.func is recode]
    try:
        for do, _ in codes:
            do()
        yield
    finally:
        for _, undo in reversed(codes):
            undo()


def _fill_what_is_hashed(noted: Noted) -> None:
    """Give successors their values before frozensets with them are built.

    A member asks for the hashes of what is in it. What is built anew later takes its place when
    all of them are filled again. Only where frozensets cannot be filled in the end.
    """
    if not IS_FILLABLE and frozenset in set(map(type, noted.rebuilt.values())):
        for migration in noted.repointing.migrations.values():
            if not migration.is_tuple:
                fill_successors(migration, noted.repointing.survivors)


def _rebuild(noted: Noted, holder: Any) -> None:
    if noted.rebuilt.pop(id(holder), None) is not None:
        for part in gc.get_referents(holder):
            if id(part) in noted.rebuilt:
                _rebuild(noted, part)
        repointing = noted.repointing
        migration = repointing.migrations.get(id(type(holder)))
        if migration is None:
            repoint_contents(repointing, holder)
            if issubclass(type(holder), frozenset) and repointing.settle(holder) is holder:
                # A member would not be asked for its hash.
                noted.unseen += filter(repointing.is_loser, gc.get_referents(holder))
        else:
            successor = tuple_successor(migration, holder, repointing.settle)
            repointing.rebuild(holder, successor)


def _change_all(result: Reconciliation, noted: Noted) -> None:
    """Note how each holder is changed; what it cannot let go of is forwarded later."""
    repointing = noted.repointing
    calls = [steps.do for steps in (result.steps, *repointing.rows())]
    _skip_insides_of_caches(noted)
    groups = (noted.changed.values(), *noted.crowds)
    dicts = OwnList(each for group in groups for each in group if type(each) is dict)
    repointing.kept.update(keepers_of(dicts))
    dicts.clear()
    holders = OwnList(noted.changed.values())
    for crowd in noted.crowds_by_class():
        holders += repoint_crowd(repointing, crowd)
    holders = _change_dicts(repointing, holders)
    before = sum(map(len, calls))
    for holder in holders:
        repoint_contents(repointing, holder)
        after = sum(map(len, calls))
        if after == before and not repointing.is_loser(type(holder)):
            losers = filter(repointing.is_loser, gc.get_referents(holder))
            noted.unseen += losers
        before = after


def _skip_insides_of_caches(noted: Noted) -> None:
    """Leave the dicts alone that caches, which are emptied, keep their entries in."""
    repointing = noted.repointing
    if repointing.hashes_last:
        for holder in noted.changed.values():
            if type(holder) is CACHE_TYPE:
                parts = gc.get_referents(holder)
                own = (id(part) for part in parts if type(part) is dict)
                repointing.skipped.update(own)
                repointing.skipped.discard(id(holder.__dict__))


def _change_dicts(repointing: Repointing, holders: OwnList[Any]) -> OwnList[Any]:
    """Note how dicts are changed, where they are many; return the holders that are left."""
    dicts = OwnList(each for each in holders if type(each) is dict)
    if len(dicts) <= CROWD or not is_crowd_type(dict):
        return holders
    others = OwnList(each for each in holders if type(each) is not dict)
    others += repoint_crowd(repointing, dicts)
    return others


def _forward(result: Reconciliation, repointing: Repointing, pair: Pair) -> None:
    survivor = repointing.settle(pair.old)
    if id(pair.old) in repointing.migrations:
        return  # the new methods would look for the new fields in an old instance
    old: Any = pair.old
    if type(old) is CACHE_TYPE:
        # What is inside it is C memory too, and runs once nothing is remembered any more.
        result.add_cache(pair, Call(CACHE_TYPE.cache_clear, old))
        inner = result.decisions.matches.by_old.get(id(getattr(old, "__wrapped__", None)))
        if inner is not None:
            forward_function(repointing, inner)
        return
    if is_class(pair.old) and is_class(survivor):
        # Else it is as above; the members of an enumeration that goes would be none any more.
        if same_layout(pair.old, survivor) and is_enum(pair.old) is is_enum(survivor):
            forward_class(pair.old, survivor, repointing.forwards)
    else:
        forward_function(repointing, pair)
