import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier import Choice, Float, Int, Space
from luthier.errors import StoreError
from luthier.history import KINDS, Event, History, State
from luthier.testing import history

SPACE = Space(x=Float(-3, 9), n=Int(2, 5), a=Choice("u", "v", "w"))
WIDER = SPACE.grow(x=Float(-30, 9), y=Float(2, 5), n=Int(3, 5))


def begin(space=SPACE, objectives=1):
    names = [[f"loss_{j}", False] for j in range(objectives)]
    return Event("opened", None, 0.5, {"space": space.to_json(), "objectives": names, "seed": 7})


def created(number, raw, **more):
    return Event("created", number, 10.0 + number, {"draw": number, "params": raw, **more})


def finished(number, state="DONE", loss=(1.5,), **more):
    body = {"state": state, **more}
    if state == "DONE":
        body["loss"] = list(loss)
    return Event("finished", number, 20.0 + number, body)


def fold(*events):
    made = History()
    for event in events:
        made.apply(event)
    return made


# -- against a slow reference ----------------------------------------------------------------------


class Slow:
    """The log, read again from its start for every question."""

    def __init__(self, events):
        self.events = events
        opened = [e.body["space"] for e in events if e.kind == "opened"]
        grew = [e.body["space"] for e in events if e.kind == "grew"]
        self.space = Space.from_json((opened + grew)[-1])
        self.n = sum(e.kind == "created" for e in events)

    def one(self, kind, trial):
        return next((e for e in self.events if (e.kind, e.trial) == (kind, trial)), None)

    def raw(self, i):
        end = self.one("finished", i)
        told = end.body.get("params") if end else None
        return self.one("created", i).body["params"] if told is None else told

    def state(self, i):
        end = self.one("finished", i)
        return end.body["state"] if end else "RUNNING"

    def loss(self, i):
        end = self.one("finished", i)
        return end.body["loss"] if end and "loss" in end.body else [math.nan] * 2

    def body(self, i, key, default):
        return self.one("created", i).body.get(key, default)

    def numbers(self):
        return list(range(self.n))

    def seen(self):
        kept = [i for i in self.numbers() if self.state(i) != "LOST"]
        return sorted(kept, key=lambda i: self.body(i, "draw", None))

    def told(self, i):
        """Reports of a trial, after those that its lost attempts had made of earlier steps."""
        mine = [e for e in self.events if e.kind == "reported" and e.trial == i]
        steps = [e.body["step"] for e in mine]
        parent = self.body(i, "parent", -1)
        begun = steps or self.state(i) != "RUNNING"
        before = self.told(parent) if parent >= 0 and begun else []
        return [e for e in before if e.body["step"] < min(steps, default=math.inf)] + mine

    def tried(self, raw):
        key = self.space.key(raw)
        for i in self.numbers():
            raws = self.one("created", i).body["params"], self.raw(i)
            if self.state(i) != "LOST" and key in map(self.space.key, raws):
                return True
        return False

    def retries(self):
        lost = [i for i in self.numbers() if self.state(i) == "LOST"]
        again = {self.body(i, "parent", -1) for i in self.numbers()}
        return sorted((i for i in lost if i not in again), key=lambda i: self.body(i, "draw", 0))

    def queue(self):
        entries = [e.body["params"] for e in self.events if e.kind == "queued"]
        taken = [e.body["queued"] for e in self.events if "queued" in e.body]
        return entries[max(taken, default=-1) + 1 :]

    def facts(self, i):
        told = {}
        for e in self.events:
            if e.kind == "noted" and e.trial == i:
                told.update(e.body["facts"])
        return told


RAWS = st.fixed_dictionaries(
    {}, optional={"x": st.sampled_from([-3.0, 0.25, 9.0]), "n": st.integers(2, 5),
                  "a": st.integers(0, 2)}
)  # fmt: skip
LOSS = st.sampled_from([-2.5, 0.5, 7.0, 1e300])


