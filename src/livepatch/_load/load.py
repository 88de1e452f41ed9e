"""Stage 3: run the new sources with ``importlib.reload``, and take the new namespaces aside.

The new code has to run in the live namespaces, because those are the dicts its functions will see
as their globals for ever. As soon as it has run, the namespaces are put back as they were: the
stages in between plan at leisure, and only `apply` makes the new ones current.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.machinery import ExtensionFileLoader
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from livepatch._load.at_exit import registered
from livepatch._load.clear import (
    drop_hidden_parts,
    drop_list_of_names,
    drop_looked_for,
    drop_marks,
    drop_shadows,
    drop_unfound,
    drop_unsaid,
    drop_vanished_names,
)
from livepatch._load.finders import renewed_finders
from livepatch._load.lend import Lender, new_bodies, put_back_names
from livepatch._load.one_shot import OneShotFinder
from livepatch._load.parts import package_there, parts_behind_stars
from livepatch._load.predecessors import put_bases_of_predecessors
from livepatch._load.rerun import after_rerun, before_rerun, before_run
from livepatch._load.stars import no_longer_starred
from livepatch._load.young import count_young, no_longer_young
from livepatch._needs.between import GoBetween, between_itself, find_go_betweens
from livepatch._python.kinds import is_module
from livepatch._python.own import Call, OwnDict, OwnList
from livepatch._python.quiet import quiet_threads
from livepatch._registers.entries import Earlier
from livepatch._registers.frameworks import open_to_more
from livepatch._report.errors import NotAModuleError
from livepatch._select.chosen import LEND
from livepatch._select.replaced import can_take_place, take_what_it_has
from livepatch._select.selection import Selection
from livepatch._snapshot.begun import begun_in_turn
from livepatch._snapshot.nested import absolute_name, loading_on_import
from livepatch._snapshot.put_around import take_off
from livepatch._snapshot.snapshot import Snapshot
from livepatch._source.outline import Outline
from livepatch._source.scope import ANNOTATING_NAMES
from livepatch._source.source import MAIN, namespace_of
from livepatch._statements.abstract import Known, known_registrations, take_back_registrations
from livepatch._steps.dicts import reorder, replace_contents, run_in_c

# livepatch.install() replaces importlib.reload; the load needs the real one.
original_reload = importlib.reload
# While the new code runs, other threads should not see the namespaces half made. Seconds a module.
_LOAD_WINDOW = 0.02
_LONGEST_WINDOW = 0.5
_STANDARD_LIBRARY = Path(os.__file__).parent


@dataclass(slots=True, eq=False)
class Loaded:
    """The new namespaces, as the modules' code left them.

    Attributes:
        namespaces: by module, every global after the load, those that the new source did not bind
            included.
        order: the names of the modules in the order in which their imports finished, with the new
            ones among them; it is that of ``sys.modules`` in a fresh process.
        imported: modules that were imported for the first time on the way.
        gone: modules that a fresh process would not have: their file has gone, or their new source
            raised an ImportError and who imported it goes on without it.
        error: what a module's code raised; then the rest is how far the load got.
        failed: the module that raised it.
        taken: what stood for an import function meanwhile and has been taken hold of, with that.
        replaced: module objects that sources have put in their own places in ``sys.modules``, each
            with the live one, which stays.
        finders: of the import system, each with the new one of its class that has joined it.
        at_exit: the ids of what was registered before, to be called when the interpreter ends.
        rebound: by module, the names that its source bound without a statement that says so.
        successors: what stood for functions that cannot take their new code, by the id of each.
        young: how many objects the collector's youngest generation had then: all that is new.
    """

    namespaces: OwnDict[str, OwnDict[str, Any]] = field(default_factory=OwnDict)
    order: list[str] = field(default_factory=list)
    imported: OwnDict[str, ModuleType] = field(default_factory=OwnDict)
    gone: OwnDict[str, ModuleType] = field(default_factory=OwnDict)
    error: BaseException | None = None
    failed: str = ""
    taken: OwnList[tuple[Any, Any]] = field(default_factory=OwnList)
    replaced: OwnList[tuple[ModuleType, ModuleType]] = field(default_factory=OwnList)
    finders: OwnList[OwnList[Any]] = field(default_factory=OwnList)
    at_exit: tuple[int, ...] = ()
    rebound: dict[str, set[str]] = field(default_factory=dict)
    successors: OwnDict[int, FunctionType] = field(default_factory=OwnDict)
    young: int = 0


def load(
    snapshots: list[Snapshot],
    outlines: Mapping[str, Outline],
    selections: Mapping[str, Selection],
    progress: Callable[[str], None],
) -> Loaded:
    """Run the compiled sources with ``importlib.reload`` and take the new namespaces aside.

    A module that another one of them imports runs when the import statement asks for it, as in a
    fresh process, so that no order needs to be guessed.

    Args:
        snapshots: of the modules, in the order in which they were imported.
        outlines: of the new sources, by module.
        selections: of the modules of which not everything may have to run, by module.
        progress: told the name of each module before it runs.

    Returns:
        The new namespaces, and the error if some module's top-level code raised one. The live
        namespaces are as they were before, order included.
    """
    run = _Run(snapshots, outlines, selections, progress)
    window = min(_LOAD_WINDOW * len(snapshots), _LONGEST_WINDOW)
    caches: OwnList[OwnList[Any]] = OwnList()
    bodies = new_bodies(selections.values(), snapshots, run.loaded.successors, caches)
    no_longer_young()
    finders: OwnList[Any] = OwnList(sys.meta_path)
    run.loaded.at_exit = registered()
    with quiet_threads(window), run.nested(), bodies:
        try:  # nothing lies between the two: an interrupt may come at any bytecode
            try:
                run.take_out_gone()
                run.load_all()
            except BaseException as error:  # noqa: BLE001 - raised again when all is taken back
                run.loaded.error, run.loaded.failed = error, run.current
            run.earlier.forget()
            run.take_aside()
        except BaseException:
            run.put_back()
            raise
        run.loaded.finders += renewed_finders(finders, OwnList(sys.meta_path))
    loaded = run.loaded
    loaded.taken += put_back_names(snapshots, loaded.namespaces, loaded.successors, caches)
    run.loaded.young = count_young()
    return run.loaded


class _Run:
    """One pass over the modules."""

    def __init__(
        self,
        snapshots: list[Snapshot],
        outlines: Mapping[str, Outline],
        selections: Mapping[str, Selection],
        progress: Callable[[str], None],
    ) -> None:
        self.snapshots = OwnDict((snapshot.source.name, snapshot) for snapshot in snapshots)
        self.pending = {name for name, each in self.snapshots.items() if each.source.spec}
        self.places = {name: place for place, name in enumerate(self.snapshots)}
        self.selections = selections
        self.progress = progress
        self.outlines = outlines
        self.known = dict.fromkeys(sys.modules)
        self.current = ""
        self.loaded = Loaded()
        self.failed: list[str] = []
        self.go_betweens: dict[str, GoBetween] = {}
        if len(self.pending) > 1:
            sources = [snapshot.source for snapshot in snapshots]
            described = {each.name: (each.module, outlines[each.name]) for each in sources}
            self.go_betweens = find_go_betweens(described)
        chosen = [(name, each) for name, each in selections.items() if each.bodies is not None]
        resting = [name for name, each in chosen if each.code is None]
        self.resting = {
            name: between_itself(self.snapshots[name].source.module, outlines[name])
            for name in (resting if len(self.pending) > 1 else ())
        }
        self.earlier = Earlier({name: each.namespace for name, each in self.snapshots.items()})
        self.lent: OwnList[Call] = OwnList()
        self.registered: dict[str, tuple[CodeType, Known]] = {}

    def nested(self) -> ExitStack:
        """Return the context in which imports among the modules load what is pending."""
        stack = ExitStack()
        if len(self.pending) > 1:
            behind = {name: each.homes_of for name, each in self.go_betweens.items()}
            taken = self.loaded.taken
            stack.enter_context(
                loading_on_import(self.pending, behind, self.snapshots, self.load_one, taken)
            )
        return stack

    def take_out_gone(self) -> None:
        for name, snapshot in self.snapshots.items():
            if snapshot.source.spec is None:
                self.loaded.gone[name] = snapshot.source.module
                sys.modules.pop(name, None)

    def load_all(self) -> None:
        for name in begun_in_turn(self.snapshots):
            if name in self.pending:
                self.load_one(name)
        for name in self.failed:
            self.loaded.gone[name] = self.snapshots[name].source.module

    def load_one(self, name: str) -> None:
        """Run one module's new code, once its parent's has begun."""
        parent = name.rpartition(".")[0]
        if parent in self.pending:
            self.load_one(parent)
        if name not in self.pending:
            return
        self.pending.discard(name)
        self.progress(name)
        snapshot, selection = self.snapshots[name], self.selections.get(name)
        if selection is None or selection.bodies is None:
            # The code would write into the old dict; without one it starts a new one.
            namespace = namespace_of(snapshot.source.module)
            for name_of_kind in ANNOTATING_NAMES:
                namespace.pop(name_of_kind, None)
            dropped = drop_shadows(namespace, self.outlines[name])
            dropped |= drop_marks(namespace, snapshot.origin)
            dropped |= drop_unsaid(namespace, self.outlines[name], snapshot.origin)
            drop_looked_for(namespace, snapshot.source.code, None)
            take_off(snapshot)
            imports = self.outlines[name].scopes[()].imports
            before_run(snapshot, [each.bound for each in imports], self.earlier)
            self.run(snapshot, snapshot.source.code, None)
            for dropped_name, value in dropped.items():
                namespace.setdefault(dropped_name, value)  # somebody else had set it
            return
        with open_to_more(snapshot.namespace):
            before_rerun(selection, snapshot, self.earlier)
            if selection.code is not None:
                namespace = namespace_of(snapshot.source.module)
                drop_looked_for(namespace, selection.code, selection.names)
                if LEND in selection.code.co_names:
                    namespace[LEND] = Lender(snapshot.namespace, namespace, self.lent)
                self.run(snapshot, selection.code, selection)
        after_rerun(selection, snapshot, self.earlier)
        self.load_what_it_imports(name)

    def load_what_it_imports(self, name: str) -> None:
        """Run what a module imports by statements that do not run, as importing it would have."""
        places = self.places
        for each in self.outlines[name].scopes[()].imports if self.pending else ():
            home = absolute_name(each.module, self.snapshots[name].namespace)
            for wanted in (home, f"{home}.{each.name}"):
                # What came later was not imported by it: for type checkers, or in a circle.
                if wanted in self.pending and places[wanted] < places[name]:
                    self.load_one(wanted)

    def run(self, snapshot: Snapshot, code: CodeType, selection: Selection | None) -> None:
        """Run a module's code in its namespace, as an import does."""
        source, namespace = snapshot.source, namespace_of(snapshot.source.module)
        name = source.name
        parent, _, tail = name.rpartition(".")
        alone = len(self.snapshots) == 1
        self.registered[name] = code, known_registrations(code, snapshot.namespace)
        vanished = drop_vanished_names(
            snapshot, self.outlines[name], namespace, selection, alone=alone
        )
        drop_hidden_parts(name, self.outlines[name], namespace)
        self.drop_for_lists(snapshot, code, namespace)
        outer, self.current = self.current, name
        try:
            if name == MAIN:
                exec(code, namespace)  # noqa: S102 - what it was run by is no import
            else:
                if getattr(namespace.get("__spec__"), "name", name) != name:
                    namespace["__spec__"] = source.spec  # it has taken over another module's
                with package_there(source), OneShotFinder(source, code):
                    original_reload(source.module)
        except ImportError:
            # Whoever imports it may have something else instead; then it is not there, as if the
            # import had failed the first time.
            self.failed.append(name)
            if len(self.snapshots) > 1:
                sys.modules.pop(name, None)
            raise
        in_its_place: Any = sys.modules.get(name)
        if in_its_place is not source.module:
            sys.modules[name] = source.module
            if not can_take_place(in_its_place, source.module):
                detail = f"the new source of {name!r} replaces itself in sys.modules"
                raise NotAModuleError("LP107", detail)
            self.loaded.replaced.append((in_its_place, source.module))
            take_what_it_has(source.module, in_its_place)
        self.current = outer or name
        self.loaded.rebound[name] = vanished & namespace.keys()
        self.drop_starred_names(snapshot, namespace)
        drop_unfound(self.outlines[name], namespace, self.snapshots)
        for part in parts_behind_stars(snapshot, self.outlines[name], namespace):
            if part not in self.loaded.rebound:  # else it has run, and has the place it came to
                namespace[part.rpartition(".")[2]] = sys.modules[part]
        self._lend(name, snapshot.namespace, namespace)
        if parent in self.snapshots and not self._has_another(parent, tail, source.module):
            # As an import does; the parent's own code may bind the name anew afterwards.
            namespace_of(self.snapshots[parent].source.module)[tail] = source.module

    def _has_another(self, parent: str, tail: str, module: ModuleType) -> bool:
        """Whether a package bound the name of a part of it otherwise, and does not do so again.

        ``from .parse import parse`` binds the function where the import had put the module.
        """
        selection = self.selections.get(parent)
        if selection is None or selection.bodies is None or tail in selection.names:
            return False
        return self.snapshots[parent].namespace.get(tail, module) is not module

    def drop_for_lists(self, snapshot: Snapshot, code: CodeType, namespace: dict[str, Any]) -> None:
        """Remove what is not to be found by code that lists what there is, or imports all of it."""
        outline = self.outlines[snapshot.source.name]
        if outline.has_other_means or "dir" in code.co_names:
            self.drop_starred_names(snapshot, namespace)
        drop_list_of_names(namespace, code, snapshot.namespace.keys() - namespace.keys())

    def drop_starred_names(self, snapshot: Snapshot, namespace: dict[str, Any]) -> None:
        """Remove what came from a module imported whole that does not have it any more."""
        for name in no_longer_starred(snapshot, self.snapshots, self.outlines, self.pending):
            namespace.pop(name, None)

    def _lend(self, name: str, old: dict[str, Any], new: dict[str, Any]) -> None:
        """Let those who import from here by way of a module that does not run see what is new."""
        for home, between in (*self.go_betweens.items(), *self.resting.items()):
            lent = len(self.lent)
            between.hand_on(name, old, new, self.lent)
            if len(self.lent) > lent and home in self.resting:
                self._lend(home, self.snapshots[home].namespace, between.namespace)

    def take_aside(self) -> None:
        """Copy the new namespaces, and put the old ones back."""
        loaded, calls = self.loaded, OwnList[Call]()
        run_in_c(OwnList(reversed(self.lent)))
        self.take_back_registrations()
        for name in [each for each in list(sys.modules) if each not in self.known]:
            module: Any = sys.modules.get(name)
            if is_module(module) and self._is_part_of_change(name, module):
                loaded.imported[name] = module
        # An entry moves to the end when its module's code has run (CPython: _bootstrap._exec).
        places = {**self.snapshots, **loaded.imported}
        loaded.order = [name for name in list(sys.modules) if name in places]
        for name, snapshot in self.snapshots.items():
            namespace = namespace_of(snapshot.source.module)
            there = snapshot.namespace if name in loaded.gone else namespace
            loaded.namespaces[name] = OwnDict(there)
            put_bases_of_predecessors(snapshot.namespace, there)
            calls += replace_contents(namespace, snapshot.namespace)
            if sys.modules.get(name) is not snapshot.source.module:
                calls.append(Call(dict.__setitem__, sys.modules, name, snapshot.source.module))
        run_in_c([*calls, *reversed(self.lent)])
        run_in_c(reorder(sys.modules, list(self.known)))

    def take_back_registrations(self) -> None:
        """Take back who came to abstract classes that were there before; that is planned later."""
        for name, (code, known) in self.registered.items():
            take_back_registrations(known, code, namespace_of(self.snapshots[name].source.module))

    def put_back(self) -> None:
        """Put the old namespaces back, however far taking the new ones aside had got."""
        calls = OwnList[Call]()
        self.take_back_registrations()
        for name, snapshot in self.snapshots.items():
            calls += replace_contents(namespace_of(snapshot.source.module), snapshot.namespace)
            calls.append(Call(dict.__setitem__, sys.modules, name, snapshot.source.module))
        run_in_c([*calls, *reversed(self.lent)])
        run_in_c(reorder(sys.modules, list(self.known)))

    def _is_part_of_change(self, name: str, module: ModuleType) -> bool:
        """Whether a module that was imported on the way goes again if the reload does not hold.

        It does if it belongs to the same package, or lies beside the modules in the same folder of
        the user's. An installed package may have been imported by somebody else in the meantime,
        and one with compiled parts cannot be imported twice.
        """
        namespace = namespace_of(module)
        if type(getattr(namespace.get("__spec__"), "loader", None)) is ExtensionFileLoader:
            return False
        top, tops = name.partition(".")[0], {each.partition(".")[0] for each in self.snapshots}
        folders = {_folder_of(sys.modules.get(each)) for each in tops} - {None}
        return top in tops or _folder_of(sys.modules.get(top)) in folders


def _folder_of(module: Any) -> Path | None:
    """Return the folder on the path that a top-level module of the user's is in."""
    spec = getattr(module, "__spec__", None)
    origin = getattr(spec, "origin", None)
    if not isinstance(origin, str) or not Path(origin).is_absolute():
        return None
    is_package = bool(getattr(spec, "submodule_search_locations", None))
    folder = Path(origin).parents[1 if is_package else 0]
    installed = folder.name in {"site-packages", "dist-packages"}
    return None if installed or folder == _STANDARD_LIBRARY else folder
