"""The client of the socket protocol on a page that is not ours: another origin, a token, and a line that is cut."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from domain.guides import Guide, GuideContent, GuideId
from domain.identity import OPERATOR
from tests.e2e.browser.conftest import PASSWORD
from tests.e2e.browser.elsewhere import Line, another_site
from tests.e2e.browser.house import House, running
from tests.e2e.browser.operator import new_member, operating

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ADDRESS = "/static/v1/js/realtime.js"
PATIENCE = 20.0
_NUMBERS = count(1)

START = """
async ({ house, line, username, password, address }) => {
  const { Realtime, socketUrl } = await import(house + address);
  const post = async (path, body) => {
    const headers = { 'content-type': 'application/json' };
    const sent = JSON.stringify({ ...body, mode: 'bearer' });
    const answer = await fetch(`${house}/api/v1/auth/${path}`, { method: 'POST', body: sent, headers });
    if (!answer.ok) throw { status: answer.status };
    return answer.json();
  };
  let signedIn = await post('login', { username, password });
  window.accessToken = () => signedIn.access_token;
  window.renewals = 0;
  window.statuses = [];
  window.heard = [];
  window.signedOut = 0;
  window.client = new Realtime({
    url: socketUrl(line),
    token: async (renew) => {
      if (renew) {
        window.renewals += 1;
        signedIn = await post('refresh', { refresh_token: signedIn.refresh_token });
      }
      return signedIn.access_token;
    },
    onStatus: (status) => window.statuses.push(status),
    onSignedOut: () => { window.signedOut += 1; },
  });
  await new Promise((resolve) => {
    client.subscribe('guides', { onEvent: (event) => heard.push(event.offset), onSubscribed: resolve });
    client.start();
  });
}
"""

WORKER = """
async ({ house, line, address }) => {
  const source = `
    import { Realtime, socketUrl } from '${house}${address}';
    const client = new Realtime({ url: socketUrl('${line}'), token: async () => '${accessToken()}' });
    const onSubscribed = () => postMessage('live');
    client.subscribe('guides', { onEvent: (event) => postMessage(event.offset), onSubscribed });
    client.start();
  `;
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })), { type: 'module' });
  window.fromWorker = [];
  worker.onmessage = ({ data }) => fromWorker.push(data);
  worker.onerror = (error) => fromWorker.push(error.message);
}
"""


@dataclass
class Elsewhere:
    """A page of another site whose client hears `guides`."""

    house: House
    page: Page
    line: Line
    username: str

    async def says(self, expression: str) -> Any:
        """What an expression is on the page."""
        return await self.page.evaluate(expression)

    async def until(self, expression: str) -> None:
        """Wait until it holds on the page."""
        await self.page.wait_for_function(expression, timeout=PATIENCE * 1_000)

    async def guides_change(self, times: int) -> None:
        """So many events."""
        async with operating(self.house) as container, container.unit_of_work() as work:
            now = container.clock().now()
            content = GuideContent.checked(title="Sizing", category="risk")
            for _ in range(times):
                await work.guides.add(Guide.create(GuideId(container.ids().new()), content, now))
            await work.commit()


@pytest.fixture(scope="module")
def port_elsewhere() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def open_house(tmp_path_factory: pytest.TempPathFactory, port_elsewhere: int) -> Iterator[House]:
    """A house that lets the pages of one other origin in."""
    data_dir = tmp_path_factory.mktemp("open-house")
    serving = ["-m", "entrypoints.cli.main", "--data-dir", str(data_dir), "serve"]
    settings = {"GUILDHALL_HTTP_ALLOWED_ORIGINS": f"http://127.0.0.1:{port_elsewhere}"}
    with running(data_dir, serving, **settings) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def elsewhere(open_house: House, port_elsewhere: int, browser: Browser) -> AsyncIterator[Elsewhere]:
    """A new member on the other site, with nothing gone wrong there."""
    username = f"stranger-{next(_NUMBERS)}"
    await new_member(open_house, username, f"{username}@example.org")
    context = await browser.new_context()
    page = await context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    async with another_site(port_elsewhere) as site, Line(open_house.url).open() as line:
        await page.goto(site)
        given = {"house": open_house.url, "line": f"http://127.0.0.1:{line.port}", "address": ADDRESS}
        await page.evaluate(START, {**given, "username": username, "password": PASSWORD})
        yield Elsewhere(open_house, page, line, username)
        await page.evaluate("client.stop()")
        await context.close()
    assert problems == []


async def test_realtime_elsewhere_over_cuts_hears_everything_once_and_in_order(elsewhere: Elsewhere) -> None:
    first = await elsewhere.says("client.place('guides').offset")
    for number in range(4):
        await elsewhere.guides_change(3)
        if number % 2:
            await elsewhere.until(f"heard.length >= {3 * number}")
        elsewhere.line.cut()
        await elsewhere.guides_change(3)
    await elsewhere.until("heard.length >= 24")
    await asyncio.sleep(0.2)

    assert await elsewhere.says("heard") == list(range(first + 1, first + 25))
    assert (await elsewhere.says("client.place('guides')"))["offset"] == first + 24
    assert elsewhere.line.cuts >= 2
    assert (await elsewhere.says("[renewals, signedOut]")) == [0, 0]


async def test_realtime_elsewhere_socket_of_an_ended_token_comes_back_with_a_new_one(elsewhere: Elsewhere) -> None:
    await elsewhere.says("client.socket.send(JSON.stringify({ type: 'authenticate', token: 'of somebody' }))")
    await elsewhere.until("renewals === 1 && statuses.at(-1) === 'live'")
    await elsewhere.guides_change(1)
    await elsewhere.until("heard.length === 1")

    assert await elsewhere.says("[signedOut, statuses]") == [
        0,
        ["connecting", "live", "reconnecting", "reconnecting", "live"],
    ]


async def test_realtime_elsewhere_banned_member_is_signed_out_for_good(elsewhere: Elsewhere) -> None:
    async with operating(elsewhere.house) as container:
        members = container.member_service()
        found = await members.find(OPERATOR, elsewhere.username)
        await members.ban(OPERATOR, found.id, "for the test")
    await elsewhere.until("signedOut === 1")

    assert await elsewhere.says("client.socket") is None


async def test_realtime_in_a_worker_of_another_site_hears_its_channel(elsewhere: Elsewhere) -> None:
    given = {"house": elsewhere.house.url, "line": f"http://127.0.0.1:{elsewhere.line.port}", "address": ADDRESS}
    await elsewhere.page.evaluate(WORKER, given)
    await elsewhere.until("fromWorker.length === 1")
    await elsewhere.guides_change(2)
    await elsewhere.until("fromWorker.length === 3")

    offset = (await elsewhere.says("client.place('guides')"))["offset"]
    assert await elsewhere.says("fromWorker") == ["live", offset - 1, offset]


async def test_realtime_module_is_served_to_other_sites_at_a_lasting_address(elsewhere: Elsewhere) -> None:
    answer = await elsewhere.page.request.get(
        elsewhere.house.url + ADDRESS, headers={"Origin": elsewhere.page.url.rstrip("/")}
    )
    source = await answer.text()

    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == elsewhere.page.url.rstrip("/")
    assert "javascript" in answer.headers["content-type"]
    assert not [line for line in source.splitlines() if line.startswith("import") or "import(" in line]
