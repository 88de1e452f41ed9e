"""Stage 4: the old and new definitions that are one before and after, and what else was found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

from livepatch._match.module import Module, Path
from livepatch._python.kinds import FUNCTION, Kind, class_attributes, is_class, qualified_name
from livepatch._python.own import OwnDict, OwnList, OwnSet


@dataclass(slots=True, eq=False)
class Pair:
    """An old definition and the new one that takes its place.

    Attributes:
        path: names from the module's namespace down; a step in angle brackets is a part.
        kind: what the new definition is.
        old: the definition before the load.
        new: the definition that the load made.
        module: the module in which the new one is.
        before: the module in which the old one was: another one where it has moved.
        foreign: the new one was not made by this load; an import has taken the old one's place.
            It is referred to, and never changed.
        home: for a class elsewhere that is copied, the name of its own module.
        previous: the path before, of a definition that was renamed.
        inside: the new class is in what has taken the old one's place, a function around it say:
            only instances and classes elsewhere come to it.
        is_plain: both are what a `def` has put into its own place: no closure, no attributes, and
            no decorators around them.
    """

    path: Path
    kind: Kind
    old: Any
    new: Any
    module: Module
    before: Module
    foreign: bool = False
    home: str = ""
    previous: Path = ()
    inside: bool = False
    is_plain: bool = False
    _text: str = ""

    @property
    def text(self) -> str:
        """The path as the report renders it."""
        if not self._text:
            home = self.home
            path, module = self.path, self.module
            self._text = f"{home}.{'.'.join(path)}" if home else module.path_text(path)
        return self._text

    def go_by(self, path: Path, previous: Path) -> None:
        """Let the definition be called by another path than the one it was found by."""
        self.path, self.previous, self._text = path, previous, ""


@dataclass(slots=True, eq=False)
class Matches:
    """What the walk found.

    Attributes:
        modules: the modules it walked.
        pairs: definitions on both sides.
        aliases: further old objects for a new one that is paired already (a decorator was
            removed: the old wrapper and the old function become one).
        by_old: the pair or alias of an old definition, by its id.
        by_new: the pair of a new definition, by its id.
        heirs: by the id of a class that has become something else, the pair that says which class
            its instances are of now.
        standing: ids of old definitions that were not made again; their names lead to them still.
        moved: old definitions for which several new ones could stand, with these.
        by_name: the modules by name.
        stand_ins: what stood for something else during the load, with that.
        finders: of the import system, each with the new one that takes its place.
        unnamed: ids of what the modules' statements made and that does not say where.
        returned: ids of new definitions whose old one was in no source before the load.
        young: how many young objects there were when the load was done; None without a load.
        importers: what is known of those who import from the modules, by their names.
    """

    modules: tuple[Module, ...]
    pairs: OwnList[Pair] = field(default_factory=OwnList)
    aliases: OwnList[Pair] = field(default_factory=OwnList)
    by_old: OwnDict[int, Pair] = field(default_factory=OwnDict)
    by_new: OwnDict[int, Pair] = field(default_factory=OwnDict)
    heirs: dict[int, Pair] = field(default_factory=dict)
    standing: set[int] = field(default_factory=set)
    moved: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    seen: OwnSet[tuple[int, int]] = field(default_factory=OwnSet)
    by_name: dict[str, Module] = field(default_factory=dict)
    stand_ins: OwnList[tuple[Any, Any]] = field(default_factory=OwnList)
    finders: OwnList[OwnList[Any]] = field(default_factory=OwnList)
    unnamed: set[int] = field(default_factory=set)
    returned: set[int] = field(default_factory=set)
    young: int | None = None
    importers: dict[str, Any] = field(default_factory=dict)
    _by_globals: dict[int, Module] = field(default_factory=dict)
    _beyond_functions: tuple[int, OwnList[Pair]] = field(default_factory=lambda: (0, OwnList()))

    def __post_init__(self) -> None:
        for module in self.modules:
            self._by_globals[id(module.live)] = module
            if module.behind is not None:
                self._by_globals[id(module.behind)] = module
            self.by_name[module.name] = module

    def leave(self, pair: Pair) -> None:
        """Let two definitions be no pair."""
        self.pairs.remove(pair)
        del self.by_old[id(pair.old)], self.by_new[id(pair.new)]
        self._beyond_functions = (0, OwnList())

    def namespaces(self) -> Iterator[dict[str, Any]]:
        """Yield the namespaces of the modules: the live one, and those before and after."""
        for module in self.modules:
            yield from (module.live, module.old, module.new)

    def beyond_functions(self) -> OwnList[Pair]:
        """List the pairs of which one is no function; nearly all are pairs of functions."""
        count, found = self._beyond_functions
        if count != len(self.pairs):
            found = OwnList(
                pair
                for pair in self.pairs
                if pair.kind is not FUNCTION or type(pair.old) is not FunctionType
            )
            self._beyond_functions = (len(self.pairs), found)
        return found

    def owner_of(self, definition: Any) -> Module | None:
        """Return which of the modules made a function or class; None if none of them did."""
        if type(definition) is FunctionType:
            seen = definition.__globals__
            found = self._by_globals.get(id(seen))
            if found is None:
                named = self.by_name.get(seen.get("__name__", ""))
                found = named if named is not None and named.has_code(definition) else None
            return found
        if is_class(definition):
            name = class_attributes(definition).get("__module__")
            return self.by_name.get(name) if type(name) is str else None
        return None

    def is_merger(self, pair: Pair) -> bool:
        """Whether an old definition came to a new one that there was, or that is another's too."""
        moved = pair.before is not pair.module
        return pair.foreign or (moved and self.by_new.get(id(pair.new)) is not pair)

    def path_of(self, definition: Any) -> str:
        """Return what the report calls a definition of either side, or what it is held in."""
        pair = self.by_old.get(id(definition)) or self.by_new.get(id(definition))
        if pair is not None:
            return pair.text
        return qualified_name(definition) or f"a {type(definition).__name__}"
