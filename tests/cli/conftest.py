"""A small table on disk, a working directory of its own, and a way to call the command line."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from luthier.cli.app import app


def frame(n=80):
    rng = np.random.default_rng(6)
    size = rng.normal(-7, 3, n)
    town = rng.choice(["Ulm", "Bonn", "Kiel"], n)
    return pd.DataFrame(
        {
            "size": size,
            "town": town,
            "street": np.arange(n) // 4,
            "sold": np.where(size + rng.normal(0, 2, n) > -6, "yes", "no"),
            "price": 90 * size + 40 * (town == "Ulm") + rng.normal(0, 20, n) + 3000,
        }
    )


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    frame().to_csv("houses.csv", index=False)
    return tmp_path


@pytest.fixture
def call(here):
    def call(*arguments):
        return CliRunner().invoke(app, [str(a) for a in arguments])

    return call
