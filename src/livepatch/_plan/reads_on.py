"""Stage 5: what reads something that has changed: who calls that has used it, too.

In the modules of the reload as well: ``def total(): return rate() * 2`` says what it said, and what
others have computed by it has the old rate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from livepatch._match.module import Module
from livepatch._match.pairs import Matches
from livepatch._plan.importer import ITEM, TABLES, Importer, Name
from livepatch._plan.importers import ImportersByName
from livepatch._plan.methods_used import Method, new_methods
from livepatch._python.kinds import class_attributes, is_class, kind_of, mro_of
from livepatch._python.own import OwnList

MOST_READERS = 50
"""Who reads what reads what has changed, told by names: past so many that may be anybody."""


@dataclass(slots=True, eq=False)
class Change:
    """A global whose value has changed, or a function whose code has: then both are the same."""

    name: Name
    old: Any
    new: Any
    root: Name | None = None  # where it comes from; None: it is that itself
    part: str = ""  # the attribute of it that is not what it would be; empty: all of it
    by_calls: bool = False  # whether it says what it said, and calls what does not
    held: Any = None  # the function that others have for now, where another one is made


def of_method(method: Method) -> Change:
    """Return a method that has changed, as a part of its class."""
    name = Name(method.home.name, method.path.name.partition(".")[0], starred=False)
    return Change(name, method.cls, method.cls, method.path, method.name)


def what_reads(
    readers: ImportersByName, change: Change, known: set[tuple[str, str]]
) -> Iterator[Change]:
    """Yield the functions and methods of modules that read what has changed.

    And what is made to call it: ``partial(fetch, 1)``.

    Args:
        readers: the modules; that which has it may be one of them.
        change: what has changed.
        known: what has been yielded of which module; this is added.
    """
    for importer in readers.that_may_use(change.name):
        for name, part in _reading(importer, change):
            place = importer.name, f"{name}.{part}" if part else name
            if place not in known:
                known.add(place)
                value = importer.namespace.get(name)
                of = Name(importer.name, name, name in importer.star_names)
                yield Change(of, value, value, change.root or change.name, part, by_calls=True)


def _reading(importer: Importer, change: Change) -> Iterator[tuple[str, str]]:
    """Yield the globals of a module that lead to what reads something, each with the attribute."""
    for function in importer.functions_with(change.name, change.part):
        if kind_of(importer.namespace.get(function)) is not None:
            yield function, ""
    if importer.partials:
        made = importer.computed_from(change.name, change.part)
        yield from ((path[0], "") for path in made if not path[1:] and path[0] in importer.partials)
    for cls, method in importer.methods_with(change.name, change.part):
        if cls in importer.namespace:  # and not in another class
            yield cls, method
    yield from _leading(importer, change)


def _leading(importer: Importer, change: Change) -> Iterator[tuple[str, str]]:
    """Yield the globals by whose values a function is found, or a method of a class."""
    if type(change.new) is FunctionType:
        tables = (*importer.faces_of(change.new), *importer.faces_of(change.held))
        yield from ((table, ITEM) for table in tables)
    elif is_class(change.new) and change.part:
        for face in importer.faces_of(change.new):
            if _has_method_of(importer.namespace[face], change.new, change.part):
                yield face, change.part


def _has_method_of(value: Any, cls: type, method: str) -> bool:
    """Whether a class, or an object, has a method of a class, or is a table."""
    if type(value) in TABLES:
        return True
    order = mro_of(value if is_class(value) else type(value))
    return next((each for each in order if method in class_attributes(each)), cls) is cls


def read_inside(
    matches: Matches, changed: Iterable[tuple[Module, str]]
) -> Iterator[tuple[Module, str]]:
    """Yield the globals of a reload that say what they said and use what has changed there.

    Where all runs again each definition is another one, and none of them has to be sought.

    Args:
        matches: of the modules.
        changed: the globals that have changed.
    """
    modules = {each.name: each for each in matches.modules if each.followed.definitions}
    inside = ImportersByName(
        Importer(each.name, each.old, each.outline) for each in modules.values()
    )
    waiting: list[Change] = OwnList()
    for module, name in changed if modules else ():
        value = module.old.get(name)
        waiting.append(Change(Name(module.name, name, starred=False), value, value))
    waiting += map(of_method, new_methods(matches) if modules else ())
    known: set[tuple[str, str]] = set()
    while waiting and len(known) < MOST_READERS:
        for each in what_reads(inside, waiting.pop(), known):
            waiting.append(each)
            yield modules[each.name.module], each.name.name
