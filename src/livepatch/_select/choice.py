"""Stage 2: decide which statements of one module run, given what has changed in those it imports.

What is read of its sources is read once: in a package whose modules import one another what has
changed is found step by step, and the choice is made again for each step.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from types import CodeType
from typing import Any

from livepatch._needs.differences import Changes, changes_in, may_concern_classes
from livepatch._needs.harmless import imported_anew
from livepatch._needs.marks import marks_in, marks_set_by
from livepatch._needs.needs import Needs
from livepatch._needs.partly import members_changed
from livepatch._needs.reach import Reach
from livepatch._needs.spread import Imported
from livepatch._needs.uses import effects_inside
from livepatch._python.code import codes_in, same_code
from livepatch._registers.made import (
    defined_by,
    lists_of_subclasses,
    made_by,
    names_before,
    out_of_order,
    said_in,
)
from livepatch._report.errors import NotReloadableError
from livepatch._report.report import Notice
from livepatch._select.bound_too import (
    lines_that_go_on,
    notices_of_bound_behind,
    notices_of_bound_too,
    say_who_binds,
)
from livepatch._select.changed_places import note_order
from livepatch._select.chosen import (
    bound_behind_stars,
    bound_for_certain,
    compile_chosen,
    given_back_behind_stars,
    set_behind_stars,
    unasked_perhaps,
    with_what_stays,
)
from livepatch._select.docstring import DOCSTRING, docstring_code, new_docstring
from livepatch._select.of_concern import OfConcern
from livepatch._select.replaced import globals_behind
from livepatch._select.selection import Selection, note_entered
from livepatch._select.stale import (
    filled_through,
    leave_guards,
    may_have_computed,
    notices_of_effects,
    notices_of_kept,
)
from livepatch._select.statement_bodies import StatementBodies
from livepatch._snapshot.snapshot import Snapshot
from livepatch._source.bodies import Bodies
from livepatch._source.outline import OTHER_MEANS, Outline
from livepatch._source.recompile import FUTURE
from livepatch._source.scope import LAMBDA, REST
from livepatch._source.source import MAIN, has_init_come_or_gone, is_compiled_plainly
from livepatch._statements.annotated import annotate_code, variables_annotated
from livepatch._statements.made_of import Made
from livepatch._statements.recognise import Statements, find_statements
from livepatch._statements.statements import Statement
from livepatch._statements.syntax import fallen_back_names, is_import, overloaded_names

# A tree of the syntax is limited by Python's stack, a source by that of C alone.
_OTHER_NAMESPACE = "its functions see another namespace than its own"
_TOO_DEEP = "it has expressions too deep to be compiled alone"


class Choice:
    """The choice for one module.

    Attributes:
        imported: what has changed of what it imports and may concern it, as far as it is known.
        changes: what has changed in the module, or has in others for it.
        handed_on: what has changed of what it imports and is of no concern to it.
        selection: what of it runs.
    """

    def __init__(
        self, snapshot: Snapshot, new: Outline, again: frozenset[str], packages: frozenset[str]
    ) -> None:
        self.source = snapshot.source
        self.namespace: dict[str, Any] = snapshot.namespace
        self.old, self.new = snapshot.origin, new
        self.again = {name.removeprefix(f"{self.source.name}.") for name in again}
        self.again &= new.scopes[()].shells.keys()
        self.packages = packages
        self.of_concern = OfConcern(self.source.text, (self.old, new), self.namespace)
        self.paired = StatementBodies((self.old or new, new), self.namespace)
        self.imported, self.changes, self.selection = Imported(), Changes(), Selection()
        self.handed_on = Changes()
        self._is_decided = self._takes_changes = self._is_too_deep = False
        self._known = self.imported
        self._settled: Changes | None = None
        self._is_bound_twice = True
        self._statements: Statements | None = None
        self._needs: Needs | None = None
        self._made: dict[tuple[int, bool], list[Made]] = {}
        self._chosen: list[Statement] | None = None

    def decide(self, imported: Imported) -> None:
        """Decide what runs, given what has changed of what the module imports."""
        if self._is_decided and imported == self._known:
            return
        self._known = imported
        near, rest = self.of_concern.split(imported)
        if not self._is_decided or not self.is_known(near):
            self.changes, self._chosen = Changes(), None
            self.imported, self._settled = near, None
            self._is_decided, self._takes_changes = True, False
            try:
                self.selection = self.find() if not self._is_too_deep else self.whole(_TOO_DEEP)
            except RecursionError:
                self._is_too_deep = True
                self.selection = self.whole(_TOO_DEEP)
        self.imported = near
        self.handed_on = rest if self._takes_changes else Changes()

    def is_known(self, near: Imported) -> bool:
        """Whether what concerns the module was known when it was decided.

        What it has found itself comes back to it by a cycle of imports. That is no news, but for an
        import statement, and unless it was found last of all.
        """
        if near == self.imported:
            return True
        is_like = near.is_like(self.imported) and self.imported.changes <= near.changes
        if not is_like or self._settled is None:
            return False
        more = near.changes.without(self.imported.changes)
        if self.of_concern.never_says("__subclasses__") and not self._is_bound_twice:
            more.later = {path for path in more.later if path[-1] != "__subclasses__"}
        bound = (each.bound for each in self.new.scopes[()].imports)
        return more <= self._settled and more.names.isdisjoint(bound)

    def finish(self) -> bool:
        """Put together what runs, once it is known; say whether that can be done."""
        chosen, self._chosen = self._chosen, None
        try:
            if chosen is not None:
                self.put_together(chosen)
        except RecursionError:
            self._is_too_deep, self._is_decided = True, False
        return chosen is None or not self._is_too_deep

    def find(self) -> Selection:
        old, new = self.old, self.new
        if old is None:
            return self.whole("its earlier source is not known")
        if has_init_come_or_gone(self.source):
            return self.whole("its __init__.py has come or gone")
        before, after = old.scopes[()].code, new.scopes[()].code
        if (before.co_flags ^ after.co_flags) & FUTURE:
            return self.whole("a `from __future__` import has come or gone")
        selection = self.select_bodies(old, new)
        if selection is not None:
            return selection
        plainly = is_compiled_plainly(self.source.spec)
        if plainly and globals_behind(self.source.module) is None:
            return self.select_statements(old, new)
        return self.whole(_OTHER_NAMESPACE if plainly else "its loader changes its syntax")

    def select_bodies(self, old: Outline, new: Outline) -> Selection | None:
        """Select nothing but the docstring, where all else is bodies; None where it is not."""
        before, after = old.scopes[()], new.scopes[()]
        text = new_docstring(before, after)
        says_more = text is None and before.shells is not after.shells
        if says_more or self.again or self.imported.starred:
            return None
        bodies = self.paired.bodies(self, codes_in(before.code), codes_in(after.code))
        if bodies is None:
            return None
        self.take_changes(changes_in(bodies))
        if text is not None:
            self.changes.names |= DOCSTRING
        if (
            self.may_concern_others(bodies)
            or may_concern_classes(self.changes, new, self.namespace)
            or self.falls_back()
        ):
            return None
        if text is None:
            return Selection(bodies)
        return Selection(bodies, docstring_code(after, text, FUTURE), DOCSTRING)

    def whole(self, reason: str) -> Selection:
        if self.source.name == MAIN:
            raise NotReloadableError("LP102", f"__main__ would have to run again: {reason}")
        self.changes.names |= self.new.scopes[()].shells.keys() - {REST}
        notice = Notice("LP315", self.source.name, f"everything ran again: {reason}")
        return Selection(notices=[notice])

    def take_changes(self, changes: Changes) -> None:
        changes.update(self.imported.changes)
        changes.add_inherited(self.namespace)
        self.changes, self._takes_changes = changes, True

    def may_concern_others(self, bodies: Bodies) -> bool:
        """Whether any statement may have used what has changed, itself or through calls."""
        if not self.changes:
            return False
        if any(path[0] == LAMBDA for path in self.changes.bodies | self.changes.within):
            return True  # which name it has is said by its statement
        return Reach(bodies, self.changes, self.namespace).may_concern(self.new)

    def falls_back(self) -> bool:
        """Whether a statement imports what has changed, and has another way without it."""
        imports = self.new.scopes[()].imports
        if self.imported.changes.names.isdisjoint(each.bound for each in imports):
            return False
        text = self.source.text
        text = text if isinstance(text, bytes) else text.encode()
        if b"except" not in text and b"suppress" not in text:
            return False
        return not self.imported.changes.names.isdisjoint(fallen_back_names(ast.parse(text).body))

    def annotate(self) -> CodeType | None:
        """Return the code of the module's annotations, if they have changed."""
        after = annotate_code(self.new.scopes[()].code)
        before = annotate_code(self.old.scopes[()].code) if self.old is not None else None
        if after is None or (before is not None and same_code(before, after)):
            return None
        return after

    def select_statements(self, old: Outline, new: Outline) -> Selection:
        found = self.statements(old, new)
        if not found.complete:
            return self.whole("its statements could not be told apart")
        bodies = Bodies()
        runs = [
            not self.stays(statement, bodies) or bool(self.again & statement.binds)
            for statement in found.all
        ]
        self.take_changes(changes_in(bodies))
        before, after = old.scopes[()], new.scopes[()]
        # Who uses what has gone is to find that out.
        self.changes.names |= before.shells.keys() - {*after.shells, REST}
        needs = self.needs(found, old, new)
        needs.start(runs, self.changes, self.imported.modules, self.imported.changes.names)
        if self.imported.has_names() or before.shells.keys() != after.shells.keys():
            needs.run_list_of_names()
        marks = self.settle(needs)
        self.changes.add_members(members_changed(needs, bodies, old, new), self.namespace)
        guards = leave_guards(needs, self.source.name)
        chosen = self._chosen = [each for each, run in zip(found.all, needs.runs) if run]
        selection = self.selection_of(chosen, found, needs, (old, new))
        selection.marks = marks
        selection.notices += guards
        made = (*selection.left, *selection.entered.values())
        self._is_bound_twice = bool(needs.in_force.binders)
        settled = self.changes.copy()
        self.changes.later.update(lists_of_subclasses(made, self.namespace))
        # These matter to who else has bound a name alone.
        self._settled = settled if self._is_bound_twice else self.changes.copy()
        selection.notices += notices_of_kept(needs, selection.bodies or Bodies(), self.source.name)
        selection.notices += notices_of_effects(
            found.gone, chosen, selection.bodies, self.namespace, self.source.name
        )
        note_order(selection, needs, self.source.name)
        selection.computed = may_have_computed(needs, self.source.name)
        ran = (each for each in chosen if each.binds & old.scopes[()].shells.keys())
        effects = set[str]().union(*map(effects_inside, ran))
        if effects:
            selection.repeats = effects.union(
                filled_through(effects, selection.bodies or Bodies(), self.namespace)
            )
        # Other modules fill what is made anew through these: they decorate there, say.
        self.changes.bodies.update((each,) for each in needs.fillers_of(chosen))
        return selection

    def statements(self, old: Outline, new: Outline) -> Statements:
        """Return the statements of the new source, each found in the old one if it is there."""
        if self._statements is None:
            tree = ast.parse(self.source.text)
            codes = old.scopes[()].code, new.scopes[()].code
            self._statements = find_statements(tree, *codes)
        return self._statements

    def needs(self, found: Statements, old: Outline, new: Outline) -> Needs:
        """Return what the statements need of one another."""
        if self._needs is None:
            imports = old.scopes[()].imports, new.scopes[()].imports
            gone = found.gone_uses, found.gone_attributes
            self._needs = Needs(found.all, self.namespace, *imports, found.last_bound, *gone)
        return self._needs

    def settle(self, needs: Needs) -> frozenset[str]:
        """Let all run that has to; return the marks that functions so called set anew."""
        needs.settle()
        marks = marks_in(self.namespace, self.old)
        if not marks:
            return frozenset()
        said = [marks_set_by(each.nodes, self.namespace, marks) for each in needs.statements]
        while True:
            again = frozenset[str]().union(*(each for each, run in zip(said, needs.runs) if run))
            # Others may have added to the same mark.
            others = [at for at, run in enumerate(needs.runs) if not run and said[at] & again]
            if not others:
                return again
            for at in others:
                needs.runs[at] = True
            needs.settle()

    def selection_of(
        self,
        chosen: list[Statement],
        found: Statements,
        needs: Needs,
        outlines: tuple[Outline, Outline],
    ) -> Selection:
        """Say what of the statements that run, and of those that stay, concerns other modules."""
        kept = Bodies()
        for statement, run in zip(found.all, needs.runs):
            if not run:
                self.stays(statement, kept)
        selection = Selection(kept, annotate=self.annotate(), annotations=found.annotations)
        selection.overloads = frozenset(found.last_bound)  # what is gone has no variants
        selection.unannotated = variables_annotated(outlines[0].scopes[()]) - variables_annotated(
            outlines[1].scopes[()]
        )
        selection.notices += notices_of_bound_behind(needs, self.source.name)
        selection.left = [*found.gone_made, *self.made_by(chosen, old=True)]
        now = [*defined_by(chosen, selection.left), *self.made_by(chosen, old=False)]
        note_entered(selection, now)
        return selection

    def made_by(self, statements: list[Statement], *, old: bool) -> Iterator[Made]:
        for each in statements:
            key = id(each), old
            if key not in self._made:
                self._made[key] = list(made_by([each], old=old, new=not old))
            yield from self._made[key]

    def put_together(self, chosen: list[Statement]) -> None:
        """Add to the selection what only who runs it has to know."""
        found, needs, selection = self._statements, self._needs, self.selection
        if found is None or needs is None or self.old is None:
            return
        before, after = self.old.scopes[()], self.new.scopes[()]
        if chosen or selection.annotate is not None or selection.unannotated:
            starred = self.compile(selection, chosen, found, needs)
            say_who_binds(selection, found, needs)
            selection.restored |= frozenset(filter(needs.is_behind_part, selection.names)) | starred
            names = before.shells.keys() & self.namespace.keys()
            nodes = [node for each in chosen for node in each.nodes]
            perhaps = unasked_perhaps(nodes, after.code, names - selection.restored)
            # What one that stays binds for certain, those that run find there.
            selection.perhaps = perhaps - bound_for_certain(found.all, needs.runs, perhaps)
            selection.goes_on = lines_that_go_on(needs)
            selection.kept = notices_of_bound_too(needs, perhaps, self.source.name)
        selection.before = tuple(names_before(self.old, self.new, selection.struck_off))
        selection.said = said_in(self.old, selection.struck_off, self.namespace)
        selection.says = said_in(self.new, selection.entered, self.namespace)
        selection.orders = out_of_order(found.all, selection.before, selection.says_else)

    def stays(self, statement: Statement, bodies: Bodies) -> bool:
        """Whether the old code says the same; then add what is in it to the bodies."""
        if statement.old_codes is None:
            return False
        imported, nodes = self.imported, statement.nodes
        names = statement.binds if is_import(nodes) else imported_anew(nodes)
        if (is_import(nodes) and imported.starred) or imported.bind_anew(names, self.namespace):
            return False
        pairs = self.paired.bodies(statement, statement.old_codes, statement.codes)
        if pairs is None:
            return False
        bodies.functions += pairs.functions
        bodies.classes += pairs.classes
        return True

    def compile(
        self, selection: Selection, chosen: list[Statement], found: Statements, needs: Needs
    ) -> frozenset[str]:
        """Compile what runs; return what a star import takes from statements that do not."""
        whole, runs = self.new.scopes[()].code, needs.runs
        flags, lazy = whole.co_flags & FUTURE, found.annotations > 0
        starred = frozenset(bound_behind_stars(found.all, runs, self.namespace))
        given_back = needs.in_force.given_back(runs)
        for at, names in given_back_behind_stars(found.all, runs, starred).items():
            given_back[at] = given_back.get(at, frozenset()) | names
        selection.behind = starred.union(*given_back.values())
        # A statement that binds by other means binds again what it does where it runs itself.
        run_or_gone = [found.gone_uses, *(each.uses for each in chosen)]
        if self.new.has_other_means and all(map(OTHER_MEANS.isdisjoint, run_or_gone)):
            selection.set_behind = dict(set_behind_stars(found.all, runs, self.namespace))
        run = [*with_what_stays(found.all, runs, self.namespace, self.packages, given_back)]
        selection.code = compile_chosen(run, whole, flags, has_lazy_annotations=lazy)
        selection.names = frozenset(name for each in chosen for name in each.binds)
        overloaded = (name for each in chosen for name in overloaded_names(each.nodes))
        selection.overloads |= selection.names.union(overloaded)
        return starred
