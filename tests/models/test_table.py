"""Tables: each kind of bad input ends in a clear error or in a stated, sensible action."""

import gzip
import io
import lzma
import zipfile

import numpy as np
import pandas as pd
import pytest

from luthier.errors import DataError
from luthier.models.table import BUNDLED, bundled, read_like, read_table


def test_a_plain_file_becomes_features_and_codes(written, frame):
    table = read_table(written(frame()), "kind")

    assert table.task == "classification"
    assert table.labels == ("no", "yes")
    assert table.kinds == {"size": "number", "colour": "category", "price": "number"}
    assert table.class_counts() == {"no": 40, "yes": 20}
    assert table.y[:4].tolist() == [1, 0, 0, 1]
    assert table.fingerprint["rows"] == 60
    assert len(table.fingerprint["sha256"]) == 64


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
def test_the_separator_is_found_out(separator, written, frame):
    table = read_table(written(frame(), sep=separator), "price")

    assert table.columns == ("size", "colour", "kind")
    assert table.task == "regression"


def test_decimal_commas_are_read_as_numbers(written, frame):
    table = read_table(written(frame(), sep=";", decimal=","), "price")

    assert table.kinds["size"] == "number"
    assert table.y == pytest.approx(frame()["price"].to_numpy())


def pack_gz(raw):
    return gzip.compress(raw)


def pack_xz(raw):
    return lzma.compress(raw)


def pack_zip(raw):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("inner.csv", raw)
    return made.getvalue()


@pytest.mark.parametrize("pack", [pack_gz, pack_xz, pack_zip])
def test_compressed_files_are_told_by_their_content(tmp_path, pack, frame):
    path = tmp_path / "odd_name.dat"
    path.write_bytes(pack(frame().to_csv(index=False).encode()))

    assert len(read_table(path, "kind")) == 60


