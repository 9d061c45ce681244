"""Preparation: each kind of column becomes the numbers that are promised."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from luthier.errors import DataError
from luthier.models.catalog import model
from luthier.models.crossval import fit
from luthier.models.preparation import prepare, split_params, text_space
from luthier.models.table import Table, read_table

C = "classification"


def table(n=80, seed=5):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    X = pd.DataFrame(
        {
            "size": rng.normal(-7, 3, n) + y,
            "town": rng.choice([f"t{i}" for i in range(14)], n),
            "colour": np.where(rng.random(n) < 0.5, "red", "blue").astype(object),
            "day": pd.date_range("2021-03-05 13:30", periods=n, freq="D"),
            "note": [f"the word{i % 9} and {'good' if i % 2 else 'bad'} ends" for i in range(n)],
        }
    ).astype({"town": object, "note": object})
    X.loc[3, "size"] = np.nan
    kinds = {
        "size": "number",
        "town": "category",
        "colour": "category",
        "day": "date",
        "note": "text",
    }
    return Table(X=X, y=y, task=C, target="y", kinds=kinds, labels=("a", "b"))


def test_numbers_are_filled_flagged_and_scaled():
    made = prepare(table(), model("linear", C), {}).fit(table().X)

    got = made.transform(table().X)[:, :2]
    got = got.toarray() if sparse.issparse(got) else got

    median = np.nanmedian(table().X["size"])
    filled = table().X["size"].fillna(median)
    assert got[:, 0] == pytest.approx(((filled - filled.mean()) / filled.std(ddof=0)).to_numpy())
    assert np.argmax(got[:, 1]) == 3


def test_rare_levels_are_put_together_and_unknown_ones_survive():
    X = table().X
    X["town"] = ["big"] * 60 + ["mid"] * 12 + ["a", "b", "c", "d"] * 2
    made = prepare(table(), model("linear", C), {}).fit(X)

    names = [n for n in made.get_feature_names_out() if n.startswith("town")]
    X.loc[0, "town"] = "never seen"

    assert names == ["town_big", "town_mid", "town_infrequent_sklearn"]
    assert made.transform(X).shape[0] == 80


def test_many_levels_become_codes_by_frequency_for_trees():
    X = table().X
    made = prepare(table(), model("boosting", C), {}).fit(X)
    X.loc[0, "town"] = "never seen"

    codes = made.transform(X)[:, list(made.get_feature_names_out()).index("town")]

    common = X["town"].iloc[1:].value_counts().index[0]
    assert codes[0] == -1
    assert codes.max() == 13
    assert set(codes[1:][X["town"].iloc[1:] == common]) <= {0, 1}


def test_dates_become_their_parts():
    made = prepare(table(), model("boosting", C), {}).fit(table().X)

    names = list(made.get_feature_names_out())
    first = made.transform(table().X)[0]

    part = {name: first[names.index(f"day {name}")] for name in ("month", "day", "weekday", "hour")}
    assert part == {"month": 3, "day": 5, "weekday": 4, "hour": 13.5}


def test_text_settings_reach_the_words():
    short = prepare(table(), model("linear", C), {"min_df": 10}).fit(table().X)
    pairs = prepare(table(), model("linear", C), {"ngrams": 2}).fit(table().X)

    def words(made):
        return set(made.named_transformers_["words of note"].vocabulary_)

    assert words(short) == {"the", "and", "good", "bad", "ends"}
    assert "good ends" in words(pairs)


def test_the_default_of_the_text_space_is_the_librarys_own():
    text, rest = split_params({**text_space().default(), "C": 3})
    made = prepare(table(), model("linear", C), text).fit(table().X)
    from sklearn.feature_extraction.text import TfidfVectorizer

    used = made.named_transformers_["words of note"].get_params()

    assert used == TfidfVectorizer().get_params()
    assert rest == {"C": 3}


@pytest.mark.parametrize(
    "name", ["linear", "forest", "extratrees", pytest.param("boosting", marks=pytest.mark.slow)]
)
def test_a_fitted_model_answers_in_the_targets_words(name):
    made = fit(table(), model(name, C), {}, 3)

    again = pickle.loads(pickle.dumps(made))

    assert set(again.predict(table().X)) == {"a", "b"}
    assert again.predict_proba(table().X).sum(axis=1) == pytest.approx(np.ones(80))
    assert np.mean(again.predict(table().X) == np.array(["a", "b"])[table().y]) > 0.9


def test_new_rows_are_read_as_the_training_rows_were(tmp_path):
    raw = table().X.assign(y=table().y, day=table().X["day"].dt.strftime("%d.%m.%Y"))
    raw.to_csv(tmp_path / "data.csv", index=False)
    made = fit(read_table(tmp_path / "data.csv", "y"), model("forest", C), {}, 3)

    got = made.predict(raw.drop(columns="y"))

    assert np.mean(got == table().y) == 1
    with pytest.raises(DataError, match="no column 'size'"):
        made.predict(raw.drop(columns="size"))
