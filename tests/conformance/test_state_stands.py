"""State that a review saw lost: by a block, a descriptor, or what another statement needs."""

from __future__ import annotations

import pytest

from tests.live import LiveModule

pytestmark = pytest.mark.sampled(6)


def test_equal_values_that_a_block_enters_are_all_there(live: LiveModule) -> None:
    source = """
    SCORES = []
    if SCORES is not None:
        def score(power=1): return power
        SCORES.append(5)
    """
    module = live.start(source)
    live.edit(
        source.replace("SCORES.append(5)", "SCORES.append(5); SCORES.append(5)"), rerun="changed"
    )
    assert module.SCORES == [5, 5]


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_what_a_program_has_set_on_a_descriptor_stays(live: LiveModule, rerun: str) -> None:
    source = """
    import functools
    def locked(method):
        @functools.wraps(method)
        def inner(*args): return method(*args)
        return inner
    class Setting:
        def __init__(self, value): self.value, self.sets, self.note = value, 0, "a"
        def __set_name__(self, owner, name): self.name = name
        def __get__(self, instance, owner): return self if instance is None else self.value
        @locked
        def __set__(self, instance, value): self.value = value; self.sets += 1
        @property
        def text(self): return self.note
        @text.setter
        def text(self, note): self.note = note
    class Options:
        size = Setting(10)
    """
    module = live.start(source)
    setting = module.Options.size
    module.Options().size = 50
    setting.text = "b"
    live.edit(source.replace("size = Set", "depth = Setting(1)\n        size = Set"), rerun=rerun)
    assert module.Options.size is setting
    assert (setting.value, setting.sets, setting.note, setting.name) == (50, 1, "b", "size")


BEHIND = {
    "import": "try:\n        from nowhere_at_all import QUEUE\n    except ImportError: pass",
    "condition": "import os\n    if os.environ.get('LIVEPATCH_NOWHERE'): QUEUE = []",
}


@pytest.mark.parametrize("behind", BEHIND.values(), ids=BEHIND)
def test_what_may_be_bound_otherwise_behind_keeps_its_state(live: LiveModule, behind: str) -> None:
    source = f"""
    class Worker:
        def __init__(self, queue, power): self.queue = queue
    QUEUE = []
    worker = Worker(QUEUE, 1)
    {behind}
    """
    module = live.start(source)
    module.QUEUE.append(1)
    queue = module.QUEUE
    live.edit(source.replace("QUEUE, 1", "QUEUE, 2"), rerun="changed")
    assert module.worker.queue is module.QUEUE is queue
    assert queue == [1]


def test_what_a_condition_calls_is_not_called_again(live: LiveModule) -> None:
    source = """
    CALLS = []
    def connect(): CALLS.append(1)
    LEVEL = 1
    def log(text="", level=LEVEL): return level
    if connect(): LEVEL = 2
    """
    module = live.start(source)
    live.edit(source.replace('text=""', 'text="."'), rerun="changed")
    assert module.CALLS == [1]
    assert module.log() == 1


def test_a_key_of_a_namespace_that_is_no_text_is_let_be(live: LiveModule) -> None:
    source = "\n    def f(): return 1\n"
    module = live.start(source)
    vars(module)[0] = "x"  # type: ignore[index]
    live.edit(source.replace("return 1", "return 2"), rerun="all")
    assert module.f() == 2


def test_a_default_that_a_changed_function_computes_otherwise_is_named_where_it_is_kept(
    live: LiveModule,
) -> None:
    source = """
    def f(): return 1
    def g(y=[f()]): return y
    class A:
        def m(self, *, y={"k": f()}): return y
    def count(seen=[0]): seen[0] += 1; return seen
    """
    module = live.start(source)
    module.count()
    report = live.edit(source.replace("return 1", "return 2"), rerun="all")
    found = {(each.code, each.path.partition(".")[2]) for each in report.notices}
    assert module.g() == [1]
    assert found == {("LP303", "g"), ("LP303", "A.m")}
    assert module.count() == [2]
