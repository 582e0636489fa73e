"""A Dask cluster on this machine, of real processes that talk over TCP (notebook 14).

The scheduler and the workers are the programs that run on a real cluster, with the same options; only their addresses
are those of this machine. They end with the process that started them, however that ends.
"""

from __future__ import annotations

import json
import logging
import os
import re
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lecture_utils import validate

if TYPE_CHECKING:
    from distributed import Client

PROJECT = Path(__file__).resolve().parents[1]
START_TIMEOUT = 100  # seconds; importing TensorFlow takes 3 to 20, and longer on a busy machine


class ProcessCluster:
    """A scheduler and `n_workers` workers with one thread each, each in a separate process.

        with ProcessCluster(n_workers=2) as cluster, joblib.parallel_config("dask", scatter=[X, y]):
            search.fit(X, y)

    A worker has imported TensorFlow when it is ready; the constructor waits for all of them. What the processes write
    goes to files in a temporary folder, and into the error when one does not start.

    Scores are the same as in this process if the estimator of the search is untrained. (A trained network is rebuilt
    in the worker's main thread when it arrives, and Keras then draws random numbers that a fit may need.)

    Attributes: `address` and `dashboard` are where to reach the scheduler; `client` is connected to it. Dictionaries
    by name ("scheduler", "worker-0", ...): `processes`, each a `subprocess.Popen`; `commands`, the words of the command
    that started it; `addresses`, of all workers there have ever been; `killed_at`, in seconds as by `time.time()`.

    Raises ValueError for an invalid number of workers, RuntimeError when a process does not start.
    """

    def __init__(self, n_workers: int = 0):
        validate.whole_number("n_workers", n_workers, at_least=0)
        self.processes: dict[str, subprocess.Popen] = {}
        self.commands: dict[str, list[str]] = {}
        self.addresses: dict[str, str] = {}
        self.killed_at: dict[str, float] = {}
        self.client: Client | None = None
        self._temporary = tempfile.TemporaryDirectory(prefix="dask-", ignore_cleanup_errors=True)
        self._folder = Path(self._temporary.name)
        try:
            self._start_scheduler()
            names = self._launch_workers(n_workers)  # all import TensorFlow at the same time
            self._connect()
            self._wait_for_workers(names)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> ProcessCluster:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    def _start_scheduler(self) -> None:
        options = ["--port", "0", "--dashboard-address", "127.0.0.1:0", "--scheduler-file", "scheduler.json"]
        self._start("scheduler", "scheduler", *options)
        file = self._folder / "scheduler.json"
        self._wait_until(lambda: file.exists() and file.read_text().rstrip().endswith("}"), ["scheduler"])
        self.address = json.loads(file.read_text())["address"]

    def _connect(self) -> None:
        from distributed import Client

        for name in ("distributed", "distributed.client"):  # they would report a worker that we killed
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self.client = Client(self.address, timeout=START_TIMEOUT)
        self.dashboard = f"http://127.0.0.1:{self.client.scheduler_info()['services']['dashboard']}/status"

    def start_workers(self, n_workers: int = 1) -> None:
        """Start `n_workers` more workers and wait until they are ready."""
        self._wait_for_workers(self._launch_workers(n_workers))

    def _launch_workers(self, n_workers: int) -> list[str]:
        first = len(self.processes) - 1
        names = [f"worker-{number}" for number in range(first, first + n_workers)]
        options = ["--nthreads", "1", "--memory-limit", "0", "--no-nanny", "--dashboard-address", "127.0.0.1:0"]
        for name in names:
            self._start(name, "worker", self.address, "--name", name, *options)
        return names

    def _wait_for_workers(self, names: list[str]) -> None:
        self._wait_until(lambda: self.workers.keys() >= set(names), names)
        self.addresses |= {name: self.workers[name] for name in names}

    @property
    def workers(self) -> dict[str, str]:
        """The workers that take tasks and data now: from a name to its address."""
        known = self.client.scheduler_info()["workers"].items()  # some may have registered, and not be ready yet
        return {worker["name"]: address for address, worker in known if worker["status"] == "running"}

    def _start(self, name: str, program: str, *options: str) -> None:
        command = ["-m", "dask", program, *options, "--host", "127.0.0.1", "--preload", "lecture_utils.cluster"]
        self.commands[name] = ["python", *command]
        path = os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")]))
        env = os.environ | {"PYTHONPATH": path, "DASK_TEMPORARY_DIRECTORY": str(self._folder)}
        env["DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED"] = "False"  # it looks at every task 100 times a second
        with (self._folder / name).open("w") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *command], stdin=subprocess.PIPE, stdout=log, stderr=log, env=env, cwd=self._folder
            )

    def _wait_until(self, ready: Callable[[], bool], names: list[str]) -> None:
        give_up = time.monotonic() + START_TIMEOUT
        while not ready():
            for name in names:
                if self.processes[name].poll() is not None or time.monotonic() > give_up:
                    said = (self._folder / name).read_text(errors="replace")
                    raise RuntimeError(f"The {name} did not start. The last lines that it wrote:\n{said[-2000:]}")
            time.sleep(0.05)

    def kill(self, name: str) -> None:
        """End a process at once, without any cleanup (on Linux and macOS: `kill -9`)."""
        self.killed_at[name] = time.time()
        self.processes[name].kill()
        self.processes[name].wait()

    def kill_while_busy(self, name: str, after: int = 1) -> threading.Thread:
        """Kill a worker in the middle of a task, once it has done `after` more. Returns the waiting thread at once."""
        address = self.workers[name]

        def state() -> tuple[int, bool]:
            return self.client.run(_n_done_and_busy, workers=[address])[address]

        n_before = state()[0]

        def wait_and_kill() -> None:
            while self.client.status == "running":
                n_done, busy = state()
                if busy and n_done >= n_before + after:
                    time.sleep(0.1)  # the task has just begun
                    if state() == (n_done, True):
                        return self.kill(name)
                time.sleep(0.02)

        thread = threading.Thread(target=wait_and_kill, daemon=True)
        thread.start()
        return thread

    def sent_bytes(self) -> int:
        """The bytes of arrays that the workers running now have sent, most of them to one another.

        Tasks and messages are not counted, and of lists and dictionaries no more than the container.
        """
        return sum(self.client.run(_sent_bytes).values())

    def close(self) -> None:
        """End all processes and delete what they wrote."""
        if self.client is not None:
            self.client.close()
        for process in self.processes.values():
            process.kill()
        for process in self.processes.values():
            process.wait()
            process.stdin.close()
        self._temporary.cleanup()


