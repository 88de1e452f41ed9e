"""What may concern a module of all that has changed elsewhere: what is called by a name it says.

Where the modules of a package all import from one another, each hands on everything that has
changed, and next to nothing of it concerns the module itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from livepatch._needs.differences import Changes
from livepatch._needs.module_hooks import HOOKS
from livepatch._needs.reach import NAMESPACES
from livepatch._needs.spread import Imported
from livepatch._python.code import nested_codes
from livepatch._source.by_text import RUNS_TEXTS
from livepatch._source.outline import Outline

_WORD = re.compile(r"\w+", re.ASCII)


class OfConcern:
    """Tells what has names that a module says, or that its globals have."""

    def __init__(
        self,
        text: str | bytes,
        outlines: tuple[Outline | None, Outline],
        namespace: Mapping[str, Any],
    ) -> None:
        """Prepare for a module.

        Args:
            text: its new source.
            outlines: of the old source, if it is known, and of the new one.
            namespace: the live globals.
        """
        self._text, self._outlines, self._namespace = text, outlines, namespace

    @cached_property
    def _said(self) -> frozenset[str] | None:
        """All that may be a name in the sources; None where any name may be asked for.

        Comments and texts are gone through as well: names stand in annotations that are texts.
        """
        text = self._text if isinstance(self._text, str) else self._text.decode("latin-1")
        codes = [each.scopes[()].code for each in self._outlines if each is not None]
        nested = (each for code in codes for each in (code, *nested_codes(code)))
        words = frozenset(_WORD.findall(text)).union(*(each.co_names for each in nested))
        return words if words.isdisjoint(NAMESPACES | RUNS_TEXTS) else None

    def split(self, imported: Imported) -> tuple[Imported, Changes]:
        """Split what a module imports that has changed: what may concern it, and the rest."""
        changes = imported.changes
        far = self._far(changes.heads()) if changes and self._said is not None else frozenset()
        if not far:
            return imported, Changes()
        rest = changes.among(far)
        near = changes.without(rest)
        has_more = bool(rest.names)
        return Imported(near, imported.starred, imported.modules, has_more=has_more), rest

    def never_says(self, name: str) -> bool:
        """Whether the module does not ask for a special method by its name, or by its function."""
        return self._said is not None and self._said.isdisjoint((name, name.strip("_")))

    def _far(self, names: set[str]) -> frozenset[str]:
        # What is not in ASCII may be written in several ways, and a lambda expression has no name.
        far = names.difference(self._said or (), self._namespace, HOOKS)
        return frozenset(name for name in far if name.isascii() and name.isidentifier())
