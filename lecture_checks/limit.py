"""A time limit for code that may never end."""

from __future__ import annotations

import ctypes
import random
import signal
import sys
import threading

AGAIN = 0.05  # seconds until a block that went on is stopped a second time; then sooner and sooner
_random = random.Random()  # leaves alone the random numbers of the block


class Stopped(BaseException):
    """Raised inside a block that ran too long."""


class Limit:
    """`with Limit(seconds) as limit:` raises `Stopped` in the block when it still runs after so many seconds.

    The block may catch it, as in `while True: try: ... except: pass`. So it is raised again and again, sooner and
    sooner and in the end at random times, until it comes where nothing catches it. `tries` counts the times; 0 if the
    block ended in time.

    In the main thread a timer signal interrupts, also a `time.sleep`. In other threads and on Windows a second thread
    does. It has to wait for a call of C code to return, and often cannot stop code that catches everything: it can't
    aim at the moment between an `except` and the next `try`.
    """

    def __init__(self, seconds: float):
        self.seconds = seconds
        self.tries = 0

    def __enter__(self) -> Limit:
        self._by_signal = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
        if self._by_signal:
            self._handler_before = signal.signal(signal.SIGALRM, self._alarm)
            signal.setitimer(signal.ITIMER_REAL, self.seconds, AGAIN)
        else:
            self._done = threading.Event()
            self._watcher = threading.Thread(target=self._watch, args=[threading.get_ident()], daemon=True)
            self._watcher.start()
        return self

    def __exit__(self, *_) -> None:
        if self._by_signal:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._handler_before)
        else:
            self._done.set()
            self._watcher.join()

    def _alarm(self, _, frame) -> None:
        if frame.f_code.co_filename != __file__:  # the block still runs, not `__exit__`
            signal.setitimer(signal.ITIMER_REAL, self._wait(), 1e-3)
            raise Stopped

    def _watch(self, thread: int) -> None:
        wait = self.seconds
        while not self._done.wait(wait):
            if sys._current_frames()[thread].f_code.co_filename not in (__file__, threading.__file__):
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(Stopped))
                wait = self._wait()

    def _wait(self) -> float:
        """Count a try; return the seconds until the next, in the end a chance 1 to 100 microseconds."""
        self.tries += 1
        return max(AGAIN / self.tries**2, _random.uniform(1e-6, 1e-4))
