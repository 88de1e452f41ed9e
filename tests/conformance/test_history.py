"""`livepatch.history()` and `livepatch.undo()`: what was reloaded when, and the way back."""

from __future__ import annotations

import datetime as dt
import gc
from collections.abc import Iterator

import pytest

import livepatch
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)

GAME = """
    LIMIT = 1
    class Player:
        def __init__(self): self.hits = 0
        def hit(self):
            self.hits += 1
            return 1
    def hit(): return 1
"""


@pytest.fixture(autouse=True)
def _kept() -> Iterator[None]:
    yield
    livepatch.keep_history(0)
    livepatch.keep_history(10)


def of(live: LiveModule) -> list[livepatch.HistoryEntry]:
    return [entry for entry in livepatch.history() if live.name in entry.modules]


def test_history_names_the_reloads_in_order_with_their_times(live: LiveModule) -> None:
    live.start(GAME)
    before = dt.datetime.now(tz=dt.timezone.utc)
    live.change("return 1", "return 2")
    live.change("LIMIT = 1", "LIMIT = 2")
    first, second = of(live)

    assert first.modules == second.modules == (live.name,)
    assert before <= first.time <= second.time <= dt.datetime.now(tz=dt.timezone.utc)
    assert second.number > first.number
    assert "updated" in first.summary or "replaced" in first.summary
    assert (first.undone, first.undoable, second.undoable) == (False, True, True)
    assert live.name in str(first)
    assert str(first).endswith("(undoable)")


def test_neither_a_dry_run_nor_a_failed_reload_is_history(live: LiveModule) -> None:
    live.start(GAME)
    live.change("return 1", "return 2", dry_run=True)
    with pytest.raises(ZeroDivisionError):
        live.change("LIMIT = 1", "LIMIT = 1 / 0")

    assert not of(live)


def test_history_does_not_grow_for_ever(live: LiveModule) -> None:
    live.start("def f(): return 0\n")
    for number in range(1, 103):
        live.edit(f"def f(): return {number}\n")
    entries = livepatch.history()

    assert len(entries) == 100
    assert [each.number - entries[0].number for each in entries] == list(range(100))
    assert entries[-1].undoable


def test_undo_without_the_report(live: LiveModule) -> None:
    module = live.start(GAME)
    held, player = module.hit, module.Player()
    live.change("return 1", "return 2")
    player.hit()
    gc.collect()
    undone = livepatch.undo()

    assert undone.modules == (live.name,)
    assert held is module.hit
    assert (held(), player.hit(), player.hits) == (1, 1, 2)
    assert type(player) is module.Player
    (entry,) = of(live)
    assert (entry.undone, entry.undoable) == (True, False)


def test_reload_of_the_same_source_works_after_undo(live: LiveModule) -> None:
    module = live.start(GAME)
    held, player = module.hit, module.Player()
    live.change("class Player", "class Base: pass\n    class Player".replace("    ", ""))
    live.edit(GAME.replace("class Player:", "class Base: pass\n    class Player(Base):"))
    for _ in range(2):
        livepatch.undo()
        again = live.reload()

        assert again.ok
        assert type(player) is module.Player
        assert isinstance(player, module.Base)
        assert held is module.hit


def test_undo_of_several_steps_takes_the_newest_back_first(live: LiveModule) -> None:
    module = live.start(GAME)
    held, player = module.hit, module.Player()
    live.change("return 1", "return 2")
    live.change("class Player", "class Base: pass\n    class Player".replace("    ", ""))
    live.edit(GAME.replace("return 1", "return 3").replace("LIMIT = 1", "LIMIT = 3"))
    seen = [held()]
    report = livepatch.undo(2)
    seen.append(held())
    livepatch.undo()
    seen.append(held())

    assert seen == [3, 2, 1]
    assert report.ok
    assert report.modules == (live.name,)
    assert module.LIMIT == 1
    assert type(player) is module.Player
    assert player.hit() == 1


def test_undo_of_several_steps_goes_over_several_modules(live: LiveModule) -> None:
    module = live.start("def hit(): return 1\n")
    other = live.other("def cost(): return 1\n")
    (live.root / f"{live.other_name}.py").write_text("def cost(): return 2\n")
    livepatch.reload(other, strategy=live.strategy, rerun=live.rerun)
    live.edit("def hit(): return 2\n")
    report = livepatch.undo(2)

    assert report.modules == (live.name, live.other_name)
    assert (module.hit(), other.cost()) == (1, 1)


def test_reload_before_one_that_is_let_go_cannot_be_undone(live: LiveModule) -> None:
    module = live.start(GAME)
    first = live.change("return 1", "return 2")
    live.change("return 2", "return 3")
    livepatch.keep_history(0)
    gc.collect()
    one, two = of(live)

    assert (one.undoable, two.undoable) == (False, False)
    with pytest.raises(livepatch.NothingToUndoError, match=r"LP130.*not kept"):
        livepatch.undo()
    with pytest.raises(livepatch.NothingToUndoError, match="LP131"):
        first.undo()
    assert module.hit() == 3


def test_more_steps_than_there_are_take_nothing_back(live: LiveModule) -> None:
    module = live.start(GAME)
    live.change("return 1", "return 2")
    in_force = sum(not entry.undone for entry in livepatch.history())
    with pytest.raises(livepatch.NothingToUndoError):
        livepatch.undo(in_force + 1)

    assert module.hit() == 2


def players_in_memory(live: LiveModule) -> int:
    """Count the classes of that name; a weak reference to one would follow its successor."""
    gc.collect()
    found = (each for each in gc.get_objects() if type(each) is type)
    return sum((each.__module__, each.__name__) == (live.name, "Player") for each in found)


def test_history_keeps_as_many_reloads_as_it_is_told(live: LiveModule) -> None:
    live.start("class Player(): pass\n")
    livepatch.keep_history(2)
    for number in range(4):
        live.edit(f"class Base{number}: pass\nclass Player(Base{number}): pass\n")
    kept = players_in_memory(live)
    listed = [entry.undoable for entry in of(live)]
    livepatch.keep_history(0)

    assert listed == [False, False, True, True]
    assert kept == (3 if live.strategy == "repoint" else kept)
    assert players_in_memory(live) == 1


def test_report_that_is_held_can_be_undone_beyond_the_history(live: LiveModule) -> None:
    module = live.start(GAME)
    livepatch.keep_history(0)
    report = live.change("return 1", "return 2")
    (entry,) = of(live)

    assert entry.undoable
    assert livepatch.undo().ok
    assert module.hit() == 1
    with pytest.raises(livepatch.NothingToUndoError, match="LP130"):
        report.undo()


def test_reload_that_its_report_took_back_is_history_as_undone(live: LiveModule) -> None:
    live.start(GAME)
    live.change("return 1", "return 2").undo()
    (entry,) = of(live)

    assert entry.undone
    assert not entry.undoable


def test_undo_refuses_what_is_no_number_of_reloads() -> None:
    for wrong in (0, -1, True, "2", None):
        with pytest.raises(livepatch.OptionTypeError, match="LP110"):
            livepatch.undo(wrong)  # type: ignore[arg-type]
    for wrong in (-1, True, "2", None):
        with pytest.raises(livepatch.OptionTypeError, match="LP110"):
            livepatch.keep_history(wrong)  # type: ignore[arg-type]