@st.composite
def logs(draw):
    events, n, proposals, queued, taken = [begin(objectives=2)], 0, 0, 0, 0
    running, lost = [], []
    draws, raws = {}, {}
    for _ in range(draw(st.integers(0, 25))):
        kind = draw(st.sampled_from(KINDS[1:] + ("created", "finished") * 2))
        if kind == "grew":
            events.append(Event("grew", None, 1.0, {"space": WIDER.to_json()}))
        elif kind == "queued":
            events.append(Event("queued", None, 1.0, {"params": draw(RAWS)}))
            queued += 1
        elif kind == "created":
            body = {"draw": proposals, "params": draw(RAWS)}
            if lost and draw(st.booleans()):
                parent = lost.pop(0)
                body = {"draw": draws[parent], "params": raws[parent], "parent": parent}
            else:
                proposals += 1
                if queued > taken and draw(st.booleans()):
                    body["queued"], taken = taken, taken + 1
                if draw(st.booleans()):
                    body |= {"tag": draw(st.integers(1, 9)), "budget": 27.0}
            draws[n], raws[n] = body["draw"], body["params"]
            events.append(Event("created", n, 10.0 + n, body))
            running.append(n)
            n += 1
        elif kind == "reported" and running:
            body = {"step": draw(st.integers(0, 3)), "loss": [draw(LOSS), draw(LOSS)]}
            if draw(st.booleans()):
                body["metrics"] = {"auc": draw(LOSS)}
            events.append(Event("reported", draw(st.sampled_from(running)), 1.0, body))
        elif kind == "finished" and running:
            i = draw(st.sampled_from(running))
            running.remove(i)
            state = draw(st.sampled_from(["DONE", "DONE", "FAILED", "STOPPED", "LOST"]))
            more = {"params": draw(RAWS)} if state != "LOST" and draw(st.booleans()) else {}
            events.append(finished(i, state, [draw(LOSS), draw(LOSS)], **more))
            if state == "LOST":
                lost.append(i)
        elif kind == "noted":
            i = draw(st.sampled_from(range(n))) if n else None
            events.append(Event("noted", i, 1.0, {"facts": {draw(st.sampled_from("ab")): n}}))
    return events


@settings(max_examples=150, deadline=None)
@given(logs(), st.lists(RAWS, max_size=4), st.data())
def test_the_fold_equals_a_slow_reference(events, others, data):
    made, slow = History(), Slow(events)
    look = data.draw(st.sets(st.integers(0, len(events))), label="look in between")
    for i, event in enumerate(events):
        made.apply(event)
        if i in look:  # what was worked out early must not stay behind
            assert len(made.X) == len(made)
            made.tried({})
            made.seen()

    n, rows = slow.n, slow.numbers()
    assert len(made) == n
    assert made.space == slow.space
    np.testing.assert_array_equal(made.X, slow.space.rows([slow.raw(i) for i in rows]))
    np.testing.assert_array_equal(made.Y, np.reshape([slow.loss(i) for i in rows], (n, 2)))
    assert [State(s).name for s in made.state] == [slow.state(i) for i in rows]
    assert made.number.tolist() == rows
    for name, default in (("draw", None), ("parent", -1), ("tag", 0), ("budget", math.inf)):
        assert getattr(made, name).tolist() == [slow.body(i, name, default) for i in rows]
    told = [(e.trial, e.body["step"], e.body["loss"]) for e in events if e.kind == "reported"]
    columns = made.owner.tolist(), made.step.tolist(), made.value.tolist()
    assert list(zip(*columns, strict=True)) == told
    assert [made.raw(i) for i in rows] == [slow.raw(i) for i in rows]
    assert [made.facts(i) for i in rows] == [slow.facts(i) for i in rows]
    assert [entry["params"] for entry in made.queue] == slow.queue()
    assert made.retries() == slow.retries()
    assert made.counts == [sum(slow.state(i) == s.name for i in rows) for s in State]
    assert made.ended == sum(slow.state(i) in ("DONE", "FAILED", "STOPPED") for i in rows)
    for raw in [*others, *(slow.raw(i) for i in rows)]:
        assert (made.tried(raw) is not None) == slow.tried(raw)
    seen = made.seen()
    assert seen.number.tolist() == slow.seen()
    np.testing.assert_array_equal(seen.X, made.X[slow.seen()])
    np.testing.assert_array_equal(seen.Y, made.Y[slow.seen()])
    assert (seen.parent == -1).all()
    place = {id(event): i for i, event in enumerate(events)}  # two of them may be equal
    for row, number in enumerate(slow.seen()):
        assert seen.raw(row) == slow.raw(number)
        assert seen.facts(row) == slow.facts(number)
        reports = sorted(slow.told(number), key=lambda e: place[id(e)])
        assert seen.curve(row)[0].tolist() == [e.body["step"] for e in reports]
        assert seen.curve(row)[1].tolist() == [e.body["loss"] for e in reports]
        assert seen.reported(row) == {
            e.body["step"]: e.body["metrics"] for e in reports if "metrics" in e.body
        }


