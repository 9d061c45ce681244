"""Numbers and what is taken out of text."""

from __future__ import annotations

import math

import pytest

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
