"""Numbers and what is taken out of text."""

from __future__ import annotations

import math

import pytest

from luthier.report.svg import Scale, power, steps
from luthier.report.words import a, clean, count, listed, number, signed, value_text


def test_nouns_have_their_article():
    assert [a(noun) for noun in ("loss", "accuracy", "ELBO", "user score")] == [
        "a loss", "an accuracy", "an ELBO", "a user score",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("/home/anna/data/cells.csv", "…/cells.csv"),
        ("cd /home/anna", "cd ~"),
        ("cd /Users/anna/ && ls", "cd ~ && ls"),
        ("'/home/anna smith/my data/x y.csv'", "'…/x y.csv'"),
        ('File "/opt/lib/site.py", line 7', 'File "…/site.py", line 7'),
        ("--data=/srv/a/b.csv,/srv/c/d.csv", "--data=…/b.csv,…/d.csv"),
        (r"C:\Users\anna\x.bin", r"…/x.bin"),
        ("postgresql://ada:pw@db.lab:5432/runs", "postgresql://…/runs"),
        ("sqlite:////home/anna/runs.db", "sqlite://…/runs.db"),
        ("l1/l2, and/or, 3 / 4, ~/x, ./y/z, a/b/c", "l1/l2, and/or, 3 / 4, ~/x, ./y/z, a/b/c"),
        ("'/home/anna smith'", "'~'"),
        ("https://ada:pw@example.org/a/b", "https://…@example.org/a/b"),
        ("https://example.org/a/b", "https://example.org/a/b"),
        ("50 MB/s of 7 GB/h", "50 MB/s of 7 GB/h"),
        ("a\x00b\x1bc", "a�b�c"),
    ],
)
def test_paths_and_addresses_are_taken_out_of_text(text, made):
    assert clean(text) == made


def test_long_text_is_cut():
    assert len(clean("x" * 10_000_000)) < 2_100


@pytest.mark.parametrize(
    ("value", "made"),
    [
        (0.973684, "0.97368"), (1e-5, "1e-5"), (-2.5e-12, "-2.5e-12"), (7, "7"), (0.0, "0"),
        (123456789, "123456789"), (10**30, "1e30"), (math.nan, "–"), (None, "–"),
    ],
)  # fmt: skip
def test_numbers_are_short(value, made):
    assert number(value) == made


def test_words_are_put_together():
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"], "or") == "a, b or c"
    assert count(1, "trial") == "1 trial"
    assert count(12_000, "trial") == "12,000 trials"
    assert signed(0.0314159) == "+0.0314"
    assert signed(-2.0) == "-2"
    assert value_text({"a": [1, 2.5, None], "b": True}) == "a: 1, 2.5, None; b: True"


@pytest.mark.parametrize(
    ("low", "high", "room"),
    [(0.91, 0.9932, 4), (-3.0, 9.0, 3), (1e-9, 7e-9, 5), (-1e300, 1e300, 4), (1e6, 1e6 + 3, 6)],
)
def test_ticks_lie_on_the_axis_and_differ(low, high, room):
    made = steps(low, high, room)

    assert 2 <= len(made) <= room
    assert all(low - 1e-9 * (high - low) <= at <= high + 1e-9 * (high - low) for at, _ in made)
    assert len({text for _, text in made}) == len(made)


def test_whole_numbers_get_whole_ticks():
    assert steps(1.84, 5.16, 3, whole=True) == [(2.0, "2"), (4.0, "4")]


def test_powers_of_ten_are_ticks_of_a_logarithmic_axis():
    scale = Scale(1e-7, 1e3, 0, 100, log=True)

    assert [text for _, text in scale.ticks(6)] == ["10⁻⁷", "10⁻⁵", "0.001", "0.1", "10", "1000"]
    assert scale(1e-2) == pytest.approx(50)
    assert power(-4) == "10⁻⁴"
