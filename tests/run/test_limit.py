"""What a limit may say."""

import pytest

from luthier import Limit
from luthier.errors import StudyError
from luthier.run.limit import above, shown


@pytest.mark.parametrize(
    ("given", "expected"),
    [("2GB", 2 * 10**9), ("512 MB", 512 * 10**6), ("1.5GiB", 3 * 2**29), ("7000k", 7 * 10**6),
     ("1230000", 1230000), (4096000.0, 4096000), (None, None)],
)  # fmt: skip
def test_sizes_are_read_in_words(given, expected):
    limit = Limit(memory=given, disk=given)

    assert limit.memory == limit.disk == expected
    assert limit == Limit(memory=expected, disk=expected)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"memory": "2 gigs"}, 'Write "2GB"'),
        ({"memory": 0}, 'Write "2GB"'),
        ({"memory": 2}, "memory=2 means 2 bytes"),
        ({"disk": True}, 'Write "2GB"'),
        ({"disk": "-2GB"}, 'Write "2GB"'),
        ({"seconds": 0}, "seconds=600"),
        ({"seconds": "1h"}, "seconds=600"),
        ({"seconds": float("inf")}, "seconds=600"),
        ({"cores": 0}, "whole number"),
        ({"cores": 1.5}, "whole number"),
        ({"gpus": 1.5}, "gpus=0.5"),
        ({"gpus": -1}, "gpus=0.5"),
        ({"pin": True}, "needs cores"),
    ],
)
def test_a_limit_that_makes_no_sense_says_what_to_write(given, said):
    with pytest.raises(StudyError, match=said):
        Limit(**given)


def test_bytes_are_shown_as_people_write_them():
    assert [shown(n) for n in (7, 1500, 512e6, 999.6e6, 2.25e9, 3e15)] == [
        "7 bytes", "1.5 kB", "512 MB", "1 GB", "2.25 GB", "3e+03 TB"
    ]  # fmt: skip


def test_what_is_above_a_bound_is_seen_to_be():
    """That it held 100 MB, and its limit is 100 MB, reads like a mistake."""
    counts = (106_300_000, 100_400_000, 100_000_001)

    assert [above(n, 100e6) for n in counts] == ["106 MB", "100.4 MB", "100.000001 MB"]
