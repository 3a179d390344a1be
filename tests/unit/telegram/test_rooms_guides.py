"""The library in the bot: categories, lists, guides, one's collection, search."""

from pathlib import Path

import pytest

from domain.identity import Role
from domain.telegram import MAX_CALLBACK_DATA, EditText, SendText
from entrypoints.telegram_bot.callbacks import callback
from entrypoints.telegram_bot.rooms.room import PAGE
from entrypoints.telegram_bot.texts import ENGLISH
from tests.unit.telegram.bot_world import BotWorld, edited, notes, texts

GUIDES = ENGLISH.guides


@pytest.fixture
def world(tmp_path: Path) -> BotWorld:
    return BotWorld(tmp_path)


async def test_guides_from_category_to_guide_and_back_edit_one_message(world: BotWorld) -> None:
    await world.guide("Position sizing")
    await world.guide("Stop losses")
    await world.guide("Charts", category="technical")

    assert texts(await world.says("/tutorials")) == [GUIDES.categories]
    assert world.labels == ["Risk (2)", "Technical (1)"]
    listed = await world.presses("Risk (2)")
    assert edited(listed) == [9]
    assert world.labels == ["Position sizing", "Stop losses", GUIDES.back]
    opened = await world.presses("Position sizing")
    assert edited(opened) == [9]
    assert notes(opened) == [None]
    (said,) = texts(opened)
    assert said.startswith("Position sizing\nrisk · beginner\n\nRisk one percent")
    assert world.labels == [GUIDES.save, GUIDES.read, GUIDES.next.format(title="Stop losses"), GUIDES.back]
    await world.presses(GUIDES.next.format(title="Stop losses"))
    assert world.shown is not None
    assert world.shown.text.text.startswith("Stop losses")
    await world.presses(GUIDES.back)
    assert world.labels == ["Position sizing", "Stop losses", GUIDES.back]
    await world.presses(GUIDES.back)
    assert world.labels == ["Risk (2)", "Technical (1)"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("# Charts\n\nLines.", "Lines."),
        ("\n# charts #\nLines.", "Lines."),
        ("# Charts of others\n\nLines.", "Charts of others\n\nLines."),
        ("## Charts\n\nLines.", "Charts\n\nLines."),
        ("Lines.\n\n# Charts", "Lines.\n\nCharts"),
    ],
)
async def test_guide_whose_text_begins_with_its_title_shows_it_once(world: BotWorld, body: str, said: str) -> None:
    await world.guide("Charts", body=body)
    await world.says("/guides")
    await world.presses("Risk (1)")
    assert texts(await world.presses("Charts")) == [f"Charts\nrisk · beginner\n\n{said}"]


async def test_guides_opened_count_a_view_and_turned_parts_none(world: BotWorld) -> None:
    body = "\n\n".join(f"Paragraph {number}. " + "Words that fill it. " * 40 for number in range(12))
    guide_id = await world.guide("Long", body=body)
    await world.says("/guides")
    await world.presses("Risk (1)")
    await world.presses("Long")

    seen = []
    while f"{GUIDES.next_part} »" in world.labels:
        assert world.shown is not None
        assert world.shown.text.length <= 4_096
        seen.append(world.shown.text.text)
        await world.presses(f"{GUIDES.next_part} »")
    assert world.shown is not None
    seen.append(world.shown.text.text)
    assert len(seen) == 3
    assert all(f"Paragraph {number}." in "".join(seen) for number in range(12))
    assert seen[2].endswith(GUIDES.part.format(part=3, parts=3))
    await world.presses(f"« {GUIDES.previous_part}")
    assert world.shown.text.text == seen[1]
    view = await world.container.guide_reading().view(await world.actor(), guide_id)
    assert view.summary.views_count == 1


async def test_guides_saved_and_read_are_marked_and_found_again(world: BotWorld) -> None:
    await world.guide("Position sizing")
    assert texts(await world.says("/saved")) == [GUIDES.collection_empty]
    await world.says("/guides")
    await world.presses("Risk (1)")
    await world.presses("Position sizing")

    world.repeats = True
    assert notes(await world.presses(GUIDES.save)) == [GUIDES.saved]
    assert GUIDES.unsave in world.labels
    assert notes(await world.presses(GUIDES.read)) == [GUIDES.marked_read]
    assert GUIDES.unread in world.labels
    await world.says("/saved")
    assert world.labels[0] == "✓ Position sizing"
    await world.presses("✓ Position sizing")
    assert notes(await world.presses(GUIDES.unread)) == [GUIDES.marked_unread]
    await world.presses(GUIDES.back)
    assert world.labels[0] == "Position sizing"
    await world.presses("Position sizing")
    assert notes(await world.presses(GUIDES.unsave)) == [GUIDES.unsaved]
    assert texts(await world.says("/saved")) == [GUIDES.collection_empty]


