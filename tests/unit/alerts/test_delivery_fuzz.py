"""Arbitrary records on the alert stream and answers of a webhook: nothing is lost, nothing fails."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr

from alerts.handlers.webhook import WebhookHandler
from alerts.messages import UnreadableError, parse
from alerts.store.sqlite import SqliteStore
from fraudstream.domain.alert import Alert
from fraudstream.streams.protocols import StreamRecord
from tests.fuzz_budget import examples
from tests.mutations import MANY_DEEP, VALUES, changed, damaged
from tests.unit.alerts.alert_fakes import FakeHandler, RetainingKinesis, Stage
from tests.unit.alerts.alert_samples import alert, review, summary
from tests.unit.alerts.test_webhook_answers import one_alert, raw_server

DAY_MS = 86_400_000
FIRST_SCHEMA = json.dumps(
    {
        name: value
        for name, value in json.loads(alert(1)).items()
        if name not in {"schema_version", "model_digest"}
    }
).encode()
RECORDS = (
    st.integers(0, 5).map(alert)
    | changed(alert(1))
    | changed(review(1))
    | changed(summary(1))
    | changed(FIRST_SCHEMA)
    | damaged(alert(2))
    | damaged(review(2))
    | MANY_DEEP
    | st.binary(max_size=60)
    | VALUES.map(lambda value: json.dumps(value).encode())
)


def id_of(data: bytes) -> str | None:
    """Return the id of an alert, None if the record is none."""
    try:
        return parse(StreamRecord(data, "key", "s0", "1", 0), Alert).message.alert_id
    except UnreadableError:
        return None


@examples(80)
@given(records=st.lists(RECORDS, min_size=1, max_size=10), batch_size=st.integers(1, 4))
@example(records=[FIRST_SCHEMA, alert(1), review(1), summary(1), b"", b"\xff"], batch_size=2)
def test_each_record_is_delivered_a_duplicate_or_in_the_file_and_the_next_run_starts_behind_it(
    records: list[bytes], batch_size: int
) -> None:
    kinesis = RetainingKinesis("s0")
    kinesis.write("s0", *records)
    handler = FakeHandler(batch_size=batch_size)
    with TemporaryDirectory() as name:
        store = SqliteStore(Path(name) / "store.sqlite", "Alerts/test", keep_ids_ms=DAY_MS)
        stage = Stage(kinesis, store, handler, Path(name))
        delivery = stage.delivery()
        while delivery.step():
            pass
        delivery.save()
        counts = delivery.counts
        refused = (Path(name) / "refused.jsonl").read_bytes().splitlines()
        ids = [id_of(data) for data in records]
        assert counts.handled + counts.doubled + counts.unreadable == len(records)
        assert counts.unreadable == ids.count(None) == len(refused)
        assert set(handler.got) <= set(ids)
        assert max(Counter(handler.got).values(), default=0) <= 1
        assert stage.delivery().step() == 0
        assert len(handler.got) == counts.handled
        store.close()


# ---- answers of a webhook ----

HEADS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    b"HTTP/1.1 308 Moved\r\nLocation: http://[::1/\r\nSet-Cookie: a=1\r\nConnection: close\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 400 Bad\r\nContent-Length: 1\r\n\r\nx",
]
WAITS = st.sampled_from(
    (
        *("", "-1", "7.5", "\u00b2", "soon", "Fri, 31 Feb 2026 00:00:00 GMT"),
        "9" * 400,
        "1 Jan 0001 00:00:00 +2359",
    )
) | st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=12)


def slowed(wait: str) -> bytes:
    return b"HTTP/1.1 503 Later\r\nContent-Length: 0\r\nRetry-After: %s\r\n\r\n" % wait.encode("latin-1")


class Answering:
    """A server that sends the same bytes to every request until they are changed."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answer = b""


@pytest.fixture(scope="module")
def server() -> Iterator[Answering]:
    answering = Answering("")
    with raw_server(lambda connection, _over: connection.sendall(answering.answer)) as url:
        answering.url = url
        yield answering


@examples(70)
@given(raw=st.binary(max_size=200) | st.sampled_from(HEADS).flatmap(damaged) | WAITS.map(slowed))
@example(raw=slowed("soon"))
@example(raw=b"HTTP/1.1 100 Continue\r\n\r\n" * 50)
@example(raw=b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
def test_any_answer_of_a_webhook_delivers_refuses_or_retries_within_its_deadline(
    server: Answering, raw: bytes
) -> None:
    server.answer = raw
    each = one_alert()
    handler = WebhookHandler(
        server.url, SecretStr("0123456789abcdef0123456789abcdef"), now_s=lambda: 1_767_312_000.0, deadline_s=5
    )
    began_s = time.monotonic()
    outcome = handler.handle([each])
    handler.close()
    assert time.monotonic() - began_s < 60
    assert len(outcome.refused) + len(outcome.again) <= 1
    assert all(refusal.reason for refusal in outcome.refused)
    assert not outcome.again or outcome.problem
    assert 0 <= outcome.retry_after_s <= 30
    assert "\x1b" not in outcome.problem + "".join(refusal.reason for refusal in outcome.refused)
