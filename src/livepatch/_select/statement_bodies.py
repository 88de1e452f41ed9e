"""Pair what is in the statements of a module, each once: the choice asks for it several times."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import CodeType
from typing import Any

from livepatch._python.kinds import TYPE_ALIAS, found_at, kind_of
from livepatch._select.lambdas import has_called_lambda, name_methods
from livepatch._source.bodies import Bodies, pair_bodies
from livepatch._source.outline import Outline


class StatementBodies:
    """The functions and classes in statements that say the same but for the bodies of these."""

    def __init__(self, outlines: tuple[Outline, Outline], namespace: Mapping[str, Any]) -> None:
        """Prepare for a module: outlines of its old and new source, and the live globals."""
        self._outlines, self._namespace = outlines, namespace
        self._known: dict[int, Bodies | None] = {}

    def bodies(self, whose: object, old: list[CodeType], new: list[CodeType]) -> Bodies | None:
        """Return the pairs; None where something is said otherwise.

        Args:
            whose: the statement, or what stands for all of the module; it stays alive.
            old: the code objects in it, in order.
            new: those in the new version.
        """
        if id(whose) not in self._known:
            pairs = pair_bodies(old, new, (), self._outlines)
            is_other = pairs is None or self._says_otherwise(pairs)
            self._known[id(whose)] = None if is_other else pairs
            if pairs is not None:
                name_methods(pairs, self._namespace)
        return self._known[id(whose)]

    def _says_otherwise(self, bodies: Bodies) -> bool:
        """Whether what has changed is not a body: a lambda expression that was called at once.

        Or a ``type`` alias: what it stood for may be computed.
        """
        if has_called_lambda(bodies):
            return True
        return sys.version_info >= (3, 12) and any(
            body.changed and kind_of(found_at(self._namespace, ".".join(body.path))) is TYPE_ALIAS
            for body in bodies.functions
        )
