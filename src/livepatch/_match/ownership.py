"""Whose a function or class is: of a source, of a library that made it for that, or imported."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import FunctionType
from typing import Any

from livepatch._match.decorated import decorated_function, plain_path
from livepatch._match.module import Module, Path
from livepatch._match.registered import is_bound_in_turn
from livepatch._python.kinds import class_attributes, found_at, is_class, qualified_name
from livepatch._python.library import is_of_standard_library
from livepatch._snapshot.nested import absolute_name
from livepatch._source.outline import Outline


def is_own_definition(module: Module, path: Path, old: Any) -> bool:
    """Whether an object was made by the module's source, decorators included, or for it."""
    made_here = module.owns(old) or decorated_function(module, path, old) is not None
    return made_here or is_made_for_class(module, path, old)


def is_class_of_source(module: Module, path: Path, cls: Any, source: Outline | None) -> bool:
    """Whether the module's source made a class, whatever module it says it belongs to.

    A class may be given another ``__module__`` (a package that hides where things are defined),
    and make_dataclass and its like get it wrong before 3.12.
    """
    if module.owns(cls):
        return True
    names = plain_path(path)
    return (
        source is not None
        and qualified_name(cls) == ".".join(names)
        and names[:-1] in source.scopes
        and source.scopes[names[:-1]].binds(names[-1])
        and not source.imports(names)
        and not is_imported(module, names, cls, source)
    )


def is_imported(module: Module, path: Path, value: Any, source: Outline | None) -> bool:
    """Whether a function or class is what an import of the source has bound, where there is one.

    It stands beside the statement that makes one: ``try: from fast import Parser``, and then
    ``except ImportError: class Parser: ...``.
    """
    if is_class(value):
        home = class_attributes(value).get("__module__")
    else:
        home = value.__module__ if type(value) is FunctionType else module.name
    if source is None or len(path) != 1 or home == module.name:
        return False
    homes = {
        absolute_name(each.module, module.live): each.name
        for each in source.scopes[()].imports
        if each.bound == path[0] and each.name
    }
    # It may be from there, or that has it from elsewhere.
    return home in homes or any(
        getattr(sys.modules.get(each), "__dict__", {}).get(name) is value
        for each, name in homes.items()
    )


def was_put_there(module: Module, path: Path, old: Any) -> bool:
    """Whether an object is where the old source had put a definition of its own, as a patch is."""
    origin = module.origin
    defined = origin is not None and origin.defines(path)
    return defined and not is_imported(module, path, old, origin)


def was_put_over_import(module: Module, now: Module, path: Path, old: Any) -> bool:
    """Whether somebody put an object in the place of what another module's is under this name.

    Args:
        module: the module before.
        now: the module after; where its statement says the same it gives something else now.
        path: a global.
        old: what was there. It may be what the earlier import or alias has given.
    """
    origin = module.origin
    if origin is None:
        return now.outline.defines(path)
    sources = (origin, now.outline)
    if _may_be_imported(module, path[0], old, origin):
        return False
    if origin.imports(path) or origin.defines(path):
        return True
    if not now.outline.scopes[()].binds(path[0]):
        stars = [{each for each in said.scopes[()].imports if each.name == "*"} for said in sources]
        return stars[0] == stars[1]
    shell = now.outline.last_shell(path)
    loads = shell.loads if shell is not None else ()
    same_inputs = all(module.old.get(name) is now.new.get(name) for name in loads)
    return same_inputs and now.outline.same_shell(origin, path) is True


def _may_be_imported(module: Module, name: str, value: Any, source: Outline) -> bool:
    """Whether an import of the source may have given a value: that of one name, or of all."""
    home = value.__module__ if type(value) is FunctionType else None
    home = class_attributes(value).get("__module__") if is_class(value) else home
    for each in source.scopes[()].imports:
        if each.name == "*" or (each.bound == name and each.name):
            whole = absolute_name(each.module, module.live)
            # It may be from there, or that has it from elsewhere.
            said = name if each.name == "*" else each.name
            there = getattr(sys.modules.get(whole), "__dict__", {})
            if home == whole or there.get(said, module) is value:
                return True
    return False


def is_at_home(module: Module, name: str, value: Any) -> bool:
    """Whether a name's own statement made a function or class, rather than an import."""
    if qualified_name(value) != name:
        # What a decorator has made in its place is at home there, and not in a class that has it.
        is_made_there = type(value) is FunctionType and module.outline.defines((name,))
        return is_made_there and not is_bound_in_turn(module, (name,))
    if type(value) is FunctionType:
        return module.owns(value) and not is_bound_in_turn(module, (name,))
    source = module.outline
    return is_class_of_source(module, (name,), value, source) and not source.imports((name,))


def place_of(namespace: Mapping[str, Any], home: str, definition: Any) -> Path | None:
    """Return the path that a definition's name says; None if something else is there.

    A wrapper has the name of what it wraps.
    """
    value, names = found_at(namespace, home), tuple(home.split("."))
    if value is definition:
        return names
    # A class statement makes a static method of __new__.
    inside = type(value) is staticmethod and value.__func__ is definition
    return (*names, "<func>") if inside else None


def is_on_both_sides(before: Module, now: Module, value: Any) -> bool:
    """Whether a definition has its name before or after, and there is one of that name in both."""
    name = qualified_name(value) if is_class(value) or type(value) is FunctionType else None
    if name is None or "<" in name or name.partition(".")[0] in now.unbound:
        return False
    sides = (before.old, now.new)
    return any(place_of(each, name, value) is not None for each in sides) and all(
        found_at(each, name) is not None for each in sides
    )


def is_made_for_class(module: Module, path: Path, function: Any) -> bool:
    """Whether a library made a method for a class, and says that it is there (attrs).

    Python's own says so of the class alone (``namedtuple``).
    """
    return (
        says_it_is_at(path, function)
        and (function.__module__ == module.name or is_of_standard_library(function.__module__))
        # One that is put around a method says where that is, and is called otherwise by its code.
        and (is_of_library(function) or function.__code__.co_name == path[-1])
    )


def says_it_is_at(path: Path, function: Any) -> bool:
    """Whether a function says that it is a method, at this path.

    A class that was made inside a function is at another path than it says.
    """
    if type(function) is not FunctionType or len(path) < 2:  # noqa: PLR2004 - class and method
        return False
    home: str = function.__qualname__
    made_inside = "<locals>" in home and home.rpartition(".")[2] == path[-1]
    return made_inside or home == ".".join(plain_path(path))


def is_written_for(function: FunctionType, module: Module, path: Path) -> bool:
    """Whether a library wrote a function, in a namespace of no module, for a name (decorator)."""
    home = sys.modules.get(str(function.__globals__.get("__name__")))
    *above, name = plain_path(path)
    scope = module.outline.scopes.get(tuple(above))
    return (
        scope is not None
        and scope.binds(name)
        and (function.__module__, function.__name__) == (module.name, name)
        and getattr(home, "__dict__", None) is not function.__globals__
        and not module.outline.imports(path)
    )


def is_of_library(function: FunctionType) -> bool:
    """Whether a function was made from text, or by the standard library (dataclasses)."""
    home = function.__globals__.get("__name__")
    return function.__code__.co_filename.startswith("<") or is_of_standard_library(home)
