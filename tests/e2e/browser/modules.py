"""Running the pages' modules by themselves, inside a browser."""

from typing import Any

from playwright.async_api import Page


async def run(page: Page, script: str) -> Any:
    """What `script`, the body of an async function, returns. `load(name)` imports one of the modules."""
    return await page.evaluate(
        f"async () => {{ const load = (name) => import(`/static/any/js/${{name}}`);\n{script} }}"
    )
