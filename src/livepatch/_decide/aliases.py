"""Names for types that are written as more than a name: ``Pet = Cat | Dog``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

from livepatch._match.module import Module
from livepatch._match.pairs import Matches
from livepatch._python.kinds import is_class, may_say_type
from livepatch._snapshot.nested import absolute_name


def alias_has_changed(matches: Matches, module: Module, names: Iterable[str]) -> bool:
    """Whether a name stands for another type than before, by what the sources say.

    Args:
        matches: the modules, one of which may be where a name was imported from.
        module: the module that has the names.
        names: what a statement reads, attributes of modules too.
    """
    waiting, seen = list(_places(matches, module, names)), set[tuple[str, str]]()
    while waiting:
        home, name = waiting.pop()
        before, after = home.old.get(name), home.new.get(name)
        if (home.name, name) in seen or before is after:
            continue
        seen.add((home.name, name))
        if not (_is_alias(before) or _is_alias(after)):
            if _are_other_classes(matches, before, after):
                return True
            continue  # nearly every one
        if home.outline.imports((name,)):
            waiting += _imported_from(matches, home, name)
            continue
        if home.outline.same_shell(home.origin, (name,)) is False:
            return True
        said = home.outline.last_shell((name,))
        waiting += _places(matches, home, said.loads if said is not None else ())
    return False


def _places(matches: Matches, module: Module, names: Iterable[str]) -> Iterator[tuple[Module, str]]:
    """Yield what names may lead to: globals, and those of modules that are among them."""
    names = list(names)
    yield from ((module, name) for name in names)
    for name in names:
        value = module.new.get(name)
        other = matches.by_name.get(value.__name__) if type(value) is ModuleType else None
        if other is not None and other is not module:
            yield from ((other, each) for each in names if each in other.new)


def _imported_from(matches: Matches, module: Module, name: str) -> Iterator[tuple[Module, str]]:
    for each in module.outline.scopes[()].imports:
        other = matches.by_name.get(absolute_name(each.module, module.live))
        if other is None:
            continue
        if each.name == "*":
            yield other, name
        elif each.bound == name and each.name is not None:
            yield other, each.name


def _are_other_classes(matches: Matches, before: Any, after: Any) -> bool:
    both = is_class(before) and is_class(after)
    return both and id(before) not in matches.by_old and id(after) not in matches.by_new


def _is_alias(value: Any) -> bool:
    kind = type(value)
    return (
        not is_class(value) and kind is not tuple and kind is not frozenset and may_say_type(value)
    )
