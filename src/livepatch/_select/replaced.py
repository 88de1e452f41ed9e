"""Module objects that a module's code puts in its own place in ``sys.modules``, for a class of their own.

    class Lazy(types.ModuleType): ...
    module = Lazy(__name__)
    module.__dict__.update(globals())
    sys.modules[__name__] = module

There is one live module, whoever holds it: it stays, and takes what such an object has and its
class. The code runs in that module's own namespace, where it leaves the names it needs, also where
the object is without them.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

from livepatch._python.kinds import class_attributes, is_class, is_module, is_special
from livepatch._python.layout import same_layout
from livepatch._source.source import namespace_of


def can_take_place(candidate: Any, live: ModuleType) -> bool:
    """Whether the live module can become what has been put in its place."""
    return is_module(candidate) and same_layout(type(candidate), type(live))


def take_what_it_has(live: ModuleType, candidate: ModuleType) -> None:
    """Give the live namespace what the object in its place has; what names that names the module."""  # noqa: E501
    namespace = namespace_of(live)
    for name, value in namespace_of(candidate).items():
        # What ModuleType() itself sets is none of what an import knows.
        if not (value is None and is_special(name) and name in namespace):
            namespace[name] = value
    for name, value in list(namespace.items()):
        if value is candidate:
            namespace[name] = live


def globals_behind(live: ModuleType) -> dict[str, Any] | None:
    """Return the namespace that a module's functions see, where it is another one than its own.

    It is that of the module object which the import system had made, and which nothing else holds.
    """
    if type(live) is ModuleType:
        return None
    own = namespace_of(live)
    place = own.get("__name__"), own.get("__file__")
    for function in _functions_of(own):
        seen = function.__globals__
        if seen is not own and (seen.get("__name__"), seen.get("__file__")) == place:
            return seen
    return None


def _functions_of(namespace: dict[str, Any]) -> Iterator[FunctionType]:
    for value in list(namespace.values()):
        attributes = class_attributes(value).values() if is_class(value) else ()
        yield from (each for each in (value, *attributes) if type(each) is FunctionType)
