"""Name what has its old value although statements that run use it, or others may have bound it."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from livepatch._needs.needs import Needs
from livepatch._needs.reached import Cause
from livepatch._python.kinds import kind_of
from livepatch._report.report import Notice
from livepatch._select.selection import Selection
from livepatch._select.stale import not_run
from livepatch._statements.recognise import Statements
from livepatch._statements.syntax import is_import, paths_to


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
    """Return the lines of what runs that use an object which does not: a global, by its name.

    ``parser.add_argument("--x")``, ``@registry.register``. What a module has imported is another
    matter: to run the import again would not make it anew.
    """
    lines: dict[int, str] = {}
    for name, places in needs.builders.items():
        for statement in (needs.statements[place] for place in places if needs.runs[place]):
            lines.update(dict.fromkeys(range(statement.first, statement.last + 1), name))
    for place, statement in enumerate(needs.statements):
        for node in statement.nodes if needs.runs[place] else ():
            for each in getattr(node, "decorator_list", ()):
                said = range(each.lineno, (each.end_lineno or each.lineno) + 1)
                for name, *_ in paths_to((each,)):
                    if kind_of(needs.namespace.get(name)) is None:
                        lines.update(dict.fromkeys(said, name))
    stay = {name for name in lines.values() if _stays(needs, name)}
    return {line: name for line, name in lines.items() if name in stay}


def _stays(needs: Needs, name: str) -> bool:
    """Whether a name is bound here, by no import, and none of what binds it runs."""
    places = needs.binders.get(name, ())
    return bool(places) and not any(
        needs.runs[place] or is_import(needs.statements[place].nodes) for place in places
    )


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
