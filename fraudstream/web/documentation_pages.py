"""Pages ``/docs`` (Swagger UI) and ``/redoc`` (ReDoc); their scripts are served here, not from a CDN.

The scripts come with the package fastapi-offline. The policies of the pages keep a script from anywhere else
from running, and what is typed into a page from going anywhere else.
"""

import base64
import hashlib
import html
from collections.abc import Awaitable, Callable
from importlib.resources import files
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse, Response

ASSETS: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "redoc.standalone.js": "text/javascript",
}
"""Media types of the files by name."""
ASSETS_PATH: Final = "/docs/assets/"
DOCUMENTATION_PATHS: Final = frozenset({"/docs", "/redoc"} | {ASSETS_PATH + name for name in ASSETS})
_START: Final = (
    'SwaggerUIBundle({url: "openapi.json", dom_id: "#page", deepLinking: true, validatorUrl: null})'
)
_START_HASH: Final = base64.b64encode(hashlib.sha256(_START.encode()).digest()).decode()
_POLICY: Final = (
    "default-src 'none'; connect-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
)
SWAGGER_POLICY: Final = f"{_POLICY}script-src 'self' 'sha256-{_START_HASH}'"
REDOC_POLICY: Final = f"{_POLICY}script-src 'self'; worker-src blob:"
"""ReDoc searches in a worker that it makes of its own script."""
CACHE: Final = "public, max-age=86400"


def documentation_router(title: str) -> APIRouter:
    """Return a router with both pages and their files; it is not in the OpenAPI document, which they show."""
    router = APIRouter(include_in_schema=False)
    swagger = _page(
        title,
        '<link rel="stylesheet" href="docs/assets/swagger-ui.css">',
        '<div id="page"></div><script src="docs/assets/swagger-ui-bundle.js"></script>'
        f"<script>{_START}</script>",
    )
    redoc = _page(
        title,
        "",
        '<redoc spec-url="openapi.json"></redoc><script src="docs/assets/redoc.standalone.js"></script>',
    )

    @router.get("/docs")
    async def swagger_ui() -> Response:
        return HTMLResponse(swagger, headers={"Content-Security-Policy": SWAGGER_POLICY})

    @router.get("/redoc")
    async def redoc_page() -> Response:
        return HTMLResponse(redoc, headers={"Content-Security-Policy": REDOC_POLICY})

    for name, media_type in ASSETS.items():
        router.add_api_route(ASSETS_PATH + name, _asset(name, media_type))
    return router


def _page(title: str, head: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{head}</head>'
        f"<body>{body}</body></html>"
    )


def _asset(name: str, media_type: str) -> Callable[[], Awaitable[Response]]:
    path = Path(str(files("fastapi_offline").joinpath("static", name)))

    async def asset() -> Response:
        return FileResponse(path, media_type=media_type, headers={"Cache-Control": CACHE})

    return asset
