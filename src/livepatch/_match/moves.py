"""Stage 4: pair what vanished from one module with what appeared in another under the same name."""

from __future__ import annotations

from livepatch._match.heirs import imported_instead
from livepatch._match.likeness import Walk
from livepatch._match.module import Module, Part, Path
from livepatch._match.pairs import Matches
from livepatch._match.walk import pair_heir, visit
from livepatch._python.kinds import CLASS, FUNCTION, is_class, is_special, kind_of
from livepatch._python.own import OwnList


def follow_moves(matches: Matches) -> None:
    """Pair what vanished from one module with what appeared in another under the same name.

    A name that the old module still leads to the new definition by has been followed already, as
    an import that takes a definition's place.
    """
    vanished, appeared = _by_last_name(matches, removed=True), _by_last_name(matches, removed=False)
    for key, old_places in vanished.items():
        new_places = appeared.get(key, [])
        if len(old_places) == 1 < len(new_places):
            new_places = _imported_instead(matches, old_places[0], new_places)
        if len(old_places) == len(new_places) == 1:
            (before, path), (module, _) = old_places[0], new_places[0]
            walk = Walk(matches, before, module)
            visit(walk, path, before.removed[path], module.added[path])
        elif new_places:
            candidates = tuple(module.path_text(path) for module, path in new_places)
            matches.moved += ((before.path_text(path), candidates) for before, path in old_places)


def _imported_instead(
    matches: Matches, gone: tuple[Module, Path], places: list[tuple[Module, Path]]
) -> list[tuple[Module, Path]]:
    """Return the one of some places from which modules import what they had of another; or all."""
    home, path = gone
    values = OwnList(module.added[each] for module, each in places)
    chosen = imported_instead(matches, home.removed[path], values)
    found = [place for place, value in zip(places, values) if value is chosen]
    return found or places


def follow_heirs(matches: Matches) -> None:
    """Let instances of a class that has become something else go to one that appeared elsewhere.

    A function that is to warn is in the place of what has moved.
    """
    appeared = _by_last_name(matches, removed=False)
    for pair in OwnList(matches.pairs):
        if is_class(pair.old) and not is_class(pair.new):
            places = appeared.get((pair.path[-1], CLASS.name), [])
            if len(places) == 1:
                ((module, path),) = places
                walk = Walk(matches, pair.before, module)
                pair_heir(walk, path, pair.old, module.added[path], pair.path)


def _by_last_name(
    matches: Matches, *, removed: bool
) -> dict[tuple[str, str], list[tuple[Module, Path]]]:
    found: dict[tuple[str, str], list[tuple[Module, Path]]] = {}
    for module in matches.modules:
        for path, value in (module.removed if removed else module.added).items():
            kind = kind_of(value)
            if len(path) != 1 or kind is None or (removed and module.part is Part.NEW):
                continue
            if not is_special(path[0]):  # a module's own __getattr__ is that of no other
                found.setdefault((path[0], kind.name), []).append((module, path))
    return found


def call_renamed_by_own_name(matches: Matches) -> None:
    """Let a renamed function that a class holds too go by its own name: ``class C: run = helper``.

    The class led to it, before and after, where its own names did not.
    """
    for module in matches.modules:
        removed = {id(value): path for path, value in module.removed.items() if len(path) == 1}
        for path, value in module.added.items() if removed else ():
            pair = matches.by_new.get(id(value))
            if pair is None or pair.kind is not FUNCTION or id(pair.old) not in removed:
                continue
            if pair.before is pair.module is module and len(path) == 1 < len(pair.path):
                pair.go_by(path, removed[id(pair.old)])


def drop_found_elsewhere(matches: Matches) -> None:
    """Take back that something was added or removed, where it has a partner after all."""
    for module in matches.modules:
        for found, paired in ((module.added, matches.by_new), (module.removed, matches.by_old)):
            gone = [
                path
                for path, value in found.items()
                if id(value) in paired
                or (id(value) in matches.standing and path[0] not in module.unbound)
            ]
            for path in gone:
                del found[path]
