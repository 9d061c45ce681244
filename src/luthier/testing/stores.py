"""What every store must keep to."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from luthier.errors import Conflict
from luthier.history import Event
from luthier.parts import Store


class StoreContract:
    """Tests of a store; write `open`."""

    def open(self, folder: Path, study: str = "study") -> Store:
        """Another handle on the store in a folder; the folder is empty at first."""
        raise NotImplementedError

    def test_events_come_back_in_order_as_they_were(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        events = [*_begin(), *_trial(0), *_trial(1)]

        store.append(events[:1])
        store.append(events[1:])

        assert [event for _, event in store.read()] == events
        store.close()

    def test_cursors_rise_and_reading_goes_on_after_one(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        store.append([*_begin(), *_trial(0), *_trial(1)])

        pairs = store.read()
        cursors = [cursor for cursor, _ in pairs]

        assert cursors == sorted(set(cursors))
        assert cursors[0] > 0
        for i, cursor in enumerate(cursors):
            assert store.read(cursor) == pairs[i + 1 :]
            assert store.read(cursor) == pairs[i + 1 :], "a second time"
        assert store.read() == pairs, "and from the front again"
        store.close()

    def test_reading_in_between_gives_every_event_once(self, tmp_path: Path) -> None:
        store, cursor = self.open(tmp_path), 0
        seen: list[Event] = []
        events = [*_begin(), *_trial(0), *_trial(1), *_trial(2)]
        for i, event in enumerate(events):
            store.append([event])
            if i % 3:
                pairs = store.read(cursor)
                seen += [event for _, event in pairs]
                cursor = pairs[-1][0]

        seen += [event for _, event in store.read(cursor)]
        assert seen == events
        store.close()

    def test_nothing_is_appended_for_nothing(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)

        store.append([])

        assert store.read() == []
        store.close()

    def test_what_is_taken_is_a_conflict_and_nothing_of_it_is_kept(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        store.append([*_begin(), *_trial(0)])
        before = store.read()

        for taken in (_begin(), _trial(0)[:1], _trial(0)[-1:]):
            for events in ([*_trial(1), *taken], [*taken, *_trial(1)]):
                _conflicts(store, events)
                assert store.read() == before
        _conflicts(store, [*_trial(1), *_trial(1)])
        assert store.read() == before

        store.append(_trial(1))
        assert len(store.read()) == len(before) + len(_trial(1))
        store.close()

    def test_what_may_come_often_does(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        often = [Event("grew", None, 1.5, {"parameters": {}}), Event("queued", None, 2.5, {}),
                 Event("reported", 0, 3.5, {"step": 1, "loss": [2.5]}),
                 Event("noted", None, 4.5, {"facts": {"a": 1}}),
                 Event("noted", 0, 4.5, {"facts": {"a": 1}})]  # fmt: skip

        store.append([*_begin(), _trial(0)[0], *often, *often])

        assert [event for _, event in store.read()][2:] == [*often, *often]
        store.close()

    def test_odd_values_come_back_as_they_were(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        facts: dict[str, Any] = {
            "integers": [2**53 + 1, -(2**63), 10**40, 0],
            "numbers": [0.1 + 0.2, 5e-324, 1.7976931348623157e308, -0.0, 1e22],
            "bounds": [math.inf, -math.inf],
            "text": "Zürich 弦楽器 🎻 \" ' \\ \n \t \x00 \x7f \u2028 %s :name ? $1",
            "half a pair": "\ud83c",
            "nested": {"": [], "a": {"b": [None, True, False, {}]}},
            "long": "x" * 3_000_000,
        }
        event = Event("noted", None, 1789012345.678901, {"facts": facts}, "by")
        store.append([*_begin(), event, Event("noted", None, 1.5, {"facts": {"nan": math.nan}})])

        (_, _), (_, got), (_, nan) = store.read()

        assert got == event
        assert math.copysign(1, got.body["facts"]["numbers"][3]) == -1
        assert [type(v) for v in got.body["facts"]["integers"]] == [int] * 4
        assert math.isnan(nan.body["facts"]["nan"])
        store.close()

    def test_two_handles_see_what_the_other_appends(self, tmp_path: Path) -> None:
        one, two = self.open(tmp_path), self.open(tmp_path)
        one.append(_begin())
        events, cursor = _begin(), 0
        for number in range(6):
            (one if number % 2 else two).append(_trial(number))
            events += _trial(number)
            if number % 3 == 2:
                assert [event for _, event in one.read()] == events
                assert one.read() == two.read()
            cursor = two.read(cursor)[-1][0]

        _conflicts(two, _trial(5))
        _conflicts(one, _trial(4))
        assert two.read(cursor) == []
        one.close()
        two.close()

    def test_studies_in_one_store_do_not_mix(self, tmp_path: Path) -> None:
        names = ["résumé", "resume", "Resume", "a/b '\"; --", "resume "]
        stores = {name: self.open(tmp_path, name) for name in names}
        for n, store in enumerate(stores.values()):
            store.append(_begin(by=str(n)))
        for number in range(3):
            for n, store in enumerate(stores.values()):
                store.append(_trial(number, by=str(n)))

        for n, store in enumerate(stores.values()):
            got = [event for _, event in store.read()]
            assert {event.by for event in got} == {str(n)}
            assert [e.trial for e in got if e.kind == "created"] == [0, 1, 2]
            store.close()

    def test_events_are_there_when_it_is_opened_again(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        store.append([*_begin(), *_trial(0)])
        before = store.read()
        store.close()
        store.close()  # twice is no harm

        again = self.open(tmp_path)

        assert again.read() == before
        again.append(_trial(1))
        _conflicts(again, _trial(0)[:1])
        assert len(again.read()) == len(before) + len(_trial(1))
        again.close()


def _begin(by: str = "") -> list[Event]:
    body = {"space": {"parameters": {}, "forbid": []}, "objectives": [["loss", False]], "seed": 3}
    return [Event("opened", None, 1789000000.25, body, by)]


def _trial(number: int, by: str = "") -> list[Event]:
    at = 1789000000.5 + number
    return [
        Event("created", number, at, {"draw": number, "params": {"x": -2.5, "n": 3}}, by),
        Event("reported", number, at + 0.125, {"step": 1, "loss": [-1.5]}, by),
        Event("finished", number, at + 0.25, {"state": "DONE", "loss": [-2.5]}, by),
    ]


def _conflicts(store: Store, events: list[Event]) -> None:
    try:
        store.append(events)
    except Conflict:
        return
    raise AssertionError(f"no Conflict for {[(event.kind, event.trial) for event in events]}")
