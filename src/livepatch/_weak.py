"""Weak references to losers: no search for holders finds them, so they are asked for."""

from __future__ import annotations

import weakref
from itertools import islice
from typing import Any

from livepatch._heap import unexplained_counts
from livepatch._holders import Repointing, repoint_weak_reference
from livepatch._kinds import bases_of, is_class
from livepatch._own import OwnList


def repoint_weak_references(
    repointing: Repointing, targets: OwnList[Any], among: OwnList[Any] | None = None
) -> None:
    """Note how the weak references to some losers are repointed.

    Args:
        repointing: takes the steps.
        targets: the losers; what is built anew for them is added.
        among: all objects there are, if there is a list of them: it has the weak references too.
    """
    referred: OwnList[Any] = OwnList(filter(weakref.getweakrefcount, targets))
    references: OwnList[Any] = OwnList()
    ends = [0]
    for loser in referred:
        references += weakref.getweakrefs(loser)
        ends.append(len(references))
    # Those that records keep follow the instances by themselves.
    explainers: OwnList[Any] = OwnList((among,) if among else ())
    counts = iter(zip(references, unexplained_counts(references, explainers)))
    for loser, start, end in zip(referred, ends, ends[1:]):
        # A base's list of subclasses holds the plain reference to each; that is not ours.
        own = len(bases_of(loser)) if is_class(loser) else 0
        for reference, count in islice(counts, end - start):
            plain = type(reference) is weakref.ref and reference.__callback__ is None
            if count > (own if plain else 0):
                repoint_weak_reference(repointing, reference, loser)
    targets += repointing.take_rebuilt()
