"""Tasks that a decorator registers: Celery."""

from __future__ import annotations

import pytest

from tests.frameworks.serving import framework
from tests.live import LiveModule

pytestmark = pytest.mark.slow

CELERY = """
    from celery import Celery
    app = Celery("live", broker="memory://", backend="cache+memory://")
    app.conf.task_always_eager = True
    @app.task
    def add(a, b): return a + b
    @app.task(name="named")
    def other(): return "other"
    """


def test_celery_tasks(live: LiveModule) -> None:
    framework("celery")
    module = live.start(CELERY)
    app, add = module.app, module.add
    before = add.delay(1, 2).get()
    live.change("return a + b", "return a * b")
    edited = add.delay(3, 4).get()
    live.change("def add(a, b)", "def add(a, b=10)")
    # What was held is a proxy that hides its attributes: it goes on to the task there was.
    defaulted = module.add.delay(3).get(), app.tasks[f"{live.name}.add"].delay(3).get()
    live.edit(live.source + "@app.task\ndef third(): return 3\n")

    assert (before, edited, defaulted) == (3, 12, (30, 30))
    assert app is module.app
    assert module.third.delay().get() == 3
    own = sorted(name for name in app.tasks if not name.startswith("celery."))
    assert own == sorted(["named", f"{live.name}.add", f"{live.name}.third"])
