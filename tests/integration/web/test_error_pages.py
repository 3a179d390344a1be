"""Addresses that lead nowhere, and files."""

import logging
from pathlib import Path

import pytest

from entrypoints.container import memory_container
from entrypoints.runtime import create_application
from entrypoints.settings import LimitSettings
from entrypoints.web.pages import show_error_pages
from tests.integration.http.house import House, client_of, expect_problem, settings

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def test_unknown_address_browser_gets_page(site: House) -> None:
    show_error_pages(site.app)
    answer = await site.client.get("/no/such/page", headers=BROWSER)

    assert answer.status_code == 404
    assert "There is nothing at this address" in answer.text


@pytest.mark.parametrize(("path", "headers"), [("/api/v1/nowhere", BROWSER), ("/no/such/page", {"Accept": "*/*"})])
async def test_unknown_address_program_gets_problem(site: House, path: str, headers: dict[str, str]) -> None:
    show_error_pages(site.app)

    expect_problem(await site.client.get(path, headers=headers), 404, "not_found")


async def test_page_parameter_of_wrong_kind_says_so(site: House) -> None:
    member = await site.person("ada")
    answer = await site.client.get("/saved?unread=perhaps", headers=member.headers)

    assert answer.status_code == 400
    assert "The address cannot be read" in answer.text


async def test_page_asked_for_too_often_says_when_to_come_back(tmp_path: Path) -> None:
    container = memory_container(settings(tmp_path, limits=LimitSettings(searches_per_minute=1)))
    app = create_application(container)
    async with client_of(app) as client:
        site = House(container, app, client)
        member = await site.person("ada")
        answers = [await client.get("/guides?q=risk", headers=member.headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 429]
    assert "at most 1 a minute" in answers[1].text
    assert 0 < int(answers[1].headers["retry-after"]) <= 60


async def test_static_file_unchanged_not_sent_again(site: House) -> None:
    first = await site.client.get("/static/any/js/text.js")
    again = await site.client.get(
        "/static/any/js/text.js", headers={"If-None-Match": f'W/{first.headers["etag"]}, "x"'}
    )
    other = await site.client.get("/static/any/js/text.js", headers={"If-None-Match": '"x"'})

    assert first.headers["content-type"] == "text/javascript; charset=utf-8"
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["etag"] == first.headers["etag"]
    assert other.content == first.content


@pytest.mark.parametrize(
    "path", ["js/../../pages.py", "..%2f..%2fpages.py", "js/absent.js", "templates/base.html", "js"]
)
async def test_static_file_outside_of_folder_not_found(site: House, path: str) -> None:
    expect_problem(await site.client.get(f"/static/any/{path}"), 404, "not_found")


async def test_static_modules_import_only_each_other(site: House) -> None:
    page = await site.client.get("/sign-in")
    module = page.text.split('<script type="module" src="')[1].partition('"')[0]
    answer = await site.client.get(module)

    assert "immutable" in answer.headers["cache-control"]
    assert "from './api.js'" in answer.text


async def test_static_file_told_at_debug_and_a_refused_one_at_info(
    site: House, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="entrypoints.http.envelope"):
        for path in ("/static/any/js/text.js", "/static/any/js/none.js", "/sign-in"):
            await site.client.get(path)
    levels = [line.levelname for line in caplog.records if line.name == "entrypoints.http.envelope"]

    assert levels == ["DEBUG", "INFO", "INFO"]
