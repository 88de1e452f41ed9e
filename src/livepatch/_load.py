"""Stage 3: run the new sources with ``importlib.reload``, and take the new namespaces aside.

The new code has to run in the live namespaces, because those are the dicts its functions will see
as their globals for ever. As soon as it has run, the namespaces are put back as they were: the
stages in between plan at leisure, and only `apply` makes the new ones current.
"""

from __future__ import annotations

import builtins
import gc
import importlib
import os
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.machinery import ExtensionFileLoader, ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from livepatch._between import GoBetween, find_go_betweens
from livepatch._dicts import reorder, replace_contents, run_in_c
from livepatch._enrolled import open_to_more
from livepatch._errors import NotAModuleError
from livepatch._nested import absolute_name, loading_on_import
from livepatch._outline import Outline
from livepatch._own import Call, OwnDict, OwnList
from livepatch._quiet import quiet_threads
from livepatch._rerun import after_rerun, before_rerun, new_bodies
from livepatch._select import Selection
from livepatch._snapshot import Snapshot
from livepatch._source import MAIN, Source, namespace_of
from livepatch._steps import MISSING

# livepatch.install() replaces importlib.reload; the load needs the real one.
original_reload = importlib.reload
# While the new code runs, other threads should not see the namespaces half made. Seconds a module.
_LOAD_WINDOW = 0.02
_LONGEST_WINDOW = 0.5
_BUILTINS = frozenset(name for name in vars(builtins) if not name.startswith("__"))
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
    """

    namespaces: OwnDict[str, OwnDict[str, Any]] = field(default_factory=OwnDict)
    order: list[str] = field(default_factory=list)
    imported: OwnDict[str, ModuleType] = field(default_factory=OwnDict)
    gone: OwnDict[str, ModuleType] = field(default_factory=OwnDict)
    error: BaseException | None = None
    failed: str = ""
    taken: OwnList[tuple[Any, Any]] = field(default_factory=OwnList)


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
    bodies = new_bodies(selections.values(), snapshots)
    with quiet_threads(window), run.nested(), bodies:
        try:
            run.take_out_gone()
            run.load_all()
        except BaseException as error:  # noqa: BLE001 - raised again when all is taken back
            run.loaded.error, run.loaded.failed = error, run.current
        finally:
            try:
                run.take_aside()
            except BaseException:
                run.put_back()  # interrupted in the midst of it
                raise
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
        self.lent: OwnList[Call] = OwnList()

    def nested(self) -> ExitStack:
        """Return the context in which imports among the modules load what is pending."""
        stack = ExitStack()
        if len(self.pending) > 1:
            behind = {name: each.imported for name, each in self.go_betweens.items()}
            stack.enter_context(
                loading_on_import(self.pending, behind, self.load_one, self.loaded.taken)
            )
        return stack

    def take_out_gone(self) -> None:
        for name, snapshot in self.snapshots.items():
            if snapshot.source.spec is None:
                self.loaded.gone[name] = snapshot.source.module
                sys.modules.pop(name, None)

    def load_all(self) -> None:
        for name in self.snapshots:
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
            namespace.pop("__annotations__", None)
            _drop_shadows(namespace, self.outlines[name])
            self.run(snapshot, snapshot.source.code)
            return
        before_rerun(selection, snapshot)
        if selection.code is not None:
            with open_to_more(snapshot.namespace):
                self.run(snapshot, selection.code)
        after_rerun(selection, snapshot)

    def run(self, snapshot: Snapshot, code: CodeType) -> None:
        """Run a module's code in its namespace, as an import does."""
        source, namespace = snapshot.source, namespace_of(snapshot.source.module)
        name = source.name
        parent, _, tail = name.rpartition(".")
        if len(self.snapshots) > 1:
            _drop_vanished_names(snapshot, namespace)
        outer, self.current = self.current, name
        try:
            if name == MAIN:
                exec(code, namespace)  # noqa: S102 - what it was run by is no import
            else:
                with _one_shot_finder(source, code):
                    original_reload(source.module)
        except ImportError:
            # Whoever imports it may have something else instead; then it is not there, as if the
            # import had failed the first time.
            self.failed.append(name)
            if len(self.snapshots) > 1:
                sys.modules.pop(name, None)
            raise
        if sys.modules.get(name) is not source.module:
            sys.modules[name] = source.module
            detail = f"the new source of {name!r} replaces itself in sys.modules"
            raise NotAModuleError("LP107", detail)
        self.current = outer or name
        self.drop_starred_names(snapshot, namespace)
        self._lend(name, snapshot.namespace, namespace)
        if parent in self.snapshots:
            # As an import does; the parent's own code may bind the name anew afterwards.
            namespace_of(self.snapshots[parent].source.module)[tail] = source.module

    def drop_starred_names(self, snapshot: Snapshot, namespace: dict[str, Any]) -> None:
        """Remove what came from a module imported whole that does not have it any more."""
        if snapshot.origin is None:
            return
        before = [self.snapshots[home] for home in self._starred(snapshot.origin, snapshot)]
        after = self._starred(self.outlines[snapshot.source.name], snapshot)
        provided = set(snapshot.source.code.co_names)
        provided.update(*(namespace_of(self.snapshots[home].source.module) for home in after))
        for each in before:
            for name in each.namespace.keys() - provided:
                if namespace.get(name, self) is each.namespace[name]:
                    del namespace[name]

    def _starred(self, outline: Outline, snapshot: Snapshot) -> list[str]:
        """List the modules of the reload of which a source imports everything."""
        imports = (each for each in outline.scopes[()].imports if each.name == "*")
        homes = (absolute_name(each.module, snapshot.namespace) for each in imports)
        return [home for home in homes if home in self.snapshots]

    def _lend(self, name: str, old: dict[str, Any], new: dict[str, Any]) -> None:
        """Let those who import from here by way of a module that does not run see what is new."""
        for between in self.go_betweens.values():
            for bound, imported in between.names_from(name):
                value = new.get(imported, old.get(imported))
                before = between.namespace.get(bound, MISSING)
                if before is old.get(imported, self) and value is not before:
                    between.namespace[bound] = value
                    self.lent.append(Call(dict.__setitem__, between.namespace, bound, before))

    def take_aside(self) -> None:
        """Copy the new namespaces, and put the old ones back."""
        loaded, calls = self.loaded, OwnList[Call]()
        imported = [name for name in list(sys.modules) if name not in self.known]
        for name in imported:
            module: Any = sys.modules.get(name)
            if issubclass(type(module), ModuleType) and self._is_part_of_change(name, module):
                loaded.imported[name] = module
        # An entry moves to the end when its module's code has run (CPython: _bootstrap._exec).
        places = {**self.snapshots, **loaded.imported}
        loaded.order = [name for name in list(sys.modules) if name in places]
        for name, snapshot in self.snapshots.items():
            namespace = namespace_of(snapshot.source.module)
            gone = name in loaded.gone
            loaded.namespaces[name] = OwnDict(snapshot.namespace if gone else namespace)
            calls += replace_contents(namespace, snapshot.namespace)
            if sys.modules.get(name) is not snapshot.source.module:
                calls.append(Call(dict.__setitem__, sys.modules, name, snapshot.source.module))
        run_in_c([*calls, *reversed(self.lent)])
        run_in_c(reorder(sys.modules, list(self.known)))

    def put_back(self) -> None:
        """Put the old namespaces back, however far taking the new ones aside had got."""
        calls = OwnList[Call]()
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
        tops = {each.partition(".")[0]: each for each in self.snapshots}
        if name.partition(".")[0] in tops:
            return True
        folders = {_folder_of(sys.modules.get(top)) for top in tops} - {None}
        return _folder_of(sys.modules.get(name.partition(".")[0])) in folders


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


