"""Stage 6: perform the plan. Whole, or not at all."""

from __future__ import annotations

import collections
import gc
import logging
import operator
from collections.abc import Iterable, Iterator
from operator import methodcaller

from livepatch._apply.constructors import keep_constructors
from livepatch._apply.sequence_slots import keep_sequence_slots
from livepatch._apply.subclass_order import keep_subclass_order
from livepatch._heap.heap import is_own_frame
from livepatch._heap.retire import retired_classes, retiring
from livepatch._hooks import Reloading, run_after
from livepatch._plan.plan import Plan
from livepatch._python.kinds import class_attributes
from livepatch._python.own import MISSING, Call, OwnList
from livepatch._report.errors import ReloadRefused
from livepatch._report.report import Notice
from livepatch._search.rehash import notice_lost_keys
from livepatch._steps.dicts import restored_order, run_in_c
from livepatch._steps.rows import in_c
from livepatch._steps.steps import Steps

logger = logging.getLogger("livepatch")
_call = methodcaller("__call__")


def apply(plan: Plan, direction: str = "forward") -> None:
    """Perform the steps of a plan; on any error take back those already made.

    The steps are calls of C code run by C code: no other thread runs in between. (A few rare kinds
    are Python functions; as one begins another thread may get its turn, if it has been asking.)
    Nothing that they let go of is freed before they are all done, so no destructor runs in between
    either.

    When all is in its place, the caches that remember what the old code did are emptied, and then
    the hooks are called that come after a reload.

    Args:
        plan: what to do.
        direction: ``"forward"``, or ``"back"`` when a reload is taken back.

    Raises:
        ReloadRefused: the interpreter refused a step.
        BaseException: what a holder's own way of repointing raised, or a hook.
            In each case the process is as it was before.
    """
    keep_subclass_order(plan)
    keep_constructors(plan)
    keep_sequence_slots(plan)
    _add_last_steps(plan, direction)
    orders = OwnList(_orders_that_change(plan.steps))
    restore = gc.enable if gc.isenabled() else gc.disable
    try:
        gc.disable()
        _perform(plan, orders)
    except (TypeError, ValueError, AttributeError) as error:
        if _raised_by_user_code(error):
            raise
        message = f"{type(error).__name__}: {error}"
        places = ", ".join(module.name for module in plan.matches.modules)
        raise ReloadRefused((Notice("LP125", places, message),)) from error
    finally:
        try:
            restore()
        finally:
            restore()  # an interrupt may come in the midst of the first


def _raised_by_user_code(error: BaseException) -> bool:
    # A holder's own way of repointing may raise anything; the interpreter's refusals come from C
    # code, which leaves no frame.
    step = error.__traceback__
    while step is not None:
        if not is_own_frame(step.tb_frame):
            return True
        step = step.tb_next
    return False


def _add_last_steps(plan: Plan, direction: str) -> None:
    modules = plan.matches.modules
    reloading = Reloading(tuple(module.name for module in modules), direction)
    namespaces = OwnList(module.live for module in modules)
    nothing = Call(bool)
    plan.last.add(Call(_empty_caches, plan.caches, plan.notices), nothing)
    plan.last.add(Call(run_after, namespaces, reloading), nothing)


def _empty_caches(caches: Iterable[tuple[str, Call]], notices: list[Notice]) -> None:
    """Empty the caches that remember what the old code did; name those that cannot be."""
    for path, call in caches:
        try:
            call()
        # A metaclass's own register() may raise anything.
        except Exception as error:  # noqa: BLE001, PERF203
            notices.append(Notice("LP208", path, f"{type(error).__name__}: {error}"))


def notice_lost(plan: Plan) -> None:
    """Note what was lost by the change, once it has been made: keys that are not found any more."""
    plan.notices += notice_lost_keys(plan.tables, plan.matches.path_of)


def release(plan: Plan) -> None:
    """Let go of the instances that were made anew, once the change has been made.

    What the steps hold goes first, weak references among it: a reference that is gone before its
    instance does not call back.
    """
    plan.steps = Steps()
    plan.last = Steps()
    plan.tables.clear()
    plan.listed.clear()
    for migration in plan.decisions.migrations.values():
        migration.instances.clear()
        migration.successors.clear()
        migration.left.clear()


def drop_copies(plan: Plan) -> None:
    """Take copies of classes elsewhere off their bases' lists, when they are not needed."""
    copies = retired_classes(pair.new for pair in plan.decisions.derived)
    perform_each(retiring(copies))
    plan.decisions.derived.clear()


def _perform(plan: Plan, orders: OwnList[tuple[type, list[str]]]) -> None:
    do: OwnList[Call] = OwnList(map(in_c, (*plan.steps.do, *plan.last.do)))
    undo: OwnList[Call] = OwnList(map(in_c, (*plan.steps.undo, *plan.last.undo)))
    # The last call says that all are done: an interrupt (Ctrl-C) may come right behind it.
    remaining = iter((*do, Call(plan.committed.append, 1)))
    try:
        collections.deque(map(_call, remaining), maxlen=0)
    except BaseException:
        if not plan.committed:
            # The step that raised may have done its work in part.
            take_back(undo, len(do) + 1 - operator.length_hint(remaining))
            for cls, names in orders:
                run_in_c(restored_order(cls, names))
            # They may remember again, of what has been in force while the hooks ran.
            _empty_caches(plan.caches, plan.notices)
        raise


def _orders_that_change(steps: Steps) -> Iterator[tuple[type, list[str]]]:
    """Yield the classes that lose attributes, which would come last if they were given back."""
    losing = {id(cls): cls for cls, _, value in steps.new_attributes() if value is MISSING}
    yield from ((cls, list(class_attributes(cls))) for cls in losing.values())


def take_back(undo: OwnList[Call], done: int) -> None:
    """Take back the first so many steps, last first; one that fails does not stop the others."""
    _each(list(reversed(undo[:done])), "a step could not be taken back")


def perform_each(steps: Steps, failure: str = "a new definition could not be withdrawn") -> None:
    """Perform steps as far as each goes: one that fails does not stop the others."""
    _each(steps.do, failure)


def perform_or_raise(steps: Steps) -> None:
    """Perform steps that may fail: all of them, or none and raise what the one that failed did."""
    remaining = iter(steps.do)
    try:
        collections.deque(map(_call, remaining), maxlen=0)
    except BaseException:
        take_back(steps.undo, len(steps) - operator.length_hint(remaining))
        raise


def perform_whole(steps: Steps) -> bool:
    """Perform steps that the interpreter may refuse: all of them, or none; say which."""
    try:
        perform_or_raise(steps)
    except (TypeError, ValueError):
        return False
    return True


def _each(calls: list[Call], what: str) -> None:
    remaining = iter(calls)
    while operator.length_hint(remaining):
        try:
            collections.deque(map(_call, remaining), maxlen=0)
        except Exception:  # noqa: PERF203 - nearly always there is none, and one run in C does it
            # A holder's own way of repointing (register_holder) may raise anything.
            logger.exception(what)
