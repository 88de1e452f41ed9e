"""Stage 5: data that modules outside the reload imported by name, and what they computed from it.

A function or class is found wherever it is held. A number or a string cannot be found that way, but
the importers' import statements say which of their names came from where: such a name gets the new
value while it still has the old one. What was computed from it is named.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import chain
from types import FunctionType, MethodType, ModuleType
from typing import Any

from livepatch._match.module import Module, Part, names_of_others
from livepatch._match.pairs import Matches
from livepatch._needs.marks import IMPORT_SYSTEM_NAMES
from livepatch._plan.carry_copies import carry_copies
from livepatch._plan.carry_stars import carry_stars, set_name
from livepatch._plan.computed import computed_nothing, has_computed_defaults, takes_new_code
from livepatch._plan.importer import ITEM, Importer, Name
from livepatch._plan.importers import (
    ImportersByName,
    importers_of,
    may_be_imported,
    read_importers,
)
from livepatch._plan.made_elsewhere import notice_made_elsewhere, objects_with_new_methods
from livepatch._plan.methods_used import (
    Methods,
    holders_of_methods,
    uses_of,
)
from livepatch._plan.plan import Plan
from livepatch._plan.reads_on import MOST_READERS, Change, of_method, read_inside, what_reads
from livepatch._python.constants import same_value
from livepatch._python.kinds import (
    CLASS,
    FUNCTION,
    class_attributes,
    is_module,
    kind_of,
)
from livepatch._python.own import MISSING, OwnDict, OwnList
from livepatch._python.star_names import binds_other_stars, star_names
from livepatch._registers.records import holds_inside
from livepatch._report.report import Notice
from livepatch._snapshot.nested import is_loaded_part
from livepatch._source.scope import ANNOTATIONS

_DEEPEST = 4
# Who reads what reads what has changed, and so on, is nearly everybody in a large package: past so
# many names the importers of more are not read.
_MOST_NAMES = 200


def read_possible_importers(matches: Matches) -> None:
    """Read what is not known yet of those who may have imported what has changed."""
    modules = {each.name: each.source.module for each in matches.modules}
    known = next(importers_of(modules, modules, matches.importers), None)
    if known is None and not may_be_imported(modules):
        return
    changed = OwnList(
        (module, name)
        for module in matches.modules
        for name in (*_names_changed(module), *_new_bodies(module))
    )
    changed += read_inside(matches, changed)
    values = OwnList(module.old[name] for module, name in changed)
    objects = objects_with_new_methods(matches)
    values += (module.old[name] for module, name, _, _ in objects)
    values += holders_of_methods(matches)
    starred = (value for module in matches.modules for value in _values_starred(module))
    near: set[str] = set()
    for module, name in changed:
        top = module.name.partition(".")[0]
        if top not in near and _is_data(module, name):
            near.add(top)
    read_importers(modules, chain(values, starred), modules, near)
    importers = list(importers_of(modules, modules, matches.importers)) if changed else []
    if importers:
        names = [Name(module.name, name, starred=False) for module, name in changed]
        _read_further(names, importers, modules, matches.importers)


def _read_further(
    names: list[Name],
    importers: list[Importer],
    modules: Mapping[str, ModuleType],
    known: dict[str, Importer],
) -> None:
    """Read those who may have imported what importers made of what has changed, and so on."""
    seen = set(names)
    while importers and len(seen) < _MOST_NAMES:
        following: dict[Name, Any] = {}
        for importer in importers:
            for used in filter(importer.may_use, names):
                made = (path[0] for path in importer.computed_from(used))
                for bound in (*importer.names_of(used), *importer.functions_with(used), *made):
                    name = Name(importer.name, bound, starred=False)
                    if name not in seen:
                        seen.add(name)
                        following[name] = importer.namespace.get(bound)
        homes = {each.module for each in following}
        found = {name: module for name, module in list(sys.modules.items()) if name in homes}
        if found:
            read_importers(found, following.values(), modules)
        names, importers = list(following), list(importers_of(homes, modules, known))


def _names_changed(module: Module) -> Iterator[str]:
    for name in names_of_others(module.old, module.new):
        if type(name) is str and not same_value(module.old[name], module.new.get(name, MISSING)):
            yield name


def _is_data(module: Module, name: str) -> bool:
    value = module.old[name]
    is_other = name in IMPORT_SYSTEM_NAMES or is_module(value)
    return not is_other and kind_of(value) is None


def _values_starred(module: Module) -> list[Any]:
    """List what tells who has ``from module import *``, where that binds other names now."""
    new: Mapping[str, Any] = module.new
    if module.unbound:  # where only what changed runs, what has gone is still there
        new = OwnDict((name, value) for name, value in new.items() if name not in module.unbound)
    if not binds_other_stars(module.old, new):
        return OwnList()
    before = star_names(module.old)
    values: list[Any] = OwnList(module.old[name] for name in before if name in module.old)
    # Nearly every module has None, True or 1 from somewhere.
    return OwnList(filter(module.owns, values)) or values


def _new_bodies(module: Module) -> Iterator[str]:
    """Yield the globals that are definitions with a new body, which were not made again."""
    for path, (_, changed) in module.followed.definitions.items():
        if changed and len(path) == 1 and path[0] in module.old:
            yield path[0]


def carry_data(plan: Plan) -> None:
    """Note the steps for names that others imported, and name what they computed from them."""
    reloaded = [module for module in plan.matches.modules if module.part is Part.RELOADED]
    outside = _importers_outside(plan)
    carry_stars(plan, outside, reloaded)
    inside = [Importer(each.name, plan.finals[each.name], each.outline) for each in reloaded]
    carried: set[tuple[str, str]] = set()
    waiting: list[Change] = OwnList()
    # One that runs anew has the new value, unless it got it from one that does not.
    importers, beyond = ImportersByName((*inside, *outside)), ImportersByName(outside)
    for module in reloaded:
        waiting += _changed_data(plan, module)
    carry_copies(plan, waiting)
    if outside:
        waiting += _changed_definitions(plan)
        waiting += _notice_users(plan, outside, importers, carried)
    while waiting:
        change = waiting.pop()
        is_same = change.old is change.new
        hand_on = _hand_on if is_same else partial(_carry, plan)
        for importer in importers.of(change.name) if outside or not is_same else ():
            waiting += hand_on(importer, change, carried)
        for importer in outside:
            _notice_asked_for(plan, importer, change)
        for importer in beyond.that_may_use(change.name):
            waiting += _notice_computed(plan, importer, change)
        if outside and len(carried) < MOST_READERS:
            waiting += what_reads(importers, change, carried)


def _notice_users(
    plan: Plan, outside: list[Importer], readers: ImportersByName, known: set[tuple[str, str]]
) -> Iterator[Change]:
    """Name what importers made and computed by what has changed; yield that, and what reads it."""
    notice_made_elsewhere(plan, outside)
    methods = Methods(plan)
    for importer in outside if methods else ():
        yield from _notice_used(plan, importer, methods)
    for change in map(of_method, methods):
        yield from what_reads(readers, change, known)


def _importers_outside(plan: Plan) -> list[Importer]:
    """List who may be concerned: all that import what changed, from whichever module they do."""
    found: dict[str, Importer] = {}
    names = set(plan.finals)
    while names:
        others = importers_of(names, {*plan.finals, *found}, plan.matches.importers)
        more = {each.name: each for each in others}
        found |= more
        names = set(more)
    return list(found.values())


def _carry(
    plan: Plan, importer: Importer, change: Change, carried: set[tuple[str, str]]
) -> Iterator[Change]:
    """Give an importer's names the new value where they have the old one; yield what changes."""
    home, name = change.name.module, change.name.name
    if importer.name == home and is_loaded_part(home, name, change.old):
        return  # a package that imports a part of it gets that, whatever has its name later
    for bound in sorted(importer.names_of(change.name)):
        # An equal constant may be another object: it has been in another module in between.
        if not same_value(importer.namespace.get(bound, carried), change.old):
            continue
        if (importer.name, bound) not in carried:
            carried.add((importer.name, bound))
            if change.new is MISSING:
                message = f"has what was {change.name}, which has gone from the source"
                place = f"{importer.name}.{bound}"
                plan.notices.append(Notice("LP312", place, message))
                continue
            set_name(plan, importer, bound, change.new)
            given = Name(importer.name, bound, bound in star_names(importer.namespace))
            yield Change(given, change.old, change.new, change.root or change.name)


