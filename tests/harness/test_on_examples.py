"""The harness as a user has it: on the classes of `examples/game.py`, with a bug planted."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from livepatch.testing import ReloadMachine
from tests.harness.profiles import QUICK

EXAMPLE = Path(__file__).resolve().parent.parent.parent / "examples" / "game.py"
GAME = EXAMPLE.read_text("utf-8").split('SOURCE = """\\\n')[1].split('"""', maxsplit=1)[0]

# The next version counts wounds, in slots, and says how an old character gets its own.
WOUNDS = """
class Character:
    __slots__ = ("name", "wounds")

    def __init__(self, name):
        self.name = name
        self.wounds = 0

    def __livepatch_migrate__(self, change):
        if change.direction == "forward":
            self.wounds = 100 - change.old_values["health"]
        else:
            self.health = 100 - vars(self).pop("wounds")

    def status(self):
        return f"{self.name} has {100 - self.wounds}"


class Player(Character):
    __slots__ = ()


def hit(character):
    character.wounds += 10
"""
# The planted bug: whoever was hit before is well again.
FORGETS_WOUNDS = WOUNDS.replace('100 - change.old_values["health"]', "0")


class Game(ReloadMachine):
    """Players who are hit while the game is edited."""

    sources = (GAME, GAME.replace("has {", "still has {"), WOUNDS)
    texts: ClassVar[tuple[str, ...]] = ("has", "still has")

    def begin(self) -> None:
        self.player = self.module.Player("ada")
        self.on_hit = self.module.hit
        self.icons = {self.module.Player: "@"}
        self.hits = self.at = 0

    @rule(number=st.integers(min_value=0, max_value=2))
    def edit(self, number: int) -> None:
        """Go forward: the first version knows nothing of wounds."""
        self.at = max(self.at, number % len(self.sources))
        self.reload_to(self.sources[self.at])

    @rule()
    def hit(self) -> None:
        self.on_hit(self.player)
        self.hits += 1

    @invariant()
    def every_hit_counts(self) -> None:
        said = self.player.status()
        assert said in {f"ada {text} {100 - 10 * self.hits}" for text in self.texts}

    @invariant()
    def the_player_is_found_by_its_class(self) -> None:
        assert self.icons[type(self.player)] == "@"
        assert type(self.player) is self.module.Player


class GameWithBug(Game):
    sources = (GAME, FORGETS_WOUNDS)


def test_game_survives_its_edits() -> None:
    run_state_machine_as_test(Game, settings=QUICK)


def test_planted_migration_bug_is_found_and_shrunk(capsys: pytest.CaptureFixture[str]) -> None:
    thorough = settings(
        QUICK,
        max_examples=100,
        stateful_step_count=10,
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
    )
    with pytest.raises(AssertionError) as failure:
        run_state_machine_as_test(GameWithBug, settings=thorough)
    notes: Any = getattr(failure.value, "__notes__", [])  # printed instead before 3.11
    story = "\n".join([*notes, capsys.readouterr().out])
    steps = [line.strip() for line in story.splitlines() if line.strip().startswith("state.")]
    done = [step for step in steps if "counts" not in step and "found" not in step]

    assert done == ["state.hit()", "state.edit(number=1)", "state.teardown()"]
