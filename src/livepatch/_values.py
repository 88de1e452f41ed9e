"""Stage 5: of a value that is no definition, does the old one stay or does the new one come?

A class attribute, a default, a closure's variable may have been changed while the program ran, and
then it is state. The source decides: where it says the same as before, the old value stays; where
it says something else, or says it with inputs that changed, the new one comes.
"""  # noqa: D400

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

from livepatch._class_source import is_made_from_changed, makes_otherwise
from livepatch._code import same_code
from livepatch._constants import CONSTANTS, repr_of_constant, same_value
from livepatch._decisions import Decisions
from livepatch._kinds import is_class, kind_of
from livepatch._module import Path
from livepatch._outline import Outline
from livepatch._pairs import Pair
from livepatch._report import Notice

# What every class has of its bases and annotations, libraries or not.
_SAID_OF_ANY = ("__annotations__", "__annotate_func__", "__orig_bases__", "__parameters__")
# A typed dict and a named tuple put those of their bases into them.
_MERGED = ("__annotations__", "__annotate_func__")


@dataclass(slots=True, eq=False)
class Values:
    """Chooses between old and new values, and notes what it could not be sure of.

    Attributes:
        decisions: who survives.
        notices: what it could not be sure of.
        remade: ids of new classes of which a library made something else than before, out of what
            they derive from or annotate.
    """

    decisions: Decisions
    notices: list[Notice] = field(default_factory=list)
    remade: set[int] = field(default_factory=set)
    _same_names: dict[tuple[int, int, Path], Collection[str] | None] = field(default_factory=dict)
    _changed_inputs: dict[tuple[str, str], bool] = field(default_factory=dict)

    def says_the_same(self, pair: Pair, path: Path) -> bool | None:
        """Whether the statements that bind a path say the same, of the same inputs.

        Args:
            pair: the definition in whose modules the path is.
            path: its own, or that of one of its attributes.
        """
        new, old = pair.module.outline, pair.before.origin
        key = (id(new), id(old), path[:-1])
        if key not in self._same_names:
            self._same_names[key] = new.same_names(old, path[:-1])
        same = self._same_names[key]
        if same is None or path[-1] not in same:
            return None if same is None or not new.scopes[path[:-1]].binds(path[-1]) else False
        for shell in new.scopes[path[:-1]].shells[path[-1]]:
            for name in shell.loads:
                if self._input_changed(pair, path, name):
                    return False
        return True

    def _input_changed(self, pair: Pair, path: Path, name: str) -> bool:
        new, old = pair.module.outline, pair.before.origin
        if len(path) > 1 and new.scopes[path[:-1]].binds(name) and name != path[-1]:
            return not new.same_shell(old, (*path[:-1], name))
        key = (pair.module.name, name)
        known = self._changed_inputs.get(key)
        if known is None:
            known = self._global_changed(pair.before.old, pair.module.new, name)
            # Where only what changed runs, this runs because of a body that changed, perhaps.
            known = known or pair.module.followed.definitions.get((name,), ("", False))[1]
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

    def choose_attribute(
        self, pair: Pair, name: str, old: Any, new: Any, *, class_is_same: bool | None
    ) -> Any:
        """Choose a class attribute's value; what was set at run time is noticed.

        Args:
            pair: the class.
            name: the attribute's name.
            old: its value in the process.
            new: its value in the class that the load made.
            class_is_same: whether the source says the same of the class as a whole.
        """
        if same_value(old, new):
            return old
        path = (*pair.path, name)
        scope = pair.module.outline.scopes.get(pair.path)
        made = scope is None or not scope.binds(name)
        if (
            (made or name in _MERGED)
            and name.startswith("__")
            and is_made_from_changed(self.decisions, pair)
        ):
            if name not in _SAID_OF_ANY:
                self.remade.add(id(pair.new))
            return new
        if made or _differs_from_source(pair.module.outline, path, new):
            # Made by a decorator, a metaclass or __init_subclass__, from all that the class says.
            return old if class_is_same and not self._is_made_otherwise(old) else new
        same = self.says_the_same(pair, path)
        if same is None:
            return self._choose_in_doubt(pair, path, old, new)
        return self._choose_by_source(pair, path, old, new, same=same)

    def _choose_by_source(self, pair: Pair, path: Path, old: Any, new: Any, *, same: bool) -> Any:
        patched = _differs_from_source(pair.before.origin, path, old)
        if same:
            return self._choose_of_same_source(pair, path, old, new, patched=patched)
        if patched:
            message = "was set at run time; the changed source's value replaces it"
            self.note("LP304", pair, path, message)
        return new

    def _choose_of_same_source(
        self, pair: Pair, path: Path, old: Any, new: Any, *, patched: bool
    ) -> Any:
        """Choose between what the same statement gave then, or was set at run time, and gives."""
        if patched:
            message = "was set at run time and its source is unchanged; kept"
            self.note("LP303", pair, path, message)
            return old
        if self._is_made_otherwise(old):
            # It need not have what the new code of its class expects.
            message = "was made by code that has changed; the source's value replaces it"
            self.note("LP304", pair, path, message)
            return new
        return self._choose_of_same_code(pair, path, old, new)

    def _choose_of_same_code(self, pair: Pair, path: Path, old: Any, new: Any) -> Any:
        if not (type(old) in CONSTANTS and type(new) in CONSTANTS):
            return old
        for shell in pair.module.outline.scopes[path[:-1]].shells[path[-1]]:
            for name in shell.loads:
                before: Any = pair.before.old.get(name)
                after: Any = pair.module.new.get(name)
                functions = type(before) is FunctionType and type(after) is FunctionType
                if functions and not same_code(before.__code__, after.__code__):
                    return new
        message = "its source is unchanged and gives another value now; kept"
        self.note("LP303", pair, path, message)
        return old

    def _choose_in_doubt(self, pair: Pair, path: Path, old: Any, new: Any) -> Any:
        same_type = self._are_of_one_type(old, new)
        if path[-1].startswith("__") or not same_type or type(new) in CONSTANTS:
            if not path[-1].startswith("__"):
                message = "differs from the source's value, which replaces it"
                self.note("LP304", pair, path, message)
            return new
        self.note("LP303", pair, path, "is an object that may hold state; kept")
        return old

    def choose_state(self, old: Any, new: Any, *, source_is_same: bool | None) -> Any:
        """Choose the value of a closure's variable, a default, or a decorated object's attribute."""  # noqa: E501
        if same_value(old, new):
            return old
        if source_is_same is False or type(new) in CONSTANTS or not self._are_of_one_type(old, new):
            return new
        return old

    def _is_made_otherwise(self, old: Any) -> bool:
        """Whether the class of a value is part of the reload, and initialises it in another way."""
        pair = self.decisions.matches.by_old.get(id(type(old)))
        return pair is not None and is_class(pair.new) and makes_otherwise(type(old), pair.new)

    def _are_of_one_type(self, old: Any, new: Any) -> bool:
        # A class of this very reload is made anew, and so is its instance; they are one type.
        return self.decisions.settle(type(old)) is self.decisions.settle(type(new))

    def note(self, code: str, pair: Pair, path: Path, message: str) -> None:
        """Note what became of a value."""
        self.notices.append(Notice(code, pair.module.path_text(path), message))


def _differs_from_source(origin: Outline | None, path: Path, old: Any) -> bool:
    shells = origin.scopes[path[:-1]].shells.get(path[-1]) if origin else None
    said = shells[-1].constant if shells else None
    return said is not None and kind_of(old) is None and repr_of_constant(old) != said
