"""What is taken out of a live namespace before new code runs in it, for a fresh one has it not.

The rest stays: the source may ask for what is there already, and so may other threads.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from importlib.machinery import PathFinder
from types import CodeType, FunctionType
from typing import Any

from livepatch._needs.marks import is_remnant, marks_in
from livepatch._python.kinds import class_attributes, is_class, is_module, mro_of
from livepatch._python.opcodes import JUMPS
from livepatch._select.chosen import unasked_perhaps
from livepatch._select.selection import Selection
from livepatch._snapshot.declared import only_declared
from livepatch._snapshot.nested import absolute_name, is_loaded_part
from livepatch._snapshot.put_around import names_read_by_hooks, names_read_by_makers
from livepatch._snapshot.snapshot import Snapshot
from livepatch._source.by_text import names_by_text
from livepatch._source.outline import OTHER_MEANS, Outline, same_scope
from livepatch._source.scope import Import
from livepatch._source.shell import Shell
from livepatch._source.source import namespace_of
from livepatch._statements.asked import binds_first, not_asked_for, texts_in
from livepatch._statements.syntax import names_for_types

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


def drop_unsaid(
    namespace: dict[str, Any], outline: Outline, origin: Outline | None
) -> dict[str, Any]:
    """Remove the classes and functions that the old code made under names of no statement.

    The source may ask for them: ``if name not in globals(): globals()[name] = type(name, ...)``.
    And who makes a class may look for another name where that is taken: pydantic's ``Page[User]``.

    Returns:
        What it removed.
    """
    if origin is None:
        return {}
    said, home = origin.scopes[()].shells, namespace.get("__name__")
    by_other_means = outline.has_other_means
    unsaid = [
        name
        for name in namespace
        if (by_other_means or (type(name) is str and not name.isidentifier())) and name not in said
        if not is_remnant(name)
    ]
    return {name: namespace.pop(name) for name in unsaid if _is_made_in(namespace[name], home)}


def _is_made_in(value: Any, home: Any) -> bool:
    if type(value) is FunctionType:
        return bool(value.__module__ == home)
    return is_class(value) and class_attributes(value).get("__module__") == home


def drop_looked_for(
    namespace: dict[str, Any], code: CodeType, names: AbstractSet[str] | None
) -> None:
    """Remove the classes whose metaclass looks at what their module has, as they are made.

    A fresh one has none yet: elementpath's refuses a second parser in one module. What the source
    asks for by itself stays.

    Args:
        namespace: the live one.
        code: what runs of the module's new source.
        names: those that it binds; None where all of it runs.
    """
    home = namespace.get("__name__")
    looked_for = {
        name
        for name, value in namespace.items()
        if is_class(value) and type(value) is not type and (names is None or name in names)
        if class_attributes(value).get("__module__") == home and _looks_for(name, type(value))
    }
    for name in not_asked_for(code, looked_for):
        del namespace[name]


def _looks_for(name: str, metaclass: type) -> bool:
    """Whether making a class looks for it in its module, as far as the metaclass's own code shows.

    Either in ``sys.modules``, or as ``if "Entity" in globals()`` tells Pony's base from the others.
    """
    makers = (class_attributes(base).get(each) for base in mro_of(metaclass) for each in _MAKERS)
    functions = (getattr(each, "__func__", each) for each in makers)
    codes = [each.__code__ for each in functions if type(each) is FunctionType]
    return any(
        "modules" in code.co_names
        or ("globals" in code.co_names and name in texts_in(code.co_consts))
        for code in codes
    )


_MAKERS = ("__new__", "__init__")


def drop_vanished_names(
    snapshot: Snapshot,
    outline: Outline,
    namespace: dict[str, Any],
    selection: Selection | None,
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
        selection: what runs of it; None where all of it does.
        alone: whether no other module runs; then what has vanished goes later.

    Returns:
        What it removed.
    """
    if snapshot.origin is None:
        return set()
    said = set(snapshot.source.code.co_names)
    vanished = {*_imported_at_most(snapshot.origin, outline)}
    vanished |= _bound_perhaps(snapshot, snapshot.origin, outline, all_runs=selection is None)
    if selection is not None:
        # An import that does not run has bound its name already.
        vanished = vanished & selection.names | selection.perhaps
    if not alone or not said.isdisjoint(OTHER_MEANS):
        gone = {*snapshot.origin.scopes[()].shells} - said
        gone |= names_by_text(snapshot.origin) - names_by_text(outline) - said
        if selection is not None:
            gone -= only_declared(snapshot.origin, outline, snapshot.namespace)
        vanished |= gone
    home = snapshot.source.name
    vanished &= namespace.keys()
    vanished = {name for name in vanished if not is_loaded_part(home, name, namespace[name])}
    if vanished:
        vanished -= names_read_by_makers(snapshot) | names_read_by_hooks(snapshot)
    for name in vanished:
        del namespace[name]
    return vanished