def test_parquet_gives_the_same_table_as_csv(tmp_path, written, frame):
    frame().to_parquet(tmp_path / "data.parquet")
    plain = read_table(written(frame()), "kind")

    table = read_table(tmp_path / "data.parquet", "kind")

    assert table.kinds == plain.kinds
    assert table.X["size"].to_numpy() == pytest.approx(plain.X["size"].to_numpy())
    assert (table.X["colour"] == plain.X["colour"]).all()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", b"", "file is empty"),
        ("header.csv", b"a,b\n", "no rows"),
        ("one.csv", b"a\n1\n2\n", "single column"),
        ("twins.csv", b"a,b,a\n1,2,3\n", "own name"),
        ("latin.csv", "a,b\ncaf\xe9,2\n".encode("latin-1"), "iconv"),
        ("binary.csv", b"a,b\x00\x00,c\n1,2,3\n", "binary"),
        ("cut.csv.gz", gzip.compress(b"a,b\n1,2\n" * 99, mtime=0)[:-20], "damaged"),
        ("broken.parquet", b"PAR1 and then nothing", "not a readable Parquet"),
        ("quotes.csv", b"a,b\n1,2\n3,4,5,6,7\n", "do not form a table"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_words(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(DataError, match=said):
        read_table(path, "b")


def test_a_missing_file_names_the_nearest_one(tmp_path, written, frame):
    written(frame(), "houses.csv")

    with pytest.raises(DataError, match=r"no such file.*houses\.csv"):
        read_table(tmp_path / "house.csv", "kind")


def test_a_directory_is_refused_and_says_what_it_holds(tmp_path, written, frame):
    written(frame(), "houses.csv")

    with pytest.raises(DataError, match=r"directory.*houses\.csv"):
        read_table(tmp_path, "kind")


def test_a_misspelt_target_suggests_the_column(written, frame):
    with pytest.raises(DataError, match=r"no target 'prize'.*Did you mean 'price'"):
        read_table(written(frame()), "prize")


def test_a_target_without_values_is_refused(written, frame):
    with pytest.raises(DataError, match="missing in all 60 rows"):
        read_table(written(frame().assign(kind=np.nan)), "kind")


def test_rows_without_a_target_are_left_out_and_counted(written, frame):
    data = frame()
    data.loc[[4, 9, 11], "price"] = np.nan

    table = read_table(written(data), "price")

    assert len(table) == 57
    assert "3 of 60 rows have no 'price'" in table.notes[0]


def test_infinite_targets_are_left_out_and_counted(written, frame):
    data = frame()
    data.loc[7, "price"] = np.inf

    table = read_table(written(data), "price")

    assert len(table) == 59
    assert np.isfinite(table.y).all()
    assert any("not finite" in note for note in table.notes)


def test_infinite_cells_count_as_missing(written, frame):
    data = frame()
    data.loc[[2, 5], "size"] = [np.inf, -np.inf]

    table = read_table(written(data), "kind")

    assert table.X["size"].isna().sum() == 2
    assert any("2 infinite values" in note for note in table.notes)
    assert table.fingerprint["missing"] == 2


def test_columns_of_no_use_are_dropped_with_a_reason(written, frame):
    data = frame().assign(
        row=range(60),
        customer_id=[7 * (i * 37 % 61) for i in range(60)],
        same="x",
        empty=np.nan,
        code=[f"k{i * 7 % 61}" for i in range(60)],
    )

    table = read_table(written(data), "kind", drop=["price"])

    assert set(table.dropped) == {"price", "row", "customer_id", "same", "empty", "code"}
    assert "constant" in table.dropped["same"]
    assert "key" in table.dropped["code"]
    assert table.columns == ("size", "colour")


def test_nothing_left_to_learn_from_is_refused(written, frame):
    data = frame()[["kind"]].assign(same=4)

    with pytest.raises(DataError, match="no column is left"):
        read_table(written(data), "kind")


def test_a_column_that_is_the_target_in_other_words_is_a_warning(written, frame):
    data = frame()
    data["answer"] = data["kind"].map({"yes": "Y", "no": "N"})
    data["cents"] = 100 * data["price"]
    path = written(data)

    assert "'answer'" in read_table(path, "kind").warnings[0]
    assert "--drop cents" in read_table(path, "price").warnings[0]


def test_text_dates_and_nearly_numbers_are_told_apart(written, frame):
    rng = np.random.default_rng(8)
    words = ["good", "bad", "slow", "warm", "very", "never", "again", "food"]
    data = frame(120).assign(
        review=[" ".join(rng.choice(words, 6)) for _ in range(120)],
        day=pd.date_range("2021-03-05", periods=120).strftime("%d.%m.%Y"),
        total=[str(v) for v in rng.integers(3, 900, 120)],
    )
    data.loc[5, "total"] = "n/k"

    table = read_table(written(data), "kind")

    assert table.kinds["review"] == "text"
    assert table.kinds["day"] == "date"
    assert table.kinds["total"] == "number"
    assert table.X["day"].iloc[0] == pd.Timestamp(2021, 3, 5)
    assert np.isnan(table.X["total"].iloc[5])
    assert any("'n/k'" in note for note in table.notes)


def test_bools_and_missing_categories_become_plain_kinds(written, frame):
    data = frame().assign(flag=np.arange(60) % 4 == 0)
    data.loc[3, "colour"] = None

    table = read_table(written(data), "kind")

    assert table.kinds["flag"] == "number"
    assert table.X["flag"].sum() == 15
    assert table.X["colour"].iloc[3] == "(missing)"


def test_groups_and_time_are_kept_beside_the_features(written, frame):
    data = frame().assign(
        house=np.arange(60) // 4, day=pd.date_range("2021-03-05", periods=60)[::-1]
    )
    path = written(data)

    grouped = read_table(path, "kind", group="house")
    timed = read_table(path, "kind", time_column="day")

    assert "house" not in grouped.columns
    assert grouped.groups.max() == 14
    assert timed.time[0] > timed.time[-1]
    assert timed.kinds["day"] == "date"


def test_group_and_time_together_are_refused(written, frame):
    with pytest.raises(DataError, match="Give one"):
        read_table(written(frame()), "kind", group="colour", time_column="size")


def test_another_file_is_read_as_the_first_was(written, frame):
    data = frame()
    table = read_table(written(data), "kind")
    other = read_like(written(data.iloc[:7], "test.csv"), table)

    assert len(other) == 7
    assert other.y.tolist() == table.y[:7].tolist()
    assert other.fingerprint["sha256"] != table.fingerprint["sha256"]


def test_another_file_with_an_unknown_class_or_without_a_column_is_refused(written, frame):
    table = read_table(written(frame()), "kind")
    strange = written(frame().assign(kind="perhaps"), "a.csv")
    shorter = written(frame().drop(columns="size"), "b.csv")

    with pytest.raises(DataError, match="the class 'perhaps'"):
        read_like(strange, table)
    with pytest.raises(DataError, match="no column 'size'"):
        read_like(shorter, table)


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_data_need_no_frame(name):
    table = bundled(name)

    assert isinstance(table.X, np.ndarray)
    assert table.X.shape == (len(table), len(table.columns))
    assert (table.task == "regression") == (name == "diabetes")


def test_an_unknown_bundled_name_suggests_one():
    with pytest.raises(DataError, match="Did you mean 'digits'"):
        bundled("digit")
