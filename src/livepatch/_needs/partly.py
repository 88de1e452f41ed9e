"""Of which classes that are made again only members say something else.

Who has made an instance by a call (``app = App()``) would have made the same one, unless the call
reads such a member.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
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
        for method, code in after.items():
            if is_function_code(code):
                yield Body((name, method), before.get(method, code), code)


def _changed_in_part(needs: Needs, old: Outline, new: Outline) -> dict[str, set[str]]:
    """Return the classes of which only members say something else, each with these."""
    partly: dict[str, set[str]] = {}
    for index, statement in enumerate(needs.statements):
        node = statement.nodes[0]
        if not (needs.runs[index] and isinstance(node, ast.ClassDef) and statement.nodes[1:] == []):
            continue
        members = _members(node.name, needs, old, new)
        inherited = _inherited(index, needs, partly) if members is not None else None
        if members is None or inherited is None:
            continue
        members |= inherited
        cls = needs.namespace.get(node.name)
        if _reads_none(cls, needs.namespace) or _are_methods(members, node.name, (old, new)):
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
        for name, code in now.items()
        if name in was and not same_code(was[name], code)
    }


def _codes_by_name(scope: Scope) -> dict[str, CodeType]:
    return {each.co_name: each for each in codes_in(scope.code)}


def _inherited(index: int, needs: Needs, partly: Mapping[str, set[str]]) -> set[str] | None:
    """Return what has changed of the members of a class's bases; None where more has changed."""
    header, changes = needs.headers.get(index), needs.changes
    if header is None:
        return None
    used = {*header.names, *header.annotations, *header.bases} - {*header.binds}
    used &= changes.heads()
    if not used <= partly.keys() or not used <= {*header.bases}:
        return None
    return set[str]().union(*map(partly.__getitem__, used))


def _are_methods(members: set[str], name: str, outlines: Iterable[Outline]) -> bool:
    """Whether members are methods that a library would not look for, or the docstring."""
    scopes = [each.scopes[(name,)] for each in outlines]
    shells = (each.shells.get(member, ()) for each in scopes for member in members - _DOCSTRING)
    return not any(member[:2] == "__" for member in members - _DOCSTRING) and all(
        shell.is_plain_function for found in shells for shell in found
    )


def _reads_none(cls: Any, namespace: Mapping[str, Any]) -> bool:
    """Whether no library reads a class's members to make it, or an instance of it."""
    if not is_class(cls) or type(cls) not in PLAIN_METACLASSES:
        return False
    if lists_fields(cls) or tuple_fields(cls) is not None:
        return False
    home = namespace.get("__name__")
    others = [each for each in mro_of(cls) if id(each) not in PLAIN_BASES]
    others = [each for each in others if class_attributes(each).get("__module__") != home]
    others = [each for each in others if flags_of(each) & IS_HEAP_TYPE]  # C asks for no attributes
    return all(class_attributes(each).keys().isdisjoint(_MAKERS) for each in others)