class Folds:
    """The folds of a cross-validation, cut once: `cv=Folds(KFold(3).split(X))` for a search.

    Each search then has the same arrays, `arrays`, which can be sent to the workers ahead. scikit-learn sends the
    search with every fit; a worker gets its row numbers besides, so there the folds are left out.
    """

    def __init__(self, splits: Iterable[tuple[np.ndarray, np.ndarray]]):
        self._splits = list(splits)

    @property
    def arrays(self) -> list[np.ndarray]:
        """The row numbers of each fold for training and for testing, one array after the other."""
        return [array for split in self._splits for array in split]

    def split(self, X: Any = None, y: Any = None, groups: Any = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The pairs (train, test) of row numbers, as scikit-learn asks for them."""
        if not self._splits:
            raise ValueError("These folds have come from another process and are empty. Make new ones here.")
        return iter(self._splits)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """How many folds there are."""
        return len(self._splits)

    def __deepcopy__(self, memo: dict) -> Folds:  # when a search is cloned
        return self

    def __getstate__(self) -> dict[str, list]:
        return {"_splits": []}


def without_ports(text: str) -> str:
    """The text with `<port>` for each port of this machine: which ones are free differs from run to run."""
    return re.sub(r"(127\.0\.0\.1:)[1-9]\d*", r"\1<port>", text)


def _n_done_and_busy(dask_worker: Any) -> tuple[int, bool]:
    return dask_worker.state.executed_count, dask_worker.state.executing_count > 0


def _sent_bytes(dask_worker: Any) -> int:
    return dask_worker.transfer_outgoing_bytes_total


def dask_setup(server: Any) -> None:
    """What `--preload lecture_utils.cluster` does in a scheduler or a worker before it starts to work.

    Both import TensorFlow, with the notebooks' settings: the scheduler unpacks the tasks, too. If the input is a pipe,
    the process ends when the pipe does, that is, with the process at its other end.
    """
    from dask.sizeof import sizeof

    from lecture_utils import reproducible

    reproducible.start(tensorflow=True)
    import lecture_utils.search  # noqa: F401

    # Dask's main thread estimates the size of each result from a random sample, drawn from the generator that the next
    # fit, in another thread, has just seeded. Without a sample, every fit gets its own first weights.
    for kind in (list, tuple, set, frozenset, dict):
        sizeof.register(kind, sys.getsizeof)
    if stat.S_ISFIFO(os.fstat(0).st_mode):  # last: on Windows, no library can be loaded while a thread waits for input
        threading.Thread(target=_end_with_input, daemon=True).start()


def _end_with_input() -> None:
    os.read(0, 1)
    os._exit(0)
