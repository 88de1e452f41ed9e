"""What statements make that somebody may keep a list of: decorated definitions, and subclasses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from livepatch._kinds import found_at, is_class, mro_of
from livepatch._made_of import Made
from livepatch._outline import Outline
from livepatch._statements import Statement
from livepatch._syntax import base_paths, decorator_paths


def made_by(statements: list[Statement], *, old: bool) -> Iterator[Made]:
    """Yield what statements define under decorators, or from bases: the old ones, or the new."""
    for each in statements:
        decorators = frozenset(decorator_paths(each.nodes))
        bases = frozenset(base_paths(each.nodes))
        codes = (each.old_codes or []) if old else each.codes
        if (decorators or bases) and codes:
            for name in each.binds:
                own = tuple(code for code in codes if code.co_name == name)
                if own:
                    yield Made(name, decorators, own, bases)


def lists_of_subclasses(
    made: Iterable[Made], namespace: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Yield what lists other classes now than before: ``Base.__subclasses__``, as a path.

    Args:
        made: the classes that came, went, or are made again, among other definitions.
        namespace: of their module, with the bases that were there before.
    """
    bases = {path for each in made for path in each.bases}
    above = {
        id(cls)
        for path in bases
        if is_class(base := found_at(namespace, ".".join(path)))
        for cls in mro_of(base)[:-1]
    }
    for name, value in namespace.items() if above else ():
        if id(value) in above:
            yield name, "__subclasses__"


def constants_said(source: Outline, names: Iterable[str]) -> dict[str, frozenset[Any]]:
    """Return the constants in the statements that bind some names of a module."""
    shells = source.scopes[()].shells
    return {
        name: frozenset(
            part
            for shell in shells.get(name, ())
            for part in shell.fingerprint
            if type(part) is tuple and part[0] in ("constant", "text")
        )
        for name in names
    }
