"""Stage 4: pair the old and the new definitions, global by global. Nothing is changed."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from operator import is_
from types import FunctionType
from typing import Any

from livepatch._match.decorated import decorated_function
from livepatch._match.likeness import Walk
from livepatch._match.module import Module, Path, find_names, star_homes_first
from livepatch._match.moves import (
    call_renamed_by_own_name,
    drop_found_elsewhere,
    follow_heirs,
    follow_moves,
)
from livepatch._match.ownership import (
    is_at_home,
    is_own_definition,
    place_of,
    was_put_over_import,
)
from livepatch._match.pairs import Matches
from livepatch._match.plainly import pair_plainly
from livepatch._match.registered import is_bound_in_turn, registry_of, text_of_key
from livepatch._match.said_by_name import with_alias
from livepatch._match.walk import add_pair, note_alone, visit, visit_items
from livepatch._python.kinds import (
    CLASS,
    FUNCTION,
    OBJECT,
    class_attributes,
    is_class,
    is_plain_data,
    is_single_dispatch,
    kind_of,
    qualified_name,
)
from livepatch._python.layers import leads_on
from livepatch._python.own import OwnDict, OwnList


def match(modules: Iterable[Module]) -> Matches:
    """Pair the definitions of the old and new namespaces of some modules.

    Args:
        modules: what the stages before found. What they add, remove and patch is noted in them.

    Returns:
        Every definition on either side, each once.
    """
    matches = Matches(tuple(modules))
    for module in star_homes_first(matches.by_name):
        find_names(module, matches.by_name)
    _pair_globals(matches)
    for module in matches.modules:
        _pair_entered(Walk(matches, module, module))
        _pair_put_instead(Walk(matches, module, module))
        for name in module.unbound:
            note_alone(module, module.removed, (name,), module.old[name])
    call_renamed_by_own_name(matches)
    drop_found_elsewhere(matches)
    if len(matches.modules) > 1:
        follow_moves(matches)
        follow_heirs(matches)
        drop_found_elsewhere(matches)
    return matches


def _pair_globals(matches: Matches) -> None:
    """Pair what the globals were and are, from each of them down."""
    walks = [Walk(matches, module, module) for module in matches.modules]
    made = OwnList((walk, name, value) for walk in walks for name, value in _made_anew(walk.module))
    if made:
        remade = frozenset(_made_again_nameless(matches.modules))
        matches.standing.update(*(_standing(module, remade) for module in matches.modules))
        matches.standing.difference_update(frozenset(_made_again_at_home(matches)))
        matches.standing.difference_update(*map(_went_with_classes, matches.modules))
        matches.standing.difference_update(*map(_set_anew, matches.modules))
    matches.unnamed.update(_unnamed(made))
    # A definition at its own place goes first: an alias or an import must not claim it.
    elsewhere: OwnList[tuple[Walk, str, Any]] = OwnList()
    unsure = {id(module): _bound_otherwise(module) for module in matches.modules}
    for walk, name, value in made:
        # A function that a single statement binds, before and after: nearly every one.
        is_sure = type(value) is FunctionType and name not in unsure[id(walk.module)]
        if is_sure and pair_plainly(walk, (name,), walk.module.old.get(name), value):
            continue
        if is_at_home(walk.module, name, value):
            _visit_global(walk, name, value)
        else:
            elsewhere.append((walk, name, value))
    elsewhere.sort(key=_turn_of)
    for walk, name, value in elsewhere:
        _visit_global(walk, name, value)


def _bound_otherwise(module: Module) -> frozenset[str]:
    """Return the names that more than one statement binds, before or after, or another one now."""
    sources = (source for source in (module.origin, module.outline) if source is not None)
    rebound = (source.scopes[()].rebound for source in sources)
    return frozenset((*module.unbound, *module.apart)).union(*rebound)


def _unnamed(made: OwnList[tuple[Walk, str, Any]]) -> Iterator[int]:
    """Yield the ids of what the modules' statements made, and that does not say where."""
    for walk, name, value in made:
        if type(value) is FunctionType:
            continue  # nearly every one
        if qualified_name(value) is None and not walk.module.outline.imports((name,)):
            yield id(value)


