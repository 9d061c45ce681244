"""ASHA with promotion comes to the score of full training in a third of its epochs."""

import pytest
from benchmarks.training_loops import EPOCHS, one


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", [0, 1])
def test_a_third_of_the_epochs_is_enough(seed):
    # Up to a standard error: the score of full training is that of the luckiest of 12.
    row = one(seed, 12, "sklearn", slack=1.0)

    assert row["full"] == 12 * EPOCHS
    assert row["reached"]
    assert row["asha"] <= row["full"] / 3
