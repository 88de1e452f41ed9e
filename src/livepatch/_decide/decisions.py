"""Stage 5: who survives: the losers, each with its survivor, and how instances go over."""

from __future__ import annotations

import types
import weakref
from dataclasses import dataclass, field
from typing import Any

from livepatch._decide.migration import Migration
from livepatch._match.decorated import plain_path
from livepatch._match.module import Path
from livepatch._match.pairs import Matches, Pair
from livepatch._python.kinds import CLASS, class_attributes, is_class, is_place
from livepatch._python.own import OwnDict, OwnList


@dataclass(slots=True, eq=False)
class Decisions:
    """Who survives.

    Attributes:
        matches: the pairs decided on.
        strategy: ``"auto"`` or ``"repoint"``.
        survivors: from the id of each loser to its survivor.
        heirs: from the id of each class that becomes something else to that which its instances and
            the classes elsewhere below it have now.
        losers: the losers, so that their ids stay theirs.
        kept: ids of the new definitions whose old one survives.
        borrowed: new classes, and the base they are to have while instances go over.
        layout_changes: pairs of classes whose instances cannot go over, with the LP number of the
            refusal, should they not be made anew either.
        derived: classes elsewhere below one of those, each with the copy over the new base.
        rebuilt: closures that cannot take the code they are to have, each with one that has it.
        migrations: how instances are made anew, by the id of their old class.
        changed_classes: ids of the new classes whose source says something else; None until asked.
        few_survivors: of very many survivors those that are no instances made anew, with the
            number of all at that time.
        caches: the caches that the load made, by the id of the function in each; None until asked.
        classes: the pairs of classes by module and path; None until asked.
        layouts: of the classes that have been asked for one, by their ids; their bases are held.
    """

    matches: Matches
    strategy: str
    survivors: OwnDict[int, Any] = field(default_factory=OwnDict)
    heirs: OwnDict[int, type] = field(default_factory=OwnDict)
    losers: OwnList[Any] = field(default_factory=OwnList)
    kept: OwnDict[int, bool] = field(default_factory=OwnDict)
    layout_changes: OwnList[tuple[Pair, str]] = field(default_factory=OwnList)
    borrowed: OwnList[tuple[type, type]] = field(default_factory=OwnList)
    derived: OwnList[Pair] = field(default_factory=OwnList)
    rebuilt: OwnList[Pair] = field(default_factory=OwnList)
    migrations: OwnDict[int, Migration] = field(default_factory=OwnDict)
    changed_classes: set[int] | None = None
    few_survivors: tuple[int, OwnList[Any]] = (0, OwnList())
    caches: OwnDict[int, Any] | None = None
    classes: OwnDict[tuple[int, Path], Pair] | None = None
    layouts: OwnDict[int, tuple[Any, ...]] = field(default_factory=OwnDict)

    def settle(self, value: Any) -> Any:
        """Return the survivor of a definition, or the value itself."""
        return self.survivors.get(id(value), value)

    def settle_class(self, cls: Any) -> Any:
        """Return what survives of a class where only a class can be: a base, say."""
        return self.heirs.get(id(cls)) or self.settle(cls)

    def forget_weak_references(self) -> None:
        """Let weak references to successors that are not needed go before these.

        Else they would call what is to be called when an instance dies (``weakref.finalize``).
        """
        for key, survivor in list(self.survivors.items()):
            if issubclass(type(survivor), weakref.ref) or type(survivor) in weakref.ProxyTypes:
                del self.survivors[key]

    def changes_layout(self, old: type) -> bool:
        """Whether the instances of an old class cannot be given its successor."""
        return any(pair.old is old for pair, _ in self.layout_changes)

    def whole_of(self, pair: Pair) -> Pair | None:
        """Return the class that a definition is an attribute of."""
        if self.classes is None:
            found = (each for each in self.matches.beyond_functions() if each.kind is CLASS)
            self.classes = OwnDict(((id(each.module), each.path), each) for each in found)
        return self.classes.get((id(pair.module), plain_path(pair.path)[:-1]))

    def add_loser(self, loser: Any, survivor: Any) -> None:
        """Say that all references to one object are to reach another."""
        if loser is not survivor:
            self.losers.append(loser)
            self.survivors[id(loser)] = survivor
            if type(loser) is types.FunctionType:
                return  # nearly every one
            if is_class(loser) and is_class(survivor):
                self._add_places(loser, survivor)

    def _add_places(self, loser: type, survivor: type) -> None:
        """Let the descriptors of a class's slots, dict and weak references go with it.

        Each refers to its class, and is wherever the class's attributes have been copied to:
        ``functools.wraps(cls)`` does that.
        """
        others = class_attributes(survivor)
        for name, place in class_attributes(loser).items():
            if is_place(place) and type(others.get(name)) is type(place):
                self.add_loser(place, others[name])
