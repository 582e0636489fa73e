"""A time limit for code that may never end, also for code that catches every exception."""

from __future__ import annotations

import ctypes
import signal
import sys
import threading

AGAIN = 0.05  # seconds until a block that went on is stopped again


class Stopped(BaseException):
    """Raised inside a block that ran too long."""


class Limit:
    """`with Limit(seconds) as limit:` raises `Stopped` in the block when it still runs after so many seconds.

    The block may catch it (`while True: try: ... except: pass`). So it is raised again and again, and each time once
    more some lines later, when the code is likely outside its `try`. `tries` counts the times; 0 if it ended in time.

    In the main thread a timer signal interrupts, also a `time.sleep`. Elsewhere, and on Windows, a second thread does;
    it has to wait for a call of C code to return.
    """

    def __init__(self, seconds: float):
        self.seconds = seconds
        self.tries = 0
        self._running = False
        self._done = threading.Event()

    def __enter__(self) -> Limit:
        limit = self

        class Again(Stopped):
            """Python creates it in the thread that is to stop, even if another thread asked for it."""

            def __init__(self):
                super().__init__()
                limit._raise_again(sys._getframe(1))

        self._exception = Again
        self._outside, self._trace_before = sys._getframe(1), sys.gettrace()
        self._running = True
        self._by_signal = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
        if self._by_signal:
            self._handler_before = signal.signal(signal.SIGALRM, self._alarm)
            signal.setitimer(signal.ITIMER_REAL, self.seconds, AGAIN)
        else:
            self._thread = threading.Thread(target=self._watch, args=[threading.get_ident()], daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._running = False
        self._done.set()
        if self._by_signal:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._handler_before)
        else:
            self._thread.join()
        if self.tries:
            sys.settrace(self._trace_before)

    def _alarm(self, *_) -> None:
        if self._running:
            raise self._exception

    def _watch(self, thread: int) -> None:
        wait = self.seconds
        while not self._done.wait(wait):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(self._exception))
            wait = AGAIN

    def _raise_again(self, frame) -> None:
        """Raise once more, at the n-th line from here at the n-th try, in the block and what it calls."""
        self.tries += 1
        lines = self.tries

        def trace(frame, event, argument):
            nonlocal lines
            if frame.f_code.co_filename == __file__ or not self._running:
                return None
            if event == "line":
                lines -= 1
                if lines <= 0:
                    raise Stopped
            return trace

        while frame and frame is not self._outside:
            frame.f_trace = trace
            frame = frame.f_back
        sys.settrace(trace)
