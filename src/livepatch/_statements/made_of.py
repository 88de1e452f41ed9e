"""A definition that is decorated or derived: who does that may keep a list of such."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from types import CodeType
from typing import Any


@dataclass(frozen=True, slots=True)
class Made:
    """A definition that is decorated.

    Attributes:
        name: the global that its statement binds.
        decorators: the names that lead to what decorates it: ``("app", "route")``.
        codes: its code.
        bases: the names that lead to the bases and the metaclass of a class.
        home: the name of its module.
    """

    name: str
    decorators: frozenset[tuple[str, ...]]
    codes: tuple[CodeType, ...]
    bases: frozenset[tuple[str, ...]] = frozenset()
    home: str = ""

    @property
    def is_class(self) -> bool:
        """Whether it is a class: those do not keep their code, and go by their names."""
        return not all(code.co_flags & inspect.CO_OPTIMIZED for code in self.codes)


def at_home(made: Made, namespace: Mapping[str, Any]) -> Made:
    """Say of which module a definition is: others have classes of the same name."""
    return dataclasses.replace(made, home=namespace.get("__name__", ""))
