"""What every answer of the application tells browsers, whatever was asked for and however it ended."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from litestar import Litestar

from domain.identity import Role
from entrypoints.container import memory_container
from entrypoints.http.reference import reference
from entrypoints.http.security_headers import DATA_POLICY, FRAMED_POLICY, PAGE_POLICY
from entrypoints.runtime import create_application
from entrypoints.settings import Secret, TelegramSettings
from entrypoints.web.templating import FOLDER as TEMPLATES
from tests.integration.http.house import House, client_of, settings
from tests.support.routes import Call, calls
from tests.support.telegram import BOT_TOKEN

MAY_BE_KEPT = re.compile(r"/static/|/favicon\.ico")
ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    container = memory_container(settings(tmp_path, public_url="https://guild.example.org"))
    app = create_application(container)
    async with client_of(app) as client:
        yield House(container, app, client)


def faults_of(answer: httpx.Response) -> Iterator[str]:
    """What an answer lacks."""
    headers = answer.headers
    for name, value in ALWAYS.items():
        if headers.get_list(name) != [value]:
            yield f"{name}: {headers.get_list(name)}"
    is_page = headers.get("content-type", "").startswith("text/html")
    if headers.get("content-security-policy") != (PAGE_POLICY if is_page else DATA_POLICY):
        yield f"content-security-policy: {headers.get('content-security-policy')}"
    if not headers.get("strict-transport-security", "").startswith("max-age="):
        yield "no strict-transport-security"
    if "camera=()" not in headers.get("permissions-policy", ""):
        yield "no permissions-policy"
    kept = headers.get("cache-control", "")
    if kept != "no-store" and not (MAY_BE_KEPT.match(answer.request.url.path) and kept.startswith("public")):
        yield f"cache-control: {kept}"
    if "server" in headers:
        yield "server named"


async def asked(house: House, call: Call, headers: Mapping[str, str]) -> list[tuple[str, str, int, list[str]]]:
    answers = [
        await call.send(house.client, dict(headers)),
        await house.client.request("OPTIONS", call.url(), headers=headers),
        await house.client.request("PURGE", call.url(), headers=headers),
    ]
    if call.method == "GET":
        answers.append(await house.client.request("HEAD", call.url(), headers=headers))
        answers.append(await house.client.get(call.url(), headers={**headers, "Accept": "text/html"}))
    wrong = [(answer.request.method, call.path, answer.status_code, list(faults_of(answer))) for answer in answers]
    return [fault for fault in wrong if fault[3]]


@pytest.mark.parametrize("role", [None, Role.PUBLIC, Role.OWNER], ids=["guest", "member", "owner"])
async def test_security_headers_every_route_every_method_are_complete(house: House, role: Role | None) -> None:
    wrong = []
    found = list(calls(house.app))
    for number, call in enumerate(found):
        # Somebody new each time: some of the calls end the sign-in, or the member.
        person = None if role is None else await house.person(f"person{number}", role)
        wrong += await asked(house, call, person.headers if person else {})
    assert wrong == []
    assert len(found) >= 45


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/nowhere", {}, 404),
        ("/nowhere", {"Accept": "text/html"}, 404),
        ("/api/v1/nowhere", {}, 404),
        ("/static/0/../../secrets", {}, 404),
        ("/api/v1/auth/me", {"Authorization": "Bearer x"}, 401),
        ("/chat", {}, 303),
        ("/api/v1/guides?q=%00", {}, 400),
        ("/%ff", {}, 404),
    ],
)
async def test_security_headers_refusals_and_redirects_are_complete(
    house: House, path: str, headers: dict[str, str], status: int
) -> None:
    answer = await house.client.get(path, headers=headers)
    assert answer.status_code == status
    assert list(faults_of(answer)) == []


async def test_security_headers_over_plain_http_promise_no_https(tmp_path: Path) -> None:
    async with client_of(create_application(memory_container(settings(tmp_path)))) as client:
        answer = await client.get("/sign-in")
    assert "strict-transport-security" not in answer.headers


async def test_security_headers_with_a_bot_let_one_page_alone_be_framed(tmp_path: Path) -> None:
    bot = TelegramSettings(bot_token=Secret(BOT_TOKEN), updates="polling")
    container = memory_container(settings(tmp_path, telegram=bot))
    app = create_application(container)
    framed, asked = {}, 0
    async with client_of(app) as client:
        for call in calls(app):
            answer = await call.send(client, {"Accept": "text/html"})
            policy, asked = answer.headers["content-security-policy"], asked + 1
            if "frame-ancestors 'none'" not in policy or answer.headers.get("x-frame-options") != "DENY":
                framed[call.path] = policy
    assert framed == {"/telegram-app": FRAMED_POLICY}
    assert asked >= 45


def directives_of(policy: str) -> dict[str, str]:
    return dict(part.strip().partition(" ")[::2] for part in policy.split(";"))


def test_content_policy_lets_nothing_inline_or_foreign_in() -> None:
    for policy in (PAGE_POLICY, DATA_POLICY):
        directives = directives_of(policy)
        assert directives["default-src"] == "'none'"
        assert set(directives.values()) <= {"'none'", "'self'"}
        assert directives["frame-ancestors"] == directives["base-uri"] == "'none'"
    differing = directives_of(FRAMED_POLICY).items() - directives_of(PAGE_POLICY).items()
    assert differing == {("frame-ancestors", "https://web.telegram.org")}


class InlineCode(HTMLParser):
    """Collects what a policy without `unsafe-inline` would block, and what comes from elsewhere."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        is_data = given.get("type") == "application/json"
        if tag == "style" or (tag == "script" and "src" not in given and not is_data):
            self.found.append(f"inline <{tag}>")
        for name, value in given.items():
            if name == "style" or re.fullmatch(r"on[a-z]+", name):
                self.found.append(f"<{tag} {name}>")
            target = value.strip().lower()
            if name in {"href", "src", "action", "formaction", "xlink:href"} and target.startswith("javascript:"):
                self.found.append(f"<{tag} {name}=javascript:>")
            if (tag, name) in {("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src")} and (
                target.startswith(("http:", "https:", "//", "data:"))
            ):
                self.found.append(f"<{tag} {name}={value}>")
            if name == "srcdoc":
                self.found.append(f"<{tag} srcdoc>")


