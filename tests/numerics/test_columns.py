import numpy as np
import pytest

from luthier.numerics.columns import Columns


def table(rows=0):
    made = Columns({"n": ((), np.int64, -1), "Y": ((2,), np.float64, np.nan)})
    for i in range(rows):
        made.append(n=3 * i, Y=[i, -i])
    return made


def test_rows_are_kept_as_the_table_grows():
    made = table(100)

    assert len(made) == 100
    assert made["n"].tolist() == list(range(0, 300, 3))
    assert made["Y"].tolist() == [[i, -i] for i in range(100)]
    assert made.cell("n", 7) == 21


def test_cells_that_are_not_given_are_filled():
    made = table(15)
    for _ in range(30):
        made.append(n=5)

    assert np.isnan(made["Y"][15:]).all()


def test_what_is_read_cannot_be_written():
    made = table(3)

    with pytest.raises(ValueError, match="read-only"):
        made["n"][0] = 9


def test_picked_rows_are_a_table_of_their_own():
    made = table(9)
    picked = made.pick(np.array([7, 2]))

    made.put("n", 7, -99)
    picked.append(n=4)

    assert picked["n"].tolist() == [21, 6, 4]
    assert table(3).pick(np.array([], dtype=int))["Y"].shape == (0, 2)


def test_an_empty_pick_can_grow():
    made = table(3).pick(np.array([], dtype=int))

    made.append(n=4)

    assert made["n"].tolist() == [4]
