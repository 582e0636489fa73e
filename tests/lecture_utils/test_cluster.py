"""A search gives the same scores whoever does its fits, and although a worker is killed; nothing is left behind."""

from __future__ import annotations

import os
import pickle
import random
import re
import signal
import sys
import time
import urllib.request
from pathlib import Path

import joblib
import numpy as np
import psutil
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold

from lecture_utils import cluster, reproducible
from lecture_utils.cluster import Folds, ProcessCluster

reproducible.start(tensorflow=True)

import keras  # noqa: E402

from lecture_utils.search import KerasRegressor  # noqa: E402

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 4)).astype("float32")
Y = X[:, 0] - 2 * X[:, 1] + 1
FOLDS = Folds(KFold(3).split(X))
SHARED = [X, Y, *FOLDS.arrays]
SECONDS_A_FIT = 0.3  # at least; joblib hands out several tasks at once when they take less than 0.2


def new_search(n_jobs: int | None = None) -> GridSearchCV:
    """Twelve fits."""

    def build_model(n_features, learning_rate=0.1):  # defined here, so that the workers need not import this file
        model = keras.Sequential([keras.Input((n_features,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1)])
        model.compile(loss="mse", optimizer=keras.optimizers.SGD(learning_rate), run_eagerly=True)
        return model

    def wait(logs):
        time.sleep(SECONDS_A_FIT)

    slow = keras.callbacks.LambdaCallback(on_train_begin=wait)
    regressor = KerasRegressor(build_model, epochs=2, batch_size=50, random_state=42, callbacks=[slow])
    return GridSearchCV(regressor, {"learning_rate": [0.01, 0.03, 0.1, 0.2]}, cv=FOLDS, refit=False, n_jobs=n_jobs)


def scores(search: GridSearchCV) -> dict[str, list[float]]:
    """All scores of a fitted search."""
    return {name: list(values) for name, values in search.cv_results_.items() if "test_score" in name}


def n_done(local: ProcessCluster) -> dict[str, int]:
    """How many tasks each worker has done, by its address."""
    return local.client.run(lambda dask_worker: dask_worker.state.executed_count)


@pytest.fixture(scope="module")
def serial() -> dict[str, list[float]]:
    found = scores(new_search().fit(X, Y))
    assert len(found) == 3 + 3 and len(set(found["mean_test_score"])) == 4
    return found


@pytest.fixture(scope="module")
def two_workers():
    with ProcessCluster(n_workers=2) as local:
        yield local


def test_scheduler_and_workers_are_processes_that_listen_on_tcp(two_workers):
    ids = {name: process.pid for name, process in two_workers.processes.items()}
    assert list(ids) == ["scheduler", "worker-0", "worker-1"] and os.getpid() not in ids.values()
    addresses = {"scheduler": two_workers.address} | two_workers.workers
    assert addresses.keys() == ids.keys() and two_workers.addresses == two_workers.workers
    for name, address in addresses.items():
        assert f"dask {name.split('-')[0]} " in " ".join(psutil.Process(ids[name]).cmdline())
        port = int(re.fullmatch(r"tcp://127\.0\.0\.1:(\d+)", address)[1])
        sockets = psutil.Process(ids[name]).net_connections("tcp")
        assert port in {socket.laddr.port for socket in sockets if socket.status == psutil.CONN_LISTEN}
        assert {socket.laddr.ip for socket in sockets} == {"127.0.0.1"}  # no other machine can reach it
    assert set(two_workers.client.nthreads().values()) == {1}


def test_dashboard_answers(two_workers):
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(two_workers.dashboard, timeout=30) as page:
        assert page.status == 200 and b"Dask" in page.read()


def test_same_scores_in_processes_of_joblib(serial):
    assert scores(new_search(n_jobs=2).fit(X, Y)) == serial


@pytest.mark.parametrize(
    ("names", "scatter"), [(["worker-0"], SHARED), (["worker-0", "worker-1"], None)], ids=["one", "two"]
)
def test_same_scores_with_one_and_two_workers_of_dask(serial, two_workers, names, scatter):
    before = n_done(two_workers)
    with joblib.parallel_config("dask", scatter=scatter, workers=names):
        assert scores(new_search().fit(X, Y)) == serial
    after = n_done(two_workers)
    busy = {name for name, address in two_workers.workers.items() if after[address] > before[address]}
    assert busy == set(names)


def test_estimating_sizes_leaves_the_random_numbers_of_fits_alone(two_workers):
    def draws():  # in the main thread of the worker
        before = random.getstate()
        sizeof([{str(number): number for number in range(1000)}, list(range(1000))])
        return random.getstate() != before

    from dask.sizeof import sizeof

    assert draws(), "Dask no longer draws here: then `dask_setup` need not register anything"
    assert list(two_workers.client.run(draws).values()) == [False, False]


def test_bytes_are_counted(two_workers):
    megabyte = RNG.bytes(1_000_000)
    before = two_workers.sent_bytes()
    future = two_workers.client.scatter(megabyte, broadcast=True)
    assert len(two_workers.client.who_has([future])[future.key]) == 2
    assert 1e6 <= two_workers.sent_bytes() - before < 1.1e6  # from the worker that got it to the other


def test_same_scores_although_a_worker_is_killed_in_the_middle(serial, two_workers):
    """The last test with these workers."""
    two_workers.client.amm.stop()
    before = n_done(two_workers)[two_workers.workers["worker-0"]]
    killer = two_workers.kill_while_busy("worker-1", after=1)
    with joblib.parallel_config("dask", scatter=SHARED):
        assert scores(new_search().fit(X, Y)) == serial
    killer.join()
    assert two_workers.processes["worker-1"].returncode == (-signal.SIGKILL if os.name == "posix" else 1)
    assert list(two_workers.workers) == ["worker-0"] and list(two_workers.killed_at) == ["worker-1"]
    (after,) = n_done(two_workers).values()
    assert 6 < after - before <= 12  # worker-0 did the rest, and what worker-1 had done and not yet handed over
    two_workers.start_workers()
    assert sorted(two_workers.workers) == ["worker-0", "worker-2"]


def test_nothing_is_left_when_it_is_closed():
    with ProcessCluster() as local:
        assert local.workers == {}
        folder, (process,) = Path(local._temporary.name), local.processes.values()
        assert folder.exists() and process.poll() is None
    assert not folder.exists() and process.poll() is not None


@pytest.mark.skipif(os.name != "posix", reason="kills with SIGKILL")
def test_processes_end_when_the_one_that_started_them_is_killed(run_python):
    done = run_python(
        "import os, signal\n"
        "from lecture_utils.cluster import ProcessCluster\n"
        "local = ProcessCluster(n_workers=1)\n"
        "print(*(process.pid for process in local.processes.values()), local._temporary.name, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert done.returncode == -signal.SIGKILL and done.stderr == "", done.stderr
    *ids, folder = done.stdout.split()
    _, alive = psutil.wait_procs([psutil.Process(int(i)) for i in ids if psutil.pid_exists(int(i))], timeout=30)
    assert len(ids) == 2 and alive == []
    for path in sorted(Path(folder).rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    Path(folder).rmdir()


# Folds.


def test_folds_are_the_same_arrays_each_time_and_stay_at_home():
    splits = list(KFold(3).split(X))
    folds = Folds(splits)
    assert folds.get_n_splits() == 3 and list(folds.split(X)) == splits == list(folds.split())
    assert [array is other for array, other in zip(folds.arrays, sum(splits, ()), strict=True)] == [True] * 6
    search = GridSearchCV(KerasRegressor(clone), {}, cv=folds)
    assert clone(search).cv is folds
    assert len(pickle.dumps(folds)) < 200 < len(pickle.dumps(splits))
    with pytest.raises(ValueError, match=r"come from another process and are empty\. Make new ones here"):
        pickle.loads(pickle.dumps(folds)).split(X)


def test_ports_are_left_out():
    text = "tcp://127.0.0.1:4711 and http://127.0.0.1:80/status, 12:30"
    assert cluster.without_ports(text) == "tcp://127.0.0.1:<port> and http://127.0.0.1:<port>/status, 12:30"


# Errors.


@pytest.mark.parametrize("n_workers", [-1, 1.5, True, "2"])
def test_number_of_workers_that_is_none(n_workers):
    with pytest.raises(ValueError, match=f"n_workers is {n_workers!r}; it must be a whole number"):
        ProcessCluster(n_workers)


def test_a_process_that_does_not_start_shows_what_it_wrote(monkeypatch, tmp_path):
    failing = tmp_path / "python"
    failing.write_text("#!/bin/sh\necho no such luck >&2\nexit 3\n")
    failing.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(failing))
    with pytest.raises(RuntimeError, match=r"(?s)The scheduler did not start\..*no such luck"):
        ProcessCluster()
