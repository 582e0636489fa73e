"""A start that is quiet, seeded, and imports no more than it must."""

from __future__ import annotations

import random

import numpy as np
import pytest

from lecture_utils import reproducible

HEAVY = "{name for name in ('tensorflow', 'keras', 'matplotlib', 'sklearn', 'pandas') if name in sys.modules}"


def test_importing_the_package_imports_nothing_else(run_python):
    done = run_python(f"import sys, lecture_utils; print({HEAVY}, 'numpy' in sys.modules)")
    assert (done.stdout, done.stderr) == ("set() False\n", "")


def test_start_imports_tensorflow_only_if_asked(run_python):
    done = run_python(f"import sys; from lecture_utils import reproducible; reproducible.start(); print({HEAVY})")
    assert (done.stdout, done.stderr) == ("{'matplotlib'}\n", "")


def test_numpy_computes_in_one_thread(run_python):
    code = """
from lecture_utils import reproducible
import numpy, threadpoolctl
reproducible.start()
print([pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"])
"""
    done = run_python(code)
    assert done.stdout in ("[1]\n", "[]\n") and done.stderr == ""  # no pool: a BLAS that cannot be told


@pytest.mark.parametrize(("env", "n_threads"), [({}, 2), ({"TF_NUM_INTRAOP_THREADS": "3"}, 3)])
def test_tensorflow_starts_without_a_word(run_python, monkeypatch, env, n_threads):
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    code = """
from lecture_utils import reproducible
reproducible.start(tensorflow=True)
import keras, tensorflow as tf
print(keras.layers.Dense(2)(tf.ones((1, 3))).shape)
print(tf.config.threading.get_intra_op_parallelism_threads())
"""
    done = run_python(code, **env)
    assert (done.stdout, done.stderr) == (f"(1, 2)\n{n_threads}\n", "")


def test_garbage_is_collected_but_not_looked_for_in_tensorflow(run_python):
    code = """
import gc
from lecture_utils import reproducible
reproducible.start(tensorflow=True)
frozen = gc.get_freeze_count()
reproducible.start(tensorflow=True)
print(frozen > 100_000, gc.get_freeze_count() <= frozen)
"""
    done = run_python(code)
    assert (done.stdout, done.stderr) == ("True True\n", "")


def test_same_seed_gives_the_same_training(run_python):
    code = """
from lecture_utils import reproducible
import hashlib
def train(seed):
    reproducible.start(seed, tensorflow=True)
    import keras, numpy as np
    X, y = np.random.rand(640, 20), np.random.rand(640)
    layers = [keras.layers.Dense(9), keras.layers.Dropout(0.3), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((20,)), *layers])
    model.compile(loss="mse", optimizer="adam")
    model.fit(X, y, epochs=2, verbose=0)
    return hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest()
print(train(1) == train(1), train(1) == train(2))
"""
    done = run_python(code)
    assert (done.stdout, done.stderr) == ("True False\n", "")


def test_seeds_python_and_numpy():
    def numbers():
        reproducible.start(seed=7)
        return random.random(), np.random.rand()

    assert numbers() == numbers()


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "42", None, True])
def test_seed_out_of_range(seed):
    with pytest.raises(ValueError, match=r"whole number from 0 to 4294967295"):
        reproducible.start(seed)


def test_too_late(run_python):
    code = """
import tensorflow as tf
tf.zeros(1)
from lecture_utils import reproducible
try:
    reproducible.start(tensorflow=True)
except RuntimeError as error:
    print(error)
"""
    assert "Call start first" in run_python(code).stdout


def test_what_is_written_to_stderr_comes_out_when_the_start_fails(run_python):
    code = """
import os
from lecture_utils import reproducible
with reproducible._stderr_shown_only_on_error():
    os.write(2, b"held back")
with reproducible._stderr_shown_only_on_error():
    os.write(2, b"passed on")
    raise OSError("broken")
"""
    stderr = run_python(code).stderr
    assert "passed on" in stderr and "broken" in stderr and "held back" not in stderr


def test_keras_leaves_the_home_folder_alone(run_python, tmp_path):
    code = "from lecture_utils import reproducible; reproducible.start(tensorflow=True)"
    assert run_python(code, HOME=str(tmp_path), MPLCONFIGDIR=str(tmp_path / "matplotlib")).stderr == ""
    assert not (tmp_path / ".keras").exists()
