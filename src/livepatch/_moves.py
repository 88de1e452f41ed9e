"""Stage 4: pair what vanished from one module with what appeared in another under the same name."""

from __future__ import annotations

from livepatch._kinds import kind_of
from livepatch._likeness import Walk
from livepatch._module import Module, Part, Path
from livepatch._pairs import Matches
from livepatch._walk import visit


def follow_moves(matches: Matches) -> None:
    """Pair what vanished from one module with what appeared in another under the same name.

    A name that the old module still leads to the new definition by has been followed already, as
    an import that takes a definition's place.
    """
    vanished, appeared = _by_last_name(matches, removed=True), _by_last_name(matches, removed=False)
    for key, old_places in vanished.items():
        new_places = appeared.get(key, [])
        if len(old_places) == len(new_places) == 1:
            (before, path), (module, _) = old_places[0], new_places[0]
            walk = Walk(matches, before, module)
            visit(walk, path, before.removed[path], module.added[path])
        elif new_places:
            candidates = tuple(module.path_text(path) for module, path in new_places)
            matches.moved += ((before.path_text(path), candidates) for before, path in old_places)


def _by_last_name(
    matches: Matches, *, removed: bool
) -> dict[tuple[str, str], list[tuple[Module, Path]]]:
    found: dict[tuple[str, str], list[tuple[Module, Path]]] = {}
    for module in matches.modules:
        for path, value in (module.removed if removed else module.added).items():
            kind = kind_of(value)
            if len(path) == 1 and kind is not None and not (removed and module.part is Part.NEW):
                found.setdefault((path[0], kind.name), []).append((module, path))
    return found


def drop_found_elsewhere(matches: Matches) -> None:
    """Take back that something was added or removed, where it has a partner after all."""
    for module in matches.modules:
        for found, paired in ((module.added, matches.by_new), (module.removed, matches.by_old)):
            for path in [path for path, value in found.items() if id(value) in paired]:
                del found[path]
