"""Stage 2: decide which statements of the new sources run. Nothing is run and nothing is changed.

What a statement says is compared in code, against the code that the live module was made from. A
function whose body alone has changed is no reason to run anything.
"""

from __future__ import annotations
import __future__

import ast
import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from importlib.machinery import SourceFileLoader
from types import CodeType
from typing import Any

from livepatch._bodies import Bodies, codes_in, pair_bodies
from livepatch._code import exchange, same_code
from livepatch._enrolled import Made
from livepatch._errors import NotReloadableError
from livepatch._needs import Changes, Needs, changes_in
from livepatch._outline import Outline
from livepatch._reach import Reach
from livepatch._recognise import Statements, find_statements
from livepatch._report import Notice
from livepatch._scope import ANNOTATIONS, Shell, annotate_code
from livepatch._snapshot import Snapshot
from livepatch._source import MAIN
from livepatch._spread import ChangedModules, Imported
from livepatch._stale import is_guard, not_run, notices_of_effects, notices_of_kept
from livepatch._statements import Statement, pair_codes
from livepatch._syntax import (
    decorating_names,
    is_import,
    overloaded_names,
    without_annotations,
)

_FUTURE = reduce(
    operator.or_, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
)


@dataclass(slots=True, eq=False)
class Selection:
    """What of a module runs.

    Attributes:
        bodies: the functions and classes that are not made again; None where everything runs.
        code: what runs; None for nothing.
        names: the globals that it binds.
        restored: those of them that a later statement, which does not run, has the last word on.
        apart: those of them whose old value another statement made, which does not run.
        annotate: the function of the module's annotations, where that is made anew (3.14).
        annotations: how many of them there are.
        unannotated: the variables that have lost their annotation (until 3.13).
        left: definitions as the old source made them, by a method of a global, and as the new one
            does not; they are struck off that object's lists.
        entered: those that it makes and that run.
        notices: what a user should know about what does not run.
    """

    bodies: Bodies | None = None
    code: CodeType | None = None
    names: frozenset[str] = frozenset()
    restored: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()
    overloads: frozenset[str] = frozenset()
    annotate: CodeType | None = None
    annotations: int = 0
    unannotated: frozenset[str] = frozenset()
    left: list[Made] = field(default_factory=list)
    entered: dict[str, Made] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)


def select(
    snapshots: list[Snapshot], outlines: Mapping[str, Outline], again: frozenset[str]
) -> dict[str, Selection]:
    """Decide for each module what of it runs.

    Args:
        snapshots: of the modules, in the order in which they were imported.
        outlines: of the new sources, by module.
        again: names of globals whose statements run in any case: bare, or dotted for one module.
    """
    found: dict[str, Selection] = {}
    changed = ChangedModules(snapshots, outlines)
    for snapshot in snapshots:
        name = snapshot.source.name
        if snapshot.source.spec is not None:
            imported = changed.imported_by(outlines[name], snapshot.namespace)
            choice = _Choice(snapshot, outlines[name], again, imported)
            found[name] = choice.select()
            changed.modules[name] = choice.changes
    _notice_unknown_names(found, outlines, again)
    return found


def _notice_unknown_names(
    found: dict[str, Selection], outlines: Mapping[str, Outline], again: frozenset[str]
) -> None:
    for wanted in sorted(again):
        names = [
            name
            for name in found
            if wanted.removeprefix(f"{name}.") in outlines[name].scopes[()].shells
        ]
        if not names:
            first = next(iter(found), "")
            message = "is bound by no statement"
            for selection in list(found.values())[:1]:
                selection.notices.append(Notice("LP316", f"{first}.{wanted}", message))