def drop_list_of_names(
    namespace: dict[str, Any], code: CodeType, dropped: AbstractSet[str]
) -> None:
    """Remove an ``__all__`` that says what is not there any more, and that the code binds again.

    Who imports everything in a circle, while the code runs, would fail on it. In a fresh process
    there is none yet.
    """
    said: Any = namespace.get("__all__")
    if type(said) in (list, tuple) and binds_first(code, "__all__"):
        names = (each for each in said if type(each) is str)
        if any(each in dropped for each in names):
            del namespace["__all__"]


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
        if is_module(value) or absolute_name(each.module, namespace) != name:
            continue
        if each.name and _is_module(f"{name}.{each.name}", namespace.get("__path__")):
            del namespace[each.name]


def drop_unfound(
    outline: Outline, namespace: dict[str, Any], snapshots: Mapping[str, Snapshot]
) -> None:
    """Remove what imports had bound that have found nothing there this time, inside a ``try`` say.

    Args:
        outline: of the new source, which has run.
        namespace: the live one.
        snapshots: of the modules of the reload: others have what they had.
    """
    imports = outline.scopes[()].imports
    for each in imports:
        home = snapshots.get(absolute_name(each.module, namespace))
        if home is None or each.name is None or each.name not in home.namespace:
            continue  # nearly every one
        if namespace.get(each.bound, snapshots) is not home.namespace[each.name]:
            continue
        there = namespace_of(home.source.module)
        if each.name in there or "__getattr__" in there:
            continue
        if sys.modules.get(f"{home.source.name}.{each.name}") is namespace[each.bound]:
            continue  # a part of the package, which an import finds in any case
        if not any(_gives(other, namespace, each.bound) for other in imports):
            del namespace[each.bound]


def _gives(imported: Import, namespace: dict[str, Any], bound: str) -> bool:
    """Whether an import gives a name what it has: a fallback may find the very same elsewhere."""
    home = sys.modules.get(absolute_name(imported.module, namespace))
    if imported.bound != bound or imported.name is None or home is None:
        return False
    return vars(home).get(imported.name, imported) is namespace[bound]


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


def _bound_perhaps(
    snapshot: Snapshot, before: Outline, after: Outline, *, all_runs: bool
) -> set[str]:
    """Return the names that both sources bind, and the new one perhaps not.

    For type checkers alone; or, where all of it runs, where a condition may not hold.
    """
    code, origin = snapshot.source.code, before.scopes[()]
    asks = "TYPE_CHECKING" in code.co_names
    if not (asks or all_runs) or _JUMPS.isdisjoint(code.co_code[::2]):
        return set()
    if origin.code is code or same_scope(origin.code, code):
        return set()
    nodes, bound = ast.parse(snapshot.source.text).body, origin.shells.keys()
    found = names_for_types(nodes) & bound if asks else set[str]()
    if all_runs:
        found |= unasked_perhaps(nodes, code, bound & after.scopes[()].shells.keys())
    return found
