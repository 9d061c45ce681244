"""A small frame of several kinds of columns, and a file of it, for all that read tables."""

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def frame():
    """A frame of so many rows."""

    def made(n=60, seed=3):
        rng = np.random.default_rng(seed)
        return pd.DataFrame(
            {
                "size": rng.normal(-7, 3, n),
                "colour": rng.choice(["red", "green", "blue"], n),
                "kind": np.where(np.arange(n) % 3 == 0, "yes", "no"),
                "price": rng.normal(400, 90, n),
            }
        )

    return made


@pytest.fixture
def written(tmp_path):
    """The file that a frame was written to."""

    def made(data, name="data.csv", **how):
        path = tmp_path / name
        data.to_csv(path, index=False, **how)
        return path

    return made
