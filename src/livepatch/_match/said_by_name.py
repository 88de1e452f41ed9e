"""Stage 4: what a source said of a definition, under the name that it has now."""

from __future__ import annotations

import dataclasses
from typing import Any

from livepatch._match.module import Path
from livepatch._python.own import OwnDict
from livepatch._source.outline import Outline
from livepatch._source.scope import names_read
from livepatch._source.shell import Shell


def with_alias(origin: Outline, old: Path, new: Path) -> Outline:
    """Return an outline in which what is said of one path is said of another one too."""
    scopes = OwnDict(origin.scopes)
    names = (old[-1], new[-1])
    for path, scope in origin.scopes.items():
        if path[: len(old)] == old:
            shells = {
                name: tuple(_renamed_shell(shell, names) for shell in shells)
                for name, shells in scope.shells.items()
            }
            there = (*new, *path[len(old) :])
            scopes[there] = dataclasses.replace(scope, shells=shells, loads=names_read(shells))
    home = scopes[old[:-1]]
    said = tuple(_renamed_shell(shell, names) for shell in home.shells.get(old[-1], ()))
    shells = {**home.shells, new[-1]: said}
    rebound = home.rebound | {new[-1]} if len(said) > 1 else home.rebound
    scopes[old[:-1]] = dataclasses.replace(
        home, shells=shells, rebound=rebound, loads=names_read(shells)
    )
    return dataclasses.replace(origin, scopes=scopes)


def _renamed_shell(shell: Shell, names: tuple[str, str]) -> Shell:
    old, new = names
    loads = frozenset(new if name == old else name for name in shell.loads)
    return Shell(tuple(_renamed_part(part, names) for part in shell.fingerprint), loads)


def _renamed_part(part: Any, names: tuple[str, str]) -> Any:
    old, new = names
    if not isinstance(part, tuple):
        return part
    if part[0] == "text" and str(part[1]).split(".")[:1] == [old]:
        return ("text", new + part[1][len(old) :])
    return tuple(new if each == old else each for each in part)
