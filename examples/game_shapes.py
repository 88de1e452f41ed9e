"""A game whose players change their shape while it runs: slots come, go and are renamed.

Run it: ``python examples/game_shapes.py``. It writes ``arena.py`` into a temporary folder and plays
rounds in a thread; the class of the players is edited under it, and taken back. Two hooks see to it
that a reload comes between two rounds: a round that is being played is old code to its end, and
would look for the old slots.
"""

import atexit
import importlib
import re
import shutil
import sys
import tempfile
import threading
from pathlib import Path

import livepatch

SOURCE = """\
import livepatch


class Player:
    __slots__ = ("name", "hp", "level")

    def __init__(self, name, level):
        self.name = name
        self.hp = 100
        self.level = level

    def status(self):
        return f"{self.name}: {self.hp} hp, level {self.level}"


def play(players):
    for player in players:
        player.hp -= 1
"""

EDITED = """\
import livepatch


@livepatch.hotswap(renamed={"hp": "health"})
class Player:
    __slots__ = ("name", "health", "mana", "bag")

    def __init__(self, name, level):
        self.name = name
        self.health = 100
        self.mana = 10 * level
        self.bag = []

    def __livepatch_migrate__(self, change):
        # Levels become mana: the hook is told the values that have no place any more.
        if change.direction == "forward":
            self.mana = 10 * change.old_values["level"]

    def status(self):
        return f"{self.name}: {self.health} health, {self.mana} mana, bag {self.bag}"


def play(players):
    for player in players:
        player.health -= 1
"""


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    sys.path.insert(0, str(folder))
    path = folder / "arena.py"
    path.write_text(SOURCE)
    arena = importlib.import_module("arena")

    players = [arena.Player("ada", 1), arena.Player("bob", 2)]
    leader, scores = players[1], dict.fromkeys(players, 0)
    duel, status = (players[0], players[1]), players[0].status
    rounds = Rounds(arena, players)
    livepatch.before_reload(rounds.pause)
    livepatch.after_reload(rounds.resume)

    print("Before:", *(player.status() for player in players), sep="\n  ")
    rounds.start()
    rounds.wait_for(20)
    path.write_text(EDITED)
    report = livepatch.reload(arena)
    rounds.wait_for(20)
    rounds.stop()
    show(report)

    print("After:", *(without_numbers(player.status()) for player in players), sep="\n  ")
    print("a held method is theirs:", without_numbers(status()))
    print("all holders have them:", leader is players[1] is duel[1], scores[players[0]] == 0)
    print("no round was lost:", {100 - player.health for player in players} == {rounds.played})

    players[0].bag.append("sword")
    players[1].mana = 7
    show(livepatch.undo())
    print("Taken back:", *(without_hp(player.status()) for player in players), sep="\n  ")
    print("the rounds count still:", {100 - player.hp for player in players} == {rounds.played})
    print("all holders have them:", leader is players[1] is duel[1], scores[players[0]] == 0)


class Rounds(threading.Thread):
    """Plays without a pause until it is told to stop."""

    def __init__(self, arena: object, players: list[object]) -> None:
        super().__init__(daemon=True)
        self.arena, self.players = arena, players
        self.played, self.going = 0, True
        self.turn = threading.Condition()
        self.playing = threading.Lock()

    def run(self) -> None:
        """Play."""
        while self.going:
            with self.playing:
                self.arena.play(self.players)
            with self.turn:
                self.played += 1
                self.turn.notify_all()

    def pause(self) -> object:
        """Wait for the end of the round; return what goes on if there is no reload after all."""
        self.playing.acquire()
        return self.playing.release

    def resume(self) -> None:
        """Go on."""
        self.playing.release()

    def wait_for(self, rounds: int) -> None:
        """Wait until some more rounds have been played."""
        with self.turn:
            wanted = self.played + rounds
            self.turn.wait_for(lambda: self.played >= wanted)

    def stop(self) -> None:
        """End with the round that is played now."""
        self.going = False
        self.join()


def show(report: livepatch.Report) -> None:
    """Print a report without the time it took, and without what holds the players."""
    lines = re.sub(r"; [\d.]+ ms", "", str(report)).splitlines()
    print(*(line for line in lines if "repointed" not in line), sep="\n")


def without_numbers(text: str) -> str:
    """Leave out how many rounds the thread had played, which is another figure in every run."""
    return re.sub(r"-?\d+ health", "some health", text)


def without_hp(text: str) -> str:
    return re.sub(r"-?\d+ hp", "some hp", text)


if __name__ == "__main__":
    main()
