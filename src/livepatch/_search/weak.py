"""Weak references to losers: no search for holders finds them, so they are asked for."""

from __future__ import annotations

import weakref
from itertools import repeat
from typing import Any

from livepatch._heap.heap import unexplained_counts
from livepatch._holders import Repointing, repoint_weak_reference
from livepatch._python.kinds import bases_of, is_class
from livepatch._python.own import OwnList


def repoint_weak_references(
    repointing: Repointing, targets: OwnList[Any], among: OwnList[Any] | None = None
) -> None:
    """Note how the weak references to some losers are repointed.

    Args:
        repointing: takes the steps.
        targets: the losers; what is built anew for them is added.
        among: all objects there are, if there is a list of them: it has the weak references too.
    """
    references: OwnList[Any] = OwnList()
    losers: OwnList[Any] = OwnList()
    for loser in filter(weakref.getweakrefcount, targets):
        references += weakref.getweakrefs(loser)
        losers += repeat(loser, len(references) - len(losers))
    explained = list(map(_count_in_bases, references, losers))
    explainers: OwnList[Any] = OwnList((among,) if among else ())
    counts = unexplained_counts(references, explainers, young=True)
    held = [place for place, count in enumerate(counts) if count > explained[place]]
    # Those that records keep follow the instances by themselves.
    explainers.append(references)
    found: OwnList[Any] = OwnList(references[place] for place in held)
    counts = unexplained_counts(found, explainers)
    for place, reference, count in zip(held, found, counts):
        if count > explained[place]:
            repoint_weak_reference(repointing, reference, losers[place])
    targets += repointing.take_rebuilt()


def _count_in_bases(reference: Any, loser: Any) -> int:
    """Count the bases' lists of subclasses that hold a weak reference to a class: not ours."""
    plain = type(reference) is weakref.ref and reference.__callback__ is None
    return len(bases_of(loser)) if plain and is_class(loser) else 0
