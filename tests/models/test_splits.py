"""Splits: every row judged once, classes in their shares, groups whole, time in order."""

from dataclasses import replace

import numpy as np
import pytest

from luthier.errors import DataError
from luthier.models.splits import folds, holdout, join, orders, rare_classes
from luthier.models.table import Table, bundled


def table(n=90, shares=(0.7, 0.3), **more):
    y = np.repeat(np.arange(len(shares)), [round(n * s) for s in shares])
    y = np.random.default_rng(3).permutation(y)
    X = np.arange(2.0 * len(y)).reshape(-1, 2) - 11
    return Table(
        X=X,
        y=y,
        task="classification",
        target="t",
        kinds={"a": "number", "b": "number"},
        labels=tuple("abcdef"[: len(shares)]),
        **more,
    )


@pytest.mark.parametrize(
    "given",
    [
        table(),
        table(groups=np.arange(90) // 5),
        bundled("diabetes"),
        replace(bundled("diabetes"), groups=np.arange(442) // 9),
    ],
)
def test_every_row_is_judged_exactly_once(given):
    parts = folds(given, 4, seed=8)

    judged = np.concatenate([fold.valid for fold in parts])
    assert sorted(judged.tolist()) == list(range(len(given)))
    for fold in parts:
        assert not set(fold.train) & set(fold.valid)


def test_classes_keep_their_shares():
    for fold in folds(table(), 3):
        assert np.mean(table().y[fold.valid]) == pytest.approx(0.3, abs=1 / 30)


def test_groups_stay_on_one_side():
    given = table(groups=np.arange(90) // 5)
    train, test = holdout(given, 0.25, seed=2)

    assert not set(train.groups) & set(test.groups)
    for fold in folds(given, 4):
        assert not set(given.groups[fold.train]) & set(given.groups[fold.valid])


def test_nothing_is_predicted_from_later_rows():
    time = np.random.default_rng(1).permutation(90) * 3.0
    given = table(time=time)
    train, test = holdout(given, 0.2)

    assert train.time.max() < test.time.min()
    for fold in folds(given, 4):
        assert time[fold.train].max() < time[fold.valid].min()


def test_the_same_seed_gives_the_same_split_and_another_seed_another():
    one, same, other = (folds(table(), 3, seed=s)[0].valid.tolist() for s in (4, 4, 5))

    assert one == same
    assert one != other


def test_one_fold_holds_a_fifth_aside():
    (fold,) = folds(table(), 1)

    assert (len(fold.train), len(fold.valid)) == (72, 18)


def test_a_class_with_one_row_does_not_break_a_split():
    given = table(101, (70 / 101, 30 / 101, 1 / 101))
    train, test = holdout(given, 0.2)

    assert len(train) + len(test) == 101
    assert len(folds(given, 5)) == 5
    assert "class 'c' has 1 rows, fewer than the 5 folds" in rare_classes(given, 5)[0]


def test_two_tables_join_into_one_fold():
    train, valid = holdout(table(), 0.3)

    both, (fold,) = join(train, valid)

    assert both.take(fold.valid).X.tolist() == valid.X.tolist()
    assert both.take(fold.train).y.tolist() == train.y.tolist()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: folds(table(), 0), "at least 1"),
        (lambda: folds(table(10, (0.5, 0.5)), 6), "too few for 6 folds"),
        (lambda: folds(table(groups=np.arange(90) // 30), 5), "3 groups cannot make 5"),
        (lambda: folds(table(20, (0.9, 0.1)), 5), "--cv 2"),
        (lambda: holdout(table(), 1.5), "between 0 and 1"),
        (lambda: holdout(table(10, (0.5, 0.5)), 0.2), "Give more rows"),
        (lambda: folds(table(time=table().y * 1.0), 2), "one class only"),
    ],
)
def test_what_cannot_be_split_says_why(call, said):
    with pytest.raises(DataError, match=said):
        call()


def test_whoever_gets_more_rows_has_those_of_less_and_every_class_from_the_start():
    table = bundled("wine")
    parts = folds(table, 3, seed=5)

    given = orders(table, parts, seed=5)

    for fold, order in zip(parts, given, strict=True):
        assert sorted(order) == sorted(fold.train)
        shares = np.bincount(table.y[fold.train]) / len(fold.train)
        for n in (3, 17, 60):
            counts = np.bincount(table.y[order[:n]], minlength=3)
            assert (counts >= 1).all()
            assert np.abs(counts - n * shares).max() <= 1.5  # one of each comes first
    assert not np.array_equal(given[0], orders(table, parts, seed=6)[0])


def test_in_time_the_latest_rows_are_given_first():
    table = bundled("diabetes")
    table = replace(table, time=np.arange(len(table))[::-1].astype(float))

    for fold, order in zip(parts := folds(table, 3), orders(table, parts), strict=True):
        assert (np.diff(table.time[order]) < 0).all()
        assert table.time[order[0]] == table.time[fold.train].max()
