"""Stage 5: what applying would do, as steps, and every reason not to. Later stages fill it in."""

from __future__ import annotations

import types
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from livepatch._decide.decisions import Decisions
from livepatch._heap.belongings import parts_of
from livepatch._heap.explain import explained_by
from livepatch._heap.record import Filled
from livepatch._heap.retained import once_replaced, once_set
from livepatch._holders import Table
from livepatch._match.pairs import Matches
from livepatch._match.unwrapped import Layer
from livepatch._python.kinds import class_attributes, is_class, offset_of_weak_references
from livepatch._python.own import Call, OwnDict, OwnList
from livepatch._report.report import Notice, StaleFrame
from livepatch._steps.steps import Steps


@dataclass(slots=True, eq=False)
class Lack:
    """Instances for which nothing says what they get in a new field.

    Attributes:
        path: what the report calls their class.
        field: the field.
        instances: the instances.
    """

    path: str
    field: str
    instances: OwnList[Any]


@dataclass(slots=True, eq=False)
class Plan:
    """What applying would do.

    Attributes:
        decisions: who survives.
        steps: what to do, in order.
        caches: what to empty when all has gone well, with the path of its definition.
        refusals: why it cannot be done; then nothing will be.
        notices: what will be left behind or is worth knowing.
        references: how many references are repointed, by kind of holder.
        instances: how many instances get another class, by that class's path.
        changed: ids of the new definitions that say something else than the old.
        carried: namespaces in which an imported name gets a new value, each with the name.
        layers: wrappers whose decorator goes.
        last: steps that come after all others.
        committed: empty until the change has been made, whole.
        finals: the namespaces when all is done, by module.
        definition_steps: those of the steps that concern the definitions themselves.
        tables: what has keys whose hash may change.
        codes: old and new code of each function whose code changed.
        frames: calls that will go on in old code.
        entered: what is entered into containers of classes, as the new source does.
        lagging: the closures that run their old code still, each with what is said of it.
        struck: those of which entries go, each with these.
        let_go: classes that have gone from the source and that nothing holds.
        listed: of bases, by the id of each, the ids of the classes below them, and the base.
        registered: who is registered with abstract classes, or no more, as the new source says.
        held: ids of old data, made anew now, that more than namespaces and steps hold.
        hashes_last: whether tables are filled anew at the very end.
        searched: whether anybody was sought among all objects.
        filled: what instances are given that were made before their ``__init__`` assigned it.
        lacks: instances without a value for a field that is required now.
        remains: containers with what gone statements have entered, each with the notice and with
            what tells the entries.
        doubts: what is held, each with the notice that says so; nobody but livepatch may hold it.
    """

    matches: Matches
    decisions: Decisions
    steps: Steps = field(default_factory=Steps)
    caches: OwnList[tuple[str, Call]] = field(default_factory=OwnList)
    refusals: list[Notice] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    references: Counter[str] = field(default_factory=Counter)
    instances: Counter[str] = field(default_factory=Counter)
    changed: set[int] = field(default_factory=set)
    frames: tuple[StaleFrame, ...] = ()
    carried: OwnList[OwnList[Any]] = field(default_factory=OwnList)
    layers: OwnList[Layer] = field(default_factory=OwnList)
    last: Steps = field(default_factory=Steps)
    committed: list[int] = field(default_factory=list)
    finals: OwnDict[str, OwnDict[str, Any]] = field(default_factory=OwnDict)
    definition_steps: Steps = field(default_factory=Steps)
    tables: OwnList[Table] = field(default_factory=OwnList)
    codes: OwnList[tuple[types.CodeType, types.CodeType]] = field(default_factory=OwnList)
    entered: Steps = field(default_factory=Steps)
    struck: OwnList[tuple[Any, OwnList[Any]]] = field(default_factory=OwnList)
    lagging: OwnList[tuple[types.FunctionType, Notice]] = field(default_factory=OwnList)
    let_go: OwnList[tuple[str, type]] = field(default_factory=OwnList)
    listed: OwnDict[int, tuple[tuple[int, ...], type]] = field(default_factory=OwnDict)
    registered: Steps = field(default_factory=Steps)
    held: set[int] = field(default_factory=set)
    hashes_last: bool = False
    searched: bool = False
    filled: OwnList[Filled] = field(default_factory=OwnList)
    lacks: OwnList[Lack] = field(default_factory=OwnList)
    remains: OwnList[OwnList[Any]] = field(default_factory=OwnList)
    doubts: OwnList[OwnList[Any]] = field(default_factory=OwnList)

    def note_held(self, value: Any, notice: Notice) -> None:
        """Note that something is held; what comes of the change may show that it is not."""
        self.notices.append(notice)
        self.doubts.append(OwnList((value, notice)))

    @property
    def entering(self) -> Steps:
        """The row of steps in which something is entered into tables, and taken out again."""
        return self.last if self.hashes_last else self.steps

    def losers_by_reference(self) -> list[tuple[weakref.ref[Any], str, Callable[[], Any]]]:
        """Return weak references to the losers: what should be gone afterwards."""
        watched: Watched = []
        survivors, heirs = self.decisions.survivors, self.decisions.heirs
        matches = self.matches
        for pair in (*matches.pairs, *matches.aliases, *self.decisions.derived):
            old, new = pair.old, pair.new
            if id(old) in heirs and not pair.inside:
                continue  # it is watched beside the class that its instances have now
            survivor = survivors.get(id(new), new)
            loser = new if survivor is old else old
            if offset_of_weak_references(type(loser)):
                watched.append((weakref.ref(loser), pair.text, _reference_to(survivor)))
        watched += ((weakref.ref(cls), path, _nothing_follows) for path, cls in self.let_go)
        return watched


Watched = list[tuple["weakref.ref[Any]", str, Callable[[], Any]]]
"""Losers by weak reference, the path of each, and a reference to its survivor."""


NO_SUCCESSOR = object()
"""What stands for the survivor of a class that has gone."""


def _nothing_follows() -> Any:
    return NO_SUCCESSOR


def _reference_to(survivor: Any) -> Callable[[], Any]:
    try:
        return weakref.ref(survivor)
    except TypeError:
        # Its survivor is no class or function; nothing can be an instance of it.
        return lambda: None


def parts_of_earlier() -> OwnList[Any]:
    """List what classes have, or had, that earlier reports keep: nobody else has what is in it."""
    return OwnList((*once_set(), *(part for cls in once_replaced() for part in parts_of(cls))))


def explainers_of(plan: Plan) -> OwnList[Any]:
    """List whatever holds definitions and is accounted for, the plan's own steps included."""
    found = explained_by(plan.matches, plan.decisions)
    found += plan.steps.arguments()
    found += plan.last.arguments()
    found += plan.entered.arguments()
    found += plan.registered.arguments()
    found += plan.lagging
    found += plan.struck
    found += (left for _, left in plan.struck)
    found += plan.finals.values()
    found += plan.carried
    found += (namespace for namespace, _ in plan.carried)
    found += parts_of_earlier()
    return found


def tuples_that_go(plan: Plan) -> Iterator[Any]:
    """Yield what data go with that are made anew: old defaults of functions, tuples in classes."""
    for call in plan.steps.undo:
        if call.args and (call.func is setattr or type(call.args[-1]) is tuple):
            yield call.args[-1]
    for loser in plan.decisions.losers:
        if type(loser) is types.FunctionType:
            yield from filter(None, (loser.__defaults__, loser.__kwdefaults__))
        elif is_class(loser):
            yield from (each for each in class_attributes(loser).values() if type(each) is tuple)
