"""The data sets: the very arrays that Keras and scikit-learn load, and a clear error when a file is not whole."""

from __future__ import annotations

import shutil
import subprocess
import sys

import joblib
import numpy as np
import pytest

from lecture_utils import datasets

TRAIN_IMAGES = "fashion-mnist/train-images-idx3-ubyte.gz"
FILES = sorted(datasets.checksums())


def load_all():
    return datasets.load_fashion_mnist(), datasets.load_california_housing()


@pytest.fixture
def data_copy(tmp_path, monkeypatch):
    """A copy of `data/` that a test may damage."""
    shutil.copytree(datasets.DATA_DIR, tmp_path / "data")
    monkeypatch.setattr(datasets, "DATA_DIR", tmp_path / "data")
    return tmp_path / "data"


def test_fashion_mnist_is_what_keras_loads(run_python, tmp_path):
    """Keras' own loader, given the same files, is the reference."""
    folder = tmp_path / "datasets" / "fashion-mnist"
    shutil.copytree(datasets.DATA_DIR / "fashion-mnist", folder)
    code = """
import numpy as np
from lecture_utils import datasets
import keras
ours, theirs = datasets.load_fashion_mnist(), keras.datasets.fashion_mnist.load_data()
for our_part, their_part in zip(ours, theirs):
    for a, b in zip(our_part, their_part):
        assert a.dtype == b.dtype == np.uint8 and a.shape == b.shape and np.array_equal(a, b)
print("equal")
"""
    done = run_python(code, KERAS_HOME=str(tmp_path))
    assert done.stdout == "equal\n", done.stderr


def test_california_housing_is_what_scikit_learn_loads(tmp_path):
    """scikit-learn's own loader, given the same raw rows, is the reference: every field and every bit."""
    from sklearn.datasets import fetch_california_housing

    raw = np.loadtxt(datasets.DATA_DIR / "california-housing" / "cal_housing.csv", delimiter=",")
    joblib.dump(raw[:, [8, 7, 2, 3, 4, 5, 6, 1, 0]], tmp_path / "cal_housing_py3.pkz")
    theirs = fetch_california_housing(data_home=str(tmp_path), download_if_missing=False)
    ours = datasets.load_california_housing()
    assert set(ours) == set(theirs)
    assert ours.data.tobytes() == np.ascontiguousarray(theirs.data).tobytes()
    assert ours.target.tobytes() == np.ascontiguousarray(theirs.target).tobytes()
    for field in ("feature_names", "target_names", "DESCR", "frame"):
        assert ours[field] == theirs[field]


def test_known_values():
    (X_train_full, y_train_full), (X_test, y_test) = datasets.load_fashion_mnist()
    assert (X_train_full.shape, X_test.shape) == ((60_000, 28, 28), (10_000, 28, 28))
    assert datasets.FASHION_MNIST_CLASSES[y_train_full[5000]] == "Coat"
    assert list(y_test[:3]) == [9, 2, 1]
    housing = datasets.load_california_housing()
    assert housing.data.shape == (20_640, 8)
    assert housing.target.mean() == 2.0685581690891475


def test_arrays_may_be_changed_without_changing_the_next_load():
    (X_train_full, _), _ = datasets.load_fashion_mnist()
    X_train_full[:] = 0
    assert datasets.load_fashion_mnist()[0][0].max() == 255


@pytest.mark.parametrize("name", FILES)
def test_missing_file(data_copy, name):
    (data_copy / name).unlink()
    with pytest.raises(datasets.DataError, match=r"is missing.*git checkout -- data.*data/rebuild\.py") as error:
        load_all()
    assert name in str(error.value)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "damage", [lambda old: old[:-1], lambda old: old[:50] + bytes([old[50] ^ 1]) + old[51:], lambda old: b""]
)
def test_damaged_file(data_copy, name, damage):
    path = data_copy / name
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(datasets.DataError, match=r"is damaged.*instead of.*git checkout -- data") as error:
        load_all()
    assert name in str(error.value) and datasets.checksums()[name] in str(error.value)


@pytest.mark.parametrize("content", ["", "nonsense\n", "abc  other-file\n"])
def test_damaged_list_of_checksums(data_copy, content):
    (data_copy / "SHA256SUMS").write_text(content)
    with pytest.raises(datasets.DataError, match="SHA256SUMS is damaged"):
        load_all()


def test_loading_writes_nothing(data_copy):
    before = {path: path.stat().st_mtime_ns for path in data_copy.rglob("*")}
    load_all()
    assert {path: path.stat().st_mtime_ns for path in data_copy.rglob("*")} == before


def test_rebuild_changes_nothing_when_a_package_is_not_the_right_one(tmp_path):
    wheel = tmp_path / "shapiq-9.9.9-py3-none-any.whl"
    wheel.write_bytes(b"not the wheel")
    deb = tmp_path / "dataset.deb"
    deb.write_bytes(b"not the package")
    before = (datasets.DATA_DIR / TRAIN_IMAGES).stat().st_mtime_ns
    script = str(datasets.DATA_DIR / "rebuild.py")
    done = subprocess.run([sys.executable, script, "--deb", deb, "--wheel", wheel], capture_output=True, text=True)
    assert done.returncode == 1 and "Nothing was changed" in done.stderr and "Traceback" not in done.stderr
    assert (datasets.DATA_DIR / TRAIN_IMAGES).stat().st_mtime_ns == before
