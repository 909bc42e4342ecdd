"""Documentation pages and the headers that tell browsers what they may do."""

import asyncio
import re

import httpx
import pytest

from tests.unit.web.tiny_service import client_of, tiny_app


def get(path: str) -> httpx.Response:
    async def fetch() -> httpx.Response:
        async with client_of(tiny_app()) as client:
            return await client.get(path)

    return asyncio.run(fetch())


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_a_page_loads_nothing_from_another_host(path: str) -> None:
    page = get(path)
    assert "//" not in page.text
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "http" not in policy
    assert "unsafe-inline" not in policy.partition("script-src")[2]
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert links
    for link in links:
        asset = get(f"/{link}")
        assert asset.status_code == 200
        assert len(asset.content) > 10_000
        assert asset.headers["Cache-Control"] == "public, max-age=86400"


def test_other_responses_may_be_neither_framed_nor_stored_nor_guessed_at() -> None:
    for path in ("/health", "/notes/1", "/nothing", "/broken", "/metrics"):
        headers = get(path).headers
        assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'", path
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["Cache-Control"] == "no-store", path
        assert "Strict-Transport-Security" not in headers, path


def test_the_pages_are_not_in_the_document_that_they_show() -> None:
    assert not [path for path in get("/openapi.json").json()["paths"] if "docs" in path]
