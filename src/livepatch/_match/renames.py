"""Stage 4: definitions that have another name now and say the same otherwise.

Only asked where what changed is known, after an edit: of an upgrade, a function that went and one
that came may well have one short body.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

from livepatch._match.decorated import decorated_function
from livepatch._match.match import pair_renamed
from livepatch._match.module import Module, Path
from livepatch._match.pairs import Matches
from livepatch._match.said_by_name import with_alias
from livepatch._python.code import same_but_for_names
from livepatch._python.kinds import is_class, kind_of


def follow_renames(matches: Matches) -> None:
    """Pair each definition that vanished with the one of the same body that came in its place.

    Both must stand in the same module or class, and neither may have another such partner.
    """
    for module in matches.modules:
        if module.bodies is not None and module.removed and module.added:
            for old_path, new_path in _renamed(matches, module):
                _pair(matches, module, old_path, new_path)


def _renamed(matches: Matches, module: Module) -> Iterator[tuple[Path, Path]]:
    """Yield the paths of definitions that were renamed; note which of them are not certain."""
    partners = {
        path: [other for other in module.added if _may_be(module, path, other)]
        for path in module.removed
    }
    claimed = [path for found in partners.values() for path in found]
    for path, found in partners.items():
        if len(found) == 1 and claimed.count(found[0]) == 1:
            yield path, found[0]
        elif found:
            candidates = tuple(module.path_text(other) for other in found)
            matches.moved.append((module.path_text(path), candidates))


def _may_be(module: Module, old_path: Path, new_path: Path) -> bool:
    if len(old_path) != len(new_path) or old_path[:-1] != new_path[:-1]:
        return False
    old, new = module.removed[old_path], module.added[new_path]
    if kind_of(old) is not kind_of(new):
        return False
    before = _code_of(module, old_path, old, new=False)
    after = _code_of(module, new_path, new, new=True)
    if before is None or after is None:
        return False
    return same_but_for_names(before, after, (old_path[-1], new_path[-1]))


def _code_of(module: Module, path: Path, definition: Any, *, new: bool) -> CodeType | None:
    """Return the code of a function, also behind decorators, or of a class."""
    if is_class(definition):
        outline = module.outline if new else module.origin
        scope = outline.scopes.get(path) if outline is not None else None
        return scope.code if scope is not None else None
    function = decorated_function(module, path, definition)
    return function.__code__ if type(function) is FunctionType else None


def _pair(matches: Matches, module: Module, old_path: Path, new_path: Path) -> None:
    if module.origin is not None:
        module.origin = with_alias(module.origin, old_path, new_path)
    old, new = module.removed[old_path], module.added[new_path]
    for found, path in ((module.removed, old_path), (module.added, new_path)):
        for each in [each for each in found if each[: len(path)] == path]:
            del found[each]
    pair_renamed(matches, module, new_path, (old_path, old), new)
