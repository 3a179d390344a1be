"""An answer's Markdown while it arrives: drawn as the server draws it, never half, and never as markup of its own."""

import json
import re

import pytest

from adapters.text.markdown import MarkdownRenderer
from tests.e2e.browser.conftest import Visitor
from tests.e2e.browser.modules import run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ANSWER = """\
**Stops**, “Where the stop goes”:

> Put the stop where your *reason* is proved wrong,
> then size the position from it. [1]

## What to do

1. Choose the `stop` first
2. Size the position
   - never above **one percent**
   - see [the guide](https://example.org/guide)

- loose ends
- and ~~old~~ ones

```python
risk = 0.01  # **not bold**
```

| Risk | Share |
|---|---|
| small | 1 % |

---

5 * 3 = 15, snake_case_name, and a \\*star\\*.
"""
SAMPLES = (
    ANSWER,
    "One line\nof two  \nand three",
    "***both***",
    "a * b * c and **bold *nested* word** __strong__ _em_",
    "`` a ` b `` and `code`",
    "# Title #\n\nText\n### Third",
    "> quote\n> > deeper\n>\n> - item\n",
    "1) one\n2) two\n\n7. seven\n8. eight",
    "- one\n\n- two\n\n  more\n- three",
    "- a\n  - b\n    - c\n- d",
    "~~~\nfence\n~~~\nafter",
    "<b>bold</b> <script>alert(1)</script> & <img src=x onerror=alert(1)>",
    "[x](javascript:alert(1)) and [y](https://example.org) and [z](mailto:a@example.org) and [1]",
    "In the year\n2024. That was it.",
)
SETUP = """
const { GrowingMarkdown } = await load('markdown.js');
const root = document.createElement('div');
const growing = new GrowingMarkdown(root);
"""


def plainly(html: str) -> str:
    """HTML without what makes no difference here: spaces between elements, and attributes but for addresses."""
    html = re.sub(r'\s(?!href=|start=)[a-z]+="[^"]*"', "", html)
    html = re.sub(r"<a>([^<]*)</a>", r"\1", html)
    html = html.replace("<span>", "").replace("</span>", "").replace("&amp;", "&")
    html = html.replace("&quot;", '"').replace("<br />", "<br>").replace("<hr />", "<hr>")
    return re.sub(r"\s*(</?(?:p|ul|ol|li|blockquote|h\d|pre|table|thead|tbody|tr|th|td|hr|br)\b[^>]*>)\s*", r"\1", html)


@pytest.mark.parametrize("text", SAMPLES)
async def test_markdown_whole_text_drawn_as_the_server_does(guest: Visitor, text: str) -> None:
    await guest.open("/sign-in")
    drawn = await run(guest.page, f"{SETUP} growing.show({json.dumps(text)}); return root.innerHTML;")
    whole = plainly(MarkdownRenderer().render(text))

    assert " ".join(plainly(drawn).split()) == " ".join(whole.split()).replace(" </code></pre>", "</code></pre>")


async def test_markdown_growing_letter_by_letter_shows_no_marks_and_keeps_blocks(guest: Visitor) -> None:
    await guest.open("/sign-in")
    script = f"""{SETUP}
    const letters = {json.dumps(ANSWER)}, seen = [];
    let first = null, isKept = true;
    for (let end = 1; end <= letters.length; end += 1) {{
      growing.show(letters.slice(0, end));
      const prose = root.cloneNode(true);
      for (const code of prose.querySelectorAll('pre')) code.remove();
      seen.push(prose.textContent);
      if (end > 80) first ??= root.firstChild;
      if (first) isKept &&= root.firstChild === first;
    }}
    return [seen, isKept];
    """
    seen, is_kept = await run(guest.page, script)

    assert is_kept
    assert seen[:12] == ["", "", "S", "St", "Sto", "Stop", "Stops", "Stops", "Stops", "Stops,", "Stops,", "Stops, “"]
    marks = re.compile(r"\*\*|~~|`|^\s*[>#]|\]\(|https:", re.MULTILINE)
    assert [text for text in seen if marks.search(text)] == []


async def test_markdown_of_hostile_text_makes_no_elements_of_its_own(guest: Visitor) -> None:
    await guest.open("/sign-in")
    hostile = (
        "<img src=x onerror=alert(1)> <svg/onload=alert(1)> **<script>alert(1)</script>** `<b>`\n\n"
        "[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) [c](data:text/html,x) ![d](https://example.org/x.png)\n\n"
        "> <iframe src=//example.org>\n\n- <style>*{display:none}</style>\n\n"
        "```\n</code></pre><script>alert(1)</script>"
    )
    script = f"""{SETUP}
    const text = {json.dumps(hostile)}, tags = new Set(), attributes = new Set();
    for (let end = 1; end <= text.length; end += 1) {{
      growing.show(text.slice(0, end));
      for (const each of root.querySelectorAll('*')) {{
        tags.add(each.tagName);
        for (const {{ name }} of each.attributes) attributes.add(name);
      }}
    }}
    return [[...tags].sort(), [...attributes]];
    """

    assert await run(guest.page, script) == [
        ["BLOCKQUOTE", "CODE", "EM", "LI", "P", "PRE", "SPAN", "STRONG", "UL"],
        [],
    ]


@pytest.mark.parametrize("piece", ["*a ", "**", "[", "`", "> ", "- ", "![](", "|a|\\n|-|\\n", "_a"])
async def test_markdown_of_endless_marks_is_drawn_soon_enough(guest: Visitor, piece: str) -> None:
    await guest.open("/sign-in")
    script = f"{SETUP} growing.show('{piece}'.repeat(4_000)); return root.childNodes.length;"

    assert await run(guest.page, script) >= 0


async def test_chat_answer_drawn_while_it_arrives(patient_member: Visitor) -> None:
    page = patient_member.page
    await patient_member.open("/chat")
    await page.get_by_label("Your message").fill("How large should a position be?")
    await page.keyboard.press("Enter")
    body = page.locator('.message--reply[data-state="streaming"] .message__body')
    await body.locator("strong, blockquote, p").first.wait_for()
    seen = []
    for _ in range(20):
        if await page.locator('.message--reply[data-state="complete"]').count():
            break
        seen.append(await page.locator(".message--reply .message__body").inner_text())
        await page.wait_for_timeout(100)

    assert len(seen) > 3
    assert not [text for text in seen if "**" in text or re.search(r"^>", text, re.MULTILINE)]
