"""Name what stays although statements that run, or do not run, have to do with it."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from livepatch._kinds import kind_of
from livepatch._needs import Needs
from livepatch._reach import Cause
from livepatch._recognise import Statements
from livepatch._report import Notice
from livepatch._selection import Selection
from livepatch._stale import not_run
from livepatch._syntax import decorator_paths


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


def notices_of_bound_behind(needs: Needs, module: str) -> Iterator[Notice]:
    """Name what has its old value where a statement behind may have bound it, or may not."""
    for name, statement in needs.unsure_lines():
        if name in needs.namespace:
            said = not_run(statement, Cause("what binds it too"))
            yield Notice("LP313", f"{module}.{name}", said)


def lines_that_go_on(needs: Needs) -> dict[int, str]:
    """Return the lines of what runs, each with a global that it goes on to build and that stays.

    ``parser.add_argument("--x")``, or an object that decorates: ``@registry.register``.
    """
    users = {name: [*places] for name, places in needs.builders.items()}
    for place, statement in enumerate(needs.statements):
        for name in {path[0] for path in decorator_paths(statement.nodes)}:
            if kind_of(needs.namespace.get(name)) is None:
                users.setdefault(name, []).append(place)
    return {
        line: name
        for name, places in users.items()
        if name in needs.binders and not any(needs.runs[each] for each in needs.binders[name])
        for place in places
        if needs.runs[place]
        for line in range(needs.statements[place].first, needs.statements[place].last + 1)
    }


def say_who_binds(selection: Selection, statements: Statements, needs: Needs) -> None:
    """Note which names have their old value, or their new one, from a statement that stays."""
    last: dict[str, int] = {}
    places = dict(statements.last_bound)
    kept_last: set[str] = set()
    for index, (statement, run) in enumerate(zip(statements.all, needs.runs)):
        for name in statement.binds:
            before = last.get(name)
            runs = before is not None and needs.runs[before] and not run
            if runs and needs.in_force.has_last(name, last[name]):
                continue  # this one has not bound it
            last[name] = index
            if statement.old_place > places.get(name, -1):
                places[name] = statement.old_place
                (kept_last.discard if run else kept_last.add)(name)
    for name in selection.names:
        last[name] = needs.in_force.star_behind(name, last[name]) or last[name]
    selection.restored = frozenset(name for name in selection.names if not needs.runs[last[name]])
    selection.apart = selection.names & kept_last - selection.restored
