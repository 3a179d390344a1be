"""What a page owes to people who cannot see it well, checked in the page."""

from playwright.async_api import Page

_FAULTS = """
() => {
  const faults = [];
  const shown = (node) => node.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const text = (id) => document.getElementById(id)?.textContent.trim() ?? '';
  const named = (node) => [
    node.getAttribute('aria-label'),
    (node.getAttribute('aria-labelledby') ?? '').split(' ').map(text).join(''),
    ...[...(node.labels ?? [])].map((label) => label.textContent),
    node.matches('input, select, textarea') ? '' : node.textContent,
    node.title,
  ].some((name) => name?.trim());
  const where = (node) => node.outerHTML.replace(/\\s+/g, ' ').slice(0, 120);

  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`id twice: ${id}`);
  for (const name of ['aria-labelledby', 'aria-describedby', 'aria-controls', 'for']) {
    for (const node of document.querySelectorAll(`[${name}]`)) {
      for (const id of node.getAttribute(name).split(' ')) {
        if (!document.getElementById(id)) faults.push(`${name} of nothing: ${where(node)}`);
      }
    }
  }
  const nameable = 'input:not([type=hidden]), select, textarea, button, a[href], dialog, [role=region], nav';
  for (const node of document.querySelectorAll(nameable)) {
    if (shown(node) && !named(node)) faults.push(`without a name: ${where(node)}`);
  }
  if (document.querySelectorAll('h1').length !== 1) faults.push('not exactly one h1');
  if (document.querySelectorAll('main').length !== 1) faults.push('not exactly one main');
  if (!document.documentElement.lang) faults.push('no language');
  let level = 0;
  for (const heading of document.querySelectorAll('h1, h2, h3, h4, h5, h6')) {
    if (!shown(heading)) continue;
    const next = Number(heading.tagName[1]);
    if (next > level + 1) faults.push(`heading skips a level: ${where(heading)}`);
    level = next;
  }

  const parts = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([red, green, blue]) => {
    const [r, g, b] = [red, green, blue].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const [red, green, blue, alpha = 1] = parts(getComputedStyle(at).backgroundColor);
      if (alpha === 1 && blue !== undefined) return [red, green, blue];
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !shown(node)) continue;
    if (node.closest('.visually-hidden, .skip, [disabled], script')) continue;
    const style = getComputedStyle(node);
    const [lighter, darker] = [light(parts(style.color)), light(behind(node))].sort((a, b) => b - a);
    const ratio = (lighter + 0.05) / (darker + 0.05);
    const size = Number.parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (isLarge ? 3 : 4.5)) faults.push(`contrast ${ratio.toFixed(2)}: ${where(node)}`);
  }
  return [...new Set(faults)];
}
"""


async def faults(page: Page) -> list[str]:
    """Names, references, headings and contrast (WCAG 2.2 AA) that do not hold on the page as it looks now."""
    found: list[str] = await page.evaluate(_FAULTS)
    return found


async def reached_by_tab(page: Page, most: int = 80) -> list[str]:
    """What Tab reaches from the page's start, in order: names of tags with their texts or ids."""
    await page.evaluate("document.activeElement.blur()")
    reached: list[str] = []
    for _ in range(most):
        await page.keyboard.press("Tab")
        at = await page.evaluate(
            """() => {
              const node = document.activeElement;
              if (node === document.body) return null;
              const { outlineStyle, boxShadow } = getComputedStyle(node);
              const mark = outlineStyle !== 'none' || boxShadow !== 'none' ? '' : ' (focus unseen)';
              return `${node.tagName.toLowerCase()} ${node.id || node.textContent.trim()}${mark}`;
            }"""
        )
        if at is None or (reached and at == reached[0]):
            break
        reached.append(at)
    return reached
