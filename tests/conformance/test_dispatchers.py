"""What other modules have registered with a generic function stays, whatever is said of it now."""

from __future__ import annotations

import pytest

from tests.live import LiveModule

pytestmark = [pytest.mark.sampled(8), pytest.mark.parametrize("rerun", ["all", "changed"])]
SOURCE = """\
import functools
def wrapping(f):
    @functools.wraps(f)
    def inner(*args): return f(*args)
    return inner
{above}
@functools.singledispatch
{below}
def say(x{more}): return "base"
@say.register(int)
def _(x): return "int"
class Kind:
    @functools.singledispatchmethod
    def say(self, x{more}): return "base"
    @say.register(int)
    def _(self, x): return "int"
"""
WAYS = {
    "default": {"more": ", y=1"},
    "annotation": {"more": ": object"},
    "decorator above": {"above": "@wrapping"},
    "decorator below": {"below": "@wrapping"},
}
NOTHING = {"above": "", "below": "", "more": ""}


@pytest.fixture(params=WAYS)
def sources(request: pytest.FixtureRequest) -> tuple[str, str]:
    said = WAYS[request.param]
    return SOURCE.format(**NOTHING), SOURCE.format(**{**NOTHING, **said})


@pytest.mark.sampled(13)
@pytest.mark.parametrize("back", [False, True], ids=["there", "back"])
def test_registrations_made_elsewhere_stay(
    live: LiveModule, sources: tuple[str, str], back: bool
) -> None:
    before, after = reversed(sources) if back else sources
    module = live.start(before)
    module.say.register(str, lambda _: "str")
    vars(module.Kind)["say"].register(str, lambda *_: "str")
    instance = module.Kind()
    assert said_by(module.say) == said_by(instance.say) == ["str", "int"]
    report = live.edit(after)

    assert report.ok
    assert said_by(module.say) == said_by(instance.say) == ["str", "int"]
    report.undo()
    assert said_by(module.say) == said_by(instance.say) == ["str", "int"]


def test_a_registration_of_the_source_that_has_gone_goes(live: LiveModule) -> None:
    before = SOURCE.format(**NOTHING)
    module = live.start(before)
    live.edit(before.replace("\n@say.register(int)\ndef", "\ndef").replace("say(x)", "say(x, y=1)"))

    assert module.say(1) == "base"


def said_by(say: object) -> list[object]:
    assert callable(say)
    return [say("text"), say(1)]
