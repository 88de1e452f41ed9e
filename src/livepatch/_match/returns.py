"""Stage 4: definitions that had gone and are back.

A file is read while an editor has written the half of it, or what was commented out for a while is
wanted after all. Whoever held the definition all the time holds what it is now, as if it had
never gone.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import FunctionType, ModuleType
from typing import Any

from livepatch._match.likeness import Walk
from livepatch._match.module import Module, Path
from livepatch._match.pairs import Matches, Pair
from livepatch._match.walk import visit
from livepatch._python.kinds import CLASS, FUNCTION, is_class
from livepatch._python.own import OwnDict, OwnList
from livepatch._source.outline import Outline
from livepatch._source.scope import Scope, names_read
from livepatch._source.shell import Shell


@dataclass(frozen=True, slots=True, eq=False)
class Gone:
    """A function or class that is no longer in the source.

    Attributes:
        definition: refers to it as long as anybody holds it.
        shells: what its statements said.
        scopes: what those in it said, by path.
        joined: whether it is a class whose instances follow what has come in its place since.
    """

    definition: weakref.ref[Any]
    shells: tuple[Shell, ...]
    scopes: dict[Path, Scope]
    joined: bool = False


# Nobody holds these; what the class gives is the function, or bound to it.
_AROUND, _INSIDE = (staticmethod, classmethod), "<func>"
_gone: dict[int, tuple[weakref.ref[ModuleType], dict[Path, Gone]]] = {}


def keep_gone(module: ModuleType, removed: Mapping[Path, Any], outline: Outline | None) -> None:
    """Remember, without holding them, definitions that a module has no longer.

    Args:
        module: the module.
        removed: the definitions by path.
        outline: of the source that made them; None if it is not known.
    """
    if not removed or outline is None:
        return
    entry = _gone.get(id(module))
    if entry is None or entry[0]() is not module:
        key = id(module)

        def forget(_: object) -> None:
            _gone.pop(key, None)

        entry = _gone[key] = (weakref.ref(module, forget), {})
    known = entry[1]
    for path in [path for path, each in known.items() if each.definition() is None]:
        del known[path]
    for path, member in removed.items():
        home = outline.scopes.get(path[:-1])
        definition = member.__func__ if type(member) in _AROUND else member
        if home is not None and (type(definition) is FunctionType or is_class(definition)):
            known[path] = Gone(
                weakref.ref(definition),
                home.shells.get(path[-1], ()),
                {at: scope for at, scope in outline.scopes.items() if at[: len(path)] == path},
            )


def follow_returns(matches: Matches) -> None:
    """Pair each definition that has come with the one that had gone from its place, if it lives."""
    for module in matches.modules:
        entry = _gone.get(id(module.source.module))
        if entry is None or entry[0]() is not module.source.module:
            continue
        for path in sorted(module.added.keys() & entry[1].keys(), key=len):
            if path in module.added and not entry[1][path].joined:
                _pair(matches, module, path, entry[1].pop(path))
        for pair in [pair for pair in matches.pairs if pair.module is module]:
            if pair.path in entry[1] and is_class(pair.new) and not is_class(pair.old):
                _join(matches, pair, entry[1][pair.path].definition())


def _join(matches: Matches, pair: Pair, gone: Any) -> None:
    """Have a class that had become none follow what has come in the place of that.

    A class elsewhere may derive from it, and instances be of it, as long as nobody else has it.
    """
    if not is_class(gone) or id(gone) in matches.by_old:
        return
    parts = dict(CLASS.parts(pair.new))
    functions = (
        (step, part, parts[step])
        for step, part in CLASS.parts(gone)
        if type(part) is FunctionType is type(parts.get(step)) and id(part) not in matches.by_old
    )
    joined = OwnList(
        Pair((*pair.path, step), FUNCTION, old, new, pair.module, pair.before, foreign=True)
        for step, old, new in functions
    )
    joined.append(Pair(pair.path, CLASS, gone, pair.new, pair.module, pair.before, foreign=True))
    matches.aliases += joined
    matches.by_old.update((id(each.old), each) for each in joined)


def _pair(matches: Matches, module: Module, path: Path, gone: Gone) -> None:
    old, new = gone.definition(), module.added[path]
    if old is None or id(old) in matches.by_old or id(new) in matches.by_new:
        return
    if module.origin is not None:
        module.at = module.at or module.origin
        module.origin = _with_gone(module.origin, path, gone)
    added: OwnDict[Path, Any] = OwnDict()
    for each in [each for each in module.added if each[: len(path)] == path]:
        added[each] = module.added.pop(each)
    before = len(matches.pairs)
    if type(old) is FunctionType and type(new) in _AROUND:
        visit(Walk(matches, module, module), (*path, _INSIDE), old, new.__func__)
        module.added.update(added)
    else:
        visit(Walk(matches, module, module), path, old, new)
    pairs = OwnList(matches.pairs[before:])
    matches.returned.update(id(pair.new) for pair in pairs)
    if not pairs:
        module.added.update(added)


def _with_gone(origin: Outline, path: Path, gone: Gone) -> Outline:
    """Return the outline of a source in which the definition still was."""
    scopes = OwnDict(origin.scopes)
    scopes.update(gone.scopes)
    home = scopes.get(path[:-1])
    if home is not None:
        shells = {**home.shells, path[-1]: gone.shells}
        scopes[path[:-1]] = replace(home, shells=shells, loads=names_read(shells))
    return replace(origin, scopes=scopes)


def keep_changed(matches: Matches) -> None:
    """Remember classes that have become something else, while others derive from them say.

    Those that are classes again go on under their own name, and may be renamed and come back.
    """
    for pair in matches.beyond_functions():
        if is_class(pair.old) and not is_class(pair.new):
            keep_gone(pair.before.source.module, {pair.path: pair.old}, pair.before.origin)
        elif is_class(pair.new) and not is_class(pair.old):
            _, known = _gone.get(id(pair.module.source.module), (None, {}))
            if pair.path in known:
                known[pair.path] = replace(known[pair.path], joined=True)


def keep_gone_again(matches: Matches) -> None:
    """Remember what is not back after all, as the load is taken back."""
    for pair in matches.pairs:
        if id(pair.new) in matches.returned and pair.module.origin is not None:
            path = pair.path[:-1] if pair.path[-1] == _INSIDE else pair.path
            keep_gone(pair.module.source.module, {path: pair.old}, pair.module.origin)
