"""Profile stores behind a network that fail: an error names the store and the remedy, in time."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pg8000.native
import pytest
import redis
from pydantic import SecretStr

from fraudstream.profiles.profile_store_factory import profile_store
from fraudstream.profiles.store_protocol import ProfileInventory, ProfileStoreError
from fraudstream.profiles.store_urls import parse_store_url
from tests.profile_servers import ENCODED_PASSWORD, PASSWORD, free_port, silent_server
from tests.unit.profiles.profile_samples import NOW_MS, progress, row

TIMEOUT_S = 0.2
SERVERS = ("postgresql", "redis")
SERVER_URLS = {
    "postgresql": "postgresql://bank:{password}@127.0.0.1:{port}/postgres",
    "redis": "redis://:{password}@127.0.0.1:{port}/0",
}
USES: dict[str, Callable[[ProfileInventory], object]] = {
    "read": lambda store: store.read([row().key]),
    "progress": lambda store: store.progress(),
    "write": lambda store: store.write([row()], NOW_MS),
    "report": lambda store: store.report(progress()),
    "counts": lambda store: store.counts(),
}


def opened(url: str, timeout_s: float = TIMEOUT_S) -> ProfileInventory:
    return profile_store(SecretStr(url), timeout_s=timeout_s)


def server_url(scheme: str, port: int) -> str:
    return SERVER_URLS[scheme].format(password=ENCODED_PASSWORD, port=port)


def check_error(use: Callable[[], object], reason: str) -> None:
    with pytest.raises(
        ProfileStoreError, match=rf"the profile store .*127\.0\.0\.1:\d+/.*{reason}"
    ) as raised:
        use()
    for secret in (PASSWORD, ENCODED_PASSWORD):
        assert secret not in str(raised.value)


@pytest.mark.parametrize("scheme", SERVERS)
@pytest.mark.parametrize("use", USES)
def test_an_unreachable_server_is_an_error(scheme: str, use: str) -> None:
    with closing(opened(server_url(scheme, free_port()))) as store:
        check_error(lambda: USES[use](store), "refused.*check that (PostgreSQL|Redis) runs there")


@pytest.mark.parametrize("scheme", SERVERS)
def test_a_wrong_password_is_an_error_without_it(scheme: str, request: pytest.FixtureRequest) -> None:
    url: str = request.getfixturevalue("postgres_server" if scheme == "postgresql" else "redis_server")
    wrong = url.replace(ENCODED_PASSWORD, "hunter2")
    with closing(opened(wrong, timeout_s=5.0)) as store:
        for use in USES.values():
            with pytest.raises(ProfileStoreError, match=r"check the user.* the password") as raised:
                use(store)
            assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("scheme", SERVERS)
@pytest.mark.parametrize("use", ["read", "write"])
def test_a_server_that_never_answers_is_an_error_at_the_deadline(scheme: str, use: str) -> None:
    with silent_server() as port, closing(opened(server_url(scheme, port))) as store:
        began_s = time.monotonic()
        check_error(lambda: USES[use](store), "")
        assert time.monotonic() - began_s < 3 * TIMEOUT_S


@pytest.fixture
def dripping_port() -> Iterator[int]:
    """Serve connections that get a byte every 50 ms for ever, which no timeout of a read notices."""
    ended = threading.Event()

    def drip(connection: socket.socket) -> None:
        with connection:
            while not ended.wait(0.05):
                try:
                    connection.send(b"*")
                except OSError:
                    return

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=drip, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        ended.set()
        listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("scheme", SERVERS)
def test_a_server_that_answers_byte_by_byte_is_an_error_at_the_deadline(
    scheme: str, dripping_port: int
) -> None:
    with closing(opened(server_url(scheme, dripping_port))) as store:
        began_s = time.monotonic()
        check_error(lambda: USES["read"](store), "")
        assert time.monotonic() - began_s < 3 * TIMEOUT_S


@pytest.mark.parametrize("scheme", SERVERS)
@pytest.mark.parametrize(
    "said", [b"X\0\0\0\x08abcd", b"R\0\0\0\x05a", b"HTTP/1.1 400 Bad Request\r\n\r\n", b""]
)
def test_a_server_of_another_protocol_is_an_error(scheme: str, said: bytes) -> None:
    def answer() -> None:
        connection, _ = listening.accept()
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        time.sleep(TIMEOUT_S)
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        answering = threading.Thread(target=answer, daemon=True)
        answering.start()
        with closing(opened(server_url(scheme, listening.getsockname()[1]))) as store:
            check_error(lambda: store.read([row().key]), "")
        answering.join()


def test_another_layout_in_postgresql_is_refused(postgres_database: str) -> None:
    opened(postgres_database, 5.0).write([row()], NOW_MS)
    url = parse_store_url(SecretStr(postgres_database))
    connection = pg8000.native.Connection("bank", "127.0.0.1", url.path, url.port, PASSWORD)
    connection.run("UPDATE fraudstream.meta SET value = '2'")
    connection.close()
    check_layout_refused(postgres_database)


def test_another_layout_in_redis_is_refused(redis_database: str) -> None:
    url = parse_store_url(SecretStr(redis_database))
    with redis.Redis(port=url.port, password=PASSWORD) as client:
        client.hset("fraudstream:meta", "layout", "2")
    check_layout_refused(redis_database)


def check_layout_refused(url: str) -> None:
    for use in ("read", "progress", "write", "report"):
        with closing(opened(url, 5.0)) as store:
            check_error(lambda: USES[use](store), "layout '2', this release reads and writes '1'")  # noqa: B023 - called at once


def test_postgresql_without_tables_is_an_error_for_a_reader(postgres_database: str) -> None:
    with closing(opened(postgres_database, 5.0)) as store:
        check_error(lambda: store.read([row().key]), "has no tables: start the job")


def test_a_connection_that_postgresql_closed_while_it_was_idle_is_renewed(postgres_database: str) -> None:
    with closing(opened(postgres_database, 5.0)) as store:
        store.write([row()], NOW_MS)
        assert store.read([row().key]) == [row()]
        url = parse_store_url(SecretStr(postgres_database))
        other = pg8000.native.Connection("bank", "127.0.0.1", url.path, url.port, PASSWORD)
        other.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fraudstream'"
        )
        other.close()
        assert store.read([row().key]) == [row()]


def test_a_connection_that_redis_closed_while_it_was_idle_is_renewed(redis_database: str) -> None:
    with closing(opened(redis_database, 5.0)) as store:
        store.write([row()], NOW_MS)
        url = parse_store_url(SecretStr(redis_database))
        with redis.Redis(port=url.port, password=PASSWORD) as client:
            client.client_kill_filter(_type="normal", skipme=True)
        assert store.read([row().key]) == [row()]


def test_a_store_is_used_again_after_a_missed_deadline(redis_database: str) -> None:
    url = parse_store_url(SecretStr(redis_database))
    with closing(opened(redis_database)) as store, redis.Redis(port=url.port, password=PASSWORD) as client:
        store.write([row()], NOW_MS)
        client.client_pause(int(2_000 * TIMEOUT_S))
        check_error(lambda: store.read([row().key]), "")
        client.client_unpause()
        assert store.read([row().key]) == [row()]


def test_a_call_that_missed_its_deadline_leaves_the_next_one_a_connection_of_its_own(
    postgres_database: str,
) -> None:
    url = parse_store_url(SecretStr(postgres_database))
    other = pg8000.native.Connection("bank", "127.0.0.1", url.path, url.port, PASSWORD)
    with closing(opened(postgres_database, 1.0)) as store:
        store.write([row()], NOW_MS)
        other.run("BEGIN")
        other.run("LOCK TABLE fraudstream.profiles")
        for _ in range(2):
            check_error(lambda: store.read([row().key]), "")
        assert store.progress() == []
        other.run("COMMIT")
        assert store.read([row().key]) == [row()]
    other.close()


def test_a_password_is_not_sent_to_a_server_without_the_tls_that_the_url_demands(
    postgres_server: str,
) -> None:
    with closing(opened(f"{postgres_server}?sslmode=verify-full", 5.0)) as store:
        check_error(lambda: store.read([row().key]), "refuses SSL")


def test_a_missing_driver_is_an_error_that_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "fraudstream.profiles.redis_profiles", None)
    with pytest.raises(ProfileStoreError, match=re.escape("redis://:***@h:6379/0 needs the Python package")):
        opened("redis://:hunter2@h/0")
