"""What of a module runs: the outcome of the choice, as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from livepatch._report.report import Notice
from livepatch._source.bodies import Bodies
from livepatch._statements.made_of import Made
from livepatch._statements.statements import Statement


@dataclass(slots=True, eq=False)
class Selection:
    """What of a module runs.

    Attributes:
        bodies: the functions and classes that are not made again; None where everything runs.
        code: what runs; None for nothing.
        names: the globals that it binds.
        restored: those of them that a later statement, which does not run, has the last word on.
        apart: those of them whose old value another statement made, which does not run.
        behind: the names that have their old value again behind an import of everything.
        set_behind: what no statement bound behind such an import, each with the module it is from.
        perhaps: the names that it binds under a condition, and that are there.
        kept: what to say of those of them that a statement binds which comes first and does not
            run, where the condition does not hold.
        annotate: the function of the module's annotations, where that is made anew (3.14).
        annotations: how many of them there are.
        unannotated: the variables that have lost their annotation (until 3.13).
        left: definitions as the old source made them, by a method of a global, and as the new one
            does not; they are struck off that object's lists.
        entered: those that it makes and that run.
        fewer: of the names of both, by how many definitions fewer there are now: ``def _(...)``.
        orders: of what something decorates or bears in another order than before, all of it.
        before: the names that the old source bound, in its order.
        said: what the statements of all these said, by name: constants, and objects by their ids.
        says: what those that it makes say now.
        marks: names that functions which it calls set in the namespace; they may refuse to twice.
        goes_on: lines of what runs, each with the global that it goes on to build, which does not
            run: ``parser.add_argument("--x")``.
        repeats: the names of what blocks that ran before and run again may enter something into.
        computed: what does not run and may have computed something from a register, in which there
            may be something else afterwards.
        passed: what statements that run may change in place, and others below them that stay, each
            with the constants that those say.
        notices: what a user should know about what does not run.
    """

    bodies: Bodies | None = None
    code: CodeType | None = None
    names: frozenset[str] = frozenset()
    restored: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()
    behind: frozenset[str] = frozenset()
    set_behind: dict[str, str] = field(default_factory=dict)
    perhaps: frozenset[str] = frozenset()
    kept: dict[str, Notice] = field(default_factory=dict)
    overloads: frozenset[str] = frozenset()
    annotate: CodeType | None = None
    annotations: int = 0
    unannotated: frozenset[str] = frozenset()
    left: list[Made] = field(default_factory=list)
    entered: dict[str, Made] = field(default_factory=dict)
    fewer: Mapping[str, int] = field(default_factory=dict)
    orders: list[list[Made]] = field(default_factory=list)
    before: tuple[str, ...] = ()
    said: dict[str, frozenset[Any]] = field(default_factory=dict)
    says: dict[str, frozenset[Any]] = field(default_factory=dict)
    marks: frozenset[str] = frozenset()
    goes_on: dict[int, str] = field(default_factory=dict)
    repeats: Collection[str] = ()
    computed: list[Statement] = field(default_factory=list)
    passed: dict[str, frozenset[Any]] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)

    @property
    def says_else(self) -> set[str]:
        """The names of what it makes whose statements say something else: ``@on("stop")``."""
        return {each for each in self.entered if self.said.get(each) != self.says.get(each)}

    @property
    def struck_off(self) -> set[str]:
        """The names of the definitions that may be on lists, and are made anew or have gone."""
        return {*self.entered, *(each.name for each in self.left)}


def note_entered(selection: Selection, made: Iterable[Made]) -> None:
    """Note what a selection makes anew, by name; several of one name, ``def _(...)``, as one.

    Args:
        selection: it says already what it leaves.
        made: the definitions, each at least once.
    """
    for each in made:
        before = selection.entered.get(each.name)
        selection.entered[each.name] = each if before is None else _together(before, each)
    counts = Counter(each.name for each in selection.left)
    counts -= Counter({name: len(each.codes) for name, each in selection.entered.items()})
    selection.fewer = counts


def _together(one: Made, other: Made) -> Made:
    """Return two definitions of one name as one."""
    known = set(map(id, one.codes))
    codes = (*one.codes, *(code for code in other.codes if id(code) not in known))
    decorators, bases = one.decorators | other.decorators, one.bases | other.bases
    return Made(one.name, decorators, codes, bases, one.home)