class _Choice:
    """The choice for one module."""

    def __init__(
        self, snapshot: Snapshot, new: Outline, again: frozenset[str], imported: Imported
    ) -> None:
        self.source = snapshot.source
        self.namespace = snapshot.namespace
        self.old, self.new = snapshot.origin, new
        self.again = {name.removeprefix(f"{self.source.name}.") for name in again}
        self.again &= new.scopes[()].shells.keys()
        self.imported = imported
        self.changes = Changes()

    def select(self) -> Selection:
        old, new = self.old, self.new
        if old is None:
            return self.whole("its earlier source is not known")
        before, after = old.scopes[()], new.scopes[()]
        if (before.code.co_flags ^ after.code.co_flags) & _FUTURE:
            return self.whole("a `from __future__` import has come or gone")
        if before.shells is after.shells and not self.again and not self.imported.starred:
            bodies = pair_bodies(codes_in(before.code), codes_in(after.code), (), (old, new))
            if bodies is not None:
                self.take_changes(changes_in(bodies))
                if not self.may_concern_others(bodies):
                    return Selection(bodies)
        if not _is_compiled_plainly(self.source.spec):
            return self.whole("its loader changes its syntax")
        return self.select_statements(old, new)

    def whole(self, reason: str) -> Selection:
        if self.source.name == MAIN:
            raise NotReloadableError("LP102", f"__main__ would have to run again: {reason}")
        self.changes.names |= self.new.scopes[()].shells.keys()
        notice = Notice("LP315", self.source.name, f"everything ran again: {reason}")
        return Selection(notices=[notice])

    def take_changes(self, changes: Changes) -> None:
        changes.names |= self.imported.names
        self.changes = changes

    def may_concern_others(self, bodies: Bodies) -> bool:
        """Whether any statement may have used what has changed, itself or through calls."""
        if not self.changes.names and not self.changes.bodies and not self.changes.within:
            return False
        reach = Reach(bodies, self.changes)
        loads = [shell.loads for shell in self.shells()]
        return reach.cause(set().union(*loads)) is not None and any(map(reach.cause, loads))

    def shells(self) -> Iterator[Shell]:
        for scope in self.new.scopes.values():
            for name, shells in scope.shells.items():
                if name != ANNOTATIONS:
                    yield from (shell for shell in shells if shell.loads)

    def annotate(self) -> CodeType | None:
        """Return the code of the module's annotations, if they have changed."""
        after = annotate_code(self.new.scopes[()].code)
        before = annotate_code(self.old.scopes[()].code) if self.old is not None else None
        if after is None or (before is not None and same_code(before, after)):
            return None
        return after

    def select_statements(self, old: Outline, new: Outline) -> Selection:
        tree = ast.parse(self.source.text)
        before, after = old.scopes[()].code, new.scopes[()].code
        found = find_statements(tree, before, after)
        if not found.complete:
            return self.whole("its statements could not be told apart")
        bodies = Bodies()
        runs = [
            not self.stays(statement, bodies, (old, new)) or bool(self.again & statement.binds)
            for statement in found.all
        ]
        self.take_changes(changes_in(bodies))
        imports = old.scopes[()].imports, new.scopes[()].imports
        gone = found.last_bound, found.gone_uses
        needs = Needs(found.all, runs, self.changes, self.namespace, *imports, *gone)
        needs.settle()
        guards = self.leave_guards(needs)
        chosen = [each for each, run in zip(found.all, needs.runs) if run]
        selection = self.selection_of(chosen, found, needs, (old, new))
        selection.notices += guards
        selection.notices += notices_of_kept(needs, selection.bodies or Bodies(), self.source.name)
        gone_for_good = found.gone.difference(*(each.binds for each in chosen))
        selection.notices += notices_of_effects(gone_for_good, self.namespace, self.source.name)
        return selection

    def selection_of(
        self,
        chosen: list[Statement],
        found: Statements,
        needs: Needs,
        outlines: tuple[Outline, Outline],
    ) -> Selection:
        """Put together what is to be known of the statements that run, and of those that stay."""
        kept = Bodies()
        for statement, run in zip(found.all, needs.runs):
            if not run:
                self.stays(statement, kept, outlines)
        selection = Selection(kept, annotate=self.annotate(), annotations=found.annotations)
        selection.unannotated = _annotated(outlines[0]) - _annotated(outlines[1])
        if chosen or selection.annotate is not None or selection.unannotated:
            self.compile(selection, chosen, has_lazy_annotations=found.annotations > 0)
            _say_who_binds(selection, found, needs.runs)
        selection.left = [*found.gone_made, *_made(chosen, old=True)]
        selection.entered = {each.name: each for each in _made(chosen, old=False)}
        return selection

    def leave_guards(self, needs: Needs) -> list[Notice]:
        """Leave out what a script does when it is run; say where that has changed."""
        notices: list[Notice] = []
        for index, statement in enumerate(needs.statements):
            if needs.runs[index] and is_guard(statement, self.source.name):
                needs.runs[index] = False
                notices.append(Notice("LP313", self.source.name, not_run(statement, "it")))
        return notices

    def stays(
        self, statement: Statement, bodies: Bodies, outlines: tuple[Outline, Outline]
    ) -> bool:
        """Whether the old code says the same; then add what is in it to the bodies."""
        if statement.old_codes is None:
            return False
        if is_import(statement.nodes) and (
            self.imported.starred or statement.binds & self.imported.names
        ):
            return False
        pairs = pair_bodies(statement.old_codes, statement.codes, (), outlines)
        if pairs is None:
            return False
        bodies.functions += pairs.functions
        bodies.classes += pairs.classes
        return True

    def compile(
        self, selection: Selection, chosen: list[Statement], *, has_lazy_annotations: bool
    ) -> None:
        nodes = [node for statement in chosen for node in statement.nodes]
        if has_lazy_annotations:
            nodes = without_annotations(nodes)
        whole = self.new.scopes[()].code
        flags = whole.co_flags & _FUTURE
        tree = ast.Module(nodes, [])
        code = compile(tree, whole.co_filename, "exec", flags=flags, dont_inherit=True)
        # What it makes has the very code objects of the whole.
        selection.code = exchange(code, pair_codes(chosen, code))
        selection.names = frozenset(name for each in chosen for name in each.binds)
        selection.overloads = frozenset(
            name for each in chosen for name in (*overloaded_names(each.nodes), *each.binds)
        )


