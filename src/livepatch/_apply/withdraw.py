"""Take back what a load did outside its modules: a failed one, a refused one, a dry run.

The namespace has been put back by `load`. What is left are the new definitions that the module's
code put elsewhere, in a registry through a decorator, in a base's list of subclasses: there the
old definition is put again, and what has no old one is taken out.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Collection
from itertools import chain
from types import ModuleType
from typing import Any

from livepatch._apply.apply import perform_each
from livepatch._apply.sequence_slots import mend_sequence_slots
from livepatch._decide.base_order import unchecked
from livepatch._decide.decide import instances_can_move
from livepatch._decide.decisions import Decisions
from livepatch._heap.outside import held_outside
from livepatch._heap.retire import retired_classes, retiring
from livepatch._holders import GONE, Repointing
from livepatch._load.at_exit import take_back_registrations
from livepatch._load.load import Loaded
from livepatch._match.pairs import Matches
from livepatch._match.returns import keep_gone_again
from livepatch._python.kinds import is_class, is_whole
from livepatch._python.layout import keeps_no_more
from livepatch._python.own import OwnList
from livepatch._reconcile import Reconciliation
from livepatch._search.search import search
from livepatch._snapshot.borrow import bases_to_give_back, with_borrowed_bases
from livepatch._snapshot.snapshot import Snapshot
from livepatch._source.source import namespace_of
from livepatch._steps.steps import Steps
from livepatch._values.values import Values


def withdraw(
    matches: Matches,
    snapshots: list[Snapshot],
    loaded: Loaded,
    copies: Collection[type] = (),
) -> None:
    """Repoint every reference to a new definition to the old one, or drop it.

    Modules that were imported on the way are forgotten.

    Args:
        matches: the pairs of the load that is taken back, which may have been cut short.
        snapshots: of the modules before it.
        loaded: what it came to.
        copies: of classes elsewhere, made over the new bases for nothing.
    """
    try:
        _repoint_to_old(matches, copies)
    finally:
        keep_gone_again(matches)
        forget_modules(loaded.imported)
        take_back_registrations(loaded.at_exit, loaded.namespaces)
        for snapshot in snapshots:
            snapshot.put_back()


def forget_modules(modules: dict[str, ModuleType]) -> None:
    """Take modules out of ``sys.modules``, and from their packages."""
    for name, module in modules.items():
        if sys.modules.get(name) is module:
            del sys.modules[name]
        parent, _, tail = name.rpartition(".")
        package: Any = sys.modules.get(parent)
        if package is not None and namespace_of(package).get(tail) is module:
            del namespace_of(package)[tail]


def _decide_to_go_back(matches: Matches, copies: Collection[type]) -> Decisions:
    """Let the old definitions survive, and what is new lead to nothing."""
    decisions = Decisions(matches, "auto")
    for pair in matches.pairs:
        if not pair.foreign:
            came = id(pair.new) in matches.returned
            decisions.add_loser(pair.new, GONE if came else pair.old)
    before = _ids_before(matches)
    for alias in matches.aliases:
        # An old wrapper goes before the function inside it; what is imported is no wrapper, and
        # what was there before (`hit = Player`, where `hit` was a function) goes nowhere.
        own = not alias.foreign and alias.module is alias.before
        if own and id(alias.new) not in before:
            decisions.add_loser(alias.new, alias.old)
    for old, new in matches.finders:
        decisions.add_loser(new, old)
    new_ones = (added for module in matches.modules for added in module.added.values())
    for added in (*new_ones, *_unbound_classes(matches), *copies):
        # A name of its own may be all that is new about a definition.
        if id(added) not in decisions.survivors and id(added) not in before:
            decisions.add_loser(added, GONE)
    decisions.kept |= {id(pair.new): True for pair in matches.pairs}
    return decisions


def _repoint_to_old(matches: Matches, copies: Collection[type]) -> None:
    decisions = _decide_to_go_back(matches, copies)
    result = Reconciliation(decisions, Values(decisions))
    repointing, _ = search(result)
    moves = Steps()
    for key, instances in repointing.instances.items():
        cls, survivor = type(instances[0]), repointing.survivors[key]
        # What cannot go over was made by the new code, and goes with it unless it was given away.
        if is_class(survivor) and instances_can_move(decisions, cls, survivor):
            moves.set_class(instances, survivor, cls)
    borrowed = bases_to_give_back(decisions.borrowed, repointing.fresh_bases, decisions.settle)
    steps = Steps()
    steps.extend(_but_for_bases(copies, repointing.fresh_bases))
    steps.extend(_but_for_bases(copies, repointing.first))
    steps.extend(with_borrowed_bases(moves, borrowed))
    steps.extend(repointing.steps)
    steps.extend(repointing.last)
    perform_each(steps)
    mend_sequence_slots(cls for cls, _ in steps.new_bases())
    # With the bases that they have by now. Others go with the next collection: the new code may
    # have given an instance away, but none of a copy.
    made = (loser for loser in decisions.losers if is_class(loser) and keeps_no_more(loser))
    in_use = _classes_in_use(repointing)
    made = (cls for cls in made if id(cls) not in in_use)
    perform_each(retiring(retired_classes((*made, *copies))))


def _classes_in_use(repointing: Repointing) -> set[int]:
    """Return the ids of the classes that the load made and of which it gave instances away.

    ``@shared_task`` makes a class, and an application of another module has an instance of it.
    """
    instances = OwnList(chain.from_iterable(repointing.instances.values()))
    instances = OwnList(each for each in instances if repointing.settle_class(type(each)) is GONE)
    held = held_outside(instances, OwnList(repointing.instances.values())) if instances else ()
    return {id(type(each)) for each in instances if id(each) in held}


def _but_for_bases(copies: Collection[type], steps: Steps) -> Steps:
    """Return steps without those that give copies other bases: the old ones would not fit them."""
    given, bases, gone = steps.take_bases(), Steps(), set(map(id, copies))
    for do, undo in zip(given.do, given.undo):
        if id(do.args[0]) not in gone:
            bases.add(do, undo)
    steps.put_first(unchecked(bases))
    return steps


def _ids_before(matches: Matches) -> set[int]:
    """Return the ids of what the namespaces held before the load, the classes' own included."""
    known = set(matches.by_old)
    for module in matches.modules:
        known.update(map(id, module.old.values()))
        for _, attributes in module.classes:
            known.update(map(id, attributes.values()))
    return known


def _unbound_classes(matches: Matches) -> list[type]:
    """List the classes that the load made and bound to no name: it raised in ``__init_subclass__``."""  # noqa: E501
    known = _ids_before(matches)
    return OwnList(
        young
        for young in gc.get_objects(generation=0)
        if is_class(young)
        and is_whole(young)
        and matches.owner_of(young) is not None
        and id(young) not in matches.by_old
        and id(young) not in matches.by_new
        and id(young) not in known
    )