def inline_code(html: str) -> list[str]:
    parser = InlineCode()
    parser.feed(html)
    parser.close()
    return parser.found


@pytest.mark.parametrize("template", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_template_holds_no_inline_script_style_or_handler(template: Path) -> None:
    # Template tags are taken out first: an attribute inside of an `if` must be seen as one.
    html = re.sub(r"\{[%#].*?[%#]\}", " ", template.read_text("utf-8"), flags=re.DOTALL)
    assert inline_code(re.sub(r"\{\{.*?\}\}", "value", html, flags=re.DOTALL)) == []


async def test_pages_of_the_documentation_hold_no_inline_code(house: House) -> None:
    for path in reference.paths:
        answer = await house.client.get(path)
        assert answer.status_code == 200
        assert inline_code(answer.text) == []
        assert len(answer.text) > 10_000


@pytest.mark.parametrize(
    "html",
    [
        "<script>x()</script>",
        '<p style="color: red">',
        "<style>p {}</style>",
        "<button onclick=go()>",
        "<IMG SRC=x ONERROR=go()>",
        '<a href=" JavaScript:go()">',
        '<script src="https://cdn.example/x.js"></script>',
        '<iframe srcdoc="<b>">',
        '{% if x %}<body onload="go()">{% endif %}',
    ],
)
def test_inline_code_of_any_kind_is_found(html: str) -> None:
    assert len(inline_code(html)) == 1


def test_inline_code_in_data_blocks_and_own_files_is_none() -> None:
    assert inline_code('<script type="application/json">{}</script><script src="/static/a.js"></script>') == []


def test_pages_of_the_application_are_all_from_templates_that_were_parsed(house: House) -> None:
    app: Litestar = house.app
    pages = [call for call in calls(app) if not call.path.startswith("/api/") and call.method == "GET"]
    assert len(pages) >= 12
    assert len(sorted(TEMPLATES.rglob("*.html"))) >= 10
