"""Functions that go by what they are registered for, and not by their name.

Of several registrations that are all called ``_`` a namespace has only the last one. Which one that
is may be another one after an edit, so that the name alone pairs nothing.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from types import FunctionType
from typing import Any

from livepatch._match.module import Module, Path
from livepatch._python.kinds import (
    class_attributes,
    dict_of,
    is_class,
    is_enum,
    is_lambda,
    qualified_name,
)
from livepatch._source.outline import Outline
from livepatch._source.shell import Shell

_PLAIN = (bytes, bool, float, complex, type(None))


def is_bound_in_turn(module: Module, path: Path) -> bool:
    """Whether a path is for nothing, or a source binds one registered function after another to it.

    The arms of a condition also bind one name, to what is one function for all who use it.
    """
    name, above = path[-1], path[:-1]
    if not name.strip("_"):
        return True
    for source in (module.origin, module.outline):
        if source is None or above not in source.scopes:
            continue
        if name not in source.scopes[above].rebound:
            continue  # nearly every name
        bindings = _bindings(source, path)
        if len(bindings) > 1 and any("register" in shell.loads for shell in bindings):
            return True
    return False


def is_another(before: Module, module: Module, path: Path) -> bool:
    """Whether the last statements that bind a path for nothing make different things.

    The path ends in underscores alone.
    """
    old, new = _bindings(before.origin, path), _bindings(module.outline, path)
    if not old or not new or old[-1] == new[-1]:
        return False
    return len(old) > 1 or len(new) > 1


def _bindings(source: Outline | None, path: Path) -> list[Shell]:
    scope = source.scopes.get(path[:-1]) if source is not None else None
    shells = scope.shells.get(path[-1], ()) if scope is not None else ()
    # `f = decorator(f)` and `@p.setter` make more of what is there.
    return [shell for shell in shells if path[-1] not in shell.loads]


def same_keys(
    homes: Mapping[str, Module], old: dict[Any, Any], new: dict[Any, Any]
) -> Iterator[tuple[Any, Any]]:
    """Yield the keys of one dict with the keys of another that mean the same.

    Args:
        homes: the modules of the reload by name: a class of theirs means the one that it replaces.
        old: the dict before the load.
        new: the one that the load made.
    """
    places = {_place_of({}, key): key for key in list(old)}
    for key in list(new):
        place = _place_of(homes, key)
        if place is not None and place in places:
            yield places[place], key


def keys_without(
    homes: Mapping[str, Module], old: dict[Any, Any], new: dict[Any, Any]
) -> Iterator[Any]:
    """Yield the keys of one dict for which the other has none that means the same."""
    places = {_place_of(homes, key) for key in list(new)}
    for key in list(old):
        place = _place_of({}, key)
        if place is not None and place not in places:
            yield key


def _place_of(homes: Mapping[str, Module], key: Any) -> Any:
    """Return a text or number itself, and of a definition what tells who it is; so in tuples.

    A member of an enumeration goes by its name, and a combination of flags by its number.
    """
    kind = type(key)
    if kind in (str, int):
        return key
    if kind in _PLAIN:
        return (kind.__name__, key)
    if is_class(key) or (kind is FunctionType and not is_lambda(key)):
        return (id(_definition_before(homes, key)),)
    if is_enum(kind):
        return (id(_definition_before(homes, kind)), _name_of_member(key))
    if type(key) is tuple:
        parts = [_place_of(homes, part) for part in key]
        return None if None in parts else tuple(parts)
    return None


def text_of_key(key: Any) -> str:
    """Return how a path says what is in a dict under a key."""
    if type(key) is tuple:
        return ", ".join(map(text_of_key, key))
    if is_enum(type(key)):
        return f"{qualified_name(type(key))}.{_name_of_member(key)}"
    return qualified_name(key) or repr(key)


def _name_of_member(member: Any) -> Any:
    """Return the name of an enumeration's member, past any attribute of its class; or its value."""
    said = dict_of(member) or {}
    name = said.get("_name_")
    return said.get("_value_") if name is None else name


def _definition_before(homes: Mapping[str, Module], definition: Any) -> Any:
    """Return what a module of the reload had where a class or function of it says that it is."""
    attributes: Any = class_attributes(definition) if is_class(definition) else {}
    home: Any = attributes.get("__module__") if attributes else definition.__module__
    module = homes.get(home) if type(home) is str else None
    name = qualified_name(definition)
    if module is None or name is None:
        return definition
    namespace: Mapping[str, Any] = module.old
    found: Any = None
    for step in name.split("."):
        found = namespace.get(step)
        namespace = class_attributes(found) if is_class(found) else {}
    return found


def registry_of(function: Any) -> dict[Any, Any]:
    """Return the registry of such a function, the dict itself.

    The function shows it through a read-only view; the dict is in the closures.
    """
    (registry,) = gc.get_referents(function.registry)
    return registry  # type: ignore[no-any-return]
