"""Which values were computed from what has changed, through calls as well, and are kept."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from copy import copy
from functools import cached_property
from itertools import chain
from types import CodeType, FunctionType
from typing import Any

from livepatch._needs.behind import Behind, Made
from livepatch._needs.differences import Changes, Path
from livepatch._needs.libraries import Libraries
from livepatch._needs.methods import MAKERS_OF_INSTANCES, Methods
from livepatch._needs.module_hooks import HOOKS, OF_MODULE, as_called
from livepatch._needs.reached import Cause, Reached, functions_in, names_said
from livepatch._needs.reads import all_read, reads_in
from livepatch._needs.taken import NOTHING_TAKEN, Taken
from livepatch._python.code import nested_codes
from livepatch._python.kinds import is_class
from livepatch._source.bodies import Bodies
from livepatch._source.outline import Outline
from livepatch._source.scope import LAMBDA
from livepatch._statements.operations import CALLS, CALLS_FOUND, asked_by, operations_of
from livepatch._statements.statements import Statement

_OF_CALLER = frozenset(("dir", "locals", "vars"))
NAMESPACES = _OF_CALLER | {"globals"}
# ``inspect.getmembers(sys.modules[__name__])``.
_OF_MODULES = frozenset(("getmembers", "__dict__"))
_KNOWN = 64
_LEADS_TO_MODULES = frozenset(("modules", "import_module", "__import__"))


class Reach:
    """What a statement uses when it runs: the names it reads, and those that its calls read."""

    def __init__(
        self, bodies: Bodies, changes: Changes, namespace: Mapping[str, Any] | None = None
    ) -> None:
        """Prepare for the functions of a module.

        Args:
            bodies: those that are not made again.
            changes: what has changed.
            namespace: the live globals, whose values say what operations and tables lead to; None
                where only names count.
        """
        self.functions: dict[str, CodeType] = {}
        self.changes = changes
        changed = (
            *(*changes.bodies, *changes.within, *changes.calls, *changes.later),
            *(path for path in changes.members if path[1:]),
        )
        self.changed: dict[str, list[Path]] = {}
        for path in map(as_called, changed):
            self.changed.setdefault(path[0], []).append(path)
        self.later: dict[int, set[str]] = {}
        self.paths = {id(body.new): body.path for body in bodies.functions}
        for body in bodies.functions:
            if len(body.path) == 1:
                self.functions[as_called(body.path)[0]] = body.new
        self.lambdas: dict[str, list[CodeType]] = {}
        self.known: dict[int, frozenset[str]] = {}
        self._known_reached: dict[tuple[frozenset[str], ...], Reached] = {}
        self.behind = Behind(namespace or {}, bodies)
        self.methods = Methods(bodies, self.behind)
        self.definitions = self.functions.keys() | self.methods.own.keys()
        # Of the special methods, those that a class of the module has, or that changed elsewhere.
        methods = (method for found in self.methods.own.values() for method in found)
        known = chain.from_iterable(self.changed.values())
        paths = (path[-1] for path in (*known, *changes.reaching))
        found = {each for each in (*methods, *paths) if each[:2] == "__" == each[-2:]}
        self.special = {each[2:-2]: each for each in found - {CALLS_FOUND}}
        self.asked = found | {CALLS, CALLS_FOUND}

    def cause(
        self,
        reads: Collection[str],
        kin: Collection[str] = (),
        taken: Taken = NOTHING_TAKEN,
        *,
        libraries: bool = False,
    ) -> Cause | None:
        """Return what has changed of all that statements with these reads use; None if nothing.

        Args:
            reads: the names, and the special methods that operations ask for.
            kin: classes that are not called; their methods may be, by names among these.
            taken: what they take of the live globals.
            libraries: whether methods count that code of other modules asks for.
        """
        if not self.changes.names and not self.changed and not self.changes.reaching:
            return None
        picked, plain = taken.picked, taken.plain
        if not reads and not picked:
            return None
        items = list(chain.from_iterable(picked.values()))
        if picked:
            reached = self._reached(set(reads).difference(picked), kin, items, plain)
            reached.names.update(picked)
        else:
            reached = self._known(frozenset(reads), frozenset(kin), frozenset(plain))
        cause = self._cause_of(reads, reached, taken.made)
        if cause is not None or not libraries or not self._may_be_asked(reached):
            return cause
        said = Libraries(self.behind.namespace.get("__name__"))
        reached = self._reached(set(reads), kin, items, plain, said)
        return self._cause_of(reads, reached, taken.made)

    def _may_be_asked(self, reached: Reached) -> bool:
        """Whether code of other modules may call what has changed of what statements use."""
        return bool(self._overriding) and (
            not self._overriding.isdisjoint(reached.kin | reached.names)
            or any(map(self.behind.is_object, reached.names))
        )

    @cached_property
    def _overriding(self) -> set[str]:
        """The classes whose methods use what has changed and are there for code of other modules.

        Those that such a module's class has by the same name: ``class Short(logging.Formatter)``.
        """
        return {
            name
            for name, methods in self.methods.own.items()
            for method, code in methods.items()
            if method[:2] != "__"
            and self.behind.overrides(name, method)
            and not self._leading_to.isdisjoint((method, *self._names_in(code)))
        }

    @cached_property
    def _leading_to(self) -> set[str]:
        """The names by which functions and methods say what has changed, or what does that."""
        paths = chain(chain.from_iterable(self.changed.values()), self.changes.reaching)
        found = self.changes.names.union(path[-1] for path in paths)
        bodies = [*self.functions.items()]
        bodies += chain.from_iterable(each.items() for each in self.methods.own.values())
        while news := {
            name
            for name, code in bodies
            if name not in found and not found.isdisjoint(self._names_in(code))
        }:
            found |= news
        return found

    def _cause_of(
        self, reads: Collection[str], reached: Reached, made: AbstractSet[str]
    ) -> Cause | None:
        # Who asks for the namespace uses all of it: ``ALL = [v for v in vars().values() if ...]``.
        looks = not NAMESPACES.isdisjoint(reads) or "globals" in reached.names
        itself = {"modules", "__name__"} <= set(reads)
        looks = looks or (itself and not _OF_MODULES.isdisjoint(reads))
        names = {*self.changes.names} if looks else self.changes.names & reached.names
        if not looks and not HOOKS.isdisjoint(names):
            names -= {each for each in HOOKS if f"{OF_MODULE}{each}" not in reached.names}
        if not looks and not made.isdisjoint(names):
            names -= self._same_instances(made & names, reached)
        if names:
            return Cause(min(names).removeprefix(OF_MODULE))
        heads = {*self.changed.keys() & reached.names, *self.changed.keys() & reached.kin}
        paths = chain.from_iterable(map(self.changed.__getitem__, heads))
        changed = min(self._led_to(paths, reached), default=None)
        if changed is not None:
            return Cause(changed.removeprefix(OF_MODULE))
        reaching = map(as_called, self.changes.reaching)
        behind = min(self._led_to(reaching, reached), default=None)
        return Cause(behind, is_direct=False) if behind is not None else None

    def _same_instances(self, made: AbstractSet[str], reached: Reached) -> set[str]:
        """Return the classes of which only members have changed that nobody who is called names."""
        found = self.changes.in_part() & made
        for code in self._run_by(reached) if found else ():
            found -= {*code.co_names}.union(*(each.co_names for each in nested_codes(code)))
        return found

    def but_for(self, wrappers: Iterable[Made]) -> Reach:
        """Return it for a definition that has some wrappers: their makers do not call them."""
        later: dict[tuple[str, ...], set[str]] = {}
        for path, name in wrappers:
            later.setdefault(path, set()).add(name)
        if not later:
            return self  # nearly every one
        found = copy(self)
        found.later = {key: later[path] for key, path in self.paths.items() if path in later}
        found.known, found._known_reached = {}, {}  # noqa: SLF001
        return found

    def may_concern(self, source: Outline) -> bool:
        """Whether any statement of a source may have used what has changed."""
        # Nearly every change concerns none, whatever they do.
        names, own = all_read(source)
        return self.cause(names | self.asked, own, libraries=True) is not None and any(
            self.cause(each.names | each.asked(), each.own, libraries=True) is not None
            for each in reads_in(source)
        )

    def add_lambdas(self, statement: Statement, names: Iterable[str]) -> None:
        """Let names that a statement binds or fills stand for the lambdas in it, too."""
        lambdas = [code for code in statement.codes if code.co_name == LAMBDA]
        for name in set(names) - self.definitions if lambdas else ():
            self.lambdas[name] = lambdas
            self._known_reached.clear()

    def add_function(self, name: str, code: CodeType) -> None:
        """Let a global be a function of some code, which a statement that runs makes."""
        self.functions[name] = code
        self._known_reached.clear()

    def cause_below(self, bases: Iterable[str]) -> Cause | None:
        """Return what has changed of all that is used where a class with these bases is made."""
        names = {name for code in self.made_below(bases) for name in self._names_in(code)}
        # In a function these are asked for something else than the module's names: `vars(cls)`.
        return self.cause(names - _OF_CALLER)

    def made_below(self, bases: Iterable[str]) -> Iterator[CodeType]:
        """Yield the code that bases run where a class is made below them."""
        methods = (self.methods.own.get(base, {}).get("__init_subclass__") for base in bases)
        return (code for code in methods if code is not None)

    def follows(self, name: str) -> bool:
        """Whether a global is a definition whose code is known, by this name or another one."""
        value = self.behind.namespace.get(name)
        known = name in self.definitions or self.behind.names.get(id(value)) in self.definitions
        # A decorator may have put an object there, whose ``__call__`` it is.
        is_object = type(value) is not FunctionType and not is_class(value)
        return known and not (is_object and any(self.behind.classes_of(name)))

    def leading(self) -> frozenset[str]:
        """Return the names that lead to functions or methods, see `through`."""
        return frozenset(
            filter(self._may_lead, {*self.functions, *self.methods.own, *self.behind.namespace})
        )

    def _may_lead(self, name: str) -> bool:
        """Whether a name leads to functions or methods: its own, an object's, or a table's."""
        is_table = self.behind.is_table(name)
        return name in self.functions or is_table or any(self.methods.of_value(name))

    def through(self, name: str) -> Iterator[Path]:
        """Yield what a name leads to that has not changed and uses what has: it, or methods."""
        if name in self.functions and self.cause((name,)) is not None:
            yield (name,)
        for method, code in self.methods.of_value(name):
            if self.cause((name, *self._names_in(code))) is not None:
                yield name, method
        if self.behind.is_table(name) and self.cause((name, CALLS_FOUND)) is not None:
            yield name, CALLS_FOUND

    def run_by(self, reads: Iterable[str]) -> Iterator[CodeType]:
        """Yield the code of all functions that run where those of some names are called."""
        for code in self._run_by(self._reached(reads)):
            yield code
            yield from nested_codes(code)

    def _known(self, *key: frozenset[str]) -> Reached:
        """Return what statements with some reads, kin and plain objects use; not to be changed."""
        # A thousand statements under one decorator all ask the same, one after the other.
        if key not in self._known_reached:
            if len(self._known_reached) >= _KNOWN:
                self._known_reached.pop(next(iter(self._known_reached)))
            reads, kin, plain = key
            self._known_reached[key] = self._reached(reads, kin, (), plain)
        return self._known_reached[key]

    def _reached(
        self,
        reads: Iterable[str],
        kin: Iterable[str] = (),
        picked: Collection[Any] = (),
        plain: Collection[str] = (),
        libraries: Libraries | None = None,
    ) -> Reached:
        said = libraries.said if libraries is not None else set[str]()
        found = Reached(set(), set(kin), set(plain), said)
        # Where all special methods are asked for already, operations say nothing more.
        names_in = self._own_names if self.asked.issubset(reads) else self._names_in
        waiting, done, known = set(reads), set[int](), -1
        while waiting or len(found.kin) + len(said) > known:
            known = len(found.kin) + len(said)
            found.names.update(waiting, self._asked_by(waiting))
            if not _LEADS_TO_MODULES.isdisjoint(waiting):
                found.names.update(f"{OF_MODULE}{each}" for each in HOOKS)
            run = self._run_by(found)
            codes = dict(zip(map(id, run), run))
            news = codes.keys() - done
            read = set[str]().union(
                *map(self.known.__getitem__, news & self.known.keys()),
                *map(names_in, map(codes.__getitem__, news - self.known.keys())),
            )
            done |= news
            found.plain.difference_update(read)
            waiting = read - found.names
            if not waiting:
                waiting = self._add_values(found, picked, libraries) - found.names
        return found

    def _asked_by(self, names: set[str]) -> set[str]:
        """Return the special methods of interest that are asked for by names, or instead."""
        found = {self.special[name] for name in self.special.keys() & names}
        more = asked_by(names)
        while more:
            found |= more
            more = asked_by(more) - found
        return found & self.asked

    def _add_values(
        self, found: Reached, picked: Collection[Any], libraries: Libraries | None
    ) -> set[str]:
        """Add the classes that live values lead to; return the names that come with them."""
        names, kin = self.behind.leads(found.names, picked, found.plain, libraries)
        found.kin.update(kin)
        if "super" in found.names:
            classes = [*found.kin, *found.names]
            found.kin.update(base for name in classes for base, _ in self.behind.order_of(name))
        return names

    def _run_by(self, reached: Reached) -> list[CodeType]:
        names = reached.names
        asked = names | reached.said if reached.said else names
        found = [*map(self.functions.__getitem__, self.functions.keys() & names)]
        for name in self.lambdas.keys() & names:
            found += self.lambdas[name]
        called = self.methods.classes & names
        classes = called | reached.kin
        bodies = self.methods.among(classes)
        for method in bodies.keys() & (asked | MAKERS_OF_INSTANCES):
            among = classes if method in asked else called
            if method == "__getattr__":
                among = frozenset(name for name in among if self._is_asked(name, method, asked))
            for code, having in bodies[method].values():
                if not among.isdisjoint(having):
                    found.append(code)
        return found

    def _is_asked(self, name: str, method: str, names: AbstractSet[str]) -> bool:
        """Whether something asks for a method of a class, or object, that is called by a name."""
        return method in names and (method != "__getattr__" or self.behind.lacks(name, names))

    def _led_to(self, paths: Iterable[Path], reached: Reached) -> Iterator[str]:
        """Yield, as texts, the paths that lead to what runs."""
        names = reached.names
        asked = names | reached.said if reached.said else names
        for path in paths:
            if path[1:] and path[0] in reached.plain:
                continue
            is_called = path[0] in names
            if (is_called or (path[0] in reached.kin and path[1:])) and all(
                self._is_asked(path[0], part, asked) or (is_called and part in MAKERS_OF_INSTANCES)
                for part in path[1:]
            ):
                yield ".".join(path)

    def _names_in(self, code: CodeType) -> frozenset[str]:
        found = self.known.get(id(code))
        if found is None:
            names = set(self._own_names(code))
            for each in (code, *self._nested(code)):
                names |= operations_of(each) & self.asked
            found = self.known[id(code)] = frozenset(names)
        return found

    def _own_names(self, code: CodeType) -> Iterable[str]:
        return names_said(code, self._nested(code))

    def _nested(self, code: CodeType) -> list[CodeType]:
        """List the functions in one, but for those that it makes and does not call."""
        return functions_in(code, self.later.get(id(code)))