# -- trials that go on -----------------------------------------------------------------------------


def told(trial, step, loss):
    return Event("reported", trial, 1.0, {"step": step, "loss": [loss]})


def test_trials_that_go_on_are_merged_into_one_row():
    raw, other = {"x": 3.0, "n": 4, "a": 1}, {"x": 0.25, "n": 2, "a": 0}
    made = fold(
        begin(),
        created(0, raw, budget=2.0, tag=5),
        told(0, 1, 9.0), told(0, 2, 8.0), finished(0, "STOPPED"),
        created(1, other, budget=2.0), told(1, 1, 7.0),
        created(2, raw, parent=0, budget=4.0), told(2, 2, 7.5), told(2, 3, 6.5),
    )  # fmt: skip

    merged = made.merged()

    assert merged.number.tolist() == [2, 1]
    assert merged.draw.tolist() == [0, 1]
    assert merged.tag.tolist() == [5, 0]
    assert merged.budget.tolist() == [4.0, 2.0]
    assert merged.running.tolist() == [True, True]
    assert merged.curve(0)[0].tolist() == [1, 2, 3]  # step 2 was done again
    assert merged.curve(0)[1][:, 0].tolist() == [9.0, 7.5, 6.5]
    assert merged.curve(1)[1][:, 0].tolist() == [7.0]
    assert made.merged() is merged
    assert merged.merged() is merged


def test_a_trial_with_other_parameters_than_its_parent_has_a_row_of_its_own():
    made = fold(
        begin(), created(0, {"x": 3.0}), told(0, 1, 9.0), finished(0, "STOPPED"),
        created(1, {"x": 9.0}, parent=0), told(1, 2, 5.0),
    )  # fmt: skip

    assert made.merged().number.tolist() == [0, 1]
    assert made.merged().parent.tolist() == [-1, 0]


def test_a_retry_has_what_the_lost_attempt_reported_before_it():
    raw = {"x": 3.0, "n": 4, "a": 1}
    events = [
        begin(), created(0, raw, budget=2.0), told(0, 2, 8.0), finished(0, "STOPPED"),
        created(1, raw, parent=0), told(1, 3, 7.0), told(1, 4, 6.0), finished(1, "LOST"),
        created(2, raw, draw=1, parent=1),
    ]  # fmt: skip
    assert fold(*events).seen().curve(1)[0].tolist() == []  # nobody knows yet where it begins

    # It ended, and had nothing left to report.
    assert fold(*events, finished(2, "FAILED")).seen().curve(1)[0].tolist() == [3, 4]

    made = fold(*events, told(2, 4, 5.5))

    assert made.seen().number.tolist() == [0, 2]
    assert made.seen().parent.tolist() == [-1, 0]
    assert made.seen().curve(1)[1][:, 0].tolist() == [7.0, 5.5]
    assert made.seen().merged().number.tolist() == [2]
    assert made.seen().merged().curve(0)[1][:, 0].tolist() == [8.0, 7.0, 5.5]