async def test_guides_marked_as_read_are_saved_by_that(world: BotWorld) -> None:
    guide_id = await world.guide()
    await world.says("/start")
    await world.presses(callback("open", guide_id))
    await world.presses(GUIDES.read)
    page = await world.container.guide_reading().saved(await world.actor())
    assert [each.is_read for each in page.items] == [True]


async def test_guides_many_come_in_pages_that_lead_back_to_themselves(world: BotWorld) -> None:
    for number in range(2 * PAGE + 1):
        await world.guide(f"Guide {number:02}")
    await world.says("/learn")
    await world.presses(f"Risk ({2 * PAGE + 1})")
    assert world.labels[:PAGE] == [f"Guide {number:02}" for number in range(PAGE)]
    await world.presses(f"{GUIDES.next_page} »")
    await world.presses(f"{GUIDES.next_page} »")
    assert world.labels == [f"Guide {2 * PAGE:02}", f"« {GUIDES.previous_page}", GUIDES.back]
    await world.presses(f"« {GUIDES.previous_page}")
    await world.presses(f"Guide {PAGE:02}")
    await world.presses(GUIDES.back)
    assert world.labels[0] == f"Guide {PAGE:02}"


async def test_guides_beyond_the_readers_role_do_not_exist(world: BotWorld) -> None:
    secret = await world.guide("Secret", minimum_role=Role.SUBSCRIBER)

    assert texts(await world.says("/guides")) == [GUIDES.no_guides]
    (note,) = notes(await world.presses(callback("guide", secret, "c0")))
    assert note is not None
    assert note.startswith("I could not find that")
    await world.grant(Role.SUBSCRIBER)
    await world.says("/guides")
    assert world.labels == ["Risk (1)"]


async def test_guides_deep_link_opens_the_guide(world: BotWorld) -> None:
    guide_id = await world.guide("Position sizing", content_url="https://example.org/sizing")

    for payload in (f"guide_{guide_id}", f"guide_{callback('x', guide_id)[4:]}"):
        (said,) = (await world.says(f"/start {payload}")).outgoing
        assert isinstance(said, SendText)
        assert said.text.text.startswith("Position sizing")
        assert [button.url for row in said.keyboard for button in row if button.url] == ["https://example.org/sizing"]
    assert texts(await world.says("/start guide_nonsense"))[0].startswith("Welcome, Ada.")


async def test_guides_cited_open_in_a_message_of_their_own(world: BotWorld) -> None:
    guide_id = await world.guide()
    handled = await world.presses(callback("open", guide_id))
    assert [type(each) for each in handled.outgoing[1:]] == [SendText]
    await world.presses(GUIDES.save)
    assert isinstance(world.shown, EditText)


@pytest.mark.parametrize("verb", ["guide", "open", "part", "save", "read"])
@pytest.mark.parametrize("rest", [(), ("nonsense",), ("",)])
async def test_guides_broken_buttons_are_stale(world: BotWorld, verb: str, rest: tuple[str, ...]) -> None:
    assert notes(await world.presses(callback(verb, *rest))) == [ENGLISH.stale_button]


@pytest.mark.parametrize("data", [callback("cat"), callback("cat", "gone", 3), callback("cat", "gone", "9" * 40)])
async def test_guides_category_that_is_gone_says_so(world: BotWorld, data: str) -> None:
    await world.guide()
    assert texts(await world.presses(data)) == [GUIDES.category_empty]


async def test_search_finds_guides_and_opens_them_beside_the_list(world: BotWorld) -> None:
    await world.guide("Position sizing")
    await world.guide("Charts", body="Lines and candles.")

    assert texts(await world.says("/search")) == [GUIDES.search_usage]
    (said,) = texts(await world.says("/search  one   percent"))
    assert said.startswith(GUIDES.search_found.format(words="one percent"))
    assert "Risk one percent a trade." in said
    assert world.labels == ["Position sizing"]
    opened = await world.presses("Position sizing")
    assert isinstance(opened.outgoing[-1], SendText)
    assert texts(await world.says("/search zebra")) == [GUIDES.search_none.format(words="zebra")]


async def test_search_by_plain_words_leaves_the_words_out_that_lead_there(world: BotWorld) -> None:
    await world.guide("Position sizing")

    (said,) = texts(await world.says("guides percent"))
    assert said.startswith(GUIDES.search_found.format(words="percent"))
    (listed,) = texts(await world.says("Guides!"))
    assert listed.startswith(f"{GUIDES.categories}\n")


async def test_buttons_of_guides_fit_whatever_is_in_them(world: BotWorld) -> None:
    guide_id = await world.guide("x" * 255)
    await world.presses(callback("guide", guide_id, "c999999"))
    sizes = [len(button.data.encode()) for button in world.keyboard if button.data]
    assert max(sizes) <= MAX_CALLBACK_DATA
    assert all(len(label) <= 60 for label in world.labels)