def _turn_of(made: tuple[Walk, str, Any]) -> int:
    """Let a table come after the names of what is in it, and before what it alone can tell apart.

    Of functions that are all called ``_`` it is what they are registered for that pairs them.
    """
    walk, name, value = made
    if is_bound_in_turn(walk.module, (name,)):
        return 2
    return 1 if kind_of(value) is None else 0


def _made_anew(module: Module) -> Iterator[tuple[str, Any]]:
    """Yield the globals that may be other objects than before, or have others registered."""
    old, bound, unbound = module.old, module.bound, module.unbound
    for name, value in module.new.items():
        before = old.get(name)
        if is_plain_data(before) and is_plain_data(value):
            continue  # nearly all that the import system puts there, and constants
        if name in bound and (
            before is not value or name in unbound or name not in old or is_single_dispatch(value)
        ):
            yield name, value


def _made_again_nameless(modules: Iterable[Module]) -> Iterator[int]:
    """Yield the ids of definitions that do not say where they are, and have come anew there."""
    for module in modules:
        for name, value in module.old.items():
            is_other = kind_of(value) is not None and module.new.get(name, value) is not value
            nameless = is_other and "<" in (qualified_name(value) or "<")
            if nameless and not (module.origin or module.outline).takes_over((name,)):
                yield id(value)


def _made_again_at_home(matches: Matches) -> Iterator[int]:
    """Yield the ids of standing definitions that have come anew where they say that they are.

    A wrapper of ``functools.wraps`` does so too, whosever code has made it. Who has one by another
    name, or in another module, did not make it.
    """
    for module in matches.modules if matches.standing else ():
        for name, value in module.old.items():
            if id(value) not in matches.standing:
                continue  # nearly every one
            new = module.new.get(name, value)
            if new is value or type(name) is not str or kind_of(value) is None is not kind_of(new):
                continue
            made = not (module.origin or module.outline).imports((name,))
            if made and _says_it_is(module, name, value):
                yield id(value)


def _says_it_is(module: Module, name: str, value: Any) -> bool:
    """Whether a definition says that it is at a name of a module, or what it is around does."""
    home = qualified_name(value)
    if home is None or "<" in home:
        return decorated_function(module, (name,), value) is not None
    said = class_attributes(value).get("__module__") if is_class(value) else value.__module__
    return home == name and type(said) is str and said == module.name


def _standing(module: Module, remade: Container[int]) -> Iterator[int]:
    """Yield the ids of definitions that a module had, and that it did not make again.

    Args:
        module: it.
        remade: those that were made again; who has imported one, or named it, did not make it.
    """
    if module.bodies is None:
        return
    for name, value in module.old.items():
        if name in module.new and module.new[name] is value and kind_of(value) is not None:
            if _is_made_again(module, value):
                continue
            if id(value) in remade and module.outline.takes_over((name,)):
                continue
            yield id(value)
            if is_class(value) and module.owns(value):
                parts = class_attributes(value).values()
                yield from (id(part) for part in parts if kind_of(part) is not None)


def _is_made_again(module: Module, value: Any) -> bool:
    """Whether another name leads to what was made again at its own place: ``Other = Note``.

    Or has no more a place of its own: it may have another name now.
    """
    home = str(qualified_name(value)).partition(".")[0]
    if module.old.get(home) is not value:
        return False
    return home in module.unbound or module.new.get(home, value) is not value


def _went_with_classes(module: Module) -> Iterator[int]:
    """Yield the ids of what classes had that are made again: `DEFAULT = Color.RED` has not run.

    What does not say where it is, enum members and properties, has no other place than its class.
    """
    if module.bodies is None:
        return
    for name, value in module.old.items():
        new = module.new.get(name)
        if is_class(value) and new is not value and is_class(new) and module.owns(value):
            yield from _parts_gone(value, new)


def _parts_gone(old: type, new: Any) -> Iterator[int]:
    parts = dict(CLASS.parts(new))
    stay = set(map(id, parts.values()))
    for name, part in CLASS.parts(old):
        other = parts.get(name)
        if is_class(part) and is_class(other) and part is not other:
            if str(qualified_name(part)).startswith(f"{qualified_name(old)}."):
                yield from _parts_gone(part, other)
        elif id(part) not in stay and kind_of(part) is not None and qualified_name(part) is None:
            yield id(part)