@st.composite
def lineages(draw):
    """Logs in which trials go on from others, are lost and are tried again."""
    events, draws, raws, running, lost = [begin()], [], [], [], []
    for _ in range(draw(st.integers(0, 30))):
        kind = draw(st.sampled_from(KINDS[1:] + ("created", "reported", "finished") * 3))
        n = len(draws)
        if kind == "grew":
            events.append(Event("grew", None, 1.0, {"space": WIDER.to_json()}))
        elif kind == "queued":
            events.append(Event("queued", None, 1.0, {"params": draw(RAWS)}))
        elif kind == "created":
            body = {"draw": max(draws, default=-1) + 1, "params": draw(RAWS)}
            ended = [i for i in range(n) if i not in running] or list(range(n))
            if lost and draw(st.booleans()):
                parent = lost.pop(0)
                body |= {"draw": draws[parent], "params": raws[parent], "parent": parent}
            elif n and draw(st.integers(0, 3)):
                parent = draw(st.sampled_from(ended if draw(st.integers(0, 5)) else range(n)))
                body["parent"] = parent
                if draw(st.integers(0, 3)):
                    body["params"] = raws[parent]
            if draw(st.booleans()):
                body |= {"tag": draw(st.integers(1, 9)), "budget": 27.0}
            events.append(created(n, body.pop("params"), **body))
            draws.append(body["draw"])
            raws.append(events[-1].body["params"])
            running.append(n)
        elif kind == "reported" and n:
            event = told(draw(st.sampled_from(running or range(n))), draw(st.integers(0, 4)), 2.5)
            event.body["loss"] = [draw(LOSS)]
            if draw(st.booleans()):
                event.body["metrics"] = {"auc": draw(LOSS)}
            events.append(event)
        elif kind == "finished" and running:
            i = draw(st.sampled_from(running))
            running.remove(i)
            state = draw(st.sampled_from(["STOPPED", "STOPPED", "DONE", "FAILED", "LOST"]))
            more = {"params": draw(RAWS)} if state != "LOST" and not draw(st.integers(0, 3)) else {}
            events.append(finished(i, state, [draw(LOSS)], **more))
            lost += [i] if state == "LOST" else []
        elif kind == "noted":
            i = draw(st.sampled_from(range(n))) if n else None
            events.append(Event("noted", i, 1.0, {"facts": {draw(st.sampled_from("ab")): n}}))
    return events


def content(made):
    """All that a history tells."""
    columns = ["X", "Y", "G", "state", "number", "draw", "parent", "tag", "budget", "started",
               "finished", "owner", "step", "value"]  # fmt: skip
    rows = range(len(made))
    return {
        **{name: np.array(getattr(made, name)).tolist() for name in columns},
        "raws": [made.raw(i) for i in rows],
        "facts": [made.facts(i) for i in rows],
        "metrics": [made.reported(i) for i in rows],
        "bodies": [made.created(i) for i in rows],
        "tried": [made.tried(made.raw(i)) is not None for i in rows],
        "rest": (made.counts, made.proposals, made.queue, made.notes, made.retries()),
        "attempts": [made.attempts(i) for i in rows],
        "names": made.space.names,
    }


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(lineages(), st.data())
def test_a_history_that_has_grown_shows_what_one_made_afresh_does(events, data):
    grown = History()
    often = data.draw(st.sampled_from([1, 1, 2, 5]), label="look after so many events")
    for i, event in enumerate(events):
        grown.apply(event)
        if i % often == 0:
            learned = grown.seen().learned()
            for view in (grown.seen(), grown.merged(), grown.seen().merged(), learned,
                         learned.merged()):  # fmt: skip
                assert len(view.X) == len(view)

    fresh = fold(*events)
    for look in (
        History.seen, History.merged, lambda made: made.seen().merged(),
        lambda made: made.seen().learned(), lambda made: made.seen().learned().merged(),
    ):  # fmt: skip
        one, other = look(grown), look(fresh)
        assert one.space == other.space
        np.testing.assert_equal(content(one), content(other))


def test_what_a_retry_does_again_is_left_out_of_a_history_that_was_looked_at_before():
    raw = {"x": 3.0, "n": 4, "a": 1}
    made = fold(
        begin(), created(0, raw), told(0, 1, 9.0), told(0, 2, 8.0), finished(0, "LOST"),
        created(1, raw, draw=0, parent=0), told(1, 4, 6.0),
    )  # fmt: skip
    assert made.seen().curve(0)[0].tolist() == [1, 2, 4]

    made.apply(told(1, 2, 7.0))

    assert made.seen().curve(0)[1][:, 0].tolist() == [9.0, 6.0, 7.0]


def test_views_of_a_history_follow_it_and_are_not_made_anew():
    raw, other = {"x": 3.0, "n": 4, "a": 1}, {"x": 0.25, "n": 2, "a": 0}
    made = fold(
        begin(), created(0, other), finished(0, "LOST"),
        created(1, other, draw=0, parent=0), finished(1),
        created(2, raw, draw=1), told(2, 1, 9.0), finished(2, "STOPPED"),
        created(3, raw, draw=2, parent=2),
    )  # fmt: skip
    seen, merged = made.seen(), made.seen().merged()
    steps = merged.step

    for event in (told(3, 1, 7.0), told(3, 2, 6.0), finished(3, "STOPPED"),
                  created(4, raw, draw=3, parent=3), created(5, {"x": 9.0}, draw=4)):  # fmt: skip
        made.apply(event)

    assert made.seen() is seen
    assert seen.merged() is merged
    assert merged.number.tolist() == [1, 4, 5]
    assert merged.curve(1)[1][:, 0].tolist() == [7.0, 6.0]
    assert steps.tolist() == [1]  # who had read it keeps what was read


