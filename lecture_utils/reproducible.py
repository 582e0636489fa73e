"""A quiet start with the same random numbers every time."""

from __future__ import annotations

import gc
import os
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import threadpoolctl

#: Threads that TensorFlow computes with. Two are enough for the networks of this course, and with a fixed number
#: every machine adds its floating-point numbers in the same order.
N_THREADS = 2

_TENSORFLOW_SETTINGS = {
    "TF_CPP_MIN_LOG_LEVEL": "3",  # errors only
    "KERAS_BACKEND": "tensorflow",
    "KERAS_HOME": str(Path(__file__).resolve().parents[1] / "build" / "keras"),  # nothing in the reader's home folder
}


def start(seed: int = 42, tensorflow: bool = False) -> None:
    """Begin a notebook: seed the random numbers, set the plot style and, if asked, prepare TensorFlow and Keras.

    Call it first, and again whenever the random numbers should start over. NumPy's matrix products then run in one
    thread: for the small matrices of this course that is as fast, and several times faster when another program or
    notebook runs beside it. With `tensorflow=True` it imports TensorFlow (2 to 8 seconds), seeds Keras, forgets models
    built before, makes every operation deterministic and computes with `N_THREADS` threads, so that running a notebook
    twice on one machine gives the same bits.

    Raises ValueError for a seed that NumPy does not take, RuntimeError when TensorFlow was in use before.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"seed is {seed!r}; it must be a whole number from 0 to 4294967295, e.g. 42.")
    random.seed(seed)
    np.random.seed(seed)
    threadpoolctl.threadpool_limits(1, user_api="blas")
    _set_plot_style()
    if tensorflow:
        prepare_tensorflow()
        import keras

        keras.utils.clear_session()
        keras.utils.set_random_seed(seed)


def _set_plot_style() -> None:
    import matplotlib.style

    matplotlib.style.use(Path(__file__).with_name("course.mplstyle"))


def prepare_tensorflow() -> None:
    """Import TensorFlow and Keras without a word on stderr, deterministic, with `N_THREADS` threads (or as many as the
    environment variables TF_NUM_INTRAOP_THREADS and TF_NUM_INTEROP_THREADS say).

    Raises RuntimeError when TensorFlow was in use before with another number of threads.
    """
    names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")  # processes that are started from here take as many
    within, between = (int(os.environ.setdefault(name, str(N_THREADS))) for name in names)
    import_tensorflow_quietly()
    with _stderr_shown_only_on_error():
        import tensorflow as tf

        try:
            tf.config.threading.set_intra_op_parallelism_threads(within)
            tf.config.threading.set_inter_op_parallelism_threads(between)
        except RuntimeError:  # TensorFlow computes already; fine if an earlier start() prepared it
            if tf.config.threading.get_intra_op_parallelism_threads() != within:
                raise RuntimeError(
                    "TensorFlow was used before reproducible.start(tensorflow=True). Call start first in the notebook; "
                    "now: Kernel > Restart Kernel and Run All Cells."
                ) from None
        tf.config.experimental.enable_op_determinism()
        tf.zeros(1)  # the first operation is when TensorFlow describes the machine


def import_tensorflow_quietly() -> None:
    """Import TensorFlow and Keras without a word on stderr. Nothing is computed: the process can still be forked."""
    if "tensorflow" in sys.modules:
        return
    os.environ.update(_TENSORFLOW_SETTINGS)
    with _stderr_shown_only_on_error():
        import keras  # noqa: F401
        import tensorflow  # noqa: F401
    gc.freeze()  # Keras collects garbage at each new start; looking through TensorFlow's objects takes a quarter second


@contextmanager
def _stderr_shown_only_on_error() -> Iterator[None]:
    """Hold back what is written to stderr, by C++ code too, and pass it on only if the block raises."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held_back:
        os.dup2(held_back.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(kept, 2)
            held_back.seek(0)
            sys.stderr.write(held_back.read().decode("utf-8", "replace"))
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
