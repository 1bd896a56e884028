"""An asyncio event loop that never waits: when nothing is ready it moves the world's clock to the next timer."""

import asyncio
import time
from asyncio import base_events, events, runners


class _Selector:
    def select(self, timeout=None):
        if timeout is None:
            raise RuntimeError(
                "deadlock: every task of this world waits for something that only another task could do"
            )
        if timeout > 0:
            time.sleep(timeout)
        return []

    def close(self):
        pass

    def get_map(self):
        return {}


class WorldLoop(base_events.BaseEventLoop):
    """Runs tasks, timers and futures. There are no sockets, pipes or threads to wait for."""

    def __init__(self):
        super().__init__()
        self._selector = _Selector()

    def _process_events(self, event_list):
        pass

    def _write_to_self(self):
        pass


_current = None


def _get_event_loop():
    """The running loop, or one that stays the world's own."""
    global _current
    running = events._get_running_loop()
    if running is not None:
        return running
    if _current is None or _current.is_closed():
        _current = WorldLoop()
    return _current


def _set_event_loop(loop):
    global _current
    _current = loop


def run_top_level(coroutine):
    return _get_event_loop().run_until_complete(coroutine)


def install():
    events._set_running_loop(None)
    for module in (asyncio, events, runners):
        for name, value in (
            ("new_event_loop", WorldLoop),
            ("get_event_loop", _get_event_loop),
            ("set_event_loop", _set_event_loop),
        ):
            if hasattr(module, name):
                setattr(module, name, value)
    asyncio.run = runners.run = _run


def _run(main, *, debug=None, loop_factory=None):
    """As `asyncio.run`, on a loop of this world."""
    if events._get_running_loop() is not None:
        raise RuntimeError("asyncio.run() cannot be called from a running event loop")
    with runners.Runner(debug=debug, loop_factory=loop_factory or WorldLoop) as runner:
        return runner.run(main)