# -- columns ---------------------------------------------------------------------------------------


def test_every_column_is_read_only():
    made = history(SPACE, [{"x": 2.5, "n": 3, "a": "v"}], [1.5], reports=[(0, 1, 2.5)])
    columns = ["X", "Y", "G", "state", "number", "draw", "parent", "tag", "budget", "started",
               "finished", "owner", "step", "value"]  # fmt: skip

    for name in columns:
        assert not getattr(made, name).flags.writeable, name


def test_rows_are_encoded_anew_when_the_space_changes():
    made = fold(begin(), created(0, {"x": -3.0, "n": 2, "a": 0}), finished(0))
    assert made.X[0].tolist() == pytest.approx([0.0, 0.125, 1 / 6])

    made.apply(Event("grew", None, 1.0, {"space": WIDER.to_json()}))

    assert made.X[0, 0] == pytest.approx(27 / 39)
    assert made.X[0, 1] < 0  # 2 is below the new range
    assert np.isnan(made.X[0, 3])
    assert made.params(0) == {"x": -3.0, "n": 2, "a": "u"}


def test_a_parameter_may_be_added_by_itself():
    made = fold(begin(), created(0, {"x": 1.0}))

    made.apply(Event("grew", None, 1.0, {"parameters": {"z": {"float": [2, 6]}}}))
    made.apply(created(1, {"x": 1.0, "z": 3.0}))

    assert made.space.names == ("x", "n", "a", "z")
    assert made.X[:, 3].tolist() == pytest.approx([math.nan, 0.25], nan_ok=True)


def test_what_a_trial_asked_for_takes_the_place_of_what_was_proposed():
    made = fold(begin(), created(0, {"x": 3.0, "n": 4, "a": 1}), created(1, {"x": 9.0}))
    before = made.X.copy()

    made.apply(finished(0, params={"x": 3.0, "a": 2}))

    assert before[0].tolist() == pytest.approx([0.5, 0.625, 0.5])
    assert made.X[0].tolist() == pytest.approx([0.5, math.nan, 5 / 6], nan_ok=True)
    assert made.params(0) == {"x": 3.0, "a": "w"}
    assert made.tried({"x": 3.0, "a": 2}) == 0
    assert made.tried({"x": 3.0, "n": 4, "a": 1}) == 0  # would lead to the same
    assert made.tried({"x": 3.0}) is None


def test_a_lost_trial_counts_as_tried_only_when_it_was_tried_again():
    raw = {"x": 3.0, "n": 4, "a": 1}
    made = fold(begin(), created(0, raw), finished(0, "LOST"))
    assert made.tried(raw) is None
    assert made.retries() == [0]

    made.apply(created(1, raw, draw=0, parent=0))

    assert made.tried(raw) == 1
    assert made.retries() == []
    assert made.attempts(1) == made.attempts(0) == 2
    assert made.proposals == 1


def test_of_two_trials_alike_one_that_is_lost_does_not_hide_the_other():
    raw = {"x": 3.0}
    made = fold(begin(), created(0, raw), created(1, raw))
    assert made.tried(raw) == 0

    made.apply(finished(0, "LOST"))

    assert made.tried(raw) == 1


def test_seen_puts_a_retry_in_the_place_of_the_lost_trial():
    made = fold(
        begin(), created(0, {"x": 0.0}), created(1, {"x": 1.0}), created(2, {"x": 2.0}),
        finished(0, "LOST"), finished(1, loss=[-4.0]),
        Event("reported", 2, 1.0, {"step": 3, "loss": [8.5]}),
        Event("noted", 2, 1.0, {"facts": {"gpu": 1}}),
        created(3, {"x": 0.0}, draw=0, parent=0), finished(3, loss=[-6.0]),
    )  # fmt: skip

    seen = made.seen()

    assert seen.number.tolist() == [3, 1, 2]
    assert seen.draw.tolist() == [0, 1, 2]
    assert seen.Y[:, 0].tolist() == pytest.approx([-6.0, -4.0, math.nan], nan_ok=True)
    assert seen.owner.tolist() == [2]
    assert seen.facts(2) == {"gpu": 1}
    assert seen.best().tolist() == [0]
    assert seen.counts == [1, 2, 0, 0, 0]
    assert made.seen() is seen  # not made anew while nothing happens
    assert len(made) == 4


