"""Other threads wait where livepatch has them wait, whatever they were doing when that began."""

from __future__ import annotations

import pytest

from tests.live import run_in_child


@pytest.mark.parametrize("call", ["quiet._usleep", "None"])
def test_other_threads_wait_in_a_quiet_window(call: str) -> None:
    """One of them may come late to a look at the clock: in one window of 100 on a busy machine.

    Where those who wait with the brief interval are not waited for, it is in every second one.
    """
    output = run_in_child(
        f"""
        import socket, threading
        from livepatch._python import quiet
        quiet._usleep = {call}
        turns, stop = [0] * 6, threading.Event()
        def compute(number):
            while not stop.is_set():
                turns[number] += 1
        def communicate(number):
            here, there = socket.socketpair()
            with here, there:
                while not stop.is_set():
                    here.send(b"x")
                    there.recv(1)
                    turns[number] += 1
        works = [compute, communicate] * 3
        threads = [threading.Thread(target=work, args=each) for work, *each in zip(works, range(6))]
        for thread in threads:
            thread.start()
        usual, seen = sys.getswitchinterval(), 0
        for _ in range(40):
            with quiet.quiet_threads(0.5):
                before = sum(turns)
                sum(number for number in range(20_000))
                seen += sum(turns) != before
        stop.set()
        for thread in threads:
            thread.join()
        print(seen <= 5, sys.getswitchinterval() == usual)
        """
    )

    assert output == "True True\n"


# One thread computes all the time. How often it had a turn while this one was to have them all.
COUNTING = """
    import threading, time, types
    from livepatch._python import quiet
    turns, stop = [0], threading.Event()
    def compute():
        while not stop.is_set():
            turns[0] += 1
    thread = threading.Thread(target=compute)
    thread.start()
    def windows_with_turns(count):
        seen = 0
        for _ in range(count):
            with quiet.quiet_threads(2):
                before, end = turns[0], time.thread_time() + 0.1
                while time.thread_time() < end:
                    pass
                seen += turns[0] != before
        return seen
"""


def test_thread_that_computes_waits_for_longer_than_it_would() -> None:
    output = run_in_child(COUNTING + "\n    print(windows_with_turns(3) <= 1); stop.set()")

    assert output == "True\n"


def test_thread_that_came_late_to_the_longer_interval_is_waited_for() -> None:
    """It waits with the brief one: here because this thread is slow to set the longer one.

    All times are such that it does not matter how busy the machine is.
    """
    output = run_in_child(
        COUNTING
        + """
    quiet._TURN, quiet._BRIEF = 0.03, 0.05
    quiet._PATIENCE *= 20
    quiet._NO_TURN = 0.001
    def sleep(seconds):
        time.sleep(seconds)
        quiet._usleep(20_000)  # and keeps the GIL
    quiet.time = types.SimpleNamespace(sleep=sleep, perf_counter=time.perf_counter)
    print(windows_with_turns(3) <= 1)
    stop.set()
    """
    )

    assert output == "True\n"
