"""Reading request bodies: strict JSON in UTF-8, into the struct that the handler names."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, ClassVar

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.status_codes import HTTP_408_REQUEST_TIMEOUT, HTTP_415_UNSUPPORTED_MEDIA_TYPE

from domain.errors import FieldError, Invalid, Malformed
from domain.identity import Actor
from entrypoints.http.refusals import refused_value


@asynccontextmanager
async def body_within(seconds: float) -> AsyncIterator[None]:
    """Read a body in this block; raises a 408 when that takes longer."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        detail = f"The body did not arrive within {seconds:g} s."
        raise HTTPException(status_code=HTTP_408_REQUEST_TIMEOUT, detail=detail) from None


class ApiRequest(Request[Actor, None, State]):
    """A request whose JSON is decoded once, strictly: no text for numbers, no unknown fields, no NUL in texts."""

    body_seconds: ClassVar[float] = 30.0

    async def body(self) -> bytes:
        """All of the body; raises a 408 when it is not there within `body_seconds`."""
        async with body_within(self.body_seconds):
            return await super().body()

    async def json(self) -> Any:
        """The body as the handler's type; raises `Malformed`, `Invalid`, or a 415."""
        self._require_json()
        field = self.route_handler.parsed_data_field
        kind = field.annotation if field is not None else Any
        try:
            value = _decoder(kind).decode(await self.body())
        except msgspec.ValidationError as error:
            raise refused_value(str(error), known=_fields(kind), choices=_choices(kind)) from error
        except (ValueError, RecursionError) as error:
            raise Malformed("The body cannot be read; expected one JSON document in UTF-8.") from error
        if fields := list(_with_nul(msgspec.to_builtins(value), "")):
            raise Invalid("Texts cannot hold NUL characters.", fields)
        return value

    def _require_json(self) -> None:
        media_type, parameters = self.content_type
        is_json = media_type in {"", "application/json"} or (
            media_type.startswith("application/") and media_type.endswith("+json")
        )
        if not is_json or parameters.get("charset", "utf-8").lower() not in {"utf-8", "utf8", "us-ascii"}:
            raise HTTPException(
                status_code=HTTP_415_UNSUPPORTED_MEDIA_TYPE,
                detail="The body has an unsupported media type; expected application/json in UTF-8.",
            )


@lru_cache(maxsize=64)
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


@lru_cache(maxsize=64)
def _fields(kind: Any) -> tuple[str, ...]:
    """What an object of this kind may hold; nothing for what is no object, or one of several."""
    info = msgspec.inspect.type_info(kind)
    kinds = info.types if isinstance(info, msgspec.inspect.UnionType) else (info,)
    structs = [each for each in kinds if isinstance(each, msgspec.inspect.StructType)]
    return tuple(field.encode_name for field in structs[0].fields) if len(structs) == 1 else ()


@lru_cache(maxsize=64)
def _choices(kind: Any) -> Mapping[str, tuple[str, ...]]:
    """What may stand in the fields that take one of a few names."""
    info = msgspec.inspect.type_info(kind)
    kinds = info.types if isinstance(info, msgspec.inspect.UnionType) else (info,)
    structs = [each for each in kinds if isinstance(each, msgspec.inspect.StructType)]
    found = {field.encode_name: _names(field.type) for struct in structs for field in struct.fields}
    return {name: names for name, names in found.items() if names}


def _names(info: msgspec.inspect.Type) -> tuple[str, ...]:
    if isinstance(info, msgspec.inspect.Metadata):
        return _names(info.type)
    if isinstance(info, msgspec.inspect.UnionType):
        return tuple(name for each in info.types for name in _names(each))
    if isinstance(info, msgspec.inspect.LiteralType):
        return tuple(str(value) for value in info.values)
    return tuple(str(each.value) for each in info.cls) if isinstance(info, msgspec.inspect.EnumType) else ()


def _with_nul(value: object, path: str) -> "list[FieldError]":
    if isinstance(value, str):
        return [FieldError(path or "body", "expected text without NUL characters")] if "\0" in value else []
    if isinstance(value, dict):
        items = [(f"{path}.{key}" if path else str(key), item) for key, item in value.items()]
    elif isinstance(value, list | tuple):
        items = [(f"{path}[{index}]", item) for index, item in enumerate(value)]
    else:
        return []
    return [error for where, item in items for error in _with_nul(item, where)]
