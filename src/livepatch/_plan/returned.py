"""Definitions whose statements ran and gave the object that was there already.

A decorator or metaclass may keep what it has made and return that the next time, and a source may
take what there is by a name (``X = X``, ``try: X``). Then nothing of what it says anew is anywhere.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from types import ModuleType

from livepatch._match.module import Module
from livepatch._plan.plan import Plan
from livepatch._python.code import codes_in, same_code
from livepatch._python.kinds import is_plain_data
from livepatch._python.layers import layers_of
from livepatch._report.report import Notice
from livepatch._select.selection import Selection
from livepatch._source.outline import Outline
from livepatch._source.scope import functions_bound
from livepatch._statements.syntax import names_bound_perhaps


def notice_returned(plan: Plan, selections: Mapping[str, Selection]) -> None:
    """Name each definition that says something else now and is the object that it was.

    Args:
        plan: gets the notices.
        selections: what ran, of the modules of which not everything did.
    """
    for module in plan.matches.modules:
        selection = selections.get(module.name)
        if selection is None or selection.bodies is None:
            ran: AbstractSet[str] = module.new.keys()
        else:
            ran = selection.names - selection.restored
        returned = list(_returned(module, ran & module.old.keys()))
        perhaps = names_bound_perhaps(ast.parse(module.source.text).body) if returned else ()
        for name in returned:
            message = "is the earlier one, which its statement gave once more"
            if name in perhaps:
                message += ", or did not run"
            plan.notices.append(Notice("LP211", f"{module.name}.{name}", message))


def _returned(module: Module, names: AbstractSet[str]) -> Iterator[str]:
    origin = module.origin
    for name, value in module.new.items() if origin is not None else ():
        if is_plain_data(value) or type(value) is ModuleType:
            continue  # nearly every one that is the same
        if name not in names or module.old[name] is not value:
            continue
        if origin is None or not origin.defines((name,)):
            continue
        if not module.outline.scopes[()].binds(name):
            continue  # it is gone
        if _says_the_same(module.outline, origin, name):
            continue
        if any(map(module.owns, layers_of(value))):
            yield name


def _says_the_same(outline: Outline, other: Outline | None, name: str) -> bool:
    if other is None or not outline.same_shell(other, (name,)):
        return False
    if (name,) in outline.scopes and (name,) in other.scopes:
        return _is_same_class(outline, other, (name,))
    mine, theirs = (functions_bound(each.scopes[()].code, name) for each in (outline, other))
    return len(mine) == len(theirs) and all(map(same_code, mine, theirs))


def _is_same_class(outline: Outline, other: Outline, path: tuple[str, ...]) -> bool:
    """Whether a class says the same, wherever it stands: since 3.13 its code says that, too."""
    if not outline.same_body(other, path):
        return False
    mine, theirs = (codes_in(each.scopes[path].code) for each in (outline, other))
    if [code.co_name for code in mine] != [code.co_name for code in theirs]:
        return False
    return all(
        _is_same_class(outline, other, (*path, one.co_name))
        if (*path, one.co_name) in outline.scopes and (*path, one.co_name) in other.scopes
        else same_code(one, two)
        for one, two in zip(mine, theirs)
    )
