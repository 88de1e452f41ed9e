"""Name what is stale once the chosen statements have run: values kept although a cause changed."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from types import ModuleType
from typing import Any

from livepatch._needs.differences import Changes
from livepatch._needs.hands_over import only_hands_over
from livepatch._needs.needs import Needs
from livepatch._needs.reach import Reach
from livepatch._needs.reached import Cause
from livepatch._needs.uses import (
    asked_by,
    globals_set_by,
    in_texts,
    own_variables,
    sets_by,
    used_by,
)
from livepatch._python.code import same_code
from livepatch._python.constants import may_hold_state
from livepatch._python.kinds import ENUM_MEMBER, kind_of
from livepatch._python.own import OwnList
from livepatch._registers.filled import filled_by
from livepatch._report.report import Notice
from livepatch._select.from_kept import FromKept
from livepatch._select.kept_values import stale_values
from livepatch._select.stale_paths import (
    Reaches,
    note_stale_definition,
    stale_in_blocks,
)
from livepatch._source.bodies import Bodies
from livepatch._source.by_text import RUNS_TEXTS
from livepatch._source.outline import Outline, global_names
from livepatch._source.scope import LAMBDA
from livepatch._source.source import MAIN
from livepatch._statements.statements import Statement
from livepatch._statements.syntax import (
    built_names,
    definitions,
    is_import,
    is_main_guard,
    outside_functions,
)
from livepatch._steps.contents import contents_of

VALUE_STAYS = "an instance that had computed it has that value still"
EFFECT_STAYS = "what a statement did to it that has changed or gone was not taken back"


def is_guard(statement: Statement, module: str) -> bool:
    """Whether a statement is what a script does when it is run, and this is that script."""
    return module == MAIN and any(map(is_main_guard, statement.nodes))


def leave_guards(needs: Needs, module: str) -> list[Notice]:
    """Leave out what a script does when it is run; say where that has changed."""
    notices: list[Notice] = []
    for index, statement in enumerate(needs.statements):
        if needs.runs[index] and is_guard(statement, module):
            needs.runs[index] = False
            notices.append(Notice("LP313", module, not_run(statement, Cause("it"))))
    return notices


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
    reaches = Reaches(reach, made)
    from_kept = FromKept(needs, bodies, module)
    changed_in_place = _changed_in_place(needs)
    touched = list(needs.runs)
    for index, statement in enumerate(needs.statements):
        if is_import(statement.nodes) or _never_runs(statement, module):
            continue
        if needs.runs[index]:
            notices += from_kept.run(statement, index)
            continue
        header = needs.headers.get(index)
        others = changes.but_bound(needs.in_force.untouched(index, touched))
        above = {each for each, place in changed_in_place.items() if place < index}
        values = dict(stale_values(statement, reach, others, above))
        if header is not None:
            header = header.without(others) if others else header
            cause, paths = note_stale_definition(statement, header, needs, reaches, values)
            from_kept.keep((), paths)
            stale = sorted(statement.binds)
            called = used_by(statement, reach, others) is not None or _has_changed_lambda(statement)
            if called and not any(definitions(statement.nodes)):
                changes.reaching.update((name,) for name in statement.binds)  # `p = partial(hit)`
        else:
            shadowed = _shadowed_by(index, needs)
            cause = (
                used_by(statement, reach, others, _used_before(index, needs))
                or shadowed
                or _called_lambda(statement, needs.namespace)
                or _computed_before(index, needs, changed_in_place)
            )
            cause, in_blocks = stale_in_blocks(statement, cause, needs, reaches, values)
            is_handed_over = (
                shadowed is None
                and only_hands_over(statement, needs)
                and not sets_by(statement, reach)
            )
            is_another = shadowed is not None or bool(values)
            made_of = _definitions_of(statement.binds, needs) if is_another else ()
            stale = [] if is_handed_over else _stale(needs, statement, cause, reach)
            stale = sorted(made_of) or stale
            if cause is not None:
                from_kept.keep(stale)
                changes.names.update(stale if cause.is_direct else ())
            stale = in_blocks or stale
            filled = statement.binds or built_names(outside_functions(statement.nodes))
            if cause is not None or _has_changed_lambda(statement):
                # Who uses what this binds may call what has changed: itself, not what is in it.
                leads_on = _definitions_of(filled, needs) if is_handed_over else filled
                changes.reaching.update((name,) for name in leads_on - changes.names)
            reach.add_lambdas(statement, filled)
            if is_handed_over:
                continue
        touched[index] = cause is not None
        notices += _named(statement, cause, stale, needs, module)
    return notices


def _used_before(index: int, needs: Needs) -> frozenset[str]:
    """Return what those statements use that have bound what one extends: ``TOTAL += 1``."""
    extended = needs.extends[index] & needs.statements[index].binds
    if not extended:
        return frozenset()  # nearly every one
    places = (place for name in extended for place in needs.binders[name] if place < index)
    return frozenset[str]().union(*(needs.statements[place].uses for place in places))


def _named(
    statement: Statement, cause: Cause | None, stale: list[str], needs: Needs, module: str
) -> Iterator[Notice]:
    """Yield what is to be said of a statement that stays, and of what it has bound."""
    does = statement.binds.isdisjoint(needs.namespace) or _loops(statement)
    if cause is None or not (stale or does):
        return
    said = not_run(statement, cause)
    # Of a value that this one extends, the statement that made it has been named.
    for name in dict.fromkeys(stale) if stale else ("",):
        if name != cause.what:
            yield Notice("LP313", f"{module}.{name}".rstrip("."), said)


def may_have_computed(needs: Needs, module: str) -> list[Statement]:
    """List the statements that stay and have bound something: from what registers had, perhaps.

    ``NAMES = list(COMMANDS)``: what decorators enter there is known once they have run.
    """
    return [
        statement
        for index, statement in enumerate(needs.statements)
        if not needs.runs[index]
        and not is_import(statement.nodes)
        and not _never_runs(statement, module)
        and not statement.binds.isdisjoint(needs.namespace)
    ]


def _changed_in_place(needs: Needs) -> dict[str, int]:
    """Return what statements that run fill or change and do not make, each with the first place."""
    found: dict[str, int] = {}
    for name, places in needs.builders.items():
        if not any(needs.runs[each] for each in needs.binders.get(name, ())):
            found.update((name, each) for each in places[::-1] if needs.runs[each])
    for at, statement in enumerate(needs.statements):
        if needs.runs[at] and not RUNS_TEXTS.isdisjoint(statement.uses):
            given = {name for name in statement.reads if type(needs.namespace.get(name)) is dict}
            found.update((name, at) for name in given - statement.binds - found.keys())
    return found


def _computed_before(index: int, needs: Needs, changed: Mapping[str, int]) -> Cause | None:
    """Return what a statement took something from that another one has changed before it.

    ``COUNT = len(ITEMS)``. Who has the object itself, or a part of it, sees what it has now.
    """
    statement = needs.statements[index]
    used = [each for each in changed.keys() & statement.reads if changed[each] < index]
    if not used:
        return None  # nearly every one
    objects = [needs.namespace.get(each) for each in used]
    bound = [needs.namespace.get(name) for name in statement.binds]
    if any(one is other for one in bound for other in objects):
        return None
    apart = all(_is_plain(each) or _has_nothing_of(each, objects) for each in bound)
    return Cause(min(used)) if apart else None


def _has_nothing_of(value: Any, objects: list[Any]) -> bool:
    """Whether data has been made of some objects and has none of them, nor a part of them."""
    inside = contents_of(value) if kind_of(value) is None else None
    if inside is None:
        return False
    theirs = OwnList(part for each in objects for part in (each, *(contents_of(each) or ())))
    shared = {id(part) for part in theirs if may_hold_state(part)}
    return shared.isdisjoint(map(id, (value, *inside)))


def _shadowed_by(index: int, needs: Needs) -> Cause | None:
    """Return what a statement was given and that another statement has hidden since.

    ``TABLE = {"scan": scan}``, and then ``from fast import scan``: a new one comes to no name.
    """
    if needs.changes.names.isdisjoint(needs.statements[index].reads):
        return None  # nearly every one
    made = {name for name, at in needs.in_force.shadowed(index).items() if needs.runs[at]}
    return Cause(min(made)) if made else None


def _stale(needs: Needs, statement: Statement, cause: Cause | None, reach: Reach) -> list[str]:
    """List what a statement binds or builds that holds what it computed: no definitions."""
    chosen_by = cause is not None and _is_data(needs.namespace, cause.what)
    # `hit = fast if LIMIT else slow` is a definition, and another one by now, perhaps.
    found = {name for name in statement.binds if chosen_by or _is_data(needs.namespace, name)}
    built = built_names(outside_functions(statement.nodes)) - statement.binds
    built |= in_texts(statement, ast.Store) | _bound_by_texts(statement)
    built |= globals_set_by(statement, reach) if cause is not None else set()
    built = {
        name
        for name in built
        if _is_data(needs.namespace, name) and type(needs.namespace[name]) is not ModuleType
    }
    # The statement's own variables only where it binds nothing else, or opens what has changed.
    own, opened = own_variables(statement)
    if own and reach.cause(opened | asked_by(statement, reach)) is None:
        return sorted(found - own | built) or sorted(found)[:1]
    return sorted(found | built)


def _bound_by_texts(statement: Statement) -> set[str]:
    """Return the texts by which a statement may bind globals: ``globals()["x"] = make()``."""
    if _BINDING_BY_TEXT.isdisjoint(statement.uses):
        return set()  # nearly every one
    parts = outside_functions(statement.nodes)
    texts = (part.value for part in parts if isinstance(part, ast.Constant))
    return {text for text in texts if isinstance(text, str) and text.isidentifier()}


_BINDING_BY_TEXT = frozenset(("globals", "vars", "locals", "setattr"))


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
    if not _has_changed_lambda(statement):
        return None  # nearly every one
    plain = (_is_plain(namespace.get(name)) for name in statement.binds)
    # A loop that goes through lambda expressions binds the last of them too.
    is_plain = any(plain) if _loops(statement) else all(plain)
    return Cause("a lambda expression") if is_plain else None


def _is_plain(value: Any) -> bool:
    """Whether a value is a number, a text or the like, or a container of nothing else."""
    parts: Iterable[Any] = (value,)
    if type(value) in _CONTAINERS:
        parts = (*value, *value.values()) if type(value) is dict else tuple(value)
    return all(type(part) in _ATOMS for part in parts)


_CONTAINERS = (tuple, list, dict, set, frozenset)
_ATOMS = frozenset((int, float, complex, bool, str, bytes, type(None)))


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
    used, chosen = set(gone), list(chosen)
    if gone and bodies is not None:
        used.update(filled_through(gone, bodies, namespace))
        again = set[str]().union(*(each.reads for each in chosen))
        used |= _set_through(gone, bodies, namespace) - _set_through(again, bodies, namespace)
    for name in sorted(used.difference(*(each.binds for each in chosen))):
        is_module = type(namespace.get(name)) is type(ast)
        if not name.startswith("__") and _is_data(namespace, name) and not is_module:
            yield Notice("LP314", f"{module}.{name}", EFFECT_STAYS)


def filled_through(
    names: AbstractSet[str], bodies: Bodies, namespace: Mapping[str, Any]
) -> Iterator[str]:
    """Yield the names of containers that functions of some names change, through calls as well."""
    called = {name for name in names if not _is_data(namespace, name)}
    for code in Reach(bodies, Changes()).run_by(called) if called else ():
        yield from filled_by(code, namespace)


def _set_through(names: AbstractSet[str], bodies: Bodies, namespace: Mapping[str, Any]) -> set[str]:
    """Return the globals that functions of some names bind by ``global``, through calls as well."""
    called = {name for name in names if not _is_data(namespace, name)}
    return set(global_names(Reach(bodies, Changes()).run_by(called))) if called else set()


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


def _is_data(namespace: Mapping[str, Any], name: str) -> bool:
    """Whether a name has no definition; what flags are together is computed from them."""
    if name not in namespace:
        return False
    value = namespace[name]
    kind = kind_of(value)
    return kind is None or (kind is ENUM_MEMBER and value.name not in type(value).__members__)
