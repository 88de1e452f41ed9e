"""Names for types that are written as more than a name: ``Pet = Cat | Dog``."""

from __future__ import annotations

from typing import Any

from livepatch._match.module import Module
from livepatch._match.pairs import Matches
from livepatch._python.kinds import is_class, may_say_type


def alias_has_changed(matches: Matches, module: Module, name: str) -> bool:
    """Whether a name stands for another type than before, by what the sources say.

    Args:
        matches: the modules, one of which may be where the name was imported from.
        module: the module that has the name.
        name: the name.
    """
    waiting, seen = [(module, name)], set[tuple[str, str]]()
    while waiting:
        home, each = waiting.pop()
        before, after = home.old.get(each), home.new.get(each)
        if (home.name, each) in seen or before is after:
            continue
        if not (_is_alias(before) or _is_alias(after)):
            if _are_other_classes(matches, before, after):
                return True
            continue  # nearly every one
        seen.add((home.name, each))
        if home.outline.imports((each,)):
            others = (other for other in matches.modules if other is not home)
            waiting += ((other, each) for other in others if other.new.get(each) is after)
            continue
        if home.outline.same_shell(home.origin, (each,)) is False:
            return True
        said = home.outline.last_shell((each,))
        waiting += ((home, used) for used in (said.loads if said is not None else ()))
    return False


def _are_other_classes(matches: Matches, before: Any, after: Any) -> bool:
    both = is_class(before) and is_class(after)
    return both and id(before) not in matches.by_old and id(after) not in matches.by_new


def _is_alias(value: Any) -> bool:
    return not is_class(value) and type(value) not in (tuple, frozenset) and may_say_type(value)