def test_seen_is_in_the_order_of_draws_where_numbers_are_not():
    params = [{"x": 1.5, "n": n, "a": "u"} for n in (3, 4, 5)]
    made = history(SPACE, params, [7.0, 8.0, 9.0], draws=[2, 0, 1])

    assert made.seen().number.tolist() == [1, 2, 0]
    assert made.seen().Y[:, 0].tolist() == [8.0, 9.0, 7.0]


def test_without_lost_trials_seen_is_the_history_itself():
    made = fold(begin(), created(0, {"x": 0.0}), finished(0))

    assert made.seen() is made


# -- at a step -----------------------------------------------------------------------------------


def test_at_a_step_every_trial_stands_as_it_was_then():
    reports = [(0, 1, 5.5), (1, 1, 6.5), (2, 1, 7.5), (3, 1, math.nan), (0, 3, 4.5), (2, 3, 8.5),
               (0, 1, 5.0), (5, 1, -99.0)]  # fmt: skip
    states = ["DONE", "DONE", "STOPPED", "RUNNING", "FAILED", "LOST", "RUNNING"]
    made = history(SPACE, [{"x": 1.5, "n": 3, "a": "u"}] * 7, [2.5] * 7, states, reports=reports)

    first, third = made.at(1), made.at(3)

    def named(h):
        return [State(s).name for s in h.state]

    assert named(first) == ["DONE", "DONE", "DONE", "FAILED", "FAILED", "LOST", "RUNNING"]
    assert first.Y[:3, 0].tolist() == [5.0, 6.5, 7.5]  # of two reports the later
    assert np.isnan(first.Y[3:]).all()
    assert first.step.max() == 1
    assert named(third) == ["DONE", "RUNNING", "DONE", "RUNNING", "FAILED", "LOST", "RUNNING"]
    assert third.best(9).tolist() == [0, 2]
    assert first.counts == [1, 3, 0, 2, 1]
    assert made.Y[0, 0] == 2.5  # the history itself is as it was


def test_halted_a_trial_that_runs_counts_with_what_it_told():
    reports = [(0, 1, 5.5), (1, 1, 6.5), (1, 2, 6.0), (2, 1, 7.5)]
    states = ["RUNNING", "DONE", "STOPPED", "RUNNING", "LOST"]
    made = history(SPACE, [{"x": 1.5, "n": 3, "a": "u"}] * 5, [2.5] * 5, states, reports=reports)

    halted = made.halted()

    expected = ["STOPPED", "DONE", "STOPPED", "RUNNING", "LOST"]
    assert [State(s).name for s in halted.state] == expected
    assert halted.curve(0)[1].tolist() == [[5.5]]
    assert halted.counts == [1, 1, 2, 0, 1]
    assert halted.halted() is halted  # nobody is left who has told anything
    assert made.counts == [2, 1, 1, 0, 1]  # the history itself is as it was


# -- queue, notes, what is no log ------------------------------------------------------------------


def test_the_queue_is_taken_from_its_front():
    made = fold(begin(), *(Event("queued", None, 1.0, {"params": {"n": n}}) for n in (3, 4, 5)))
    assert [entry["queued"] for entry in made.queue] == [0, 1, 2]

    made.apply(created(0, {"n": 3}, queued=0))
    made.apply(Event("queued", None, 1.0, {"params": {"n": 2}}))
    made.apply(created(1, {"n": 4}, queued=1))

    assert [(entry["queued"], entry["params"]["n"]) for entry in made.queue] == [(2, 5), (3, 2)]


