"""Deliberate faults in livepatch's own source, each with the tests that must catch it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutation:
    """One fault.

    Attributes:
        what: the fault, in words.
        file: in ``src/livepatch``.
        old: a text that is in the file once.
        new: what stands there instead.
        tests: a file in ``tests``, and after ``::`` what ``-k`` selects in it.
    """

    what: str
    file: str
    old: str
    new: str
    tests: str


_FAULTS = "harness/test_faults.py::at_any_step or in_an_undo"
_HOOKS = "harness/test_hook_faults.py"
_CONFORMANCE = "conformance/test_"

MUTATIONS: tuple[Mutation, ...] = (
    # steps and their inverses
    Mutation(
        "a class attribute is not given back",
        "_steps.py",
        "        self.add(setting(cls, name, new), setting(cls, name, old))\n",
        "        self.add(setting(cls, name, new), setting(cls, name, new))\n",
        _FAULTS,
    ),
    Mutation(
        "a dict's item is not given back",
        "_steps.py",
        "target, key, new), _restoring(*setters, target, key, old))\n",
        "target, key, new), _restoring(*setters, target, key, new))\n",
        _FAULTS,
    ),
    Mutation(
        "the items of many dicts are not given back",
        "_steps.py",
        "Call(set_items, targets, keys, old))",
        "Call(set_items, targets, keys, new))",
        _FAULTS,
    ),
    Mutation(
        "instances are not given their class back",
        "_steps.py",
        "            Call(set_class_of_all, instances, old),\n",
        "            Call(set_class_of_all, instances, new),\n",
        _FAULTS,
    ),
    Mutation(
        "a class is not given its bases back",
        "_steps.py",
        "Call(_set_bases, cls, bases_of(cls)))",
        "Call(bool))",
        _FAULTS,
    ),
    Mutation(
        "a closure's variable is not given back",
        "_steps.py",
        "else Call(_set_contents, cell, old)\n",
        "else Call(bool)\n",
        _FAULTS,
    ),
    Mutation(
        "a list is not given its items back",
        "_steps.py",
        "            Call(list.__setitem__, target, everything, old),\n",
        "            Call(bool),\n",
        _FAULTS,
    ),
    Mutation(
        "a dict that was emptied is not filled again",
        "_steps.py",
        "self.add(Call(kind.clear, target), Call(kind.update, target, old))",
        "self.add(Call(kind.clear, target), Call(bool))",
        _FAULTS,
    ),
    Mutation(
        "functions are not given their code back",
        "_steps.py",
        "Call(recode, functions, codes), Call(recode, functions, present)",
        "Call(recode, functions, codes), Call(bool)",
        _FAULTS,
    ),
    # apply
    Mutation(
        "steps are taken back first to last",
        "_apply.py",
        "_each(list(reversed(undo[:done])), ",
        "_each(list(undo[:done]), ",
        _FAULTS,
    ),
    Mutation(
        "another thread may get its turn in the midst of a change",
        "_apply.py",
        "OwnList(map(in_c, (*plan.steps.do, *plan.last.do)))",
        "OwnList((*plan.steps.do, *plan.last.do))",
        _CONFORMANCE + "threads_and_frames.py::bytecode",
    ),
    Mutation(
        "nothing is taken back after an error",
        "_apply.py",
        "            take_back(undo, len(do) + 1 - operator.length_hint(remaining))\n",
        "            take_back(undo, 0)\n",
        _FAULTS,
    ),
    Mutation(
        "the step that raised is not taken back",
        "_apply.py",
        "take_back(undo, len(do) + 1 - operator",
        "take_back(undo, len(do) - operator",
        "harness/test_faults.py::half_done",
    ),
    Mutation(
        "one step that cannot be taken back stops the others",
        "_apply.py",
        "    while operator.length_hint(remaining):\n",
        "    if True:\n",
        "harness/test_faults.py::cannot_be_taken_back",
    ),
    Mutation(
        "the collector is left off",
        "_young.py",
        "    restore = gc.enable if gc.isenabled() else gc.disable\n",
        "    restore = gc.disable\n",
        _CONFORMANCE + "threads_and_frames.py::garbage_collection_is",
    ),
    Mutation(
        "caches are not emptied",
        "_apply.py",
        "            call()\n        # A metaclass",
        "            pass\n        # A metaclass",
        _CONFORMANCE + "decorated.py::lru_cache_is_emptied",
    ),
    # load and what takes it back
    Mutation(
        "the new namespace stays after a failure",
        "_load.py",
        "            calls += replace_contents(namespace, snapshot.namespace)\n            if sys",
        "            if sys",
        _CONFORMANCE + "failures.py::failed_reload",
    ),
    Mutation(
        "an interrupt leaves the namespace half new",
        "_load.py",
        "            run.put_back()\n            raise\n",
        "            raise\n",
        "harness/test_faults.py::taken_aside",
    ),
    Mutation(
        "the old names hide the builtins from new code",
        "_load.py",
        "            dropped = drop_shadows(namespace, self.outlines[name])\n",
        "            dropped = {}\n",
        _CONFORMANCE + "failures.py::hides_a_builtin",
    ),
    Mutation(
        "a stale bytecode file is used",
        "_load.py",
        "            with OneShotFinder(source, code):\n",
        "            if True:\n",
        _CONFORMANCE + "functions.py::new_body",
    ),
    Mutation(
        "what a failed load registered elsewhere stays",
        "_withdraw.py",
        "        _repoint_to_old(matches, copies)\n    finally:",
        "        pass\n    finally:",
        _CONFORMANCE + "failures.py::",
    ),
    Mutation(
        "what a failed load did to its old classes stays",
        "_withdraw.py",
        "        for snapshot in snapshots:\n            snapshot.put_back()\n",
        "        pass\n",
        _CONFORMANCE + "failures.py::its_own_old_class",
    ),
    Mutation(
        "classes of a failed load stay among their base's subclasses",
        "_withdraw.py",
        "    retire_classes((loser for loser in decisions.losers if is_class(loser)), steps)\n",
        "",
        _CONFORMANCE + "failures.py::",
    ),
    # the search
    Mutation(
        "weak references are skipped",
        "_search.py",
        "    targets: OwnList[Any] = OwnList(decisions.losers)\n"
        "    repoint_weak_references(repointing, targets)\n",
        "    targets: OwnList[Any] = OwnList(decisions.losers)\n",
        _CONFORMANCE + "holders.py::weak",
    ),
    Mutation(
        "immutable holders are followed one level deep",
        "_constants.py",
        "DEEPEST_NESTING = 64",
        "DEEPEST_NESTING = 1",
        _CONFORMANCE + "hostile_objects.py::nested",
    ),
    Mutation(
        "frames that run are skipped",
        "_repoint.py",
        "        repoint_running_frames(repointing)\n",
        "",
        _CONFORMANCE + "holders.py::running_frame",
    ),
    Mutation(
        "signal handlers are skipped",
        "_repoint.py",
        "        repoint_hidden_holders(repointing)\n",
        "",
        _CONFORMANCE + "holders.py::signal_handler",
    ),
    Mutation(
        "what C code holds is not forwarded",
        "_repoint.py",
        "    else:\n        forward_function(repointing, pair)\n",
        "",
        _CONFORMANCE + "holders.py::exit_handler",
    ),
    # holders skipped, one by one
    *(
        Mutation(
            f"holders of the type {entry.partition(':')[0]} are skipped",
            "_holders/_table.py",
            f"    {entry},\n",
            f"    {entry.partition(':')[0]}: _skip,\n",
            _CONFORMANCE + f"holders.py::{tests}",
        )
        for entry, tests in (
            ("frozenset: _containers.repoint_frozenset", "class_in"),
            ("collections.deque: _containers.repoint_deque", "class_in"),
            ("collections.defaultdict: _containers.repoint_defaultdict", "class_in"),
            ("types.CellType: _callables.repoint_cell", "class_in"),
            ("types.MethodType: _callables.repoint_bound_method", "method"),
            ("functools.partial: _callables.repoint_partial", "class_in"),
            ("types.GenericAlias: _references.repoint_alias", "class_in"),
            ("BaseException: _references.repoint_exception", "class_in"),
            ("PROXY_TYPE: _callables.repoint_wrapt", "wrapt"),
            ("types.GeneratorType: _frames.repoint_suspended", "generator_suspended"),
        )
    ),
    Mutation(
        "subclasses go last on their bases' lists",
        "_subclass_order.py",
        "        listed.clear()\n",
        "",
        _CONFORMANCE + "subclass_order.py::keep_their_order",
    ),
    Mutation(
        "a kept instance that is made anew is the old one in its module",
        "_namespaces.py",
        "            final[name] = survivors.get(id(value), value)\n    return",
        "            final[name] = value\n    return",
        _CONFORMANCE + "undo.py::made_anew_is_the_one",
    ),
    Mutation(
        "a key keeps the place of its old hash",
        "_holders/_containers.py",
        "map(id, keys))):\n        _rehash(repointing, holder, list(kind.items(holder)))\n",
        "map(id, keys))):\n",
        _CONFORMANCE + "holders.py::key",
    ),
    Mutation(
        "what a decorator registered again stands there twice",
        "_holders/_containers.py",
        "    wanted = _without_repeats(repointing, items, settled)\n",
        "    wanted = settled\n",
        _CONFORMANCE + "registries.py::list_filled",
    ),
    # decisions
    Mutation(
        "the function of a cache of another size is kept",
        "_function_caches.py",
        "        or not same_parameters(old, cache)\n",
        "",
        _CONFORMANCE + "single_edits.py::another_size",
    ),
    Mutation(
        "removed names stay",
        "_namespaces.py",
        "            steps.set_item(live, name, MISSING)\n",
        "            pass\n",
        _CONFORMANCE + "data_globals.py::removed",
    ),
    Mutation(
        "a global that is kept is made anew",
        "_reload.py",
        "keep = request.keep | kept_by_modules(matches.modules)\n",
        "keep = frozenset()\n",
        _CONFORMANCE + "data_globals.py::",
    ),
    Mutation(
        "fields without a value pass",
        "_instances.py",
        "        _refuse_without_values(plan, plan.decisions.migrations[key])\n",
        "",
        _CONFORMANCE + "migration.py::without_a_default",
    ),
    # verify, undo, the rest
    Mutation(
        "what is left behind is not told",
        "_verify.py",
        "    notices = list(dict.fromkeys(_describe_all(held)))\n",
        "    notices: list[Notice] = []\n",
        _CONFORMANCE + "report.py::c_code_keeps",
    ),
    Mutation(
        "old classes stay among their base's subclasses",
        "_verify.py",
        "    _retire(watched, held, retired)\n",
        "",
        _CONFORMANCE + "classes.py::subclasses_names",
    ),
    Mutation(
        "an undo forgets the state gathered since",
        "_undo.py",
        "        _take_later_state(result, each)\n",
        "",
        _CONFORMANCE + "undo.py::made_anew",
    ),
    Mutation(
        "an undo can be made out of order",
        "_undo.py",
        "        if not is_newest(record, module.source.module):\n",
        "        if False:\n",
        _CONFORMANCE + "history.py::",
    ),
    Mutation(
        "values that have no place any more are lost",
        "_successors.py",
        "    migration.left.setdefault(id(successor), aside)[name] = value\n",
        "    pass\n",
        _CONFORMANCE + "migration.py::left_behind",
    ),
    Mutation(
        "new instances hold the old ones",
        "_successors.py",
        "        _settle(migration, successors, survivors)\n    _settle_aside",
        "        pass\n    _settle_aside",
        _CONFORMANCE + "migration.py::hold_each_other",
    ),
    Mutation(
        "values that have no place any more are the old instances",
        "_successors.py",
        "    _settle_aside(migration, survivors)\n",
        "",
        _CONFORMANCE + "instances_kept.py::had_no_place",
    ),
    Mutation(
        "a with statement goes on with the old instance",
        "_holders/_insides.py",
        "    if repointing.settle(holder) is not holder:\n        fill(repointing, holder)\n",
        "    pass\n",
        _CONFORMANCE + "insides.py::goes_on",
    ),
    Mutation(
        "an undo brings the old instances back",
        "_keep.py",
        "    follow_state(record, migrations, decisions.survivors)\n",
        "",
        _CONFORMANCE + "instances_kept.py::brings_the_instance_back",
    ),
    Mutation(
        "another decorator's inner function is taken for a new version of the earlier one's",
        "_reconcile/_result.py",
        '        return old.co_filename in self._files or old.co_filename.startswith("<")\n',
        "        return True\n",
        _CONFORMANCE + "decorated.py::none_of_what_it_decorates",
    ),
    Mutation(
        "names that others imported keep the old value",
        "_carry.py",
        "            _set_name(plan, importer, bound, change.new)\n",
        "",
        _CONFORMANCE + "data_elsewhere.py::",
    ),
    Mutation(
        "a thread in the middle of a reload may begin another",
        "_turns.py",
        '    if getattr(_under_way, "value", False):\n',
        "    if False:\n",
        _CONFORMANCE + "threads_and_frames.py::reloads_itself",
    ),
    # hooks, and what takes a reload back that one of them stopped
    Mutation(
        "what the hooks before returned is not called where the next one raises",
        "_hooks.py",
        '        run_inverses(inverses)\n        _note(error, "before")\n',
        '        _note(error, "before")\n',
        _HOOKS,
    ),
    Mutation(
        "what the hooks returned is not called where a reload raises",
        "_reload.py",
        "        run_inverses(inverses)\n        raise\n    if record is None:\n",
        "        raise\n    if record is None:\n",
        _HOOKS,
    ),
    Mutation(
        "what the hooks returned is not called where an undo raises",
        "_undo.py",
        "        run_inverses(inverses)\n        raise\n    if report.refusals:\n",
        "        raise\n    if report.refusals:\n",
        _HOOKS,
    ),
    Mutation(
        "an error of a hook that comes last is passed over",
        "_hooks.py",
        '        _note(error, "after")\n        raise\n',
        '        _note(error, "after")\n',
        _HOOKS,
    ),
    Mutation(
        "an error of a hook that comes last takes nothing back",
        "_apply.py",
        "        if not plan.committed:\n",
        "        if not plan.steps:\n",
        _HOOKS,
    ),
    Mutation(
        "an error of the hook of an instance leaves the new classes where the load put them",
        "_reload.py",
        "    withdraw(matches, snapshots, loaded, copies)\n",
        "    pass\n",
        _HOOKS,
    ),
    # frozensets that are filled late, C memory, marks, modules replaced, other threads
    Mutation(
        "a frozenset that is filled late keeps its old members",
        "_holders/_frozen.py",
        "    _exchange(frozen, frozenset(members))\n",
        "    frozenset(members)\n",
        _CONFORMANCE + "hashes.py::comes_last",
    ),
    Mutation(
        "a frozenset loses its attributes",
        "_holders/_frozen.py",
        "        dict_descriptor(cls).__set__(other, attributes.__get__(holder))\n",
        "        pass\n",
        _CONFORMANCE + "hashes.py::subclass_of_frozenset",
    ),
    Mutation(
        "C memory keeps the new object where the change is taken back",
        "_holders/_c_data.py",
        "Call(function, *place, survivor), Call(function, *place, loser))",
        "Call(function, *place, survivor), Call(bool))",
        _FAULTS,
    ),
    Mutation(
        "a single reference in C memory is not given back",
        "_holders/_c_data.py",
        "                Call(_value.__set__, holder, loser),\n",
        "                Call(bool),\n",
        _FAULTS,
    ),
    Mutation(
        "the dict that keeps what is in C memory alive is exchanged alone",
        "_holders/_containers.py",
        "    if keepers is not None:\n        repoint_kept",
        "    if False:\n        repoint_kept",
        _CONFORMANCE + "c_data.py::class_that_was_replaced",
    ),
    Mutation(
        "what a function has marked its module with is there when that runs again",
        "_clear.py",
        "    return {name: namespace.pop(name) for name in marks_in(namespace, origin)}\n",
        "    return {}\n",
        _CONFORMANCE + "found_in_packages.py::marked_its_module",
    ),
    Mutation(
        "a mark that somebody else has set goes when the module runs again",
        "_load.py",
        "                namespace.setdefault(dropped_name, value)",
        "                pass",
        _CONFORMANCE + "found_in_packages.py::marked_its_module",
    ),
    Mutation(
        "no statement is known to set a mark",
        "_marks.py",
        "                found.update(_said_by(called.__code__).intersection(marks))\n",
        "                pass\n",
        _CONFORMANCE + "rerun_changed.py::marks_that_functions",
    ),
    Mutation(
        "what an object in a module's place has is not taken over",
        "_replaced.py",
        "            namespace[name] = value\n",
        "            pass\n",
        _CONFORMANCE + "as_a_fresh_import.py::its_place",
    ),
    Mutation(
        "functions of a module with an object in its place are not followed",
        "_replaced.py",
        "            return seen\n",
        "            return None\n",
        _CONFORMANCE + "as_a_fresh_import.py::modules_place",
    ),
    Mutation(
        "the switch interval stays long",
        "_quiet.py",
        "    interval = sys.getswitchinterval()\n    try:\n        _take",
        "    interval = seconds\n    try:\n        _take",
        _CONFORMANCE + "threads_and_frames.py::switch_interval",
    ),
    Mutation(
        "other threads run while nothing may happen in between",
        "_quiet.py",
        "        _take_turns(max(interval, seconds))\n",
        "        pass\n",
        "test_quiet.py::computes",
    ),
    Mutation(
        "who waits for the GIL with the brief interval is not waited for",
        "_quiet.py",
        "_PATIENCE = 5e-3\n",
        "_PATIENCE = 0.0\n",
        "test_quiet.py::came_late",
    ),
    # what the harness found
    Mutation(
        "a base's own list of subclasses is taken for a table of the program's",
        "_holders/_containers.py",
        "    if has_numbers and _is_list_of_subclasses(holder):\n",
        "    if False:\n",
        _CONFORMANCE + "found_by_the_harness.py::subclasses_of_its_own",
    ),
    Mutation(
        "what an enumeration has from Enum is taken for made by the load",
        "_likeness.py",
        "    return new is (there.__func__ if type(there) in _BOUND_OTHERWISE else there)\n",
        "    return new is there\n",
        _CONFORMANCE + "found_by_the_harness.py::what_enumerations_have",
    ),
    Mutation(
        "code that is equal is left where it is",
        "_reconcile/_functions.py",
        "    if code is not new_code:\n",
        "    if code is not new_code and code != new_code:\n",
        _CONFORMANCE + "found_by_the_harness.py::renamed_class",
    ),
    # what upgrades left behind
    Mutation(
        "instances stay with a class that has become a function",
        "_holders/_context.py",
        "        return self.heirs.get(id(cls)) or self.settle(cls)\n",
        "        return self.settle(cls)\n",
        _CONFORMANCE + "found_in_upgrades.py::becomes_a_function_around or one_again",
    ),
    Mutation(
        "what a dispatcher calls is not walked",
        "_walk.py",
        "    for name, before, after in same_tables(walk.matches, old, new):\n",
        "    for name, before, after in ():\n",
        _CONFORMANCE + "found_in_upgrades.py::registered_with",
    ),
    Mutation(
        "what is entered comes before a table is filled anew",
        "_plan.py",
        "        return self.last if self.hashes_last else self.steps\n",
        "        return self.steps\n",
        _CONFORMANCE + "found_in_upgrades.py::hashed_anew",
    ),
    # what makes definitions, and fills tables, where only what changed runs
    Mutation(
        "what a called decorator returns is not looked at",
        "_differences.py",
        "        if not _returns_the_same(body):\n",
        "        if False:\n",
        _CONFORMANCE + "changed_makers.py::call_of_a_decorator_returns or method_returns",
    ),
    Mutation(
        "objects do not have the methods of their classes",
        "_differences.py",
        "                paths.update(_inherited(methods, namespace))\n",
        "                paths.update(())\n",
        _CONFORMANCE + "changed_makers.py::method_that_decorates or another_module",
    ),
    Mutation(
        "entries are struck off before containers are copied",
        "_rerun.py",
        "find_entries(snapshot.namespace, selection.left, earlier))\n",
        "find_entries(snapshot.namespace, selection.left, earlier))\n"
        "        strike_off(snapshot.enrolled[-1])\n",
        _CONFORMANCE + "changed_makers.py::stays_where_the_edit_fails",
    ),
    Mutation(
        "what a decorator calls is not looked through",
        "_registers.py",
        "        for called in (*named, *_in_cells(function)):\n",
        "        for called in ():\n",
        _CONFORMANCE + "refusing_registers.py::a_default_changes",
    ),
    Mutation(
        "names are not struck off",
        "_enrolled.py",
        "            kept = earlier.filled(*lead_to(namespace, path, earlier.namespaces))\n",
        "            kept = []\n",
        _CONFORMANCE + "refusing_registers.py::a_default_changes",
    ),
    Mutation(
        "who had a definition before keeps it",
        "_came_back.py",
        "    return bool(entry.ways) and all(\n",
        "    return not entry.ways and all(\n",
        _CONFORMANCE + "everyday_code.py::connected_to_something_else",
    ),
    Mutation(
        "a member that a global has is not made again",
        "_match.py",
        "        matches.standing.difference_update(*map(_went_with_classes, matches.modules))\n",
        "",
        _CONFORMANCE + "everyday_code.py::global_that_is_a_member",
    ),
    Mutation(
        "abstract methods stay noted as they were",
        "_abstract_methods.py",
        "        if present == _lacking(cls):  # else somebody has set it\n",
        "        if not present:\n",
        _CONFORMANCE + "everyday_code.py::lacks_the_abstract_methods",
    ),
    Mutation(
        "an equal constant is another object",
        "_namespaces.py",
        "            final[name] = module.old[name]\n",
        "            pass\n",
        _CONFORMANCE + "everyday_code.py::imported_constants_follow",
    ),
    Mutation(
        "what is inside an entry is an entry too",
        "_entries.py",
        "            if found.isdisjoint(place.around) and place.is_there():\n",
        "            if place.is_there():\n",
        _CONFORMANCE + "refusing_registers.py::record_that_goes",
    ),
    Mutation(
        "what functions fill is not filled again",
        "_fills.py",
        "    found = base_names(nodes) | {path[0] for path in decorator_paths(nodes)}\n",
        "    found = base_names(nodes)\n",
        _CONFORMANCE + "refilled.py::made_anew_is_filled",
    ),
    # the assertions themselves
    Mutation(
        "assert_current passes what runs older code",
        "testing/_current.py",
        "    if not _has_current_code(function, codes):\n        return",
        "    if False:\n        return",
        "harness/test_assertions.py::runs_older",
    ),
    Mutation(
        "assert_unchanged does not see the order",
        "testing/_unchanged.py",
        "    if not found:\n        for old_edge",
        "    if False:\n        for old_edge",
        "harness/test_assertions.py::TestUnchanged",
    ),
    Mutation(
        "the compiler is not told what a module imports",
        "_recompile.py",
        'before = b"import " + names if names and start else b""',
        'before = b""',
        "test_recompile.py::knows_of_the_whole",
    ),
    Mutation(
        "another order of exception handlers is taken for the same statements",
        "_recompile.py",
        "same_scope(old, new) and _exceptions(old) == _exceptions(new)",
        "same_scope(old, new)",
        "test_recompile.py::knows_of_the_whole",
    ),
    Mutation(
        "what stands behind an edit keeps its lines",
        "_recompile.py",
        "elif edit.moved:",
        "elif False:",
        "test_recompile.py::compiled_alone",
    ),
    Mutation(
        "a broken line is taken for the begin of a statement",
        "_recompile.py",
        'return at >= 0 and lines[at].rstrip(b"\\r").endswith(b"\\\\")',
        "return False",
        "test_recompile.py::knows_of_the_whole",
    ),
    Mutation(
        "names bound by texts stay",
        "_by_text.py",
        "return frozenset(name for each in _binders(source) for name in _names_in(each))",
        "return frozenset()",
        _CONFORMANCE + "bound_by_text.py::goes_with_it",
    ),
    Mutation(
        "a class is made again for whatever method it names",
        "_differences.py",
        "path[-1] in header.invoked",
        "path[-1] in names",
        _CONFORMANCE + "own_methods.py::not_made_again",
    ),
    Mutation(
        "an attribute of the old name is taken for the function itself",
        "_code.py",
        "(before if place in others else renamed(before)) == after",
        "renamed(before) == after",
        _CONFORMANCE + "not_renamed.py::another_one",
    ),
    Mutation(
        "what was computed by another name is not named",
        "_stale.py",
        "changes.reaching.update((name,) for name in leads_on - changes.names)",
        "pass",
        _CONFORMANCE + "kept_through.py::another_module_computed",
    ),
    Mutation(
        "what an operation computed is not named",
        "_reach.py",
        "names |= operations_of(each) & self.asked",
        "names |= set()",
        _CONFORMANCE + "kept_by_operations.py::operation_in_a_function",
    ),
    Mutation(
        "a renamed definition is struck off for good",
        "_came_back.py",
        "made.get(entry.made.name) or renamed.get(entry.made.name)",
        "made.get(entry.made.name)",
        _CONFORMANCE + "rerun_changed.py::renamed_function_is_once",
    ),
)
