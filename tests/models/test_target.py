"""Targets: the task is told from them, and those that set none are refused."""

import pytest

from luthier.errors import DataError
from luthier.models.table import read_table


def test_a_target_with_one_class_is_refused(written, frame):
    with pytest.raises(DataError, match="one value only, 'yes'"):
        read_table(written(frame().assign(kind="yes")), "kind")


def test_a_target_of_keys_is_refused(written, frame):
    data = frame().assign(kind=[f"house {i}" for i in range(60)])

    with pytest.raises(DataError, match="60 different values"):
        read_table(written(data), "kind")


def test_words_cannot_be_a_regression(written, frame):
    with pytest.raises(DataError, match="'yes', which is no number"):
        read_table(written(frame()), "kind", task="regression")


@pytest.mark.parametrize(
    ("values", "task"),
    [
        ([3, 8] * 30, "classification"),
        ([3, 5, 8] * 20, "classification"),
        (list(range(60)), "regression"),
        ([1.5, 2.5, 9.0] * 20, "regression"),
        (["a", "b"] * 30, "classification"),
        ([True, False] * 30, "classification"),
    ],
)
def test_the_task_is_told_from_the_target_and_said(values, task, written, frame):
    table = read_table(written(frame().assign(kind=values)), "kind")

    assert table.task == task
    assert table.why
