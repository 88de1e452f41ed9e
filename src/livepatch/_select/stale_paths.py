"""What of definitions that stay was computed from what has changed: attributes and defaults."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from livepatch._needs.differences import Path
from livepatch._needs.headers import ANNOTATIONS_ARE_TEXTS, Header, header_of
from livepatch._needs.needs import Needs
from livepatch._needs.reach import Reach
from livepatch._needs.reached import Cause
from livepatch._needs.uses import called_in_classes, computed_in_classes, handed_over
from livepatch._python.code import nested_codes
from livepatch._python.kinds import (
    found_at,
    is_class,
    is_enum,
    kind_of,
)
from livepatch._python.layout import lists_fields, tuple_fields
from livepatch._statements.annotated import called_in_annotations, signature_names
from livepatch._statements.statements import Statement
from livepatch._statements.syntax import (
    DEFINITIONS,
    FUNCTIONS,
    base_names,
    bound_names,
    definitions,
    header_names,
)
from livepatch._statements.tree import names_in, walk


class Reaches(NamedTuple):
    """What has changed, for what is computed and for what is made.

    Attributes:
        computed: through everything that calls it.
        made: without what has reached what a decorator decorates.
    """

    computed: Reach
    made: Reach

    def for_values(self, statement: Statement, namespace: Mapping[str, Any]) -> Reaches:
        """Return it for what a statement has bound: what decorators made is called later."""
        values = (namespace.get(name) for name in statement.binds)
        wrappers = {made for each in values for made in self.made.behind.wrappers_in(each)}
        return self._replace(made=self.made.but_for(wrappers)) if wrappers else self

    def add(self, paths: Iterable[Path]) -> None:
        """Add what stays and is stale: who reads it has something stale, too."""
        for path in paths:
            self.computed.changes.reaching.add(path)  # that other modules may have it
            for reach in self:
                reach.changed.setdefault(path[0], []).append(path)


def cause_of_definition(
    statement: Statement, header: Header, needs: Needs, reaches: Reaches
) -> Cause | None:
    """Return what has changed of all by which a definition would be made otherwise."""
    handed = _handed(statement, needs.namespace)
    made = reaches.made
    return (
        made.cause(set(header.names) - statement.binds - handed)
        or made.cause_below(header.bases)
        or _annotated_by(statement, needs)
        or _annotated_by_calls(statement, made)
        or made.cause(called_in_classes(statement, header), statement.binds)
        or reaches.computed.cause(computed_in_classes(statement) - handed)
    )


def stale_paths(
    statement: Statement, header: Header, needs: Needs, reaches: Reaches
) -> Iterator[Path]:
    """Yield what of a statement's definitions was computed from what has changed.

    ``limit = LIMIT`` in a class is ``("Config", "limit")``: who reads that has the old value, and
    who uses the class for something else has not. A function whose default it was is all of it.
    """
    handed = _handed(statement, needs.namespace)
    paths = _Paths(reaches, needs.namespace, handed, statement.binds, header)
    found = [*definitions(statement.nodes)]
    for node in found:
        yield from paths.of((), node)
    if _annotated_by_calls(statement, reaches.made) is not None:
        yield from ((name, "__annotations__") for name in statement.binds)
    if not found and reaches.made.cause(set(header.names) - statement.binds - handed):
        yield from ((name,) for name in statement.binds)  # `f = lambda x=LIMIT: x`


def note_stale_definition(
    statement: Statement,
    header: Header,
    needs: Needs,
    reaches: Reaches,
    values: Mapping[Path, Cause],
) -> tuple[Cause | None, list[Path]]:
    """Return why a definition is stale, and what of it; that is added to what has changed.

    Args:
        statement: its statement.
        header: what making it uses.
        needs: which statements run.
        reaches: what has changed.
        values: what it keeps that was computed from that, see `stale_values`.
    """
    cause = cause_of_definition(statement, header, needs, reaches)
    if cause is None and not values:
        return None, []  # nearly every one
    near = reaches.for_values(statement, needs.namespace)
    cause = cause and cause_of_definition(statement, header, needs, near)
    paths = [*stale_paths(statement, header, needs, near)] if cause is not None else []
    paths += (path for path in values if path not in paths)
    reaches.add(paths)
    return cause or next(iter(values.values()), None), paths


def stale_in_blocks(
    statement: Statement,
    cause: Cause | None,
    needs: Needs,
    reaches: Reaches,
    values: Mapping[Path, Cause],
) -> tuple[Cause | None, list[str]]:
    """Return what of the definitions in a block is stale: ``with open(path): class Config: ...``.

    Args:
        statement: it.
        cause: what has changed of what it uses besides; None if nothing.
        needs: which statements run.
        reaches: what has changed; what is stale is added.
        values: what definitions keep that was computed from that.

    Returns:
        The cause, and the names of those definitions.
    """
    if not any(definitions(statement.nodes)):
        return cause, []  # nearly every one
    header = header_of(statement, needs.namespace)
    found, paths = note_stale_definition(statement, header, needs, reaches, values)
    cause = cause or found
    if cause is None:
        return None, []
    heads = {*header_names(statement.nodes), *base_names(statement.nodes)}
    if reaches.made.cause(heads - statement.binds) is not None:
        return cause, sorted(each.name for each in definitions(statement.nodes))
    return cause, sorted({path[0] for path in paths})


def _handed(statement: Statement, namespace: Mapping[str, Any]) -> set[str]:
    """Return the definitions to which a class only gives another name: they are the very ones."""
    found = handed_over(statement)
    return {name for name in found if kind_of(namespace.get(name)) is not None}


class _Paths(NamedTuple):
    reaches: Reaches
    namespace: Mapping[str, Any]
    handed: AbstractSet[str]
    binds: AbstractSet[str]
    header: Header

    def of(self, home: Path, node: Any) -> Iterator[Path]:
        """Yield what of one definition is stale: all of it, or attributes."""
        path = (*home, node.name)
        heads: list[ast.AST] = [*node.decorator_list]
        if isinstance(node, FUNCTIONS):
            args = node.args
            heads += (each for each in (*args.defaults, *args.kw_defaults) if each is not None)
        if self.reaches.made.cause(_names(heads) - {node.name} - self.handed) is not None:
            yield path
        elif isinstance(node, ast.ClassDef):
            yield from self._by_bases(path, node)
            yield from self._in_body(path, node)

    def _by_bases(self, path: Path, node: ast.ClassDef) -> Iterator[Path]:
        """Yield the attributes that the bases give a class: ``cls.limit = limit``."""
        made, bases = self.reaches.made, base_names([node])
        said = [*(each for each in node.bases if isinstance(each, ast.Call))]
        names = _names([*said, *(each.value for each in node.keywords)])
        if made.cause(names - self.handed) is None and made.cause_below(bases) is None:
            return  # nearly every one
        codes = [*made.made_below(bases)]
        for code in codes:
            yield from ((*path, name) for name in code.co_names)
        if not codes:
            yield path

    def _in_body(self, path: Path, node: ast.ClassDef) -> Iterator[Path]:
        stale: set[str] = set()
        for each in node.body:
            if isinstance(each, DEFINITIONS):
                yield from self.of(path, each)
            elif self._is_stale(each, stale):
                bound = bound_names([each])
                stale |= bound
                yield from ((*path, name) for name in bound)
                if not bound:
                    yield path
        if stale:
            yield from self._by_fields(path)

    def _is_stale(self, node: ast.stmt, stale: AbstractSet[str]) -> bool:
        value = getattr(node, "value", node)  # of an assignment
        if value is None:
            return False
        names = _names([value]) - self.handed
        kin = self.binds if not names.isdisjoint(self.header.invoked) else ()
        is_computed = not isinstance(value, (ast.Name, ast.Attribute))
        return (
            not stale.isdisjoint(names)
            or self.reaches.made.cause(names, kin) is not None
            or (is_computed and self.reaches.computed.cause(names) is not None)
        )

    def _by_fields(self, path: Path) -> Iterator[Path]:
        """Yield what makes instances, where attributes are fields or members."""
        cls: Any = found_at(self.namespace, ".".join(path))
        if not is_class(cls):
            return
        if is_enum(cls):
            yield path
        elif lists_fields(cls):
            yield (*path, "__init__")
        elif tuple_fields(cls) is not None:
            yield (*path, "__new__")


def _names(nodes: Iterable[ast.AST]) -> set[str]:
    return {name for node in nodes for name in names_in(node)}


def _annotated_by_calls(statement: Statement, made: Reach) -> Cause | None:
    """Return what has changed of all that annotations have called."""
    if sys.version_info >= (3, 14) and not any(_is_decorated(node) for node in statement.nodes):
        return None
    called = called_in_annotations(statement.nodes)
    codes = (each for code in statement.codes for each in (code, *nested_codes(code)))
    if not called:
        return None  # nearly every one
    # Not so where all annotations are texts.
    evaluated = called & statement.uses.union(*(code.co_names for code in codes))
    return made.cause(evaluated) if evaluated else None


def _annotated_by(statement: Statement, needs: Needs) -> Cause | None:
    """Return a changed name that functions have been annotated with, and that no definition is.

    A class that is made again goes on to be the very one. Since 3.14 annotations are computed when
    they are asked for, and with ``from __future__ import annotations`` they are texts: only
    decorators may have asked.
    """
    are_evaluated = sys.version_info < (3, 14) and not any(
        code.co_flags & ANNOTATIONS_ARE_TEXTS for code in statement.codes
    )
    if not are_evaluated and not any(_is_decorated(node) for node in statement.nodes):
        return None
    # Those of a class, and of the classes in it.
    codes = (each for code in statement.codes for each in (code, *nested_codes(code)))
    used = {name for code in codes for name in code.co_names}
    names = needs.changes.names & (statement.uses | used)
    if not names:
        return None  # nearly every one
    assigned = {
        name
        for name in names & signature_names(statement.nodes)
        for place in needs.binders.get(name, ())
        if needs.runs[place] and place not in needs.headers and not _is_imported(name, needs)
    }
    return Cause(min(assigned)) if assigned else None


def _is_imported(name: str, needs: Needs) -> bool:
    """Whether a name is that of a definition that is imported as before: it follows."""
    return name in needs.imported_as_before and kind_of(needs.namespace.get(name)) is not None


def _is_decorated(node: ast.AST) -> bool:
    inside = (getattr(each, "decorator_list", ()) for each in walk(node))
    return any(inside)
