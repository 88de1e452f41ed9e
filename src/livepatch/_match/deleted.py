"""Functions that a module defines, uses and deletes: no name leads to them, and the source does."""

from __future__ import annotations

from types import CodeType

from livepatch._match.module import Module
from livepatch._source.scope import functions_bound


def deleted_has_changed(module: Module, name: str) -> bool:
    """Whether a name is of a deleted function that does something else now: ``del _make``."""
    return bool(codes_of_deleted(module, name)) and not module.outline.same_function(
        module.origin, (name,)
    )


def body_has_changed(module: Module, name: str) -> bool:
    """Whether a function does something else now, where only what changed runs."""
    if module.bodies is None:
        return False
    _, changed = module.followed.definitions.get((name,), ("", False))
    return changed or deleted_has_changed(module, name)


def codes_of_deleted(module: Module, name: str) -> list[CodeType]:
    """List the codes of a name that a module's source defines, and that is not there."""
    shells = module.outline.scopes[()].shells.get(name, ())
    if name in module.new or not any(each.is_definition for each in shells):
        return []  # nearly every one
    return functions_bound(module.outline.scopes[()].code, name)
