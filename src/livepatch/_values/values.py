"""Stage 5: of a value that is no definition, does the old one stay or does the new one come?

A class attribute, a default, a closure's variable may have been changed while the program ran, and
then it is state. The source decides: where it says the same as before, the old value stays; where
it says something else, or says it with inputs that changed, the new one comes.
"""  # noqa: D400

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from livepatch._decide.class_source import (
    differs_from_source,
    instances_are_made_otherwise,
    is_cache_of_texts,
    is_made_from_changed,
    makers_call_changed,
)
from livepatch._decide.given import (
    code_of_name_changed,
    counts_anew,
    is_assigned_by_changed,
    is_filled_since,
    is_made_of_given_anew,
    keeps_attributes,
    method_of_name_changed,
    scopes_of,
    why_made_anew,
)
from livepatch._decide.namesakes import said_by_namesake
from livepatch._match.members import is_member_of_one
from livepatch._match.module import Path
from livepatch._match.pairs import Pair
from livepatch._python.code import nested_codes
from livepatch._python.constants import (
    CONSTANTS,
    is_plain,
    may_hold_state,
    same_contents,
    same_value,
)
from livepatch._python.kinds import (
    dict_of,
    kind_of,
    qualified_name,
)
from livepatch._python.layers import CONTAINERS
from livepatch._python.own import OwnList
from livepatch._report.report import Notice
from livepatch._source.shell import Shell
from livepatch._statements.assigned import names_stored
from livepatch._statements.assignments import names_in, said_of_attribute
from livepatch._values.inputs import Inputs
from livepatch._values.tables_of_bases import can_follow

# What every class has of its bases and annotations, libraries or not.
_SAID_OF_ANY = ("__annotations__", "__annotate_func__", "__orig_bases__", "__parameters__")
# What a class is called or has, as one that nobody changes in place; a number may count something.
_TEXTS = (str, tuple, frozenset)
# A typed dict and a named tuple put those of their bases into them.
_MERGED = ("__annotations__", "__annotate_func__")