def _set_anew(module: Module) -> Iterator[int]:
    """Yield the ids of what statements have set on classes that stand, and made for that."""
    for path, _, new in _put_instead(module) if module.bodies is not None else ():
        if "[" not in path[-1] and not any(new is each for each in module.old.values()):
            yield id(new)


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
    if home is None and module.outline.imports((name,)):
        if is_own_definition(module, (name,), old):
            owner, home = _maker_of(walk.matches, name, value), name
        elif id(value) in walk.matches.unnamed:
            return  # it is paired where it is made
    if owner is not module and is_at_home(module, name, value):
        owner = module  # whatever module it says it belongs to
    if owner is None or owner is module or home is None or place_of(owner.new, home, value) is None:
        visit(walk, (name,), old, value)
    elif is_own_definition(module, (name,), old):
        # It has moved to another module of this reload, where the new one is described.
        _visit_moved(Walk(walk.matches, module, owner), (name,), old, value)
    elif old is not value and was_put_over_import(module, module, (name,), old):
        module.patched[name,] = old


def _visit_moved(walk: Walk, before: Path, old: Any, new: Any) -> None:
    """Pair a definition with one that another module has, maybe by another name."""
    path, origin = tuple(str(qualified_name(new) or before[0]).split(".")), walk.before.origin
    if path == before or qualified_name(old) != before[0]:
        visit(walk, path, old, new)
        return
    if origin is not None and not origin.scopes[()].binds(path[0]):
        walk.before.origin = with_alias(origin, before, path)
    walk.renamed = (before, path)
    visit(walk, path, old, new)
    pair = walk.matches.by_new.get(id(new))
    if pair is not None and pair.old is old:
        pair.previous = before


def _maker_of(matches: Matches, name: str, value: Any) -> Module | None:
    """Return the module whose decorators made what another imports: it does not say so itself."""
    for module in matches.modules:
        if module.new.get(name) is value and not module.outline.imports((name,)):
            return module if decorated_function(module, (name,), value) is not None else None
    return None


def _pair_entered(walk: Walk) -> None:
    """Pair what entered the lists of an object that decorates with what was there in its place."""
    for enrolled in walk.module.enrolled:
        for path, (old, new) in enrolled.came:
            if id(old) not in walk.matches.by_old and id(new) not in walk.matches.by_new:
                kind = FUNCTION if type(new) is FunctionType else OBJECT
                add_pair(walk, tuple(path.split(".")), kind, old, new)


def _pair_put_instead(walk: Walk) -> None:
    """Pair what statements have put into dicts and classes with what was there in its place.

    No name leads to it, or to the last of them alone: ``for name in ...: def op(a)``, and then
    ``OPS[name] = op``.
    """
    for path, old, new in _put_instead(walk.module) if walk.module.bodies is not None else ():
        if leads_on(new):
            visit(walk, path, old, new)


def _put_instead(module: Module) -> Iterator[tuple[Path, Any, Any]]:
    """Yield what statements have put in the place of something else, with where that is."""
    names: OwnDict[int, str] | None = None
    for live, before in module.contents:
        if type(live) is not dict or all(map(is_, live.values(), before.values())):
            continue  # nearly every one
        if names is None:
            names = OwnDict((id(value), name) for name, value in module.old.items())
        # What is put in the place of something stays in its place.
        there = zip(before.items(), live.items()) if id(live) in names else ()
        for (key, old), (same, new) in there:
            if key is same and old is not new:
                yield (names[id(live)], f"[{text_of_key(key)}]"), old, new
    for cls, before in module.classes:
        present = class_attributes(cls)
        if not all(map(is_, present.values(), before.values())) and module.owns(cls):
            home = str(qualified_name(cls)).split(".")
            for name in before.keys() & present.keys():
                if present[name] is not before[name]:
                    yield (*home, name), before[name], present[name]


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
    visit(Walk(matches, module, module, (old_path, path)), path, old, new)
    pair = matches.by_new.get(id(new))
    if pair is not None and pair.old is old:
        pair.previous = old_path
