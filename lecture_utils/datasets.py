"""The two data sets of the course, read from the project's `data/` folder and verified on every load.

No function here needs the internet, and none writes a file. `data/README.md` says where the files come from.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklearn.utils import Bunch

DATA_DIR = Path(__file__).resolve().parents[1] / "data"

#: The class names of Fashion-MNIST; label k is `FASHION_MNIST_CLASSES[k]` (Xiao, Rasul and Vollgraf 2017, table 2;
#: spelled as on the lecture's slide).
FASHION_MNIST_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


class DataError(RuntimeError):
    """A data file is missing or altered. The message says how to fix it."""


def load_fashion_mnist() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Fashion-MNIST: 70,000 gray images of clothing in ten classes.

    Returns `(X_train_full, y_train_full), (X_test, y_test)`, the same arrays as `keras.datasets.fashion_mnist`:
    images uint8 (60000, 28, 28) and (10000, 28, 28), where 0 is the background and 255 the darkest ink; labels uint8
    (60000,) and (10000,), from 0 to 9. Their names are in `FASHION_MNIST_CLASSES`.

    Raises `DataError` if a file is missing or altered.
    Source: Xiao, Rasul and Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
    Algorithms", arXiv:1708.07747 (2017).
    """
    X_train_full, y_train_full, X_test, y_test = (
        _parse_idx(zlib.decompress(_read_verified(f"fashion-mnist/{name}-ubyte.gz"), wbits=31))
        for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    )
    return (X_train_full, y_train_full), (X_test, y_test)


def load_california_housing() -> Bunch:
    """California housing: 20,640 block groups of the 1990 census, 8 features, the median house value as target.

    Returns a scikit-learn `Bunch`, with the same fields and the same bits as
    `sklearn.datasets.fetch_california_housing()`: `data` float64 (20640, 8), `target` float64 (20640,) in units of
    100,000 dollars, `feature_names`, `target_names`, `DESCR`, and `frame`, which is None.

    Raises `DataError` if the file is missing or altered.
    Source: Pace and Barry, "Sparse spatial autoregressions", Statistics & Probability Letters 33 (1997) 291-297.
    """
    from importlib.resources import files

    from sklearn.utils import Bunch

    text = _read_verified("california-housing/cal_housing.csv")
    raw = np.fromstring(text.replace(b"\n", b","), sep=",").reshape(-1, 9)
    longitude, latitude, age, rooms, bedrooms, population, households, income, value = raw.T
    return Bunch(
        data=np.column_stack(
            [
                income,
                age,
                rooms / households,
                bedrooms / households,
                population,
                population / households,
                latitude,
                longitude,
            ]
        ),
        target=value / 100_000,
        frame=None,
        target_names=["MedHouseVal"],
        feature_names=[
            "MedInc",
            "HouseAge",
            "AveRooms",
            "AveBedrms",
            "Population",
            "AveOccup",
            "Latitude",
            "Longitude",
        ],
        DESCR=files("sklearn.datasets.descr").joinpath("california_housing.rst").read_text(encoding="utf-8"),
    )


def checksums() -> dict[str, str]:
    """The expected sha256 of every data file by its path below `data/`, as `data/SHA256SUMS` lists them."""
    lines = (DATA_DIR / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    return {name: digest for digest, name in (line.split(maxsplit=1) for line in lines)}


def _read_verified(name: str) -> bytes:
    """The bytes of the data file `name`; DataError if they don't have the checksum that `data/SHA256SUMS` lists."""
    fix = "Fix it with:  git checkout -- data    (or, without git:  python data/rebuild.py)"
    try:
        expected = checksums()[name]
        content = (DATA_DIR / name).read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"The data file {error.filename} is missing. {fix}") from None
    except (KeyError, ValueError):
        raise DataError(f"The list of checksums {DATA_DIR / 'SHA256SUMS'} is damaged. {fix}") from None
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise DataError(
            f"The data file {DATA_DIR / name} is damaged: its {len(content):,} bytes have the sha256 {found} "
            f"instead of {expected}. {fix}"
        )
    return content


def _parse_idx(content: bytes) -> np.ndarray:
    """The uint8 array in an IDX file: two zero bytes, type 8, the number of axes, the length of each axis, the values.

    Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits", section "File formats".
    """
    n_axes = content[3]
    shape = struct.unpack_from(f">{n_axes}I", content, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * n_axes).reshape(shape).copy()
