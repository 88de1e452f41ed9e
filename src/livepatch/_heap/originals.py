"""Stage 4: functions that something was put in the place of at run time, and that others hold.

No path leads to such a function any more: not the names of others that have imported it, nor what a
patch keeps to put it back. Its name and its code say which it is.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any

from livepatch._heap.heap import unexplained_counts
from livepatch._match.decorated import decorated_function
from livepatch._match.likeness import Walk
from livepatch._match.module import Module, Path
from livepatch._match.pairs import Matches
from livepatch._match.walk import visit
from livepatch._python.among import objects_of
from livepatch._python.code import same_code
from livepatch._python.kinds import class_attributes, is_class
from livepatch._python.own import OwnDict, OwnList
from livepatch._source.outline import Outline
from livepatch._source.scope import functions_bound


def follow_originals(matches: Matches) -> None:
    """Pair each function that has been made anew with the one that a patch had put aside."""
    for module in matches.modules:
        made: OwnDict[str, Any] = OwnDict()
        for path in module.patched if module.origin is not None else ():
            new = decorated_function(module, path, _at(module, path))
            if type(new) is FunctionType and id(new) not in matches.by_new:
                made[".".join(path)] = new
        if made:
            _pair_with_originals(matches, module, made)


def _at(module: Module, path: Path) -> Any:
    namespace: Any = module.new
    value: Any = None
    for name in path:
        value = namespace.get(name)
        namespace = class_attributes(value) if is_class(value) else {}
    return value


def _pair_with_originals(matches: Matches, module: Module, made: OwnDict[str, Any]) -> None:
    originals: OwnList[Any] = OwnList(
        each
        for each in objects_of(FunctionType)
        if each.__qualname__ in made
        and module.owns(each)
        and id(each) not in matches.by_old
        and id(each) not in matches.by_new
        and each is not made[each.__qualname__]
        and _has_code(module.origin, each)
    )
    # Those that livepatch alone keeps, for an undo, are none.
    counts = unexplained_counts(originals, OwnList())
    for place, count in enumerate(counts):
        name = originals[place].__qualname__
        if count > 0 and name in made:
            path = tuple(name.split("."))
            module.added.pop(path, None)
            visit(Walk(matches, module, module), path, originals[place], made.pop(name))


def _has_code(origin: Outline | None, function: FunctionType) -> bool:
    path = tuple(function.__qualname__.split("."))
    scope = origin.scopes.get(path[:-1]) if origin is not None else None
    codes = functions_bound(scope.code, path[-1]) if scope is not None else []
    return any(same_code(function.__code__, code) for code in codes)
