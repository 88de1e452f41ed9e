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
_CONFORMANCE = "conformance/test_"

MUTATIONS: tuple[Mutation, ...] = (
    # steps and their inverses
    Mutation(
        "a class attribute is not given back",
        "_steps.py",
        "            _restoring(type.__setattr__, type.__delattr__, cls, name, old),\n",
        "            _restoring(type.__setattr__, type.__delattr__, cls, name, new),\n",
        _FAULTS,
    ),
    Mutation(
        "a dict's item is not given back",
        "_steps.py",
        "            _restoring(dict.__setitem__, dict.__delitem__, target, key, old),\n",
        "            _restoring(dict.__setitem__, dict.__delitem__, target, key, new),\n",
        _FAULTS,
    ),
    Mutation(
        "instances are not given their class back",
        "_steps.py",
        "            Call(_set_class_of_all, instances, old),\n",
        "            Call(_set_class_of_all, instances, new),\n",
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
        "_load.py",
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
        "                run.put_back()  # interrupted",
        "                pass  # interrupted",
        "harness/test_faults.py::taken_aside",
    ),
    Mutation(
        "the old names hide the builtins from new code",
        "_load.py",
        "            _drop_shadows(namespace, self.outlines[name])\n",
        "",
        _CONFORMANCE + "failures.py::hides_a_builtin",
    ),
    Mutation(
        "a stale bytecode file is used",
        "_load.py",
        "            with _one_shot_finder(source, code):\n",
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
        "a key keeps the place of its old hash",
        "_holders/_containers.py",
        "        _rehash(repointing, holder, list(kind.items(holder)))\n        return\n",
        "        return\n",
        _CONFORMANCE + "holders.py::key",
    ),
    Mutation(
        "what a decorator registered again stands there twice",
        "_holders/_containers.py",
        "    wanted = _without_repeats(repointing, holder, settled)\n",
        "    wanted = settled\n",
        _CONFORMANCE + "registries.py::list_filled",
    ),
    # decisions
    Mutation(
        "a cached function with another size is kept",
        "_decide.py",
        "return inner_kept and pair.old.cache_parameters() == pair.new.cache_parameters()",
        "return inner_kept",
        _CONFORMANCE + "decorated.py::size",
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
        "        migration.left.setdefault(id(successor), aside)[name] = value\n",
        "        pass\n",
        _CONFORMANCE + "migration.py::left_behind",
    ),
    Mutation(
        "new instances hold the old ones",
        "_successors.py",
        "        _settle(migration, successors, survivors)\n\n\n",
        "        pass\n\n\n",
        _CONFORMANCE + "migration.py::hold_each_other",
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
)
