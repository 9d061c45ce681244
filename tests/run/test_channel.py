import json
import socket
import threading
from contextlib import closing, contextmanager

import pytest
from objectives import Recorder

from luthier.errors import LuthierError, StudyError
from luthier.run import hub as hubs
from luthier.run.channel import Caller, Dial, answer
from luthier.run.hub import Hub, addresses


@contextmanager
def calling(line, *, local=True):
    with (
        closing(Hub(line, local=local)) as hub,
        closing(Dial(hub.hosts, hub.port, hub.token)) as dial,
        Caller(dial) as caller,
    ):
        yield hub, caller


def raw(hub, data):
    """What the hub answers to bytes from a stranger."""
    with socket.create_connection(("127.0.0.1", hub.port), 60) as stranger:
        try:
            stranger.sendall(data)
            return stranger.makefile("rb").read()
        except ConnectionError:
            return b""


@pytest.mark.parametrize("local", [True, False])
def test_a_report_is_answered_by_the_line(local):
    line = Recorder()

    with calling(line, local=local) as (_, caller):
        answers = [caller.report(3, 1, [-2.5], {"size": 7}), caller.report(3, 2, [50.0], {})]
        asked = caller.should_stop(3)
        caller.note(3, {"colour": "blue"})

    assert answers == [False, True]
    assert asked
    assert line.reports == [(3, 1, [-2.5], {"size": 7}), (3, 2, [50.0], {})]
    assert line.notes == [(3, {"colour": "blue"})]


def test_nan_and_odd_letters_arrive_unchanged():
    line = Recorder()

    with calling(line) as (_, caller):
        caller.report(3, 1, [float("-inf")], {"ü\n\ud800": float("nan")})

    (metrics,) = [report[3] for report in line.reports]
    assert list(metrics) == ["ü\n\ud800"]
    assert metrics["ü\n\ud800"] != metrics["ü\n\ud800"]


def test_what_the_line_raises_reaches_the_trial():
    with (
        calling(Recorder()) as (_, caller),
        pytest.raises(LuthierError, match="OSError: the store is full"),
    ):
        caller.note(3, {"refuse": True})


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\n",
        b"\x80\x04garbage\xff\n" * 9,
        b"x" * 6_000_000,
        b"",
    ],
)
def test_strangers_get_no_answer_and_do_no_harm(data):
    line = Recorder()

    with calling(line) as (hub, caller):
        got = b"" if data == b"" else raw(hub, data)
        assert caller.report(3, 1, [1.5], {}) is False

    assert got == b""
    assert len(line.reports) == 1


def test_a_wrong_token_is_refused():
    line = Recorder()
    message = b'{"report": 3, "step": 1, "loss": [1.5], "metrics": {}}\n'

    with closing(Hub(line, local=True)) as hub:
        refused = raw(hub, hub.token[:-1].encode() + b"\n" + message)

    assert refused == b""
    assert line.reports == []


@pytest.mark.parametrize(
    "message",
    [
        b"{}",
        b"[]",
        b"null",
        b"not json",
        b"[" * 100_000,
        b'{"report": "3", "step": 1, "loss": [1.5], "metrics": {}}',
        b'{"note": 3, "facts": [1]}',
        b'{"ask": null}',
        b"x" * 5_000_000,
    ],
)
def test_garbage_after_the_token_ends_that_connection_alone(message):
    line = Recorder()

    with calling(line) as (hub, caller):
        got = raw(hub, hub.token.encode() + b"\n" + message + b"\n")
        assert caller.report(3, 1, [1.5], {}) is False

    assert got == b""


def test_a_stranger_who_says_nothing_is_dropped(monkeypatch):
    monkeypatch.setattr(hubs, "PATIENCE", 0.05)

    with closing(Hub(Recorder(), local=True)) as hub:
        assert raw(hub, b"") == b""


def test_a_local_hub_cannot_be_reached_from_outside():
    with closing(Hub(Recorder(), local=True)) as hub:
        assert hub._socket.getsockname()[0] == "127.0.0.1"
        assert hub.hosts == ("127.0.0.1",)


class Broken:
    def write(self, data):
        raise BrokenPipeError

    def close(self):
        pass


def test_a_connection_that_broke_is_made_again():
    line = Recorder()

    with closing(Hub(line, local=True)) as hub:
        dial = Dial(hub.hosts, hub.port, hub.token)
        caller = Caller(dial)
        caller.report(3, 1, [1.5], {})
        dial._stream.close()
        dial._stream = Broken()
        caller.report(3, 2, [1.5], {})
        dial.close()

    assert [report[1] for report in line.reports] == [1, 2]


def test_a_driver_that_is_gone_is_named():
    with closing(Hub(Recorder(), local=True)) as hub:
        port = hub.port
    caller = Caller(Dial(("127.0.0.1",), port, "token"))

    with pytest.raises(StudyError, match="LUTHIER_ADDRESS"):
        caller.report(3, 1, [1.5], {})


def test_the_address_can_be_given(monkeypatch):
    monkeypatch.setenv("LUTHIER_ADDRESS", "driver.example")

    assert addresses() == ("driver.example",)


def test_many_callers_at_once_are_all_answered():
    line = Recorder()

    def call(number):
        with closing(Dial(hub.hosts, hub.port, hub.token)) as dial, Caller(dial) as caller:
            for step in range(20):
                caller.report(number, step, [1.5], {})

    with closing(Hub(line, local=True)) as hub:
        threads = [threading.Thread(target=call, args=[i]) for i in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(r[:2] for r in line.reports) == [(i, s) for i in range(30) for s in range(20)]


def test_a_trial_that_is_over_says_nothing_more():
    line = Recorder()
    with Caller(lambda message: answer(line, json.loads(message))) as caller:
        caller.note(3, {"colour": "blue"})

    with pytest.raises(StudyError, match="the trial is over"):
        caller.note(3, {"colour": "red"})


def test_a_second_close_is_allowed():
    hub = Hub(Recorder(), local=True)

    hub.close()
    hub.close()