@dataclass(slots=True, eq=False)
class Values(Inputs):
    """Chooses between old and new values, and notes what it could not be sure of.

    Attributes:
        notices: what it could not be sure of.
        remade: ids of new classes of which a library made something else than before, out of what
            they derive from or annotate.
    """

    notices: list[Notice] = field(default_factory=list)
    remade: set[int] = field(default_factory=set)
    _anew: tuple[dict[int, int], set[int]] | None = None
    _homes: dict[int, list[tuple[Any, Mapping[str, Any], str]]] | None = None

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
        said = said_by_namesake(pair, name)
        if said is not None:
            return self._choose_of_namesake(pair, name, (old, new), said)
        return self._choose_of_class(pair, name, old, new, class_is_same=class_is_same)

    def _choose_of_class(
        self, pair: Pair, name: str, old: Any, new: Any, *, class_is_same: bool | None
    ) -> Any:
        if is_member_of_one(pair, name, old):
            return new  # nobody has set it
        # A base that a decorator put another class over is what the statement says.
        home = pair.path[:-1] if pair.path[-1].startswith("<base ") else pair.path
        path = (*home, name)
        scope = pair.module.outline.scopes.get(home)
        made = scope is None or not scope.binds(name)
        from_bases = name.startswith("__") and (made or name in _MERGED)
        from_bases = from_bases and is_made_from_changed(self.decisions, pair)
        if from_bases and name not in _SAID_OF_ANY:
            self.remade.add(id(pair.new))
        # What decorates a class may have added what it made of functions to its annotations.
        if from_bases or (name in _MERGED and class_is_same is False):
            return new
        if made or differs_from_source(pair.module.outline, path, new):
            return self._choose_made(pair, name, old, new, class_is_same=class_is_same)
        same = self.says_the_same(pair, path)
        because = why_made_anew(self.decisions.matches, pair, path, (old, new)) if same else None
        if because is not None:
            if because:
                self.note("LP304", pair, path, f"{because}; made anew")
            return new
        return self._choose_by_source(pair, path, old, new, same=same)

    def _choose_of_namesake(
        self,
        pair: Pair,
        name: str,
        values: tuple[Any, Any],
        said: tuple[tuple[Shell, ...], tuple[Shell, ...]],
    ) -> Any:
        """Choose for a class that another one of its name derives from, and no name leads to."""
        old, new = values
        if said[0] != said[1] or any(shell.loads for shell in said[1]):
            return old if said[0] == said[1] and may_hold_state(old) else new
        if not may_hold_state(old):
            path = (*str(qualified_name(pair.new)).split("."), name)
            self.note("LP303", pair, path, "was set at run time and its source is unchanged; kept")
        return old

    def _choose_made(
        self, pair: Pair, name: str, old: Any, new: Any, *, class_is_same: bool | None
    ) -> Any:
        """Choose what a decorator, a metaclass or __init_subclass__ made, of all the class says."""
        if type(new) in _TEXTS and type(old) is type(new) and self.is_made_of_bases(pair, name):
            return new
        if class_is_same and self._is_assigned_otherwise(pair, name):
            self.remade.add(id(pair.new))
            return new
        if self._made_anew()[0].get(id(old)) == id(new) or self._is_of_object_made_anew(new):
            return new
        class_is_same = class_is_same and not is_made_of_given_anew(pair, old)
        of_bases = type(new) in (dict, list, set) and not can_follow(old, new)  # entry by entry
        of_bases = (of_bases or keeps_attributes(pair, old)) and is_made_from_changed(
            self.decisions, pair
        )
        if not class_is_same or of_bases or self.is_made_otherwise(old):
            return old if is_filled_since(pair, old, new) else new
        # Its decorators and keywords may be given something else: `@tagged(VERSION)`.
        if self.says_the_same(pair, pair.path) is False:
            return new
        # What they make by other functions is no state if it is a constant.
        constant = type(old) in CONSTANTS and type(new) in CONSTANTS
        had_gone = constant and self._had_gone(pair, (*pair.path, name))
        by_changed = had_gone or (
            constant
            and (
                qualified_name(pair.old) != qualified_name(pair.new)  # `cls.tag = cls.__name__`
                or makers_call_changed(self.decisions.matches, pair)
                or self._calls_changed_method(pair, self._names_said(pair, pair.path))
                or is_assigned_by_changed(pair, name)
            )
        )
        return new if by_changed else old

    def _is_of_object_made_anew(self, new: Any) -> bool:
        """Whether a class is given what an object that is made anew keeps for itself as well.

        ``context.Number.settings = [context.precision]``: that one changes it, and the class asks.
        """
        if type(new) not in CONTAINERS:
            return False
        parts: Collection[Any] = new.values() if type(new) is dict else new
        _, known = self._made_anew()
        return id(new) in known or not known.isdisjoint(map(id, parts))

    def _made_anew(self) -> tuple[dict[int, int], set[int]]:
        """Return the ids of globals with a state, of old and new, and of the new ones' tables."""
        if self._anew is None:
            made = OwnList(
                (module.old[name], value)
                for module in self.decisions.matches.modules
                for name, value in module.new.items()
                if name in module.old and module.old[name] is not value
                if kind_of(value) is None and may_hold_state(value)
                if self.decisions.settle(value) is value
            )
            parts = (part for _, value in made for part in (dict_of(value) or {}).values())
            tables = {id(part) for part in parts if type(part) in (list, dict)}
            self._anew = {id(old): id(new) for old, new in made}, tables
        return self._anew

    def is_made_of_bases(self, pair: Pair, name: str) -> bool:
        """Whether no statement of a class made an attribute, and what it is made of changed."""
        scope = pair.module.outline.scopes.get(pair.path)
        made = scope is None or not scope.binds(name)
        return made and is_made_from_changed(self.decisions, pair)

    def _is_assigned_otherwise(self, pair: Pair, name: str) -> bool:
        """Whether a statement behind the class, ``Player.limit = LIMIT``, gives something else."""
        before, after = pair.before.origin, pair.module.outline
        if before is None:
            return False
        now = said_of_attribute(after.scopes[()].code, name)
        if not now:
            return False
        return now != said_of_attribute(before.scopes[()].code, name) or any(
            self.input_changed(pair, (each,), each) for each in names_in(now)
        )

    def _choose_by_source(
        self, pair: Pair, path: Path, old: Any, new: Any, *, same: bool | None
    ) -> Any:
        if same is None:
            return self._choose_in_doubt(pair, path, old, new)
        if same and self._names_said(pair, path) and self._is_back(pair):
            return self._choose_of_gone(pair, path, old, new)
        patched = differs_from_source(pair.before.origin, path, old)
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
        are_definitions = kind_of(old) is not None and kind_of(new) is not None
        if are_definitions and self._are_of_one_name(old, new, pair.new):
            return new  # what another name stands for is no state: ``size = Base.size``
        if self.is_made_otherwise(old):
            # It need not have what the new code of its class expects.
            message = "was made by code that has changed; the source's value replaces it"
            self.note("LP304", pair, path, message)
            return new
        if is_cache_of_texts(self.decisions.matches, pair, path[-1], old, new):
            message = "is a cache that the class before has filled; the source's empty one comes"
            self.note("LP304", pair, path, message)
            return new
        return self._choose_of_same_code(pair, path, old, new)

    def _choose_of_same_code(self, pair: Pair, path: Path, old: Any, new: Any) -> Any:
        names = self._names_said(pair, path)
        by_changed = any(code_of_name_changed(pair, name) for name in names)
        if not (type(old) in CONSTANTS and type(new) in CONSTANTS):
            if by_changed and is_plain(old) and is_plain(new):
                self._note_kept(pair, path, old, new)
            return old
        if by_changed:
            return new
        if self._calls_changed_method(pair, names):
            message = "is what a changed method gives it now; the source's value replaces it"
            self.note("LP304", pair, path, message)
            return new
        used = map(pair.module.new.get, names)
        by_counter = any(counts_anew(self.decisions.matches, each) for each in used)
        if by_counter and not self._is_assigned_anywhere(path[-1]):
            message = "is what reloaded code gives it now; the source's value replaces it"
            self.note("LP304", pair, path, message)
            return new
        self._note_kept(pair, path, old, new)
        return old

    def _names_said(self, pair: Pair, path: Path) -> list[str]:
        """List the names that the statements of an attribute read."""
        scope = pair.module.outline.scopes.get(path[:-1])
        shells = scope.shells.get(path[-1], ()) if scope is not None else ()
        return [name for shell in shells for name in shell.loads]

    def _calls_changed_method(self, pair: Pair, names: Collection[str]) -> bool:
        return method_of_name_changed(self.decisions.matches, pair, frozenset(names))

    def _is_back(self, pair: Pair) -> bool:
        """Whether a class had gone and is back: nobody saw what changed meanwhile."""
        return id(pair.new) in self.decisions.matches.returned

    def _had_gone(self, pair: Pair, path: Path) -> bool:
        """Whether what a class was given may be of before it had gone; that is noticed."""
        if self._is_back(pair):
            message = "is not what it was before its class had gone; the source's value comes"
            self.note("LP304", pair, path, message)
        return self._is_back(pair)

    def _choose_of_gone(self, pair: Pair, path: Path, old: Any, new: Any) -> Any:
        """Choose for a class that is back: what its statement used may have been another then."""
        if type(old) in CONSTANTS and type(new) in CONSTANTS:
            return new if self._had_gone(pair, path) else old
        if is_plain(old) and is_plain(new):
            self._note_kept(pair, path, old, new)
        return old

    def note_kept_default(self, pair: Pair, old: Any, new: Any) -> None:
        """Name a default that is kept although what its statement uses gives something else now."""
        scope = pair.module.outline.scopes.get(pair.path[:-1])
        shells = scope.shells.get(pair.path[-1], ()) if scope is not None else ()
        # What was empty has been filled: that is state, whatever has changed.
        if old and new and is_plain(old) and is_plain(new):
            names = {name for shell in shells for name in shell.loads}
            if any(code_of_name_changed(pair, name) for name in names):
                self._note_kept(pair, pair.path, old, new)

    def _note_kept(self, pair: Pair, path: Path, old: Any, new: Any) -> None:
        if not same_contents(old, new):
            message = "its source is unchanged and gives another value now; kept"
            self.note("LP303", pair, path, message)

    def _is_assigned_anywhere(self, name: str) -> bool:
        """Whether some code of the reload assigns an attribute of that name: then it is state."""
        return any(
            name in code.co_names and name in names_stored(code)
            for module in self.decisions.matches.modules
            for code in nested_codes(module.outline.scopes[()].code)
        )

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
        return new if self._are_of_one_name(old, new) else old

    def _are_of_one_name(self, old: Any, new: Any, but: Any = None) -> bool:
        """Whether a name had the one value and has the other: what is it goes with it.

        Args:
            old: the one value.
            new: the other.
            but: of another scope than this: the new class that has them both itself.
        """
        if self._homes is None:
            self._homes = {}
            for scope, before, after in scopes_of(self.decisions.matches):
                for name, value in after.items():
                    self._homes.setdefault(id(value), []).append((scope, before, name))
        found = self._homes.get(id(new), ())
        return any(before.get(name) is old for scope, before, name in found if scope is not but)

    def is_made_otherwise(self, old: Any) -> bool:
        """Whether the class of a value is part of the reload, and initialises it in another way."""
        return instances_are_made_otherwise(self.decisions.matches, type(old))

    def _are_of_one_type(self, old: Any, new: Any) -> bool:
        # A class of this very reload is made anew, and so is its instance; they are one type.
        return self.decisions.settle(type(old)) is self.decisions.settle(type(new))

    def note(self, code: str, pair: Pair, path: Path, message: str) -> None:
        """Note what became of a value."""
        self.notices.append(Notice(code, pair.module.path_text(path), message))
