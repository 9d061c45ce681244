"""Spaces as plain data: the JSON round trip, files that people write, and what is wrong in them."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.svm import SVC

from luthier.errors import SpaceError
from luthier.parameters import Choice, Float, Int, Label
from luthier.space import Space


def relu(x):
    return max(x, 0)


def there_and_back(space):
    return Space.from_json(json.loads(json.dumps(space.to_json())))


TOML = """
C      = { float = [1e-3, 1e3], log = true }
kernel = { choice = ["linear", "rbf", "poly"], default = "rbf" }
degree = { int = [2, 5], when = { kernel = "poly" } }
gamma  = { float = [1e-4, 10], log = true, default = 0.5, when = { kernel = ["rbf", "poly"] } }
batch  = { int = [16, 256], step = 16 }
grade  = { choice = [1, 2.5, true, [3, 4]], ordered = true }
cache_size = 500
forbid = [{ kernel = "poly", degree = [4, 5] }]
"""


def written_in_python():
    return Space(
        C=Float(1e-3, 1e3, log=True),
        kernel=Choice("linear", "rbf", "poly", default="rbf"),
        degree=Int(2, 5, when={"kernel": "poly"}),
        gamma=Float(1e-4, 10, log=True, default=0.5, when={"kernel": ["rbf", "poly"]}),
        batch=Int(16, 256, step=16),
        grade=Choice(1, 2.5, True, [3, 4], ordered=True),
        cache_size=500,
        forbid=[{"kernel": "poly", "degree": [4, 5]}],
    )


# -- round trip -----------------------------------------------------------------------------------

SPACES = [
    written_in_python,
    Space,
    lambda: Space({"float": Int(2, 3), "parameters": Choice("a", "b"), "forbid": Float(2, 3)}),
    lambda: Space(a=Choice({"depth": [3]}, None, [], "", "label"), b=Int(3, 4)),
    lambda: Space(a=Choice("x", "y", default="y"), n=Int(3, 9, when={"a": ["y"]})),
    lambda: Space(n=Int(3, 9), child=Int(2, 4, when={"n": [4, 8]})).fix(n=3),
    lambda: Space(n=Int(3, 9), m=Int(2, 4), forbid=[{"n": 9, "m": 2}]).grow(n=Int(3, 5)),
    lambda: (
        Space(a=Choice("x", "y", "z"), child=Int(2, 4, when={"a": "y"}))
        .forbid({"a": "y", "child": 3})
        .grow(a=Choice("z", "w", "x"))
    ),
    lambda: Space(a=Choice("x", "y"), gone=Choice("p", "q")).adopt(Space(a=Choice("y", "x"))),
    lambda: Space.from_sklearn({"layers": [[30, 40]]}),
    lambda: Space(a=Choice(1, True), child=Int(2, 5, when={"a": True}), forbid=[{"a": 1}]),
]


@pytest.mark.parametrize("make", SPACES)
def test_a_space_comes_back_equal_from_json(make):
    space = make()

    again = there_and_back(space)

    assert again == space
    assert again.to_json() == space.to_json()
    assert again.names == space.names


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=4)
options = scalars | st.floats(allow_nan=False, allow_infinity=False)
options = options | st.lists(options, max_size=2) | st.dictionaries(st.text(max_size=2), options)


@given(st.lists(options, min_size=1, max_size=6, unique_by=repr), st.booleans())
def test_any_plain_options_come_back_with_their_types(given_options, ordered):
    try:
        choice = Choice(*given_options, ordered=ordered, default=given_options[-1])
    except SpaceError:  # 0.0 and -0.0 are the same, and a lone list is taken for a mistake
        return
    space = Space(x=choice)

    again = there_and_back(space)

    assert repr(again) == repr(space)
    assert again == space


@given(st.floats(1e-9, 1e9), st.floats(0, 1e9), st.booleans(), st.none() | st.floats(1e-2, 50))
def test_any_number_comes_back_exactly(low, width, log, step):
    space = Space(x=Float(low, low + width, log=log, step=step), n=Int(-7, 3 + int(width)))

    again = there_and_back(space)

    assert again == space
    x = space.snap(np.full((1, 2), 0.37))
    assert again.decode(x) == space.decode(x)


@pytest.mark.slow
def test_the_order_of_a_set_does_not_reach_the_log():
    code = (
        "from luthier.space import *; import json\n"
        "s = Space(a=Choice(*'xyzuvw', frozenset('pqrst')), n=Int(2, 3, when={'a': {*'xyzu'}}),"
        " forbid=[{'a': {*'xyzu'}, 'n': 2}])\n"
        "print(json.dumps(s.to_json()))"
    )

    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }

    assert len(said) == 1


# -- objects that are not stored ------------------------------------------------------------------


def objects():
    other = lambda x: -x  # noqa: E731
    return Space(
        f=Choice(relu, lambda x: x, other, None, default=other),
        svc=Choice(SVC(C=2), SVC(C=2), np.array([3, 4])),
        n=Int(3, 9, when={"f": [relu, other]}),
        forbid=[{"f": other, "n": [4, 5]}],
    ).forbid(odd=lambda p: p.get("n", 0) == 9)


def test_options_that_json_cannot_hold_are_shown_by_label():
    again = there_and_back(objects())

    assert again.without_values()
    assert not objects().without_values()
    assert again["f"].options[0] == Label("relu")
    assert again["f"].labels == objects()["f"].labels
    assert again["f"].default == again["f"].options[2]
    assert again["svc"].labels == ("SVC(C=2)", "SVC(C=2) (SVC)", "array([3, 4])")
    assert "<relu>" in repr(again)


def test_a_space_known_by_labels_reads_the_log():
    space = objects()
    raw = space.check({"f": relu, "svc": space["svc"].options[1], "n": 8})

    again = there_and_back(space)

    assert again.labels(raw) == space.labels(raw)
    assert again.values(raw) == {"f": Label("relu"), "svc": Label("SVC(C=2) (SVC)"), "n": 8}
    np.testing.assert_array_equal(again.rows([raw]), space.rows([raw]))
    assert again.to_json() == space.to_json()


def test_the_script_brings_the_objects_back():
    space, script = objects(), objects()
    stored = there_and_back(space)

    for again in (stored.adopt(script), stored.dressed(script)):
        assert not again.without_values()
        assert again["f"].options == script["f"].options
        assert again["f"].ids == space["f"].ids
        assert again["f"].default is script["f"].default
        assert again.to_json() == space.to_json()
        assert again.check({"f": relu, "svc": script["svc"].options[0], "n": 3})["n"] == 3
        with pytest.raises(SpaceError, match="forbidden by 'odd'"):
            again.check({"f": relu, "svc": script["svc"].options[0], "n": 9})


def test_a_lost_rule_says_what_to_give_again():
    again = there_and_back(Space(n=Int(3, 9)).forbid(odd=lambda p: p["n"] % 2))

    assert again.without_values()
    assert "odd" in repr(again)
    with pytest.raises(
        SpaceError, match=r"forbid 'odd': its function is not stored.*forbid\(odd=..."
    ):
        again.sample(2, np.random.default_rng(3))


def test_rules_and_clauses_keep_their_order():
    space = Space(n=Int(3, 9), forbid=[{"n": 4}, relu_rule, {"n": 5}])

    assert there_and_back(space).to_json()["forbid"] == [{"n": [4]}, "relu_rule", {"n": [5]}]


def relu_rule(params):
    return params["n"] > 8


# -- files ----------------------------------------------------------------------------------------


def test_a_toml_file_says_what_python_says(tmp_path):
    path = tmp_path / "space.toml"
    path.write_text(TOML)

    assert Space.load(path) == written_in_python()
    assert Space.load(str(path)) == written_in_python()


def test_a_toml_file_may_put_everything_under_parameters(tmp_path):
    path = tmp_path / "space.toml"
    path.write_text(
        "[parameters]\nn = { int = [3, 9] }\n[parameters.lr]\nfloat = [2, 7]\nlog = true\n"
    )

    assert Space.load(path) == Space(n=Int(3, 9), lr=Float(2, 7, log=True))


def test_a_saved_space_is_loaded_equal(tmp_path):
    path = tmp_path / "space.json"

    for make in SPACES[:1] + SPACES[2:]:
        make().save(path)
        assert Space.load(path) == make()
    assert [p.name for p in tmp_path.iterdir()] == ["space.json"]


def test_a_file_from_windows_is_read(tmp_path):
    path = tmp_path / "space.toml"
    path.write_bytes("\ufeffn = { int = [3, 9] }\r\n".encode())

    assert Space.load(path) == Space(n=Int(3, 9))


def test_saving_elsewhere_than_into_json_is_refused(tmp_path):
    with pytest.raises(SpaceError, match=r"saved as JSON.*space.toml.*end in .json"):
        written_in_python().save(tmp_path / "space.toml")


def test_a_space_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    with pytest.raises(SpaceError, match=r"cannot be written: No such file.*Choose another folder"):
        written_in_python().save(tmp_path / "nowhere" / "space.json")
    (tmp_path / "taken.json").mkdir()
    with pytest.raises(SpaceError, match=r"cannot be written"):
        written_in_python().save(tmp_path / "taken.json")
    assert [p.name for p in tmp_path.iterdir()] == ["taken.json"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.toml", "", r"a.toml' describes no parameter. Add one"),
        ("a.toml", "n = { int = [3, 9]", r"a.toml' is not valid TOML: Unclosed"),
        ("a.json", '{"n": }', r"a.json' is not valid JSON: .*line 1"),
        ("a.json", "[3, 4]", r"describes no parameter"),
        ("a.toml", b"n = '\xff\xfe'", r"cannot be read: it is not UTF-8 text"),
        ("a.toml", "n = { itn = [3, 9] }", r"a.toml: n: needs exactly one of.*mean 'int'"),
        ("a.toml", "n = { int = [3, 9], float = [3, 4] }", r"n: needs exactly one of float, int"),
        ("a.toml", "n = {}", r"n: needs exactly one of.*\(none\)"),
        (
            "a.toml",
            "n = { int = [3, 9], lgo = true }",
            r"n: 'int' has no 'lgo' beside it. Did you mean 'log'",
        ),
        (
            "a.toml",
            "k = { choice = ['a'], log = true }",
            r"k: 'choice' has no 'log'.*It has default",
        ),
        ("a.toml", "n = { int = [3] }", r"n: 'int' must be a list of two numbers, got \[3\]"),
        ("a.toml", "n = { int = 3 }", r"n: 'int' must be a list of two numbers, got 3"),
        ("a.toml", "k = { choice = 'a' }", r"k: 'choice' must be a list of options, got 'a'"),
        ("a.toml", "k = { choice = [] }", r"k: Choice\(\): needs at least one option"),
        ("a.toml", "k = ['a', 'b']", r"k: got the bare list.*k = \{ choice = \[...\] \}"),
        ("a.toml", "d = 2020-01-01", r"d: expected Float, Int, Choice or a constant"),
        ("a.toml", "n = { int = [9, 3] }", r"n: Int\(9, 3\): low must not be above high"),
        ("a.toml", "n = { float = [0, 3], log = true }", r"n: .*log=True needs low > 0"),
        ("a.toml", "n = { float = [2, inf] }", r"n: .*high must be finite"),
        ("a.toml", "n = { float = ['2', 3] }", r"n: .*low must be a number, got '2'"),
        ("a.toml", "n = { float = [2, 3], log = 'yes' }", r"n: 'log' must be true or false"),
        ("a.toml", "n = { int = [2, 3], when = 'k' }", r"n: 'when' must be a table"),
        ("a.toml", "n = { int = [2, 3], when = { k = 3 } }", r"n: when names the parent 'k'"),
        ("a.toml", "k = { int = [4, 7] }\nn = { int = [2, 3], when = { k = 9 } }", r"9 is outside"),
        (
            "a.toml",
            "n = { int = [2, 3] }\nforbid = { n = 2 }",
            r"'forbid' must be a list of tables",
        ),
        ("a.toml", "n = { int = [2, 3] }\nforbid = [{ m = 2 }]", r"'m' is not in the space"),
        (
            "a.toml",
            "m = { int = [2, 3] }\n[parameters]\nn = { int = [2, 3] }",
            r"there is 'm'. Move",
        ),
        (
            "a.json",
            '{"k": {"choice": ["a", "b"], "ids": [0]}}',
            r"k: 'ids' and 'retired' do not fit",
        ),
        ("a.json", '{"k": {"choice": ["a"], "ids": 3}}', r"k: 'ids' and 'retired' do not fit"),
        ("a.json", '{"k": {"choice": ["a"], "retired": [[0, "b"]]}}', r"'ids' and 'retired'"),
        (
            "a.json",
            '{"k": {"choice": ["a", {"label": "f"}, {"label": "f"}]}}',
            r"are the same, <f>",
        ),
    ],
)
def test_what_is_wrong_in_a_file_is_explained(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(SpaceError, match=message):
        Space.load(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SpaceError, match=r"absent.toml' cannot be read: No such file.*Check"):
        Space.load(tmp_path / "absent.toml")
    with pytest.raises(SpaceError, match=r"cannot be read: Is a directory"):
        Space.load(tmp_path)


def test_data_of_another_shape_is_refused():
    with pytest.raises(SpaceError, match="must be a table of parameters, got 3"):
        Space.from_json(3)
