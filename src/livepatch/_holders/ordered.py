"""Iterators of ordered dicts, which go on when their dict is filled anew.

An iterator of a plain dict has a place in its table. One of an OrderedDict has the key that is to
come, and raises a RuntimeError where the dict has been changed since: each change of its keys is
counted, and the iterator has the number there was (CPython: Objects/odictobject.c). It is given the
number of after the change, as long as there are as many entries.
"""

from __future__ import annotations

import gc
import operator
from collections import OrderedDict
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from livepatch._holders.context import Repointing
from livepatch._holders.insides import words_at
from livepatch._python.among import objects_of
from livepatch._python.own import Call, OwnDict, OwnList
from livepatch._steps.steps import Steps

ITERATOR: Any = type(iter(OrderedDict()))


@contextmanager
def iterators_going_on(
    repointing: Repointing, steps: Steps, holder: dict[Any, Any]
) -> Generator[None, None, None]:
    """Let those who go through an ordered dict go on when steps have filled it anew.

    Args:
        repointing: the search.
        steps: takes steps before and behind those that are noted in between.
        holder: the dict; of one that is not ordered the iterators need nothing.
    """
    iterators = _iterators_of(repointing, holder) if isinstance(holder, OrderedDict) else ()
    valid = OwnList(each for each in iterators if _STATES and _is_valid(holder, each))
    follow = OwnList(_follow(holder, each) for each in valid)
    nothing = OwnList(Call(bool, each) for each in valid)  # which keeps it alive till then
    for do, undo in zip(nothing, follow):
        steps.add(do, undo)
    yield
    for undo, do in zip(nothing, follow):
        steps.add(do, undo)
    if iterators and not _STATES:
        message = "which is being gone through: the loop will say that it has been changed"
        repointing.leave(holder, holder, "LP201", message)


def _iterators_of(repointing: Repointing, holder: Any) -> OwnList[Any]:
    if repointing.iterators is None:
        # A walk over the heap: once for all.
        found: OwnDict[int, OwnList[Any]] = OwnDict()
        for each in objects_of(ITERATOR):
            for part in gc.get_referents(each):
                if isinstance(part, OrderedDict):
                    found.setdefault(id(part), OwnList()).append(each)
        repointing.iterators = found
    return repointing.iterators.get(id(holder), OwnList())


def _is_valid(holder: Any, iterator: Any) -> bool:
    """Whether an iterator has the number that its dict has now."""
    of_dict, of_iterator = _states(holder, iterator)
    return of_dict == of_iterator


def _follow(holder: Any, iterator: Any) -> Call:
    """Return a call of C code that gives an iterator the number that its dict has by then."""
    of_dict, of_iterator = _states(holder, iterator)
    return Call(operator.setitem, of_iterator, slice(None), of_dict)


def _states(holder: Any, iterator: Any) -> tuple[memoryview, memoryview]:
    in_dict, in_iterator = _STATES
    of_dict = words_at(id(holder), in_dict + 1)[in_dict:]
    return of_dict, words_at(id(iterator), in_iterator + 1)[in_iterator:]


def _places_of_states() -> tuple[int, ...]:
    """Return where the number of changes is in a dict and in its iterator, in words; or nothing."""
    probe: OrderedDict[Any, Any] = OrderedDict.fromkeys("abc")
    del probe["a"]  # so that there are not as many changes as entries
    size = OrderedDict.__basicsize__ // tuple.__itemsize__
    seen = [words_at(id(probe), size).tolist()]
    for key in "de":
        probe[key] = None
        seen.append(words_at(id(probe), size).tolist())
    before, between, after = seen
    found = [
        place
        for place in range(dict.__basicsize__ // tuple.__itemsize__, size)
        if after[place] - between[place] == between[place] - before[place] == 1
    ]
    iterator = iter(probe)
    words = words_at(id(iterator), ITERATOR.__basicsize__ // tuple.__itemsize__).tolist()
    if len(found) != 1 or words.count(after[found[0]]) != 1:
        return ()
    return found[0], words.index(after[found[0]])


_STATES = _places_of_states()
