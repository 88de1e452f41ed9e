"""Whether an old and a new object are one definition before and after."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from livepatch._kinds import (
    CLASS,
    ENUM_MEMBER,
    FUNCTION,
    OBJECT,
    Kind,
    class_attributes,
    is_class,
    kind_of,
    qualified_name,
)
from livepatch._layers import decorated_function, plain_path
from livepatch._module import Module, Path
from livepatch._ownership import is_class_of_source, is_of_library, leads_to, says_it_is_at
from livepatch._pairs import Matches
from livepatch._registered import is_another, is_bound_in_turn


@dataclass(slots=True, eq=False)
class Walk:
    """A walk from a name in an old module and a name in a new one, mostly the same, down."""

    matches: Matches
    before: Module
    module: Module

    def old_function(self, path: Path, candidate: Any) -> Any:
        """Return what decorators wrapped in the old module; None if nothing."""
        return decorated_function(self.before, path, candidate)

    def new_function(self, path: Path, candidate: Any) -> Any:
        """Return what decorators wrapped in the new module; None if nothing."""
        return decorated_function(self.module, path, candidate)


def own_path(walk: Walk, path: Path, old: Any, new: Any) -> Path:
    """Return the path that a definition's own name says, where one reaches it some other way first.

    ``__init_subclass__`` may have put classes into a list of their base.
    """
    if len(path) == 1:
        return path
    home = qualified_name(new)
    if home is None or home == ".".join(path) or qualified_name(old) != home:
        return path
    leads = leads_to(walk.module.new, home, new) and leads_to(walk.before.old, home, old)
    return tuple(home.split(".")) if leads else path


def is_same_function(walk: Walk, old: Any, new: FunctionType) -> bool:
    """Whether both are functions of the source under one name."""
    return (
        type(old) is FunctionType
        and new.__globals__ is walk.module.live
        and old.__globals__ is walk.before.live
        and old.__code__.co_name == new.__code__.co_name
        and id(new) not in walk.matches.standing
    )


def is_another_function(walk: Walk, path: Path, old: Any, new: Any) -> bool:
    """Whether two functions bound to a name in turn are not one function before and after."""
    matches = walk.matches
    if id(old) in matches.by_old or id(new) in matches.by_new:
        return is_bound_in_turn(walk.module, path)
    return (
        not path[-1].strip("_")
        and is_another(walk.before, walk.module, path)
        and is_bound_in_turn(walk.module, path)
    )


def kind_here(walk: Walk, path: Path, new: Any) -> Kind | None:
    """Return the kind of definition that a new object is; None for data and what was imported."""
    kind = kind_of(new)
    if kind is CLASS:
        made_here = is_class_of_source(walk.module, path, new, walk.module.outline)
        return kind if made_here or walk.matches.owner_of(new) is not None else None
    if kind is ENUM_MEMBER:
        return kind if walk.matches.owner_of(type(new)) is not None else None
    if kind is None and walk.new_function(path, new) is not None:
        return OBJECT
    return kind


def is_definition_here(walk: Walk, path: Path, old: Any, new: Any, kind: Kind) -> bool:
    """Whether the old object came from the old source, and not from a monkeypatch."""
    before = walk.before
    if type(old) is FunctionType or is_class(old):
        if before.owns(old):
            return True
        if is_class(old) and is_class_of_source(before, path, old, before.origin or before.outline):
            return True
        return walk.old_function(path, old) is not None or (
            kind is FUNCTION and type(old) is FunctionType and _is_made_alike(walk, path, old, new)
        )
    if kind is ENUM_MEMBER:
        return id(type(old)) in walk.matches.by_old
    return kind_of(old) is not None or walk.old_function(path, old) is not None


def _is_made_alike(walk: Walk, path: Path, old: FunctionType, new: FunctionType) -> bool:
    """Whether two functions were made by decorators elsewhere, one after the other for one name."""
    if old.__code__ is new.__code__:
        return True
    # The decorator's module is reloaded as well.
    if walk.matches.owner_of(old) is None or walk.matches.owner_of(new) is None:
        return False
    same_maker = old.__code__.co_name == new.__code__.co_name
    return same_maker or old.__name__ == plain_path(path)[-1]


def is_foreign(walk: Walk, path: Path, new: Any) -> bool:
    """Whether a function or class has been there before this load, and was only imported by it."""
    if walk.matches.owner_of(new) is not None:
        return False
    if walk.module.outline.imports(path):
        return True
    name = qualified_name(new)
    if name is None:
        return False
    home = class_attributes(new).get("__module__") if is_class(new) else new.__module__
    if type(home) is not str:
        return False
    return leads_to(getattr(sys.modules.get(home), "__dict__", {}), name, new)


def is_same_layer(walk: Walk, old: Any, new: Any, kind: Kind) -> bool:
    """Whether both are the same layer of decoration, rather than one the wrapper of the other."""
    if type(old) is not type(new):
        # Classes of one metaclass that was itself made anew.
        if kind is CLASS:
            return is_class(old)
        return kind is kind_of(old) or (
            kind is OBJECT and _paired(walk.matches, type(old), type(new))
        )
    if kind is FUNCTION:
        own = walk.matches.owner_of(new) is not None
        if own is not (walk.matches.owner_of(old) is not None):
            return False
        return old.__code__.co_name == new.__code__.co_name if own else old.__code__ is new.__code__
    return True


def _paired(matches: Matches, old: Any, new: Any) -> bool:
    pair = matches.by_old.get(id(old))
    return pair is not None and pair.new is new


def is_generated(walk: Walk, path: Path, old: Any, new: Any) -> bool:
    """Whether both are functions of no source, which a library made for a class."""
    scope = walk.module.outline.scopes.get(path[:-1])
    return (
        len(path) > 1
        and (scope is None or not scope.binds(path[-1]))
        and all(_is_made_from_text(path, each) for each in (old, new))
    )


def _is_made_from_text(path: Path, function: Any) -> bool:
    """Whether a library made a method; one made in a namespace without a name cannot say where."""
    if type(function) is not FunctionType or not is_of_library(function):
        return False
    home: Any = function.__module__
    nameless = home is None and function.__name__ == path[-1]
    return nameless or says_it_is_at(path, function)