def _notice_computed(plan: Plan, importer: Importer, change: Change) -> Iterator[Change]:
    """Name what an importer computed from what has changed; yield it, for others have it too."""
    for path in importer.computed_from(change.name, change.part):
        goes_on = change.old is change.new and kind_of(change.new) is not None
        if computed_nothing(importer, path, by_calls=goes_on):
            continue
        value = importer.namespace.get(path[0])
        is_definition = kind_of(value) is not None
        by_itself = change.old is change.new and is_definition
        if by_itself and (change.by_calls or not importer.is_made_with(path, change.name)):
            continue  # a function or class that uses a function or class sees the new one
        if by_itself and takes_new_code(plan.matches, change, importer.namespace, path):
            continue
        says = is_definition or importer.says(path, change.name)
        if change.part == ITEM and says and not importer.takes_item(path):
            continue  # it has the table itself, or counts what is in it
        is_table = (not says or change.part) and _is_made_of_definitions(value)
        is_table = is_table or path[-1] == ANNOTATIONS
        goes_on = goes_on or change.part == ITEM
        if goes_on and (is_table or _keeps(value, _faces(plan, change.new))):
            continue  # so does a table of them, and what was made to call it: `Depends(user)`
        became = "has gone" if change.new is MISSING else "has changed"
        yield from _named(plan, importer, path, change.root or change.name, became)


def _notice_used(plan: Plan, importer: Importer, methods: Methods) -> Iterator[Change]:
    """Name what an importer computed by methods that have changed; yield it likewise."""
    for path, method in uses_of(importer, methods):
        if computed_nothing(importer, path) or path[-1] == ANNOTATIONS:
            continue
        value = importer.namespace.get(path[0])
        function = class_attributes(method.cls)[method.name]
        is_data = not _is_made_of_definitions(value) and not _keeps(value, OwnList([function]))
        is_data = is_data or has_computed_defaults(importer, path[0])
        if len(path) > 1 or is_data:
            yield from _named(plan, importer, path, method.path, "has changed")


