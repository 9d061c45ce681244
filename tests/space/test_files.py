"""Space files: TOML and JSON that people write, and what is wrong in them."""

import pytest
from spaces import PLAIN, written_in_python

from luthier.errors import SpaceError
from luthier.parameters import Float, Int
from luthier.space import Space

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

    for make in PLAIN[:1] + PLAIN[2:]:
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
