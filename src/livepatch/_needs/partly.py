"""Of which classes that are made again only members say something else.

Who has made an instance by a call (``app = App()``) would have made the same one, unless the call
reads such a member.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import CodeType
from typing import Any

from livepatch._needs.differences import Changes, Path
from livepatch._needs.headers import PLAIN_BASES, PLAIN_METACLASSES
from livepatch._needs.needs import Needs
from livepatch._needs.reach import Reach
from livepatch._python.code import codes_in, same_code
from livepatch._python.kinds import IS_HEAP_TYPE, class_attributes, flags_of, is_class, mro_of
from livepatch._python.layout import lists_fields, tuple_fields
from livepatch._python.opcodes import COMPILER_NAMES
from livepatch._source.bodies import Bodies, Body, is_function_code
from livepatch._source.outline import Outline
from livepatch._source.scope import REST, Scope

_DOCSTRING = frozenset({"__doc__"})
# A class that has other slots has other instances.
_NOT_ALONE = frozenset({REST, "__slots__", "__new__"})
_MAKERS = ("__new__", "__init__")


def members_changed(needs: Needs, bodies: Bodies, old: Outline, new: Outline) -> set[Path]:
    """Return the members that would do something else now, of classes of which nothing else would.

    Args:
        needs: which statements run, and what has changed.
        bodies: the functions that are not made again.
        old: the outline of the old source.
        new: that of the new one.

    Returns:
        The paths of those that say something else, and of the methods that use these.
    """
    partly = _changed_in_part(needs, old, new)
    if not partly:
        return set()  # nearly always
    found = {(name, each) for name, members in partly.items() for each in members}
    known = Bodies([*bodies.functions, *(_methods(partly, old, new))])
    reach = Reach(known, Changes(members={*found}), needs.namespace)
    return found.union(*(reach.through(name) for name in partly))


def _methods(names: Iterable[str], old: Outline, new: Outline) -> Iterator[Body]:
    """Yield the functions of classes that are made again."""
    for name in names:
        before, after = (_codes_by_name(each.scopes[(name,)]) for each in (old, new))
        for method, codes in after.items():
            if is_function_code(codes[-1]):
                yield Body((name, method), before.get(method, codes)[-1], codes[-1])


def _changed_in_part(needs: Needs, old: Outline, new: Outline) -> dict[str, set[str]]:
    """Return the classes of which only members say something else, each with these."""
    partly: dict[str, set[str]] = {}
    for index, statement in enumerate(needs.statements):
        node = statement.nodes[0]
        if not needs.runs[index] or not isinstance(node, ast.ClassDef) or statement.nodes[1:]:
            continue
        members = _members(node.name, needs, old, new)
        bases = _bases_in_part(index, needs, partly)
        if members is None or bases is None:
            continue
        members = members.union(*map(partly.__getitem__, bases))
        members = _with_computed(members, bases, new.scopes[(node.name,)])
        if _reads_none(node, needs.namespace) or _are_methods(members, node.name, (old, new)):
            partly[node.name] = members
    return partly


def _members(name: str, needs: Needs, old: Outline, new: Outline) -> set[str] | None:
    """Return the members of a class that say something else; None where more than that does."""
    before, after = old.scopes.get((name,)), new.scopes.get((name,))
    once = len(needs.binders.get(name, ())) == 1 and (name,) not in {*old.twins, *new.twins}
    if before is None or after is None or not once or not new.same_shell(old, (name,)):
        return None
    said = before.shells.get
    found = {each for each, shells in after.shells.items() if said(each) != shells}
    found |= before.shells.keys() - after.shells.keys()
    bodies = _bodies_changed(before, after)
    found = (found | bodies) - COMPILER_NAMES
    several = before.rebound | after.rebound
    return None if not found.isdisjoint(_NOT_ALONE | several) else found


def _bodies_changed(before: Scope, after: Scope) -> set[str]:
    """Return the names of the functions and classes in a class that say something else inside."""
    was, now = map(_codes_by_name, (before, after))
    return {
        REST if name[:1] == "<" else name  # a lambda expression is of a member unknown
        for name in was.keys() & now.keys()
        if len(was[name]) != len(now[name]) or not all(map(same_code, was[name], now[name]))
    }


def _codes_by_name(scope: Scope) -> dict[str, list[CodeType]]:
    found: dict[str, list[CodeType]] = {}
    for each in codes_in(scope.code):
        found.setdefault(each.co_name, []).append(each)
    return found


def _bases_in_part(index: int, needs: Needs, partly: Collection[str]) -> set[str] | None:
    """Return the bases of a class of which members have changed; None where more has changed."""
    header = needs.headers.get(index)
    if header is None:
        return None
    used = {*header.names, *header.annotations, *header.bases} - {*header.binds}
    used &= needs.changes.heads()
    return used if used.issubset(partly) and used.issubset(header.bases) else None


def _with_computed(members: set[str], bases: Collection[str], scope: Scope) -> set[str]:
    """Return members that have changed, and those that the body of the class makes with them."""
    found = set(members)
    while news := {
        name
        for name, shells in scope.shells.items()
        if name not in found
        and not all(shell.loads.isdisjoint((*found, *bases)) for shell in shells)
    }:
        found |= news
    return found


def _are_methods(members: set[str], name: str, outlines: Iterable[Outline]) -> bool:
    """Whether members are methods that a library would not look for, or the docstring."""
    scopes = [each.scopes[(name,)] for each in outlines]
    shells = (each.shells.get(member, ()) for each in scopes for member in members - _DOCSTRING)
    return not any(member[:2] == "__" for member in members - _DOCSTRING) and all(
        shell.is_plain_function for found in shells for shell in found
    )


def _reads_none(node: ast.ClassDef, namespace: Mapping[str, Any]) -> bool:
    """Whether nothing reads a class's members to make it, or an instance, that can ask for any."""
    cls: Any = namespace.get(node.name)
    if not is_class(cls) or type(cls) not in PLAIN_METACLASSES or node.decorator_list:
        return False
    if lists_fields(cls) or tuple_fields(cls) is not None:
        return False
    home = namespace.get("__name__")
    bases = [class_attributes(each) for each in mro_of(cls) if id(each) not in PLAIN_BASES]
    if any("__init_subclass__" in each for each in bases):
        return False
    others = [each for each in mro_of(cls) if id(each) not in PLAIN_BASES]
    others = [each for each in others if class_attributes(each).get("__module__") != home]
    others = [each for each in others if flags_of(each) & IS_HEAP_TYPE]  # C asks for no attributes
    return all(class_attributes(each).keys().isdisjoint(_MAKERS) for each in others)