def _named(
    plan: Plan, importer: Importer, path: tuple[str, ...], root: Name, became: str
) -> Iterator[Change]:
    """Name something that an importer computed, unless that has been done; yield it then."""
    place = f"{importer.name}.{'.'.join(path)}"
    if any(notice.path == place and notice.code == "LP312" for notice in plan.notices):
        return
    message = f"was computed from {root}, which {became}"
    plan.notices.append(Notice("LP312", place, message))
    value = importer.namespace.get(path[0])
    name = Name(importer.name, path[0], path[0] in star_names(importer.namespace))
    yield Change(name, value, value, root, ".".join(path[1:2]))


def _hand_on(importer: Importer, change: Change, known: set[tuple[str, str]]) -> Iterator[Change]:
    """Yield what an importer has of something that is the same and says something else."""
    for bound in sorted(importer.names_of(change.name)):
        is_it = same_value(importer.namespace.get(bound, known), change.old)
        place = importer.name, f"{bound}.{change.part}" if change.part else bound
        if is_it and place not in known:
            known.add(place)
            given = Name(importer.name, bound, bound in importer.star_names)
            yield Change(
                given,
                change.old,
                change.new,
                change.root or change.name,
                change.part,
                change.by_calls,
            )


def _notice_asked_for(plan: Plan, importer: Importer, change: Change) -> None:
    """Name what an importer may have of what has changed by way of a module's ``__getattr__``.

    That may be asked when it is imported for the first time, and not by a plan.
    """
    if change.old is change.new:
        return
    for module, name in importer.bound if change.name.name in importer.asked_names else ():
        there = getattr(sys.modules.get(module), "__dict__", {})
        if name != change.name.name or name in there or "__getattr__" not in there:
            continue
        for bound in importer.bound[module, name]:
            if same_value(importer.namespace.get(bound, MISSING), change.old):
                message = f"may have come from {change.name}, which has changed, by {module}"
                place = f"{importer.name}.{bound}"
                plan.notices.append(Notice("LP312", place, f"{message}.__getattr__"))


def _is_made_of_definitions(value: Any, depth: int = _DEEPEST) -> bool:
    """Whether a value is a container of functions and classes, and of such containers."""
    if kind_of(value) is not None or type(value) is MethodType:
        return True
    if type(value) not in (list, tuple, set, frozenset, dict) or not value or depth == 0:
        return False
    parts = value.values() if type(value) is dict else value
    return all(_is_made_of_definitions(each, depth - 1) for each in list(parts))


def _faces(plan: Plan, definition: Any) -> OwnList[Any]:
    """Return the objects that a definition may be for now: those that came, went and stay."""
    pair = plan.matches.by_new.get(id(definition))
    old = pair.old if pair is not None else definition
    return OwnList((definition, old, plan.decisions.settle(definition)))


def _keeps(value: Any, faces: OwnList[Any]) -> bool:
    """Whether a value is a definition, or keeps it, or a default does, rather than what it gave."""
    if any(value is each for each in faces):
        return True
    function = type(value) is FunctionType
    parts = OwnList([value.__defaults__, value.__kwdefaults__] if function else [value])
    return holds_inside(parts, set(map(id, faces)))


def _changed_definitions(plan: Plan) -> Iterator[Change]:
    starred = {module.name: set(star_names(module.old)) for module in plan.matches.modules}
    for module in plan.matches.modules:
        for path, (kind, changed) in module.followed.definitions.items():
            value = module.new.get(path[0])
            if changed and len(path) == 1 and kind == FUNCTION.name:
                place = Name(module.name, path[0], path[0] in starred[module.name])
                yield Change(place, value, value)
    for pair in plan.matches.pairs:
        says_another = pair.kind in _NAMED and id(pair.new) in plan.changed
        if says_another and len(pair.path) == 1:
            home, name = pair.module.name, pair.path[0]
            place = Name(home, name, name in starred[home])
            yield Change(place, pair.new, pair.new, held=pair.old)


_NAMED = (FUNCTION, CLASS)


def _changed_data(plan: Plan, module: Module) -> Iterator[Change]:
    final = plan.finals[module.name]
    starred = set(star_names(module.old)).intersection(star_names(final))
    for name in names_of_others(module.old, final):
        if type(name) is not str or name in IMPORT_SYSTEM_NAMES:
            continue  # nobody imports it
        old, new = module.old[name], final.get(name, MISSING)
        if same_value(old, new) or (new is MISSING and not _is_data(module, name)):
            continue  # of definitions that have gone it is said who holds them
        follows = id(old) in plan.matches.by_old or id(old) in plan.decisions.survivors
        if follows and plan.decisions.survivors.get(id(old), old) is new:
            continue  # nearly every one: who holds it is given that
        yield Change(Name(module.name, name, name in starred), old, new)
