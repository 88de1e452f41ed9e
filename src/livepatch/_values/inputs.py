"""Whether the statement that makes a value says the same as before, of the same inputs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from livepatch._decide.decisions import Decisions
from livepatch._match.deleted import body_has_changed
from livepatch._match.module import Path
from livepatch._match.pairs import Pair
from livepatch._python.constants import same_value
from livepatch._python.kinds import class_attributes, is_class, kind_of, mro_of
from livepatch._python.own import OwnDict
from livepatch._snapshot.nested import absolute_name
from livepatch._source.scope import Import
from livepatch._source.shell import Shell

# What lists the names of the scope it is called in.
_LISTING = frozenset(("locals", "vars", "dir"))
_NO_ATTRIBUTES: Mapping[str, Any] = {}
_Shells = Mapping[str, tuple[Shell, ...]]


@dataclass(slots=True, eq=False)
class Inputs:
    """Knows what the statements of a reload say, and of what inputs.

    Attributes:
        decisions: who survives.
    """

    decisions: Decisions
    _said: OwnDict[tuple[int, int, Path], tuple[Collection[str] | None, _Shells]] = field(
        default_factory=OwnDict
    )
    _changed_inputs: OwnDict[tuple[str, str], bool] = field(default_factory=OwnDict)
    _owners: OwnDict[tuple[int, str], Pair | None] = field(default_factory=OwnDict)

    def says_the_same(self, pair: Pair, path: Path) -> bool | None:
        """Whether the statements that bind a path say the same, of the same inputs.

        Args:
            pair: the definition in whose modules the path is.
            path: its own, or that of one of its attributes.
        """
        new, old, home = pair.module.outline, pair.before.origin, path[:-1]
        for source in (new, old):
            if source is not None and source.unsure and source.is_unsure_of(path):
                return None
        key = (id(new), id(old), home)
        said = self._said.get(key)
        if said is None:
            scope = new.scopes.get(home)
            said = self._said[key] = new.same_names(old, home), scope.shells if scope else {}
        same, shells = said
        if same is None or path[-1] not in same:
            return None if same is None or path[-1] not in shells else False
        namespace = pair.module.new
        own = class_attributes(pair.new) if home and is_class(pair.new) else _NO_ATTRIBUTES
        for shell in shells[path[-1]]:
            for name in shell.loads:
                if self.input_changed(pair, path, name) or (
                    name in _LISTING and old is not None and new.binds_others(old, home)
                ):
                    return False
                used = own.get(name, namespace.get(name))
                if used is not None and self._part_changed(used, shell.loads):
                    return False
        imports = new.scopes[home].imports if home else ()  # in the body of a class
        return not imports or not any(
            self._import_changed(pair, each) for each in imports if each.bound == path[-1]
        )

    def _import_changed(self, pair: Pair, imported: Import) -> bool:
        wanted = absolute_name(imported.module, pair.module.live)
        homes = (each for each in self.decisions.matches.modules if each.name == wanted)
        return imported.name is not None and any(
            self._global_changed(each.old, each.new, imported.name) for each in homes
        )

    def _part_changed(self, used: Any, names: Collection[str]) -> bool:
        """Whether a class or module of the reload has other data than before under some names."""
        matches = self.decisions.matches
        if type(used) is ModuleType:
            modules = (each for each in matches.modules if each.live is used.__dict__)
            return any(
                self._global_changed(each.old, each.new, name)
                or self._part_changed(each.new.get(name), names)
                for each in modules
                for name in names
                if name in each.new and type(each.new[name]) is not ModuleType
            )
        return is_class(used) and any(self._data_changed(used, name) for name in names)

    def _data_changed(self, cls: type, name: str) -> bool:
        """Whether the source says something else of a class attribute, inherited or not."""
        place = (id(cls), name)
        if place not in self._owners:
            self._owners[place] = self._owner_of(cls, name)
        pair = self._owners[place]
        if pair is None:
            return False
        key = (pair.text, name)
        if key not in self._changed_inputs:
            self._changed_inputs[key] = False  # against circles
            said = self.says_the_same(pair, (*pair.path, name))
            self._changed_inputs[key] = said is False
        return self._changed_inputs[key]

    def _owner_of(self, cls: type, name: str) -> Pair | None:
        """Return the class of the reload that has data under a name, of a class or its bases."""
        owner = next((each for each in mro_of(cls) if name in class_attributes(each)), cls)
        pair = self.decisions.matches.by_new.get(id(owner))
        is_data = kind_of(class_attributes(owner).get(name)) is None
        return pair if is_data else None

    def input_changed(self, pair: Pair, path: Path, name: str) -> bool:
        """Whether a name that the statement of a path reads stands for something else now."""
        new, old = pair.module.outline, pair.before.origin
        if len(path) > 1 and new.scopes[path[:-1]].binds(name) and name != path[-1]:
            return not new.same_shell(old, (*path[:-1], name)) or (
                name in new.scopes[path[:-1]].rebound and not new.same_turns(old, path[:-1])
            )
        key = (pair.module.name, name)
        known = self._changed_inputs.get(key)
        if known is None:
            known = self._global_changed(pair.before.old, pair.module.new, name)
            # Where only what changed runs, this runs because of a body that changed, perhaps.
            known = known or body_has_changed(pair.module, name)
            self._changed_inputs[key] = known
        return known

    def _global_changed(self, old: dict[str, Any], new: dict[str, Any], name: str) -> bool:
        if name not in new or name not in old:
            return (name in new) is not (name in old)
        before, after = old[name], new[name]
        if same_value(before, after):
            return False
        # A definition that is itself again is not another input, whatever its body says now.
        return self.decisions.settle(before) is not self.decisions.settle(after)
