"""Stage 2: classes that a library keeps in a register, and that must not be made a second time.

SQLAlchemy maps a class to a table when its statement runs, and Django enters a model among its
apps: the register would have the class twice, and what it has made of the first one (tables,
mappers, relations, managers) refers to that. A function's new body needs no statement to run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from livepatch._python.class_tree import classes_below
from livepatch._python.kinds import class_attributes, mro_of, qualified_name
from livepatch._report.report import Notice
from livepatch._select.selection import Selection
from livepatch._snapshot.snapshot import Snapshot
from livepatch._source.outline import Outline

_LIBRARIES = ("sqlalchemy", "django")


def refuse_mapped(
    snapshots: list[Snapshot],
    outlines: Mapping[str, Outline],
    selections: Mapping[str, Selection],
) -> list[Notice]:
    """Refuse what would make a class again that a library has in a register, or one below it.

    Args:
        snapshots: of the modules, which have not run again.
        outlines: of the new sources, by module.
        selections: what of them is to run, by module; all of a module that is not there.
    """
    refusals: list[Notice] = []
    if not any(name in sys.modules for name in _LIBRARIES):
        return refusals
    for snapshot in snapshots:
        name = snapshot.source.name
        selection = selections.get(name)
        kept: set[tuple[str, ...]] = set()
        if selection is not None and selection.bodies is not None:
            kept = {body.path for body in selection.bodies.classes}
        for cls, _ in snapshot.classes:
            path = (qualified_name(cls) or "",)
            if path not in kept and outlines[name].scopes[()].binds(path[0]):
                refusals += _refusals(name, cls)
    return list(dict.fromkeys(refusals))


def _refusals(module: str, cls: type) -> Iterator[Notice]:
    for each in (cls, *classes_below(cls)):
        library = _library_of(each)
        if library is not None:
            home = class_attributes(each).get("__module__")
            name = f"{home}.{qualified_name(each)}"
            message = f"{library} has it in its register"
            if each is not cls:
                message += f", and its base {qualified_name(cls)} would be made anew"
            yield Notice("LP127", name if home else module, message)


def _library_of(cls: type) -> str | None:
    """Return the library that has a class in its register; None if there is none."""
    attributes = class_attributes(cls)
    mapper: Any = attributes.get("__mapper__")
    if mapper is not None and _is_from(type(mapper), "sqlalchemy"):
        return "SQLAlchemy"
    options: Any = attributes.get("_meta")
    if options is not None and _is_from(type(options), "django"):
        # A form has options as well, and is in no register.
        return "Django" if getattr(options, "abstract", None) is False else None
    return None


def _is_from(cls: type, package: str) -> bool:
    homes = (class_attributes(base).get("__module__") for base in mro_of(cls))
    return any(isinstance(home, str) and home.partition(".")[0] == package for home in homes)
