"""The deadline of a call, against a server whose answer never ends."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from fraudstream import AsyncFraudDetector, FraudDetector
from fraudstream.sdk.sdk_errors import NoAnswerError

DEADLINE_S = 0.3


@pytest.fixture(name="url")
def fixture_url() -> Iterator[str]:
    """Serve an answer that arrives a byte at a time, faster than any timeout between two bytes."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener, stop))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        stop.set()
        thread.join()


def drip(listener: socket.socket, stop: threading.Event) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        try:
            while not stop.wait(0.01):
                connection.sendall(b" ")
        except OSError:
            return


def test_the_deadline_covers_an_answer_that_trickles(url: str) -> None:
    began_s = time.monotonic()
    with (
        FraudDetector(url, timeout_s=DEADLINE_S) as detector,
        pytest.raises(NoAnswerError, match="may have acted on the request") as lost,
    ):
        detector.predict({})
    assert lost.value.may_be_done
    assert DEADLINE_S <= time.monotonic() - began_s < 10 * DEADLINE_S


def test_it_covers_it_in_the_asynchronous_detector_too(url: str) -> None:
    async def use() -> None:
        async with AsyncFraudDetector(url, timeout_s=DEADLINE_S) as detector:
            await detector.predict({})

    began_s = time.monotonic()
    with pytest.raises(NoAnswerError):
        asyncio.run(use())
    assert DEADLINE_S <= time.monotonic() - began_s < 10 * DEADLINE_S
