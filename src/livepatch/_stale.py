"""Name what is stale once the chosen statements have run: values kept although a cause changed."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from livepatch._annotated import signature_names
from livepatch._bodies import Bodies
from livepatch._code import nested_codes, same_code
from livepatch._differences import Changes, Header
from livepatch._filled import CHANGERS, FILLED, filled_by
from livepatch._kinds import ENUM_MEMBER, kind_of
from livepatch._marks import found_by
from livepatch._needs import Needs
from livepatch._outline import Outline
from livepatch._reach import Cause, Reach
from livepatch._report import Notice
from livepatch._scope import LAMBDA
from livepatch._source import MAIN
from livepatch._statements import Statement
from livepatch._syntax import (
    base_names,
    built_names,
    definitions,
    header_names,
    is_import,
    is_main_guard,
    outside_functions,
)
from livepatch._uses import (
    asked_by,
    called_in_classes,
    computed_in_classes,
    in_texts,
    own_variables,
    sets_by,
    used_by,
)

VALUE_STAYS = "an instance that had computed it has that value still"
EFFECT_STAYS = "what a statement did to it that has changed or gone was not taken back"


def is_guard(statement: Statement, module: str) -> bool:
    """Whether a statement is what a script does when it is run, and this is that script."""
    return module == MAIN and any(map(is_main_guard, statement.nodes))


def _never_runs(statement: Statement, module: str) -> bool:
    """Whether a statement is what a script does when it is run, and does nothing else elsewhere."""
    guarded = all(is_main_guard(each) and not each.orelse for each in statement.nodes)  # type: ignore[attr-defined]
    return is_guard(statement, module) or guarded


def not_run(statement: Statement, why: Cause) -> str:
    """Say that a statement was not run again, and why it might have been."""
    text = ast.unparse(statement.nodes[0]).partition("\n")[0]
    return f"{why} has changed; line {statement.first} was not run again: {text}"


def notices_of_kept(needs: Needs, bodies: Bodies, module: str) -> list[Notice]:
    """Name what was computed from what has changed, through calls as well.

    Args:
        needs: which statements run; what is stale of what they bind is added to its changes.
        bodies: the functions that are not made again.
        module: the name of the module.
    """
    notices: list[Notice] = []
    changes = needs.changes
    reach = Reach(bodies, changes, needs.namespace)
    # What only changed inside a decorator has reached what it decorates.
    made = Reach(bodies, Changes(changes.names, changes.bodies))
    for index, statement in enumerate(needs.statements):
        if needs.runs[index] or is_import(statement.nodes) or _never_runs(statement, module):
            continue
        header = needs.headers.get(index)
        if header is not None:
            cause = _cause_of_definition(statement, header, needs, reach, made)
            stale = sorted(statement.binds)
            called = used_by(statement, reach) is not None or _has_changed_lambda(statement)
            if called and not any(definitions(statement.nodes)):
                changes.reaching.update((name,) for name in statement.binds)  # `p = partial(hit)`
        else:
            cause = used_by(statement, reach) or _called_lambda(statement, needs.namespace)
            only_hands_over = _only_hands_over(statement, needs.namespace) and not sets_by(
                statement, reach
            )
            stale = [] if only_hands_over else _stale(needs, statement, cause, reach)
            if cause is not None and cause.is_direct:
                changes.names.update(stale)
            filled = statement.binds or built_names(outside_functions(statement.nodes))
            if cause is not None or _has_changed_lambda(statement):
                # Who uses what this binds may call what has changed: itself, not what is in it.
                leads_on = _definitions_of(filled, needs) if only_hands_over else filled
                changes.reaching.update((name,) for name in leads_on - changes.names)
            reach.add_lambdas(statement, filled)
            if only_hands_over:
                continue
        does = statement.binds.isdisjoint(needs.namespace) or _loops(statement)
        if cause is not None and (stale or does):
            headers = {*header_names(statement.nodes), *base_names(statement.nodes)}
            if header is None and made.cause(headers - statement.binds) is not None:
                stale = sorted(each.name for each in definitions(statement.nodes)) or stale
            places = [f"{module}.{name}" for name in dict.fromkeys(stale)] or [module]
            said = not_run(statement, cause)
            notices += (Notice("LP313", place, said) for place in places)
    return notices


def _cause_of_definition(
    statement: Statement, header: Header, needs: Needs, reach: Reach, made: Reach
) -> Cause | None:
    """Return what has changed of all by which a definition would be made otherwise."""
    return (
        made.cause(set(header.names) - statement.binds)
        or made.cause_below(header.bases)
        or _annotated_by(statement, needs)
        or made.cause(called_in_classes(statement, header), statement.binds)
        or reach.cause(computed_in_classes(statement))
    )


def _stale(needs: Needs, statement: Statement, cause: Cause | None, reach: Reach) -> list[str]:
    """List what a statement binds or builds that holds what it computed: no definitions."""
    chosen_by = cause is not None and _is_data(needs.namespace, cause.what)
    # `hit = fast if LIMIT else slow` is a definition, and another one by now, perhaps.
    found = {name for name in statement.binds if chosen_by or _is_data(needs.namespace, name)}
    built = built_names(outside_functions(statement.nodes)) - statement.binds
    built |= in_texts(statement, ast.Store)
    built = {name for name in built if _is_data(needs.namespace, name)}
    # The statement's own variables only where it binds nothing else, or opens what has changed.
    own, opened = own_variables(statement)
    if own and reach.cause(opened | asked_by(statement, reach)) is None:
        return sorted(found - own | built) or sorted(found)[:1]
    return sorted(found | built)


def _has_changed_lambda(statement: Statement) -> bool:
    """Whether a statement has a lambda expression whose body has changed."""
    pairs = zip(statement.old_codes or (), statement.codes)
    return any(
        new.co_name == LAMBDA and old is not new and not same_code(old, new) for old, new in pairs
    )


def _definitions_of(names: AbstractSet[str], needs: Needs) -> set[str]:
    return {name for name in names if not _is_data(needs.namespace, name)}


def _called_lambda(statement: Statement, namespace: Mapping[str, Any]) -> Cause | None:
    """Return as a cause that a lambda expression has changed in a statement that has called it.

    What it computed has it no longer: ``TOP = max(ITEMS, key=lambda item: item.size)``.
    """
    plain = all(_is_plain(namespace.get(name)) for name in statement.binds)
    return Cause("a lambda expression") if plain and _has_changed_lambda(statement) else None


def _is_plain(value: Any) -> bool:
    """Whether a value is a number, a text or the like, or a container of nothing else."""
    parts: Iterable[Any] = (value,)
    if type(value) in _CONTAINERS:
        parts = (*value, *value.values()) if type(value) is dict else tuple(value)
    return all(type(part) in _ATOMS for part in parts)


_CONTAINERS = (tuple, list, dict, set, frozenset)
_ATOMS = frozenset((int, float, complex, bool, str, bytes, type(None)))


def _annotated_by(statement: Statement, needs: Needs) -> Cause | None:
    """Return a changed name that functions have been annotated with, and that no definition is.

    A class that is made again goes on to be the very one. Since 3.14 annotations are computed when
    they are asked for: only decorators may have asked.
    """
    if sys.version_info >= (3, 14) and not any(_is_decorated(node) for node in statement.nodes):
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
        if needs.runs[place] and place not in needs.headers
    }
    return Cause(min(assigned)) if assigned else None


def _is_decorated(node: ast.AST) -> bool:
    inside = (getattr(each, "decorator_list", ()) for each in ast.walk(node))
    return any(inside)


def notices_of_bound_too(needs: Needs, names: AbstractSet[str], module: str) -> dict[str, Notice]:
    """Say what binds names besides and does not run, for where those that run leave them unbound.

    Args:
        needs: which statements run.
        names: those that they may leave unbound.
        module: the name of the module.
    """
    return {
        name: Notice("LP313", f"{module}.{name}", not_run(statement, Cause("what binds it too")))
        for statement, run in zip(needs.statements, needs.runs)
        if not run
        for name in statement.binds & names
    }


def notices_of_effects(
    gone: frozenset[str],
    chosen: Iterable[Statement],
    bodies: Bodies | None,
    namespace: Mapping[str, Any],
    module: str,
) -> Iterator[Notice]:
    """Name the data that a statement used for its effect which has changed or gone.

    Args:
        gone: the names that such statements used.
        chosen: the statements that run: what they bind is made anew.
        bodies: the functions that are not made again; what these statements called fills
            containers: ``register("hit", hit)``.
        namespace: the live namespace.
        module: the name of the module.
    """
    used = {*gone, *_filled_by(gone, bodies, namespace)} if gone and bodies is not None else gone
    for name in sorted(used.difference(*(each.binds for each in chosen))):
        if (
            not name.startswith("__")
            and _is_data(namespace, name)
            and type(namespace[name]) is not type(ast)
        ):
            yield Notice("LP314", f"{module}.{name}", EFFECT_STAYS)


def _filled_by(
    names: AbstractSet[str], bodies: Bodies, namespace: Mapping[str, Any]
) -> Iterator[str]:
    """Yield the names of containers that functions of some names change, through calls as well."""
    called = {name for name in names if not _is_data(namespace, name)}
    for code in Reach(bodies, Changes()).run_by(called):
        yield from filled_by(code, namespace)


def notices_of_unknown(wanted: AbstractSet[str], outlines: Mapping[str, Outline]) -> list[Notice]:
    """Name what is to run in any case and is bound by no statement.

    Args:
        wanted: names of globals, bare or dotted.
        outlines: of the new sources, by module.
    """
    first = next(iter(outlines))
    return [
        Notice("LP316", f"{first}.{each}", "is bound by no statement")
        for each in sorted(wanted)
        if not any(
            each.removeprefix(f"{name}.") in outline.scopes[()].shells
            for name, outline in outlines.items()
        )
    ]


def _loops(statement: Statement) -> bool:
    """Whether a statement is a loop, which does more than to bind what it goes through."""
    return any(isinstance(node, (ast.For, ast.While)) for node in statement.nodes)


def _only_hands_over(statement: Statement, namespace: Mapping[str, Any]) -> bool:
    """Whether a statement assigns or enters but definitions, which go on to be the very ones."""
    return all(
        values is not None and all(_is_made_of_definitions(each, namespace) for each in values)
        for values in (_handed_over(node, namespace) for node in statement.nodes)
    )


def _handed_over(node: ast.stmt, namespace: Mapping[str, Any]) -> list[ast.expr] | None:
    """Return what a statement assigns or enters into a global container; None for any other."""
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        return [node.value] if node.value is not None else None
    call = node.value if isinstance(node, ast.Expr) else None
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
        return None
    if call.func.attr not in CHANGERS or type(found_by(call.func.value, namespace)) not in FILLED:
        return None
    return [*call.args, *(each.value for each in call.keywords)]


def _is_made_of_definitions(node: ast.expr, namespace: Mapping[str, Any]) -> bool:
    """Whether an expression is a definition, or a table of such and of constants."""
    parts: list[ast.expr | None] = []
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        parts += node.elts
    elif isinstance(node, ast.Dict):
        parts += (*node.keys, *node.values)
    else:
        return (
            isinstance(node, (ast.Constant, ast.Lambda))
            or kind_of(found_by(node, namespace)) is not None
        )
    return all(each is not None and _is_made_of_definitions(each, namespace) for each in parts)


def _is_data(namespace: Mapping[str, Any], name: str) -> bool:
    """Whether a name has no definition; what flags are together is computed from them."""
    if name not in namespace:
        return False
    value = namespace[name]
    kind = kind_of(value)
    return kind is None or (kind is ENUM_MEMBER and value.name not in type(value).__members__)
