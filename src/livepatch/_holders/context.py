"""What a way of repointing is given: the losers' survivors, and where to note what it does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

from livepatch._decide.migration import Migration
from livepatch._python.own import OwnDict, OwnList, OwnSet
from livepatch._report.report import Notice
from livepatch._steps.steps import Steps

GONE: Any = type("Gone", (), {"__repr__": lambda _: "<gone>"})()
"""The survivor of a definition that is to vanish: containers drop it."""


@dataclass(slots=True, eq=False)
class Table:
    """A dict, set or frozenset with keys whose hash the change may alter.

    What a subclass has made of the built-in methods is never asked.

    Attributes:
        kind: the built-in type.
        holder: the table itself.
        expected: how many entries it is to have in the end.
        filled: how many it had when it had been filled anew; later caches are emptied, and weak
            keys die. A frozenset is not filled.
        has_known: whether keys are in it that are not made anew, and may not be found again.
    """

    kind: Any
    holder: Any
    expected: int
    filled: int | None = None
    has_known: bool = True

    def count(self) -> None:
        """Note how many entries there are now."""
        self.filled = self.kind.__len__(self.holder)

    def keys(self) -> list[Any]:
        """List what is in it."""
        return list(self.kind.__iter__(self.holder))

    def finds(self, key: Any) -> bool:
        """Whether a key is found by its hash of now."""
        return bool(self.kind.__contains__(self.holder, key))


@dataclass(slots=True, eq=False)
class Repointing:
    """One search for holders, and what comes of it.

    Attributes:
        survivors: from the id of each loser to its survivor; rebuilt holders join.
        fresh: ids of the losers and survivors that the load made.
        path_of: says by what path the report calls a loser.
        migrations: how the instances of some losers are made anew, by the id of their class.
        skipped: ids of holders that are accounted for otherwise.
        steps: what to do, once instances have their new class.
        last: what to do in the end: fill tables anew whose keys' hashes may need all the rest.
        first: what to do before that.
        fresh_bases: what to do first of all: surviving bases for the classes that came.
        forwards: what to do to old definitions that something unseen holds.
        rebuilt: immutable holders that have a successor, whose holders are sought next.
        references: how many references were repointed, by kind of holder.
        instances: instances to be given another class, by the id of that class.
        exchanged: ids of the objects in whose memory references are exchanged.
        contexts_seen: whether the context variables have been gone through.
        based: ids of classes whose bases are seen to.
        decided: ids of classes and functions, with the name of an attribute that is set already.
        slots: the slots of holders, by the id of their class.
        rehashed: keys whose hash the change may alter, by the id of each.
        tables: what has such keys.
        kept: the ctypes objects whose memory refers to what is in a dict, by the id of the dict.
        by_id: ids of the tables that have the id of an instance that is made anew in a key.
        iterators: those of ordered dicts, by the id of the dict; None until asked.
        unmoved: holders that cannot be repointed, with the loser and the reason.
        lagging: the closures that run their old code still, each with what is said of it.
        seeks_code: whether something unknown runs old code, and is sought by that.
    """

    survivors: OwnDict[int, Any]
    fresh: set[int]
    path_of: Callable[[Any], str]
    heirs: OwnDict[int, type] = field(default_factory=OwnDict)
    migrations: OwnDict[int, Migration] = field(default_factory=OwnDict)
    skipped: OwnSet[int] = field(default_factory=OwnSet)
    steps: Steps = field(default_factory=Steps)
    fresh_bases: Steps = field(default_factory=Steps)
    first: Steps = field(default_factory=Steps)
    last: Steps = field(default_factory=Steps)
    forwards: Steps = field(default_factory=Steps)
    rebuilt: OwnList[Any] = field(default_factory=OwnList)
    references: Counter[str] = field(default_factory=Counter)
    instances: OwnDict[int, OwnList[Any]] = field(default_factory=OwnDict)
    unmoved: list[Notice] = field(default_factory=list)
    lagging: OwnList[tuple[FunctionType, Notice]] = field(default_factory=OwnList)
    seeks_code: bool = False
    slots: dict[int, list[Any]] = field(default_factory=dict)
    rehashed: OwnDict[int, Any] = field(default_factory=OwnDict)
    tables: OwnList[Table] = field(default_factory=OwnList)
    kept: OwnDict[int, OwnList[Any]] = field(default_factory=OwnDict)
    by_id: set[int] = field(default_factory=set)
    exchanged: set[int] = field(default_factory=set)
    contexts_seen: bool = False
    based: set[int] = field(default_factory=set)
    decided: OwnSet[tuple[int, str]] = field(default_factory=OwnSet)
    iterators: OwnDict[int, OwnList[Any]] | None = None
    raw_namespaces: OwnDict[int, type] = field(default_factory=OwnDict)

    @property
    def migrates(self) -> bool:
        """Whether instances are made anew: no hash may be asked for before they are whole."""
        return any(migration.instances for migration in self.migrations.values())

    @property
    def hashes_last(self) -> bool:
        """Whether keys can be asked for their hashes only when all the rest is done."""
        return bool(self.rehashed) or self.migrates

    def settle(self, value: Any) -> Any:
        """Return the survivor of a loser, or the value itself."""
        survivor = self.survivors.get(id(value), value)
        if survivor is value:
            return value  # nearly always
        # A live value stays in the place of one that the load made, and may itself be made anew.
        return self.survivors.get(id(survivor), survivor)

    def settle_class(self, cls: Any) -> Any:
        """Return what survives of a class where only a class can be: a base, say."""
        return self.heirs.get(id(cls)) or self.settle(cls)

    def is_loser(self, value: Any) -> bool:
        """Whether references to an object are to be repointed."""
        return id(value) in self.survivors

    def is_made_anew(self, number: int) -> bool:
        """Whether a number is the id of an instance that is made anew."""
        if number not in self.survivors:
            return False
        # A tuple stands for itself until it is built.
        kind = type(self.survivors[number])
        migrations = self.migrations.values()
        return any(kind is each.new.cls or kind is each.old.cls for each in migrations)

    def count(self, kind: str, number: int = 1) -> None:
        """Count references that are repointed."""
        self.references[kind] += number

    def rebuild(self, holder: Any, successor: Any) -> None:
        """Name the successor of an immutable holder."""
        if self.survivors.get(id(holder), holder) is holder:
            self.survivors[id(holder)] = successor
            self.rebuilt.append(holder)
            if successor is not holder:
                self.count(type(holder).__name__)

    def take_rebuilt(self) -> OwnList[Any]:
        """Return the immutable holders that have a successor since this was last asked."""
        rebuilt, self.rebuilt = self.rebuilt, OwnList()
        return rebuilt

    def rows(self) -> tuple[Steps, ...]:
        """Return all the rows of steps."""
        return (self.fresh_bases, self.first, self.steps, self.last, self.forwards)

    def leave(self, holder: Any, loser: Any, code: str, message: str) -> None:
        """Report a holder that cannot be repointed."""
        del holder
        self.unmoved.append(Notice(code, self.path_of(loser), message))
