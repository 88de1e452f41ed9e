"""What statements make that somebody may keep a list of: decorated definitions, and subclasses."""

from __future__ import annotations

import ast
import builtins
import functools
from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import chain
from types import CodeType
from typing import Any

from livepatch._python.kinds import class_attributes, found_at, is_class, is_enum, mro_of
from livepatch._python.opcodes import OP
from livepatch._source.outline import Outline
from livepatch._source.scope import constant_shell
from livepatch._source.shell import Shell
from livepatch._statements.made_of import Made
from livepatch._statements.recognise import made_in_classes
from livepatch._statements.statements import Statement
from livepatch._statements.syntax import base_paths, decorator_paths


def made_by(statements: list[Statement], *, old: bool, new: bool) -> Iterator[Made]:
    """Yield what statements define under decorators, or from bases, in their classes too.

    Args:
        statements: the statements.
        old: with the codes that they have in the old source.
        new: with those that they have in the new one.
    """
    for each in statements:
        codes = [*(each.old_codes or () if old else ()), *(each.codes if new else ())]
        yield from _made_of(each, codes)
        yield from _made_inside(each, codes)


def _made_inside(statement: Statement, codes: Iterable[CodeType]) -> Iterator[Made]:
    """Yield what classes of a statement define, see `made_in_classes`."""
    for code in codes:
        if id(code) not in statement.inside:
            statement.inside[id(code)] = code, list(made_in_classes((code,)))
        yield from statement.inside[id(code)][1]


def defined_by(statements: list[Statement], before: Iterable[Made]) -> Iterator[Made]:
    """Yield what statements define that was decorated or derived: a call may enter it now.

    Args:
        statements: those of the new source that run.
        before: what the old ones had made.
    """
    names = {each.name for each in before}
    for statement in statements:
        for name in statement.binds.intersection(names):
            own = tuple(code for code in statement.codes if code.co_name == name)
            if own:
                yield Made(name, frozenset(), own)


def _made_of(statement: Statement, codes: list[CodeType]) -> Iterator[Made]:
    decorators = frozenset(decorator_paths(statement.nodes))
    bases = frozenset(base_paths(statement.nodes))
    # By a lambda expression, say: no name leads to that, and it may enter something all the same.
    decorated = any(getattr(node, "decorator_list", ()) for node in statement.nodes)
    for name in statement.binds if (decorated or bases) and codes else ():
        own = tuple(code for code in codes if code.co_name == name)
        if own:
            yield Made(name, decorators, own, bases)


def out_of_order(
    statements: list[Statement], before: Collection[str], elsewhere: AbstractSet[str]
) -> list[list[Made]]:
    """Return the definitions that something decorates or bears of which the order is another now.

    Args:
        statements: all of the new source; a function may have either code while statements run.
        before: the names that the old source bound, in its order; see `names_before`.
        elsewhere: the names of those that may be entered in another list now.

    Returns:
        For each decorator or base with such, all that it decorates or bears.
    """
    places = {name: place for place, name in enumerate(before)}
    inside = any("." in name for name in before)
    groups: dict[tuple[str, ...], dict[str, list[Made]]] = {}
    above: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for statement in statements:
        members = _members_of(statement) if inside else ()
        own = _made_of(statement, [*(statement.old_codes or ()), *statement.codes])
        for each in chain(members, own):
            # A base that keeps a list has those on it that derive from one that derives from it.
            bases = each.bases.union(*(above.get(path, ()) for path in each.bases))
            above.setdefault((each.name,), set()).update(bases)
            for path in (*each.decorators, *bases):
                groups.setdefault(path, {}).setdefault(each.name, []).append(each)
    found = []
    for group in groups.values():
        # Of two definitions of one name nobody can tell which is on a list.
        alone = [several[0] for several in group.values() if len(several) == 1]
        known = [places.get(each.name, len(places)) for each in alone]
        if known != sorted(known) or not elsewhere.isdisjoint(group):
            found.append(alone)
    return found


def _members_of(statement: Statement) -> Iterator[Made]:
    """Yield what the classes of a statement define under decorators, with either code."""
    olds: dict[str, tuple[CodeType, ...]] = {}
    for each in _made_inside(statement, statement.old_codes or ()):
        olds[each.name] = (*olds.get(each.name, ()), *each.codes)
    for each in _made_inside(statement, statement.codes):
        yield replace(each, codes=(*each.codes, *olds.get(each.name, ())))


