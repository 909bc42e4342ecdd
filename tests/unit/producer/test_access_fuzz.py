"""Arbitrary variables and key files of the transaction API's clients: a client, or an error in words."""

from pathlib import Path

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from producer.client import ApiError, TransactionClient
from producer.record_source import api_access
from producer.source_api import ApiAccess
from tests.fuzz_budget import examples
from tests.mutations import damaged
from tests.refusals import Refusal, outcome

MARK = "Zq7vKd2mWz4R"
"""Part of every secret."""
URLS = st.one_of(
    st.just("http://127.0.0.1:8000"),
    st.text(max_size=12).map("http://".__add__),
    damaged(b"https://bank.example:8000/a?b=c").map(lambda data: data.decode("utf-8", "replace")),
    st.sampled_from(
        (
            *(
                "",
                "http://",
                "http://[",
                "http://[::1]",
                "http://a:b",
                "http://a:99999",
                "http://:80",
                "http://a b",
            ),
            *(
                "HTTP://a",
                f"ftp://user:{MARK}@a",
                f"http://user:{MARK}@[",
                "http://\x1b",
            ),
            *("http://xn--", "http://a..b", "http://😀.example", "http://a\nb"),
        )
    ),
)
KEYS = st.tuples(st.text(max_size=5), st.sampled_from((MARK, f"tx_{MARK}\n", f"{MARK}\r\nX-Other: 1"))).map(
    "".join
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("access")


def answer(request: httpx.Request) -> httpx.Response:
    # Whatever HTTP/1.1 allows in a header.
    assert all(value.isascii() and value.decode().isprintable() for _, value in request.headers.raw)
    return httpx.Response(401, json={"title": "unknown"})


FILES = st.tuples(
    st.sampled_from(("key", "key", "none", ".", "a\0b", "a" * 5_000, "key/x")),
    KEYS.map(str.encode) | st.binary(max_size=20).map(MARK.encode().__add__),
)


@examples(200)
@given(url=URLS, key=st.none() | KEYS, token=st.none() | KEYS, file=st.none() | FILES)
@example(url="http://a", key=None, token=None, file=("key", b"k\n"))
@example(url="http://a", key=None, token=None, file=("key", b"\xff"))
@example(url="http://a", key="a\nb", token=None, file=None)
def test_any_variables_give_a_client_or_an_error_without_a_secret(
    folder: Path, url: str, key: str | None, token: str | None, file: tuple[str, bytes] | None
) -> None:
    variables = {"TRANSACTION_API_URL": url, "TRANSACTION_API_KEY": key, "TRANSACTION_API_TOKEN": token}
    if file is not None:
        (folder / "key").write_bytes(file[1])
        variables["TRANSACTION_API_KEY_FILE"] = str(folder / file[0])
    access = outcome(lambda: ApiAccess.from_variables(variables), ValueError)
    if isinstance(access, Refusal):
        assert "TRANSACTION_API_" in access.message
        assert MARK not in access.message
        return
    transport = httpx.MockTransport(answer)
    client = TransactionClient(access.url, api_key=access.api_key, token=access.token, transport=transport)
    with client, pytest.raises(ApiError):
        client.status()


@examples(60)
@given(content=damaged(b"TRANSACTION_API_URL=http://a\nTRANSACTION_API_KEY='k'\n") | st.binary(max_size=40))
def test_any_bytes_as_a_settings_file_give_access_or_an_error(folder: Path, content: bytes) -> None:
    path = folder / ".env"
    path.write_bytes(content)
    access = outcome(lambda: api_access(path), ValueError)
    if isinstance(access, Refusal):
        assert "TRANSACTION_API_" in access.message or str(path) in access.message
