"""Rows of memory-mapped data."""

import numpy as np
import pytest
from joblib import dump, load

from luthier.sklearn import mapped


@pytest.fixture
def both(tmp_path):
    """A matrix, and the same as joblib gives it to a worker."""
    X = np.random.default_rng(0).normal(size=(500, 7))
    dump(X, tmp_path / "X.joblib")
    return X, load(tmp_path / "X.joblib", mmap_mode="r")


@pytest.mark.parametrize("step", [1, 17, 10_000])
def test_rows_are_those_of_the_matrix(both, step, monkeypatch):
    """Picked by numbers in any order, in parts of any size, and as often as wanted."""
    X, given = both
    monkeypatch.setattr(mapped, "CHUNK", step * X[0].nbytes)
    lean = mapped.lean(given)
    assert isinstance(lean, mapped.Mapped)
    rows = np.random.default_rng(1).integers(500, size=321)
    for _ in range(2):
        for key in (rows, (rows, Ellipsis)):
            made = lean[key]
            assert type(made) is np.ndarray
            np.testing.assert_array_equal(made, X[rows])
    np.testing.assert_array_equal(lean[rows[:0]], X[:0])
    for key in (3, slice(2, 9), (slice(None), 2), X[:, 0] > 0, np.ix_(rows, [1, 2])):
        np.testing.assert_array_equal(lean[key], X[key])


def test_anything_else_stays_as_it_is(both, tmp_path):
    """Plain arrays, single columns, and maps that can be written to."""
    X, given = both
    writable = load(tmp_path / "X.joblib", mmap_mode="c")
    for data in (X, given[:, 0], given.T, writable, [[1.0]], None):
        assert mapped.lean(data) is data
