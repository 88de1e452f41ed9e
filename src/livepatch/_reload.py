"""``livepatch.reload``: the stages of a reload, one call a stage."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Iterable
from typing import Any

from livepatch._apply.apply import apply, notice_lost, release
from livepatch._apply.withdraw import withdraw
from livepatch._changed import changed, dependents_of, with_packages_of_gone
from livepatch._decide.destructors import leave_to_instances
from livepatch._heap.originals import follow_originals
from livepatch._heap.record import Record
from livepatch._hooks import Reloading, run_before, run_inverses
from livepatch._load.at_exit import drop_registered_again
from livepatch._load.load import Loaded, load
from livepatch._load.young import young_objects_kept_apart
from livepatch._match.follow import follow_bodies
from livepatch._match.link import with_known_codes
from livepatch._match.match import match
from livepatch._match.module import describe_modules
from livepatch._match.pairs import Matches
from livepatch._match.renames import follow_renames
from livepatch._match.returns import follow_returns, keep_changed, keep_gone
from livepatch._options import Request, check_flags, check_options, kept_by_modules
from livepatch._plan.absent import fill_absent
from livepatch._plan.abstract_methods import plan_abstract_methods
from livepatch._plan.abstract_registrations import plan_registrations
from livepatch._plan.carry import carry_data, read_possible_importers
from livepatch._plan.draft import make_plan
from livepatch._plan.lacking import refuse_lacking
from livepatch._plan.lazy_annotations import forget_annotations
from livepatch._plan.library_caches import note_library_caches
from livepatch._plan.notices import notice_leftovers
from livepatch._plan.partial import plan_partial_run
from livepatch._plan.places import plan_modules
from livepatch._plan.plan import Plan, Watched
from livepatch._plan.returned import notice_returned
from livepatch._plan.set_on_modules import plan_set_on_modules
from livepatch._plan.still_entered import forget_what_went, notice_still_entered
from livepatch._python.own import OwnList
from livepatch._python.quiet import plan_window, quiet_threads
from livepatch._report.errors import (
    NotAModuleError,
    ReloadRefused,
)
from livepatch._report.progress import progress
from livepatch._report.report import Notice, Report
from livepatch._report.turns import log_report, one_at_a_time
from livepatch._select.mapped import refuse_mapped
from livepatch._select.select import select
from livepatch._select.selection import Selection
from livepatch._snapshot.borrow import by_reference
from livepatch._snapshot.snapshot import Snapshot, take_snapshot
from livepatch._source.origin import known_source, origin_steps
from livepatch._source.outline import Outline, outline
from livepatch._source.source import (
    Known,
    Source,
    is_compiled_plainly,
    nothing_known,
    read_sources,
)
from livepatch._stopped import let_go, let_go_of_kept_frames, with_note
from livepatch._undo.history import add_to_history, take_back
from livepatch._undo.keep import follow_order, keep_record
from livepatch._verify.doubts import without_false
from livepatch._verify.summary import summarise
from livepatch._verify.verify import verify


def reload(
    *modules: object,
    dry_run: bool = False,
    keep: Iterable[str] = (),
    strategy: str = "auto",
    dependents: bool = False,
    rerun: str | Iterable[str] = "changed",
) -> Report:
    """Bring loaded modules to the source that is on disk now, and keep their state.

    What changed in the new sources is run, or all of them with ``importlib.reload`` (see `rerun`);
    then every reference in the process to one of the modules' functions and classes reaches the new
    code: instances, callbacks, subclasses, registries, names imported elsewhere. Instances keep
    their attributes. Globals that hold data stay unless their statement runs again: then they are
    made anew, as ``importlib.reload`` does, except those named to be kept.

    Several modules are one transaction: all of them come to their new source, or none does. Each
    runs when another one's import statement asks for it, as in a fresh process, so they can be
    given in any order.

    Args:
        modules: the module objects, or their dotted names. Modules that their new sources import
            for the first time are imported, and forgotten again if the reload fails: those of the
            same packages and folders, but not libraries. A module whose file has gone may be given
            together with its package; it is forgotten, unless something still holds it.
        dry_run: say what would happen, and leave the process as it is. The top-level code that
            would run does run; what it does outside the modules cannot be taken back.
        keep: names of globals whose live value stays, besides those in the modules' own
            ``__livepatch_keep__``; with several modules, ``"shop.config.CACHE"`` means one.
        strategy: ``"auto"`` keeps the old objects and gives them the new code wherever that is
            sound. ``"repoint"`` keeps the new objects and repoints every reference.
        dependents: reload also the modules that computed something from what has changed
            (``DOUBLE = LIMIT * 2``). Without it they are named in the report; names that were
            only imported (``from shop.config import LIMIT``) get the new value in any case.
        rerun: ``"changed"`` runs only the statements that say something else than before, and the
            definitions that use what has changed; a function whose body alone has changed is given
            its new code, and nothing runs. ``"all"`` runs all of the new source, as an upgrade
            needs it. Names of globals: as ``"changed"``, and the statements that bind these run
            too.

    Returns:
        What became of each definition, what was moved, and what could not be.

    Raises:
        LivepatchError: bad input, or an edit that cannot be applied (`ReloadRefused`).
        BaseException: whatever a new source raises, unchanged, with a note (3.11+).
            In each case the modules and all who use them are as they were before.
    """
    names, again = check_options(keep, strategy, rerun)
    check_flags(dry_run=dry_run, dependents=dependents)
    if not modules:
        raise NotAModuleError("LP101", "no module was given")
    started = time.perf_counter()
    try:
        return _reload(Request(modules, names, strategy, dry_run, dependents, again, started))
    finally:
        let_go_of_kept_frames()  # of all that are below this one, which has no report


def _reload(request: Request) -> Report:
    with one_at_a_time():
        report = _bring_up_to_date(request)
    log_report(report)
    return report


def reload_changed(
    *packages: object,
    dry_run: bool = False,
    keep: Iterable[str] = (),
    strategy: str = "auto",
    dependents: bool = False,
    rerun: str | Iterable[str] = "changed",
) -> Report:
    """Reload exactly the modules that differ from their sources, as one transaction.

    Where the file of one has gone, its package is reloaded with it.

    Args:
        packages: where to look, see `changed`.
        dry_run: see `reload`; so are the other options.
        keep: see `reload`.
        strategy: see `reload`.
        dependents: see `reload`.
        rerun: see `reload`.

    Returns:
        The report of that reload; one without modules if nothing has changed.

    Raises:
        LivepatchError, BaseException: as `reload` does; then nothing has changed.
    """
    names = with_packages_of_gone(changed(*packages))
    options: Any = {"keep": keep, "strategy": strategy, "dependents": dependents, "rerun": rerun}
    if not names:
        check_options(keep, strategy, rerun)
        check_flags(dry_run=dry_run, dependents=dependents)
        return Report((), (), {}, {}, (), (), (), 0.0, dry_run)
    return reload(*names, dry_run=dry_run, **options)


def _bring_up_to_date(request: Request) -> Report:
    known: Known = nothing_known if request.rerun == "all" else known_source
    with_main = request.rerun != "all"
    sources = read_sources(request.modules, known, with_main=with_main)
    if request.dependents:
        names = frozenset(source.name for source in sources)
        more = dependents_of(sources, whole=request.rerun == "all")
        sources = read_sources((*request.modules, *more), known, with_main=with_main)
        whole = frozenset(source.name for source in sources) - names
        request = dataclasses.replace(request, whole=whole)
    try:
        report, watched, record = _run_between_hooks(request, sources)
    except BaseException as error:
        if request.rerun != "all":
            let_go(error)
        raise
    del sources
    # Raised out here, where no frame of the traceback holds an instance alive.
    if report.refusals and not request.dry_run:
        raise ReloadRefused(report.refusals)
    if record is None:
        return report
    report = without_false(report, record.doubts)
    report = verify(report, watched, record.retired, by_reference(record.borrowed))
    add_to_history(record, report)
    return dataclasses.replace(report, _undo=functools.partial(take_back, record))


def _run_between_hooks(
    request: Request, sources: list[Source]
) -> tuple[Report, Watched, Record | None]:
    reloading = Reloading(tuple(source.name for source in sources), "forward")
    inverses: list[Callable[[], Any]] = []
    if not request.dry_run:
        # No variable may hold a module that is gone: it would be taken for held.
        inverses = run_before((source.module for source in sources), reloading)
    try:
        with young_objects_kept_apart() as free_young:
            report, watched, record = _run_stages(request, sources)
            if request.rerun != "all" and record is None:
                # New classes derive from bases that were not made again, and would stay in their
                # lists.
                free_young()
    except BaseException:
        run_inverses(inverses)
        raise
    if record is None:
        run_inverses(inverses)
    return report, watched, record


def _run_stages(request: Request, sources: list[Source]) -> tuple[Report, Watched, Record | None]:
    snapshots = [take_snapshot(source) for source in sources]
    try:
        snapshots = with_known_codes(snapshots) if request.rerun != "all" else snapshots
        outlines = {each.source.name: outline(each.source.code, each.origin) for each in snapshots}
        selections = _select(request, snapshots, outlines)
        refusals = refuse_mapped(snapshots, outlines, selections)
        if refusals:
            return _refused(request, snapshots, refusals), [], None
        with progress(len(sources)) as show:
            loaded = load(snapshots, outlines, selections, show)
    except BaseException:
        _put_back(snapshots)
        raise
    matches = _match(snapshots, loaded, outlines, selections)
    if loaded.error is not None:
        withdraw(matches, snapshots, loaded)
        raise with_note(loaded.error, loaded.failed, selections.get(loaded.failed))
    plan: Plan | None = None
    try:
        read_possible_importers(matches)
        with quiet_threads(plan_window()):
            keep = request.keep | kept_by_modules(matches.modules)
            plan = make_plan(matches, request.strategy, keep)
            _go_through(plan, request, loaded, selections)
    except BaseException:
        # Where planning itself raises (a bad __livepatch_keep__, say), the load is taken back too.
        if plan is None or not plan.committed:
            _take_back_load(plan, matches, snapshots, loaded)
        raise
    if not plan.committed:
        report = summarise(plan, request.started, dry_run=request.dry_run)
        _take_back_load(plan, matches, snapshots, loaded)
        return report, [], None
    drop_registered_again(loaded.at_exit, plan.decisions.settle)
    return _conclude(plan, request)


def _go_through(
    plan: Plan, request: Request, loaded: Loaded, selections: dict[str, Selection]
) -> None:
    """Add to the plan what goes beyond the definitions; make the change, if it can be made."""
    plan_partial_run(plan, selections)
    plan_set_on_modules(plan, selections)
    notice_still_entered(plan)
    notice_returned(plan, selections)
    fill_absent(plan)
    carry_data(plan)
    forget_annotations(plan)
    plan_registrations(plan)
    plan_abstract_methods(plan)
    refuse_lacking(plan)
    notice_leftovers(plan)
    plan_modules(plan, loaded, request.modules)
    if plan.refusals:
        return
    note_library_caches(plan)
    if not request.dry_run:
        _plan_origins(plan)
        apply(plan)


def _conclude(plan: Plan, request: Request) -> tuple[Report, Watched, Record]:
    """Keep what an undo needs of a plan that has been applied, and let the rest of it go."""
    notice_lost(plan)
    forget_what_went(plan)
    orders = follow_order(plan)
    record = keep_record(plan)
    record.doubts += plan.doubts
    record.orders[:0] = orders  # what has gone besides has its place by what is kept of that
    for module in plan.matches.modules:
        keep_gone(module.source.module, module.removed, module.origin)
    keep_changed(plan.matches)
    report = summarise(plan, request.started, dry_run=False)
    watched = plan.losers_by_reference()
    release(plan)
    return report, watched, record


def _match(
    snapshots: list[Snapshot],
    loaded: Loaded,
    outlines: dict[str, Outline],
    selections: dict[str, Selection],
) -> Matches:
    try:
        matches = match(describe_modules(snapshots, loaded, outlines, selections))
        matches.stand_ins += loaded.taken
        matches.stand_ins += loaded.replaced
        matches.finders += loaded.finders
        matches.young = loaded.young
        follow_returns(matches)
        follow_originals(matches)
        follow_renames(matches)
        follow_bodies(matches)
    except BaseException as error:
        withdraw(Matches(()), snapshots, loaded)
        if loaded.error is not None and isinstance(error, Exception):
            # What the source raised is what the user is to mend first.
            raise with_note(loaded.error, loaded.failed, selections.get(loaded.failed)) from error
        raise
    return matches


def _put_back(snapshots: list[Snapshot]) -> None:
    for snapshot in snapshots:
        snapshot.put_back()


def _refused(request: Request, snapshots: list[Snapshot], refusals: list[Notice]) -> Report:
    _put_back(snapshots)
    modules = tuple(snapshot.source.name for snapshot in snapshots)
    seconds = time.perf_counter() - request.started
    return Report(modules, (), {}, {}, (), tuple(refusals), (), seconds, request.dry_run)


def _select(
    request: Request, snapshots: list[Snapshot], outlines: dict[str, Outline]
) -> dict[str, Selection]:
    """Decide what runs; nothing is decided where all of it does."""
    if request.rerun == "all":
        return {}
    names = request.rerun if isinstance(request.rerun, frozenset) else frozenset[str]()
    chosen = [each for each in snapshots if each.source.name not in request.whole]
    return select(chosen, outlines, names)


def _plan_origins(plan: Plan) -> None:
    """Note the steps by which it is known which sources the modules are at."""
    for module in plan.matches.modules:
        source = module.source
        text = source.text if is_compiled_plainly(source.spec) else None
        for step in origin_steps(source.module, module.outline, text):
            plan.last.add(*step)


def _take_back_load(
    plan: Plan | None, matches: Matches, snapshots: list[Snapshot], loaded: Loaded
) -> None:
    copies: OwnList[type] = OwnList()
    if plan is not None:
        plan.steps.clear()
        plan.last.clear()
        plan.registered.clear()
        plan.decisions.forget_weak_references()
        for migration in plan.decisions.migrations.values():
            leave_to_instances(migration)
        copies += (pair.new for pair in plan.decisions.derived)
        plan.decisions.derived.clear()
    withdraw(matches, snapshots, loaded, copies)
