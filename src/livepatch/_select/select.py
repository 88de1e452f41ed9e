"""Stage 2: decide which statements of the new sources run. Nothing is run and nothing is changed.

What a statement says is compared in code, against the code that the live module was made from. A
function whose body alone has changed is no reason to run anything.
"""

from __future__ import annotations

from collections.abc import Mapping

from livepatch._needs.spread import ChangedModules
from livepatch._select.choice import Choice
from livepatch._select.selection import Selection
from livepatch._select.stale import notices_of_unknown
from livepatch._snapshot.snapshot import Snapshot
from livepatch._source.bodies import Bodies
from livepatch._source.outline import Outline


def select(
    snapshots: list[Snapshot], outlines: Mapping[str, Outline], again: frozenset[str]
) -> dict[str, Selection]:
    """Decide for each module what of it runs.

    Args:
        snapshots: of the modules, in the order in which they were imported.
        outlines: of the new sources, by module.
        again: names of globals whose statements run in any case: bare, or dotted for one module.
    """
    changed = ChangedModules(snapshots, outlines)
    present = [each for each in snapshots if each.source.spec is not None]
    tops = (each.source.name.partition(".")[0] for each in present)
    packages = frozenset(tops) if len(present) > 1 else frozenset[str]()
    choices = [Choice(each, outlines[each.source.name], again, packages) for each in present]
    waiting = _imported_first(choices, changed)
    # Modules that import one another: what one of them imports may be found to change later.
    while waiting:
        news = set[str]()
        for each in waiting:
            each.decide(changed.imported_by(each.new, each.namespace))
            bodies = each.selection.bodies or _NOTHING
            if changed.put(each.source.name, each.changes, each.handed_on, bodies):
                news.add(each.source.name)
        waiting = [
            each for each in choices if changed.imports_from(news, each.new, each.namespace)
        ] or [each for each in choices if not each.finish()]
    found = {each.source.name: each.selection for each in choices}
    for first in list(found)[:1]:
        found[first].notices += notices_of_unknown(again, {name: outlines[name] for name in found})
    return found


def _imported_first(choices: list[Choice], changed: ChangedModules) -> list[Choice]:
    """Put those first that others import: nearly all that a module asks for is known then."""
    by_name = {each.source.name: each for each in choices}
    found = dict[str, Choice]()
    seen = set[str]()
    # By a list of its own: a chain of imports may be long.
    ahead = [(each, False) for each in choices[::-1]]
    while ahead:
        choice, is_followed = ahead.pop()
        name = choice.source.name
        if is_followed:
            found[name] = choice
        elif name not in seen:
            seen.add(name)
            homes = changed.homes_of(choice.new, choice.namespace)
            ahead.append((choice, True))
            ahead += [(by_name[home], False) for home in sorted(homes - seen) if home in by_name]
    return list(found.values())


_NOTHING = Bodies()
