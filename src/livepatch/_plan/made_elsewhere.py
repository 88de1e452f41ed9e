"""Stage 5: definitions of other modules that code made which has changed.

By an ``__init_subclass__`` or a metaclass, or by a method that decorates: ``@bus.on``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from livepatch._holders import all_classes
from livepatch._match.decorated import plain_path
from livepatch._match.module import Module
from livepatch._match.pairs import Matches
from livepatch._plan.importer import Importer, Name
from livepatch._plan.plan import Plan
from livepatch._python.class_tree import classes_below
from livepatch._python.kinds import (
    FUNCTION,
    class_attributes,
    is_class,
    kind_of,
    mro_of,
    qualified_name,
)
from livepatch._python.own import OwnDict, OwnList
from livepatch._report.report import Notice


def notice_made_elsewhere(plan: Plan, importers: list[Importer]) -> None:
    """Name what changed code has made in modules that are not reloaded.

    Args:
        plan: takes the notices.
        importers: those who import from the modules of the reload.
    """
    _notice_made_classes(plan)
    objects: dict[str, list[tuple[Name, str, str]]] = {}
    for module, bound, method, maker in objects_with_new_methods(plan.matches) if importers else ():
        name = Name(module.name, bound, starred=False)
        objects.setdefault(bound, []).append((name, method, maker))
    for importer in importers if objects else ():
        # There may be very many objects, and each importer names a few.
        names = {name for _, name in importer.bound} | importer.names_used()
        for found in map(objects.__getitem__, sorted(names & objects.keys())):
            for name, method, maker in found:
                for path in importer.computed_from(name):
                    value = importer.namespace.get(path[0])
                    if kind_of(value) is not None and importer.is_made_with(path, name, method):
                        place = f"{importer.name}.{'.'.join(path)}"
                        message = f"was made by {maker}, which has changed"
                        plan.notices.append(Notice("LP312", place, message))


def objects_with_new_methods(matches: Matches) -> Iterator[tuple[Module, str, str, str]]:
    """Yield the globals that are objects with a method of another body, which was not made again.

    Each with its module and name, and the name and path of the method.
    """
    methods: OwnDict[int, OwnList[tuple[str, str]]] = OwnDict()
    for module in matches.modules:
        for path, (_, is_other) in module.followed.definitions.items():
            cls = module.old.get(path[0]) if is_other and len(path) == 2 else None  # noqa: PLR2004
            if is_class(cls):
                found = methods.setdefault(id(cls), OwnList())
                found.append((path[1], module.path_text(path)))
    for module in matches.modules if methods else ():
        for name, value in module.old.items():
            if type(name) is str and kind_of(value) is None:
                for cls in mro_of(type(value)):
                    for method, maker in methods.get(id(cls), ()):
                        yield module, name, method, maker


def _notice_made_classes(plan: Plan) -> None:
    """Name the classes elsewhere that were made by changed code of their bases or metaclass."""
    for cls, maker in _made_by_changed(plan):
        home = class_attributes(cls).get("__module__")
        if home not in plan.finals and type(home) is str and home in sys.modules:
            place = f"{home}.{qualified_name(cls)}"
            plan.notices.append(Notice("LP312", place, f"was made by {maker}, which has changed"))


def _made_by_changed(plan: Plan) -> Iterator[tuple[type, str]]:
    """Yield classes, each with the path of the changed function that runs as it is made."""
    changed: OwnDict[str, tuple[Any, bool]] = OwnDict()
    for module in plan.matches.modules:
        for path, (_, is_other) in module.followed.definitions.items():
            if is_other and len(path) == 2 and path[1] in _MAKING:  # noqa: PLR2004
                changed[module.path_text(path)] = module.old.get(path[0]), path[1] == _BELOW
    for pair in plan.matches.pairs:
        if pair.kind is not FUNCTION or id(pair.new) not in plan.changed:
            continue
        path = plain_path(pair.path)
        if len(path) == 2 and path[1] in _MAKING:  # noqa: PLR2004
            cls = pair.before.old.get(path[0])  # of which the others are
            changed[pair.module.path_text(path)] = cls, path[1] == _BELOW
    for maker, (cls, is_base) in changed.items():
        if is_class(cls) and is_base:
            yield from ((below, maker) for below in classes_below(cls))
        elif is_class(cls) and issubclass(cls, type):
            made = (
                each for each in all_classes() if any(base is cls for base in mro_of(type(each)))
            )
            yield from ((each, maker) for each in made)


_BELOW = "__init_subclass__"
_MAKING = (_BELOW, "__new__", "__init__", "__prepare__")
