"""What is taken out of a live namespace before new code runs in it, for a fresh one has it not.

The rest stays: the source may ask for what is there already, and so may other threads.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from importlib.machinery import PathFinder
from types import ModuleType
from typing import Any

from livepatch._asked import not_asked_for
from livepatch._by_text import names_by_text
from livepatch._marks import marks_in
from livepatch._nested import absolute_name
from livepatch._opcodes import JUMPS
from livepatch._outline import OTHER_MEANS, Outline, same_scope
from livepatch._scope import Shell
from livepatch._snapshot import Snapshot
from livepatch._syntax import names_bound_perhaps, names_for_types

_JUMPS = frozenset(JUMPS)
_BUILTINS = frozenset(name for name in vars(builtins) if not name.startswith("__"))


def drop_shadows(namespace: dict[str, Any], outline: Outline) -> dict[str, Any]:
    """Remove the names that hide a builtin, so that new code finds that one until it binds its own.

    ``_map = map`` above ``def map`` means the builtin; the old function is still in the namespace.
    So it does above ``open = logged(open)``. Where the name is first bound by other means, the
    source may ask what is there already, and takes that: ``else: ExceptionGroup = ExceptionGroup``.

    Returns:
        The package's own parts among them (``click.globals``): they are not imported anew, which is
        what binds their names.
    """
    shells, parts = outline.scopes[()].shells, dict[str, Any]()
    for name in [name for name in namespace if name in _BUILTINS]:
        if name not in shells or _means_builtin(shells[name][0], name):
            value = namespace.pop(name)
            if sys.modules.get(f"{namespace.get('__name__')}.{name}") is value:
                parts[name] = value
    return parts


def _means_builtin(first: Shell, name: str) -> bool:
    """Whether what comes before a name is first bound means the builtin by it."""
    return first.is_definition or (name in first.loads and not first.binds_itself(name))


def drop_marks(namespace: dict[str, Any], origin: Outline | None) -> dict[str, Any]:
    """Remove what functions that the old code called have set, and return it."""
    return {name: namespace.pop(name) for name in marks_in(namespace, origin)}


def drop_vanished_names(
    snapshot: Snapshot,
    outline: Outline,
    namespace: dict[str, Any],
    perhaps: AbstractSet[str] | None,
    *,
    alone: bool,
) -> set[str]:
    """Remove what the new source does not bind any more, so that no other module imports it.

    What is there again when it has run was bound by other means: ``globals().update(about)``, or
    under a condition that holds.

    Args:
        snapshot: of the module.
        outline: of its new source.
        namespace: the live one.
        perhaps: the names that what runs of it binds under a condition; None where all of it runs.
        alone: whether no other module runs; then what has vanished goes later.

    Returns:
        What it removed.
    """
    if snapshot.origin is None:
        return set()
    said = set(snapshot.source.code.co_names)
    vanished = {*_imported_at_most(snapshot.origin, outline), *_for_types(snapshot)}
    vanished |= _bound_perhaps(snapshot, outline) if perhaps is None else perhaps
    if not alone or not said.isdisjoint(OTHER_MEANS):
        vanished |= snapshot.origin.scopes[()].shells.keys() - said
        vanished |= names_by_text(snapshot.origin) - names_by_text(outline) - said
    vanished &= namespace.keys()
    for name in vanished:
        del namespace[name]
    return vanished


def drop_hidden_parts(name: str, outline: Outline, namespace: dict[str, Any]) -> None:
    """Remove the data that have the name of a part which the new source imports from the package.

    ``from . import about`` gives what the package has under that name, before it looks for a file.

    Args:
        name: of the module.
        outline: of its new source.
        namespace: the live one.
    """
    for each in outline.scopes[()].imports:
        value: Any = namespace.get(each.name or "", sys)
        if issubclass(type(value), ModuleType) or absolute_name(each.module, namespace) != name:
            continue
        if each.name and _is_module(f"{name}.{each.name}", namespace.get("__path__")):
            del namespace[each.name]


def _is_module(name: str, path: Any) -> bool:
    """Whether there is such a module, in a package with that path."""
    return name in sys.modules or bool(path and PathFinder.find_spec(name, path))


def _imported_at_most(before: Outline, after: Outline) -> Iterator[str]:
    """Yield the names that were definitions, and that the new source only ever imports.

    The import may be one that does not run; the module's ``__getattr__`` then has the name.
    """
    shells, earlier = after.scopes[()].shells, before.scopes[()].shells
    for name in dict.fromkeys(each.bound for each in after.scopes[()].imports):
        if earlier.get(name) is shells.get(name):
            continue  # it says the same, as nearly every one does
        defined = name in earlier and any(shell.is_definition for shell in earlier[name])
        if defined and all(shell.is_import for shell in shells.get(name, ())):
            yield name


def _bound_perhaps(snapshot: Snapshot, outline: Outline) -> set[str]:
    """Return the names that both sources bind, and the new one where a condition may not hold."""
    code, origin = snapshot.source.code, snapshot.origin
    if origin is None or _JUMPS.isdisjoint(code.co_code[::2]):
        return set()
    before = origin.scopes[()]
    if before.code is code or same_scope(before.code, code):
        return set()
    names = names_bound_perhaps(ast.parse(snapshot.source.text).body)
    return not_asked_for(code, names & before.shells.keys() & outline.scopes[()].shells.keys())


def _for_types(snapshot: Snapshot) -> set[str]:
    """Return the names that the old source bound and the new one binds for type checkers alone."""
    text = snapshot.source.text
    asks = b"TYPE_CHECKING" if isinstance(text, bytes) else "TYPE_CHECKING"
    if asks not in text or snapshot.origin is None:  # type: ignore[operator]
        return set()
    bound = snapshot.origin.scopes[()].shells.keys()
    return names_for_types(ast.parse(text).body) & bound
