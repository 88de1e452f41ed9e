"""Stage 4: pair the old and the new definitions, global by global. Nothing is changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import FunctionType
from typing import Any

from livepatch._kinds import (
    FUNCTION,
    OBJECT,
    class_attributes,
    is_class,
    is_single_dispatch,
    kind_of,
    qualified_name,
)
from livepatch._layers import CONTAINERS
from livepatch._likeness import Walk
from livepatch._module import Module, Path, find_names
from livepatch._moves import drop_found_elsewhere, follow_moves
from livepatch._own import OwnList
from livepatch._ownership import is_at_home, is_own_definition, leads_to
from livepatch._pairs import Matches
from livepatch._registered import is_bound_in_turn, registry_of
from livepatch._walk import add_pair, note_alone, visit, visit_items


def match(modules: Iterable[Module]) -> Matches:
    """Pair the definitions of the old and new namespaces of some modules.

    Args:
        modules: what the stages before found. What they add, remove and patch is noted in them.

    Returns:
        Every definition on either side, each once.
    """
    matches = Matches(tuple(modules))
    for module in matches.modules:
        find_names(module, matches.by_name)
    _pair_globals(matches)
    for module in matches.modules:
        _pair_entered(Walk(matches, module, module))
        for name in module.unbound:
            note_alone(module, module.removed, (name,), module.old[name])
    drop_found_elsewhere(matches)
    if len(matches.modules) > 1:
        follow_moves(matches)
        drop_found_elsewhere(matches)
    return matches


def _pair_globals(matches: Matches) -> None:
    """Pair what the globals were and are, from each of them down."""
    walks = [Walk(matches, module, module) for module in matches.modules]
    made = OwnList((walk, *each) for walk in walks for each in _made_anew(walk.module))
    for module in matches.modules if made else ():
        matches.standing.update(_standing(module))
    # A definition at its own place goes first: an alias or an import must not claim it.
    elsewhere: OwnList[tuple[Walk, str, Any]] = OwnList()
    for walk, name, value in made:
        if is_at_home(walk.module, name, value):
            _visit_global(walk, name, value)
        else:
            elsewhere.append((walk, name, value))
    elsewhere.sort(key=_turn_of)
    for walk, name, value in elsewhere:
        _visit_global(walk, name, value)


def _turn_of(made: tuple[Walk, str, Any]) -> int:
    """Let a table come after the names of what is in it, and before what it alone can tell apart.

    Of functions that are all called ``_`` it is what they are registered for that pairs them.
    """
    walk, name, value = made
    if is_bound_in_turn(walk.module, (name,)):
        return 2
    return 1 if type(value) in CONTAINERS else 0


def _made_anew(module: Module) -> Iterator[tuple[str, Any]]:
    """Yield the globals that may be other objects than before, or have others registered."""
    for name, value in module.new.items():
        if name in module.bound and (
            module.old.get(name, module) is not value
            or name in module.unbound
            or is_single_dispatch(value)
        ):
            yield name, value


def _standing(module: Module) -> Iterator[int]:
    """Yield the ids of definitions that a module had, and that it did not make again."""
    if module.bodies is None:
        return
    for name, value in module.old.items():
        if name in module.new and module.new[name] is value and kind_of(value) is not None:
            yield id(value)
            if is_class(value) and module.owns(value):
                parts = class_attributes(value).values()
                yield from (id(part) for part in parts if kind_of(part) is not None)


def _visit_global(walk: Walk, name: str, value: Any) -> None:
    module = walk.module
    if name not in module.old or name in module.unbound or name in module.apart:
        note_alone(module, module.added, (name,), value)
        return
    old = module.old[name]
    if old is value and is_single_dispatch(value):
        # One of a module that has not run again: it has the old registrations beside the new.
        visit_items(walk, (name,), registry_of(value), registry_of(value))
    owner, home = walk.matches.owner_of(value), qualified_name(value)
    if owner is not module and is_at_home(module, name, value):
        owner = module  # whatever module it says it belongs to
    if owner is None or owner is module or home is None or not leads_to(owner.new, home, value):
        visit(walk, (name,), old, value)
    elif is_own_definition(module, (name,), old):
        # It has moved to another module of this reload, where the new one is described.
        visit(Walk(walk.matches, module, owner), tuple(home.split(".")), old, value)


def _pair_entered(walk: Walk) -> None:
    """Pair what entered the lists of an object that decorates with what was there in its place."""
    for enrolled in walk.module.enrolled:
        for path, (old, new) in enrolled.came:
            if id(old) not in walk.matches.by_old and id(new) not in walk.matches.by_new:
                kind = FUNCTION if type(new) is FunctionType else OBJECT
                add_pair(walk, tuple(path.split(".")), kind, old, new)


def pair_renamed(
    matches: Matches, module: Module, path: Path, before: tuple[Path, Any], new: Any
) -> None:
    """Pair a definition with one that has another name now.

    Args:
        matches: takes the pairs.
        module: where both are.
        path: of the new one.
        before: path of the old one, and the old one.
        new: the new one.
    """
    old_path, old = before
    visit(Walk(matches, module, module), path, old, new)
    pair = matches.by_new.get(id(new))
    if pair is not None and pair.old is old:
        pair.previous = old_path
