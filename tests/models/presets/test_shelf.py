"""Shelf: ranges around the settings that an estimator has now."""

import pytest

from luthier.models.presets.shelf import Shape, Shelf, translated
from luthier.parameters import Choice, Float, Int


def shelved(own, **how):
    shelf = Shelf("a__", {"b": "keep"}, own=own)
    shelf.int("depth", 2, 9, default=4, words={"unlimited": None}, **how)
    return shelf


def test_a_number_that_may_be_a_word_becomes_two_parameters():
    shelf = shelved({})

    assert shelf.found == {
        "a__depth": Choice("unlimited", "value", default="unlimited", when={"b": "keep"}),
        "a__depth_value": Int(2, 9, default=4, when={"a__depth": "value"}),
    }


@pytest.mark.parametrize(
    ("own", "word", "number", "low", "high"),
    [
        (None, "unlimited", 4, 2, 9),
        (7, "value", 7, 2, 9),
        (30, "value", 30, 2, 30),
        (-1, "value", -1, -1, 9),
        (0.3, "0.3", 4, 2, 9),
        (True, "True", 4, 2, 9),
    ],
)
def test_what_the_estimator_has_now_is_the_default(own, word, number, low, high):
    shelf = shelved({"depth": own})
    value = shelf.found["a__depth_value"]

    assert shelf.found["a__depth"].default == word
    assert (value.default, value.low, value.high) == (number, low, high)
    given = {"depth": word, **({"depth_value": number} if word == "value" else {})}
    assert translated(shelf.words, given) == {"depth": own}


def test_a_count_is_no_share():
    shelf = Shelf(own={"share": 3, "rate": 3})
    shelf.float("share", 0.1, 1.0, default=0.5, share=True)
    shelf.float("rate", 0.1, 1.0, default=0.5)

    assert shelf.found["share"] == Choice("3", "value", default="3")
    assert shelf.found["rate"] == Float(0.1, 3.0, default=3.0)


def test_a_choice_takes_in_what_the_estimator_has_now():
    shelf = Shelf(own={"p": 1.5, "metric": len})
    shelf.choice("p", 1, 2, default=2, ordered=True)
    shelf.choice("metric", "cosine", default="cosine", when={"p": 1})

    assert shelf.found["p"] == Choice(1, 1.5, 2, default=1.5, ordered=True)
    assert shelf.found["metric"].options == ("cosine", len)


def test_what_depends_on_rows_has_limits():
    assert Shape(rows=None).share_of_rows(4, 5, 100) == 100
    assert Shape(rows=120).share_of_rows(4, 5, 100) == 30
    assert Shape(rows=8).share_of_rows(4, 5, 100) == 5


def test_words_that_are_not_known_stay():
    assert translated({"depth": {"unlimited": None}}, {"depth": "odd", "c": "unlimited"}) == {
        "depth": "odd",
        "c": "unlimited",
    }
