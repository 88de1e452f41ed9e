"""Who is held by the program, and who by nothing but what livepatch keeps for an undo.

Counting the references that are accounted for tells most. What an earlier report keeps may hold an
object in many ways: an attribute of a class that has been replaced, the closure of its method. Here
the way is gone upwards, from holder to holder, until there is none that is not livepatch's own.
"""

from __future__ import annotations

import gc
import re
from types import FrameType, FunctionType, ModuleType
from typing import Any

from livepatch._heap.heap import is_own_frame, referring_to, unexplained_counts
from livepatch._heap.retained import retained
from livepatch._python.among import is_own_type
from livepatch._python.own import OwnDict, OwnList

# Whoever has so many holders, or holders so far up, is held by the program.
_MANY, _DEEP = 500, 12
_ROOTS = (ModuleType, FrameType)


def caches_of_patterns() -> OwnList[Any]:
    """Return where Python's own library remembers patterns: nobody has one by that."""
    caches = (getattr(re, name, None) for name in ("_cache", "_cache2"))
    return OwnList(each for each in caches if isinstance(each, dict))


def held_outside(values: OwnList[Any], keepers: OwnList[Any]) -> set[int]:
    """Find out which of some objects the program holds: return their ids.

    Args:
        values: the objects.
        keepers: what else of livepatch's holds them.
    """
    nodes = OwnDict((id(each), each) for each in values)
    own = OwnDict((id(each), each) for each in (*caches_of_patterns(), *keepers))
    outside = set[int]()
    level = OwnList(values)
    for _ in range(_DEEP):
        level = _next_level(level, nodes, own, outside)
        _spread(outside, nodes)
        is_known = all(id(each) in outside for each in values)
        if not level or len(nodes) > _MANY + len(values) or is_known:
            break
    if level:
        return set(map(id, values))  # in doubt it is held
    targets = OwnList(nodes.values())
    unseen = _unseen_holders() if not all(map(gc.is_tracked, values)) else OwnList()
    accounted = OwnList((*own.values(), *targets, own, nodes, values, *unseen))
    counts = unexplained_counts(targets, accounted)
    outside |= {id(each) for each, count in zip(targets, counts) if count > 0}
    _spread(outside, nodes)
    return outside.intersection(map(id, values))


def _unseen_holders() -> OwnList[Any]:
    """Return the tuples that the records keep and the collector does not track: defaults, say."""
    level = gc.get_referents(*retained())
    functions = (each for each in level if type(each) is FunctionType)
    level += (each.__defaults__ for each in functions)
    each_once = OwnDict((id(each), each) for each in level)
    tuples = (each for each in each_once.values() if type(each) is tuple)
    return OwnList(each for each in tuples if not gc.is_tracked(each))


def _next_level(
    level: OwnList[Any], nodes: OwnDict[int, Any], own: OwnDict[int, Any], outside: set[int]
) -> OwnList[Any]:
    """Note who holds the objects of a level; return those whose own holders are to be sought."""
    mark = object()
    found = referring_to(level, mark)
    following: OwnList[Any] = OwnList()
    for each in found:
        key = id(each)
        if key in nodes or key in own or each is level or each is found:
            continue
        if type(each) is FrameType and is_own_frame(each):
            continue
        if is_own_type(type(each)):
            own[key] = each
        elif type(each) is tuple and _has(each, mark):
            continue  # the arguments of the call above
        else:
            nodes[key] = each
            if type(each) in _ROOTS or (type(each) is dict and "__builtins__" in each):
                outside.add(key)
            else:
                following.append(each)
    return following


def _has(candidate: tuple[Any, ...], mark: object) -> bool:
    # By its referents: to read an empty place of a tuple that C code is still filling is to crash.
    return any(part is mark for part in gc.get_referents(candidate))


def _spread(outside: set[int], nodes: OwnDict[int, Any]) -> None:
    """Let what somebody outside holds hold what it refers to, down to the objects asked for."""
    waiting = OwnList(nodes[key] for key in outside)
    while waiting:
        for part in gc.get_referents(waiting.pop()):
            if id(part) in nodes and id(part) not in outside:
                outside.add(id(part))
                waiting.append(part)
