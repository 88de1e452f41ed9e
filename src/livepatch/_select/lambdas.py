"""Lambda expressions whose body changed: whether anything has them, and what they are called."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from types import FunctionType
from typing import Any

from livepatch._needs.differences import FIELD
from livepatch._python.kinds import class_attributes, found_at, is_class
from livepatch._python.layout import lists_fields
from livepatch._source.bodies import Bodies
from livepatch._source.scope import LAMBDA


def has_called_lambda(bodies: Bodies) -> bool:
    """Whether a lambda expression has changed that nobody has: its statement called it at once.

    What it computed is part of what the statement says: ``TOP = max(ITEMS, key=lambda item: ...)``.
    """
    changed = (body.old for body in bodies.functions if body.changed and body.path[-1] == LAMBDA)
    return any(FunctionType not in map(type, gc.get_referrers(code)) for code in changed)


def name_methods(bodies: Bodies, namespace: Mapping[str, Any]) -> None:
    """Give the lambda expressions in classes the names that the classes have them by.

    ``area = lambda self: self.side**2`` is a method. What makes the value of a field runs where
    instances are made.
    """
    for body in bodies.functions:
        *home, name = body.path
        cls: Any = found_at(namespace, ".".join(home)) if home and name == LAMBDA else None
        if not is_class(cls):
            continue  # nearly every one
        functions = (each for each in class_attributes(cls).items() if _is_function(each[1]))
        found = next((each for each, value in functions if value.__code__ is body.old), None)
        if found is None and lists_fields(cls):
            found = FIELD
        body.path = (*home, found or name)


def _is_function(value: Any) -> bool:
    return type(value) is FunctionType
