"""What goes with the losers and need not be sought: their insides, closures and subclasses."""

from __future__ import annotations

import sys
import types
from typing import Any

from livepatch._decide.decide import REINITIALISED
from livepatch._decide.decisions import Decisions
from livepatch._heap.belongings import parts_of
from livepatch._heap.dropped import held_subclasses
from livepatch._holders import Repointing, raw_namespace, repoint_holder
from livepatch._match.module import names_of_others
from livepatch._match.pairs import Matches
from livepatch._python.class_tree import with_classes_below
from livepatch._python.kinds import bases_of, class_attributes, is_class, is_empty, mro_of
from livepatch._python.own import OwnDict, OwnList, OwnSet

_CLASS_DICT_CELLS = (3, 12)
# Before 3.14 no function has another one for its annotations: without a closure it has no cell.
_HAS_NO_ANNOTATE = sys.version_info < (3, 14)


def fresh_ids(matches: Matches) -> set[int]:
    """Return the ids of what the load made, and of what it bound to another name."""
    fresh = OwnSet(key for key, pair in matches.by_new.items() if not pair.foreign)
    fresh.update(id(new) for _, new in matches.finders)
    for module in matches.modules:
        names = names_of_others(module.new, module.old)
        fresh.update(map(id, map(module.new.__getitem__, names)))
    return fresh - matches.standing  # `plugin = other` has not made `other`


def skip_internals(matches: Matches, decisions: Decisions, repointing: Repointing) -> None:
    """Leave alone what goes with a loser, and what `reconcile` has seen to."""
    skipped = repointing.skipped
    for module in matches.modules:
        skipped |= {id(module.live), id(module.old), id(module.new)}
    for pair in (*matches.beyond_functions(), *decisions.derived):
        if pair.kind in REINITIALISED:
            # What it will hold is decided; the search sees what it holds now.
            skipped |= {id(pair.old), id(pair.new)}
        for cls in (pair.old,) if pair.foreign else (pair.old, pair.new):
            if is_class(cls):
                # Its dict, its bases and its method resolution order; its slots.
                skipped.update(map(id, parts_of(cls)))
                skipped.discard(id(cls))
    for cls in with_classes_below(filter(is_class, decisions.losers)):
        skipped.update((id(mro_of(cls)), id(bases_of(cls))))


def settle_cells(matches: Matches, repointing: Repointing) -> None:
    """Give every closure of a pair the survivors, the losers' too: old generators use them.

    Zero-argument super() in old code raises TypeError once its instance has the new class, until
    the old ``__class__`` cell holds that class.
    """
    seen: set[int] = set()
    for pair in matches.pairs:
        for function in (pair.old, pair.new) if not pair.is_plain else ():
            if type(function) is not types.FunctionType or not function.__closure__:
                continue  # nearly every one
            for name, cell in zip(function.__code__.co_freevars, function.__closure__):
                if id(cell) not in seen:
                    seen.add(id(cell))
                    if _is_settled(repointing, name, cell):
                        repointing.skipped.add(id(cell))


def _is_settled(repointing: Repointing, name: str, cell: types.CellType) -> bool:
    """Whether a variable needs no search; one with an instance that is made anew does."""
    try:
        contents = cell.cell_contents
    except ValueError:
        return True  # not assigned yet
    settle = repointing.settle_class if name == "__class__" else repointing.settle
    if settle(contents) is not contents:
        repointing.steps.set_cell(cell, settle(contents), contents)
        return True
    return id(type(contents)) not in repointing.migrations


def settle_class_dicts(matches: Matches, decisions: Decisions, repointing: Repointing) -> None:
    """Let annotations look names up in the survivor's namespace (PEP 649, PEP 695).

    They are functions since 3.14, and a class that takes them over from a loser would keep that
    one's namespace alive with all that is in it.
    """
    if sys.version_info < _CLASS_DICT_CELLS:
        return
    wanted: OwnDict[int, Any] = OwnDict()
    functions: OwnList[Any] = OwnList()
    for loser in OwnList(decisions.losers):
        survivor = decisions.settle_class(loser)
        if is_class(loser) and is_class(survivor):
            wanted[id(raw_namespace(loser))] = raw_namespace(survivor)
            # The annotations may be all that is new, and have no old ones to be a pair with.
            functions += class_attributes(loser).values()
    if wanted:
        others = (pair for pair in matches.pairs if not (pair.is_plain and _HAS_NO_ANNOTATE))
        functions += (each for pair in others for each in (pair.old, pair.new))
    for function in functions:
        if type(function) is types.FunctionType:
            _settle_class_dict(repointing, function, wanted)
            _settle_class_dict(repointing, getattr(function, "__annotate__", None), wanted)


def _settle_class_dict(
    repointing: Repointing, function: Any, wanted: OwnDict[int, dict[str, Any]]
) -> None:
    if type(function) is not types.FunctionType or not function.__closure__:
        return
    for name, cell in zip(function.__code__.co_freevars, function.__closure__):
        if name == "__classdict__" and not is_empty(cell):
            namespace = wanted.get(id(cell.cell_contents))
            if namespace is not None and id(cell) not in repointing.skipped:
                repointing.skipped.add(id(cell))
                repointing.steps.set_cell(cell, namespace, cell.cell_contents)


def repoint_subclasses(decisions: Decisions, repointing: Repointing) -> None:
    """Note the bases that the subclasses of losers are given: a class knows who they are."""
    losers: OwnList[type] = OwnList(filter(is_class, decisions.losers))
    held, dropped = held_subclasses(losers)
    repointing.skipped.update(map(id, dropped))
    for subclass in held:
        repoint_holder(repointing, subclass)
