"""Which of several new definitions of one name goes on with one that its module has no longer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from livepatch._match.module import Module
from livepatch._match.pairs import Matches
from livepatch._python.kinds import is_class, qualified_name
from livepatch._python.own import OwnList


def new_classes_named(matches: Matches, name: str) -> OwnList[type]:
    """List the classes of a name that modules of the reload have made and had none of their own."""
    return OwnList(module.new[name] for module in matches.modules if _has_new_class(module, name))


def _has_new_class(module: Module, name: str) -> bool:
    now, before = module.new.get(name), module.old.get(name)
    if not is_class(now) or not module.owns(now) or qualified_name(now) != name:
        return False
    return not (is_class(before) and module.owns(before))


def imported_instead(matches: Matches, old: Any, among: Iterable[Any]) -> Any:
    """Return which of some definitions modules import now that had an old one; None if several."""
    taken = {
        id(module.new.get(name))
        for module in matches.modules
        for name, value in module.old.items()
        if value is old and module.outline.imports((name,))
    }
    found = OwnList(each for each in among if id(each) in taken)
    return found[0] if len(found) == 1 else None
