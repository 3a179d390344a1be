"""The OpenAPI document."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from litestar import Router
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, OpenAPIMediaType, OpenAPIResponse, Operation, Schema, SecurityScheme, Tag
from litestar.openapi.spec.enums import OpenAPIType
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

from entrypoints.http.cookies import ACCESS_COOKIE
from entrypoints.http.cross_site import CSRF_HEADER
from entrypoints.http.problems import PROBLEM_JSON
from entrypoints.http.schemas.common import Body, Problem

DESCRIPTION = f"""The API of a members' community: guides, and an assistant that answers from them.

Sign in at `/api/v1/auth/login` and send the access token as `Authorization: Bearer`, or sign in with the mode `cookie`
from a page of this instance; then every change needs the header `{CSRF_HEADER}`.
Every refusal is a problem document with a stable `code`.
"""
SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {"cookie": []}]

_WHY = {
    400: "Malformed: unreadable, or of the wrong kind.",
    401: "Not signed in, or the token does not hold.",
    403: "Not allowed: the role does not reach, or another site's page asks.",
    404: "Absent, or somebody else's.",
    408: "The body did not arrive in time.",
    409: "Contradicts what is already there.",
    412: "Changed since it was read.",
    413: "The body is too large.",
    415: "The body is not JSON in UTF-8.",
    422: "Well-formed, but a field breaks a rule.",
    429: "Too often; `Retry-After` says in how many seconds it is worth another try.",
    503: "Something that this needs is not there now.",
}

# For answers that carry cookies: of a `Response[None]` the framework would say that its body is `null`.
NO_CONTENT = ResponseSpec(None, description="Done; there is nothing to tell.")


def project_version() -> str:
    """The installed version; `0` in a tree that is not installed."""
    try:
        return version("guildhall")
    except PackageNotFoundError:
        return "0"


def refusals(*statuses: int, body: bool = False) -> Mapping[int, ResponseSpec]:
    """The problems a route answers with, for its documentation; `body` adds those of reading one."""
    also = {400, 408, 413, 415, 422} if body else {400}
    return {
        status: ResponseSpec(
            data_container=Problem, description=_WHY[status], media_type=PROBLEM_JSON, generate_examples=False
        )
        for status in sorted({*statuses, *also})
    }


@dataclass
class ConversationDocument(Operation):
    """Of the export of a conversation, which comes in one of two forms. The framework documents one."""

    def __post_init__(self) -> None:
        text = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))
        forms = {"text/markdown": text, "application/json": OpenAPIMediaType(schema=Schema())}
        self.responses = {**(self.responses or {}), "200": OpenAPIResponse("The whole conversation.", content=forms)}


class ClosedBodies(OpenAPISchemaPlugin):
    """Says of what clients send that a field beside the named ones is refused."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        """For our own bodies."""
        return not field_definition.is_union and field_definition.is_subclass_of(Body)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:
        """As the framework describes it, and closed."""
        others = (plugin for plugin in schema_creator.plugins if plugin is not self)
        usual = next(plugin for plugin in others if schema_creator.plugin_supports_field(plugin, field_definition))
        schema: Schema = usual.to_openapi_schema(field_definition, schema_creator)
        schema.additional_properties = False
        return schema


def openapi_config() -> OpenAPIConfig:
    """The document's head. Its pages are ours (`reference.py`): the usual ones load scripts from elsewhere."""
    return OpenAPIConfig(
        title="Guildhall",
        version=project_version(),
        description=DESCRIPTION,
        use_handler_docstrings=True,
        operation_id_creator=_operation_id,
        components=Components(
            security_schemes={
                "bearer": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT"),
                "cookie": SecurityScheme(
                    type="apiKey",
                    name=ACCESS_COOKIE,
                    security_scheme_in="cookie",
                    description=f"Changes need the header {CSRF_HEADER} too.",
                ),
            }
        ),
        tags=[
            Tag(name="auth", description="Registering, signing in and out, and one's own account."),
            Tag(name="members", description="Members, their roles and the audit trail, for admins."),
            Tag(name="guides", description="The library, and one's own collection."),
            Tag(name="chat", description="Conversations with the assistant."),
            Tag(name="telegram", description="What Telegram told the bot, for admins."),
            Tag(name="operating", description="Health and metrics."),
        ],
        render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        openapi_router=_NoPages(path="/", route_handlers=[]),
    )


class _NoPages(Router):
    """Takes none of the framework's own documentation pages."""

    def register(self, value: Any) -> list[Any]:
        """Leave it out."""
        return []


def _operation_id(handler: HTTPRouteHandler, _method: object, _path: object) -> str:
    return handler.handler_name