def _made(chosen: list[Statement], *, old: bool) -> Iterator[Made]:
    """Yield what statements that run define under decorators that are methods of globals."""
    for each in chosen:
        roots = decorating_names(each.nodes)
        codes = (each.old_codes or []) if old else each.codes
        if roots and codes:
            for name in each.binds:
                own = tuple(code for code in codes if code.co_name == name)
                if own:
                    yield Made(name, frozenset(roots), own)


def _say_who_binds(selection: Selection, statements: Statements, runs: list[bool]) -> None:
    """Note which names have their old value, or their new one, from a statement that stays."""
    last: dict[str, bool] = {}
    places = dict(statements.last_bound)
    kept_last: set[str] = set()
    for statement, run in zip(statements.all, runs):
        for name in statement.binds:
            last[name] = run
            if statement.old_place > places.get(name, -1):
                places[name] = statement.old_place
                (kept_last.discard if run else kept_last.add)(name)
    selection.restored = frozenset(name for name in selection.names if not last[name])
    selection.apart = selection.names & kept_last - selection.restored


def _annotated(source: Outline) -> frozenset[str]:
    """Return the variables that a module annotates by setting items of a dict."""
    shells = source.scopes[()].shells.get(ANNOTATIONS, ())
    said: list[Any] = [shell.fingerprint[-1] for shell in shells]
    return frozenset(part[1] for part in said if part[0] == "text")


def _is_compiled_plainly(spec: Any) -> bool:
    compiling: Any = getattr(type(spec.loader), "source_to_code", None)
    return compiling is None or compiling is SourceFileLoader.source_to_code
