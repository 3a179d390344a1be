"""Style sheets, scripts and icons, served from memory."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from litestar import Response, get
from litestar.enums import MediaType
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK, HTTP_304_NOT_MODIFIED

from domain.errors import NotFound
from entrypoints.web.access import PUBLIC
from entrypoints.web.dependencies import PageRequest

FOLDER = Path(__file__).parent / "static"
PREFIX = "/static"

_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "public, no-cache"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it leaves."""

    content: bytes
    media_type: str
    etag: str


@dataclass(frozen=True, slots=True)
class Assets:
    """All files by their path below `static`. `version` changes with any of them and is part of every address:

    so that modules, which import each other by relative paths, never mix two versions, and may be cached for ever.
    """

    files: dict[str, Asset]
    version: str

    def url(self, path: str) -> str:
        """The address of a file; raises `KeyError` for one that is not there."""
        if path not in self.files:
            raise KeyError(f"static/{path} does not exist")
        return f"{PREFIX}/{self.version}/{path}"


@cache
def assets() -> Assets:
    """What the folder holds, read once."""
    files = {
        path.relative_to(FOLDER).as_posix(): _asset(path) for path in sorted(FOLDER.rglob("*")) if path.suffix in _TYPES
    }
    together = sha256("".join(f"{name} {asset.etag}\n" for name, asset in files.items()).encode())
    return Assets(files, together.hexdigest()[:12])


def static_handlers() -> list[HTTPRouteHandler]:
    """The route of all files."""
    return [static_file, favicon]


@get(f"{PREFIX}/{{version:str}}/{{file_path:path}}", opt=PUBLIC, include_in_schema=False)
async def static_file(request: PageRequest, version: FromPath[str], file_path: FromPath[str]) -> Response[bytes]:
    """One file. An address with an older version still works, and is asked about each time."""
    known = assets()
    asset = known.files.get(str(file_path).lstrip("/"))
    if asset is None:
        raise NotFound("There is no such file.")
    return _answer(request, asset, _FOR_EVER if version == known.version else _ASK_AGAIN)


@get("/favicon.ico", opt=PUBLIC, include_in_schema=False)
async def favicon(request: PageRequest) -> Response[bytes]:
    """The icon, for whatever asks for it by its old name."""
    return _answer(request, assets().files["icons/guildhall.svg"], _ASK_AGAIN)


def _answer(request: PageRequest, asset: Asset, caching: str) -> Response[bytes]:
    headers = {"ETag": asset.etag, "Cache-Control": caching}
    asked = request.headers.get("if-none-match", "")
    if asset.etag in {tag.strip().removeprefix("W/") for tag in asked.split(",")}:
        return Response(b"", status_code=HTTP_304_NOT_MODIFIED, headers=headers, media_type=MediaType.TEXT)
    return Response(asset.content, status_code=HTTP_200_OK, headers=headers, media_type=asset.media_type)


def _asset(path: Path) -> Asset:
    content = path.read_bytes()
    return Asset(content, _TYPES[path.suffix], f'"{sha256(content).hexdigest()[:20]}"')
