"""Programs without a framework: what a module does once when it is imported, and loops that go on."""  # noqa: E501

from __future__ import annotations

import asyncio
import logging
import threading

from tests.live import LiveModule, run_in_child

LOGGING = """
    import logging
    log = logging.getLogger(__name__)
    handler = logging.Handler()
    handler.emit = lambda record: LINES.append(record.getMessage())
    LINES = []
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    def hit(): log.info("one")
    """


def test_a_logging_handler_is_added_once(live: LiveModule) -> None:
    module = live.start(LOGGING)
    module.hit()
    live.change('"one"', '"two"')
    live.edit(live.source + "def more(): log.info('more')\n")
    module.hit()
    module.more()

    assert module.LINES == ["one", "two", "more"]
    assert logging.getLogger(live.name).handlers == [module.handler]


def test_an_exit_handler_is_registered_once_and_runs_the_new_code() -> None:
    printed = run_in_child("""
        live.start('''
            import atexit
            def leave(): print("old")
            atexit.register(leave)
        ''')
        live.change('"old"', '"new"', rerun="changed")
        live.edit(live.source + "def more(): pass\\n", rerun="changed")
        """)

    assert printed == "new\n"


def test_a_long_top_level_is_never_repeated(live: LiveModule) -> None:
    other = live.other("RUNS = []\ndef load():\n    RUNS.append(1)\n    return [0] * 1000\n")
    module = live.start("""
        from OTHER import load
        WEIGHTS = load()
        TABLE = {number: number for number in range(1000)}
        class Model:
            layers = load()
            def forward(self, x): return x + 1
        MODEL = Model()
        def predict(x): return MODEL.forward(x)
        """)
    model, weights, layers = module.MODEL, module.WEIGHTS, module.Model.layers
    live.change("return x + 1", "return x + 2")
    live.edit(live.source + "def more(): return len(WEIGHTS)\n")
    live.change("MODEL.forward(x)", "MODEL.forward(abs(x))")
    live.edit("'A docstring.'\nimport json\n" + live.source)

    assert len(other.RUNS) == 2
    assert (module.MODEL, module.WEIGHTS, module.Model.layers) == (model, weights, layers)
    assert (model.forward(1), module.predict(-1), module.more()) == (3, 3, 1000)


def test_asyncio_tasks_go_on_in_new_code(live: LiveModule) -> None:
    module = live.start("""
        import asyncio
        SEEN = []
        TASKS = []
        async def step(): SEEN.append("old")
        async def work(turns):
            async for _ in turns:
                await step()
        def start(turns): TASKS.append(asyncio.create_task(work(turns)))
        """)

    async def program() -> None:
        wanted: asyncio.Queue[int | None] = asyncio.Queue()
        done: asyncio.Queue[int] = asyncio.Queue()

        async def turns() -> object:
            while (turn := await wanted.get()) is not None:
                yield turn
                await done.put(turn)

        module.start(turns())
        (task,) = module.TASKS
        await wanted.put(1)
        await done.get()
        live.change('"old"', '"new"')
        await wanted.put(2)
        await done.get()
        await wanted.put(None)
        await task

        assert [task] == module.TASKS

    asyncio.run(program())

    assert module.SEEN == ["old", "new"]


def test_a_game_loop_goes_on_with_its_state(live: LiveModule) -> None:
    """The loop waits for each frame, as one with a display does, and edits come in between."""
    module = live.start("""
        class Ball:
            def __init__(self): self.x, self.dx = 0, 1
            def move(self): self.x += self.dx
        class Game:
            def __init__(self, clock):
                self.clock, self.balls = clock, [Ball(), Ball()]
            def update(self):
                for ball in self.balls: ball.move()
            def draw(self): return [ball.x for ball in self.balls]
            def run(self):
                while self.clock.tick():
                    self.update()
                    self.clock.show(self.draw())
        """)
    shown: list[object] = []
    tick, drawn = threading.Semaphore(0), threading.Semaphore(0)
    playing = [True]

    class Clock:
        def tick(self) -> bool:
            tick.acquire()
            return playing[0]

        def show(self, picture: object) -> None:
            shown.append(picture)
            drawn.release()

    game = module.Game(Clock())
    thread = threading.Thread(target=game.run)
    thread.start()

    def frame() -> None:
        tick.release()
        drawn.acquire()

    try:
        frame()
        live.change("self.x += self.dx", "self.x += 10 * self.dx")
        frame()
        live.change("[ball.x for ball in self.balls]", "['x']")
        frame()
        live.change("class Ball:", "class Thing:\n    dy = 2\nclass Ball(Thing):")
        live.change("10 * self.dx", "10 * self.dx + self.dy")
        frame()
    finally:
        playing[0] = False
        tick.release()
        thread.join()

    assert shown == [[1, 1], [11, 11], ["x"], ["x"]]
    assert [ball.x for ball in game.balls] == [33, 33]