def names_before(old: Outline, new: Outline, made: Iterable[str]) -> Iterator[str]:
    """Yield the names that a source bound, in its order.

    What the bodies of classes bind counts too, with the name of the class before it, where
    something in such a body is made anew or has gone, or where statements have changed places.

    Args:
        old: the source.
        new: the one that takes its place.
        made: the names of what is made anew or has gone.
    """
    names, others = old.scopes[()].shells, new.scopes[()].shells
    inside = any("." in name for name in made) or (
        [name for name in names if name in others] != [name for name in others if name in names]
    )
    for name in names:
        scope = old.scopes.get((name,)) if inside else None
        yield from (f"{name}.{each}" for each in (scope.shells if scope is not None else ()))
        yield name


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


def said_in(
    source: Outline, names: Iterable[str], namespace: Mapping[str, Any]
) -> dict[str, frozenset[Any]]:
    """Return what the statements that bind some names of a module say: constants, and objects.

    Args:
        source: the module's.
        names: those of which the statements are asked.
        namespace: the live one, where names lead to objects: ``Color.RED``.

    Returns:
        Of each name, the constants as `constant_shell` has them, and ``("object", id)``.
    """
    known: dict[tuple[str, ...], Any] = {}
    return {
        name: frozenset(
            part
            for shell in _shells_of(source, name)
            for part in (
                *constants_in(shell.fingerprint),
                *_objects_in(shell.fingerprint, namespace, known),
            )
        )
        for name in names
    }


def _shells_of(source: Outline, name: str) -> Iterator[Shell]:
    """Yield what binds a name of a module, and what a class of that name says in its body.

    What its methods are annotated with, and their defaults, is said to nobody who enters the class.
    """
    yield from source.scopes[()].shells.get(name, ())
    if (name,) in source.scopes:
        inside = chain.from_iterable(source.scopes[name,].shells.values())
        yield from (each for each in inside if not each.is_plain_function)


def constants_in(fingerprint: Iterable[Any]) -> Iterator[Any]:
    """Yield the constants that a statement says, as `constant_shell` has them; in tuples too."""
    name: Any = None
    for part in fingerprint:
        if type(part) is not tuple:
            continue
        if part[0] == "code":
            name = part[1]  # which is said once more: of a class, and up to 3.10 of a function
        elif part == ("text", name):
            name = None
        elif part[0] in {"constant", "text"}:
            yield part
            if part[0] == "constant" and part[1][:1] == "(":
                yield from _items_in(part[1])


@functools.lru_cache(maxsize=10_000)
def _items_in(text: str) -> tuple[Any, ...]:
    """Return what a tuple of constants has in it: ``@command(aliases=("rm", "del"))``."""
    try:
        items = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return ()  # it has something else in it: an ellipsis
    return tuple(constant_shell(each, set()) for each in items)


def _objects_in(
    fingerprint: Iterable[Any], namespace: Mapping[str, Any], known: dict[tuple[str, ...], Any]
) -> Iterator[tuple[str, int]]:
    path: tuple[str, ...] = ()
    for part in (*fingerprint, None):
        opcode, names = (part[0], part[1:]) if type(part) is tuple else (None, ())
        if path and opcode == _ATTRIBUTE:
            path += names
            continue
        if path and path not in known:
            known[path] = _found_at(path, namespace)
        if path and known[path] is not None:
            yield "object", id(known[path])
        path = names if opcode in _NAMES else ()


_NAMES = {OP["LOAD_NAME"], OP["LOAD_GLOBAL"]}
_ATTRIBUTE = OP["LOAD_ATTR"]


def _found_at(path: tuple[str, ...], namespace: Mapping[str, Any]) -> Any:
    *above, name = path
    home: Any = found_at(namespace, ".".join(above)) if above else None
    if is_class(home) and is_enum(home):  # its members are no attributes of it up to 3.10
        return class_attributes(home)["_member_map_"].get(name)
    found = found_at(namespace, ".".join(path))
    if found is None and path[0] not in namespace:
        found = found_at(vars(builtins), ".".join(path))  # `@handles(KeyError)`
    return found
