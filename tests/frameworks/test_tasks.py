"""Tasks that a decorator registers: Celery."""

from __future__ import annotations

import pytest

from tests.frameworks.serving import framework
from tests.live import Strategy, run_in_child

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


def test_celery_tasks(strategy: Strategy) -> None:
    """In a process of its own: what is registered with one application, others get too."""
    framework("celery")
    printed = run_in_child(
        f"""
        module = live.start({CELERY!r})
        live.rerun = "changed"
        app, add = module.app, module.add
        print(add.delay(1, 2).get())
        live.change("return a + b", "return a * b")
        print(add.delay(3, 4).get())
        live.change("def add(a, b)", "def add(a, b=10)")
        # What was held is a proxy that hides its attributes: it goes on to the task there was.
        print(module.add.delay(3).get(), app.tasks[f"{{live.name}}.add"].delay(3).get())
        live.edit(live.source + "@app.task\\ndef third(): return 3\\n")
        print(module.third.delay().get(), app is module.app)
        print(sorted(name.rpartition(".")[2] for name in app.tasks if "celery." not in name))
        """,
        strategy,
    )

    assert printed.splitlines() == [
        "3", "12", "30 30", "3 True", "['add', 'named', 'third']"
    ]  # fmt: skip