def _drop_shadows(namespace: dict[str, Any], outline: Outline) -> None:
    """Remove the names that hide a builtin, so that new code finds that one until it binds its own.

    ``_map = map`` above ``def map`` means the builtin; the old function is still in the namespace.
    Where the name is first bound by other means, the source may ask what is there already.
    """
    shells = outline.scopes[()].shells
    for name in [name for name in namespace if name in _BUILTINS]:
        if name not in shells or shells[name][0].is_definition:
            del namespace[name]


def _drop_vanished_names(snapshot: Snapshot, namespace: dict[str, Any]) -> None:
    """Remove what the new source does not bind any more, so that no other module imports it."""
    if snapshot.origin is None:
        return
    vanished = snapshot.origin.scopes[()].shells.keys() - set(snapshot.source.code.co_names)
    for name in vanished:
        namespace.pop(name, None)


class _CompiledLoader:
    """Runs code that is compiled already, in the place of the module's own loader."""

    def __init__(self, code: CodeType, spec: ModuleSpec) -> None:
        self.code = code
        self.spec = spec
        self.real_loader = spec.loader

    def create_module(self, _: ModuleSpec) -> None:
        """Leave the making of the module to the import system."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the code, with the module's own loader in its place again."""
        self.spec.loader = self.real_loader
        namespace_of(module)["__loader__"] = self.real_loader
        try:
            exec(self.code, namespace_of(module))  # noqa: S102 - this is what an import does
        finally:
            # importlib.reload raises KeyError, over the module's own error, where the module
            # took itself out of sys.modules.
            sys.modules.setdefault(self.spec.name, module)


@contextmanager
def _one_shot_finder(source: Source, code: CodeType) -> Generator[None, None, None]:
    spec = source.spec

    class Finder:
        """Finds the module once, with its source compiled: never a stale .pyc."""

        @staticmethod
        def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:  # noqa: ARG004
            if spec is None or name != source.name or Finder not in sys.meta_path:
                return None
            sys.meta_path.remove(Finder)
            loader: Any = _CompiledLoader(code, spec)
            spec.loader = loader
            return spec

    sys.meta_path.insert(0, Finder)
    try:
        yield
    finally:
        if Finder in sys.meta_path:
            sys.meta_path.remove(Finder)


@contextmanager
def young_objects_kept_apart() -> Generator[Callable[[], object], None, None]:
    """Keep the garbage collector from running, so that what the load makes stays young.

    Then all that is new is in generation 0 and nothing else is: a search among new objects need not
    walk the heap, and a class there was made by the load (one that the user had just made was
    taken for such, and taken out with a load that failed).

    Yields:
        What frees those of the new objects that nothing holds any more.
    """
    restore = gc.enable if gc.isenabled() else gc.disable
    try:
        gc.disable()
        gc.collect(0)
        before = _count_older_collections()
        # A module's own code may have had everything collected; then they are not young any more.
        yield lambda: gc.collect(0 if _count_older_collections() == before else 2)
    finally:
        try:
            restore()
        finally:
            restore()  # an interrupt may come in the midst of the first


def _count_older_collections() -> int:
    return sum(each["collections"] for each in gc.get_stats()[1:])