def test_notes_seconds_metrics_and_errors():
    made = fold(
        begin(), created(0, {"x": 1.0}), created(1, {"x": 2.0}, owner="me"), created(2, {"x": 3.0}),
        Event("noted", None, 1.0, {"facts": {"data": "wine"}}),
        Event("noted", 1, 1.0, {"facts": {"gpu": 0, "a": 1}}),
        Event("noted", 1, 1.0, {"facts": {"gpu": 3}}),
        Event("reported", 1, 1.0, {"step": 2, "loss": [2.5], "metrics": {"auc": 0.75}}),
        finished(0, seconds=0.25, metrics={"auc": 0.5}),
        Event("finished", 2, 14.5, {"state": "FAILED", "error": {"kind": "ValueError"}}),
    )  # fmt: skip

    assert made.notes == {"data": "wine"}
    assert made.facts(1) == {"gpu": 3, "a": 1}
    assert made.facts(0) == {}
    assert made.reported(1) == {2: {"auc": 0.75}}
    assert made.reported(0) == {}
    assert made.created(1)["owner"] == "me"
    assert made.metrics(0) == {"auc": 0.5}
    assert made.error(2) == {"kind": "ValueError"}
    assert made.error(0) is None
    assert made.seconds(0) == 0.25
    assert made.seconds(2) == 2.5
    assert math.isnan(made.seconds(1))


@pytest.mark.parametrize(
    "event",
    [
        Event("dreamt", 0, 1.0, {}),
        created(5, {"x": 1.0}),
        finished(3),
        finished(0, "MAYBE"),
        Event("reported", 9, 1.0, {"step": 1, "loss": [2.5]}),
        Event("reported", 0, 1.0, {"step": 1}),
        Event("created", 1, 1.0, {"params": {}}),
    ],
)
def test_an_event_that_cannot_follow_is_an_error_that_says_what_to_do(event):
    made = fold(begin(), created(0, {"x": 1.0}))

    with pytest.raises(StoreError, match=r"at its event 3.*pip install -U luthier"):
        made.apply(event)


def test_columns_grow_by_doubling():
    """Columns grow by doubling: appending does not copy everything again and again."""
    made = fold(begin(), created(0, {"x": 1.0}))
    arrays = set()
    for step in range(5000):
        made.apply(Event("reported", 0, 1.0, {"step": step, "loss": [2.5]}))
        arrays.add(id(made._reports._arrays["step"]))

    assert len(arrays) < 12
    assert made.step.tolist() == list(range(5000))


# -- what running has shown ------------------------------------------------------------------------


def test_a_condition_that_trials_have_shown_is_in_the_space_and_its_trials_go_on():
    made = fold(begin())
    assert made.learned() is made
    for i, a in enumerate((0, 1, 0, 1)):
        made.apply(created(i, {"x": 3.0, "n": 4, "a": a}))
        assert made.learned() is made
    space = SPACE.grow(z=Float(2, 7))
    made.apply(Event("grew", None, 1.0, {"space": space.to_json()}))
    for i, a in enumerate((0, 1, 0, 1)):
        asked = {"x": 3.0, "n": 4, "a": a, **({"z": 6.0} if a else {})}
        made.apply(finished(i, params=asked))

    learned = made.learned()

    assert learned.space == space.grow(z=Float(2, 7, when={"a": ["v", "w"]}))
    np.testing.assert_array_equal(learned.X, made.X)
    made.apply(created(4, {"x": 9.0, "n": 2, "a": 0}))
    made.apply(finished(4, loss=(0.5,)))
    assert made.learned() is learned
    assert learned.Y[:, 0].tolist() == made.Y[:, 0].tolist()
    made.apply(created(5, {"x": 0.0, "n": 2, "a": 0}))
    made.apply(finished(5, params={"x": 0.0, "n": 2, "a": 0, "z": 3.0}))
    assert made.learned() is made  # it was wrong


def test_a_trial_that_was_stopped_before_it_reported_shows_no_condition():
    asked, more = {"x": 3.0, "n": 4}, {"x": 3.0, "n": 4, "a": 1}
    made = fold(begin(), *(created(i, more if i % 2 else asked) for i in range(8)))
    for i in range(0, 8, 2):
        made.apply(finished(i, "STOPPED", params={"n": 2}))
        made.apply(finished(i + 1, params={"n": 4, "a": 1}))

    assert made.learned() is made
    made.apply(told(0, 1, 2.0))
    assert made.learned().space["a"].when == {"n": (3, 4, 5)}
