// The library's pages: more guides without leaving the page, saving, marking read, and the cited passage.

import { call, goToSignIn, request } from './api.js';
import { announce, toast } from './dom.js';

const LONGEST = 12;

wireFilters();
wireMore();
document.addEventListener('click', ({ target }) => {
  const pressed = target.closest('button[data-save], button[data-read]');
  if (pressed) toggle(pressed);
});
showPassage();
addEventListener('hashchange', showPassage);

/** Choosing in a list searches at once; without script there is a button. */
function wireFilters() {
  for (const choice of document.querySelectorAll('[data-submits]')) {
    choice.addEventListener('change', () => choice.form.requestSubmit());
  }
  // Empty fields need not stand in the address.
  document.querySelector('form[data-filters]')?.addEventListener('formdata', ({ formData }) => {
    for (const [name, value] of [...formData]) if (!value) formData.delete(name);
  });
}

/** The "more" link fetches the next page and moves its guides into this one. */
function wireMore() {
  const list = document.querySelector('[data-guides]');
  document.addEventListener('click', async (event) => {
    const more = event.target.closest('a[data-more]');
    if (!more || !list || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    more.setAttribute('aria-busy', 'true');
    try {
      const response = await request('GET', more.getAttribute('href'));
      const page = new DOMParser().parseFromString(await response.text(), 'text/html');
      const fresh = [...page.querySelectorAll('[data-guides] > *')].map((item) => document.adoptNode(item));
      list.append(...fresh);
      const next = page.querySelector('a[data-more]');
      if (next) more.replaceWith(document.adoptNode(next));
      else more.remove();
      fresh[0]?.querySelector('a')?.focus();
      announce(`${fresh.length} more guides.`);
    } catch (problem) {
      more.removeAttribute('aria-busy');
      toast(problem.message);
    }
  });
}

/** Save or unsave, mark read or unread; the button says what is so now. */
async function toggle(pressed) {
  const isSave = pressed.hasAttribute('data-save');
  const id = isSave ? pressed.dataset.save : pressed.dataset.read;
  const isOn = pressed.getAttribute('aria-pressed') === 'true';
  pressed.disabled = true;
  try {
    if (isSave) await call(isOn ? 'DELETE' : 'PUT', `/guides/${id}/saved`);
    else await call('PATCH', `/guides/${id}/saved`, { is_read: !isOn });
    shown(pressed, !isOn);
    if (isSave) savedChanged(id, !isOn);
    announce(pressed.textContent.trim());
  } catch (problem) {
    if (problem.status === 401) goToSignIn();
    else toast(problem.message);
  } finally {
    pressed.disabled = false;
  }
}

function shown(pressed, isOn) {
  pressed.setAttribute('aria-pressed', String(isOn));
  pressed.querySelector('[data-label]').textContent = isOn ? pressed.dataset.on : pressed.dataset.off;
}

/** Only saved guides can be marked read; a guide that is no longer saved leaves the list of saved ones. */
function savedChanged(id, isSaved) {
  for (const read of document.querySelectorAll(`[data-read="${id}"]`)) {
    read.hidden = !isSaved;
    if (!isSaved) shown(read, false);
  }
}

/** Mark the passage that `#l<line>` names, from its first block to the next passage. */
function showPassage() {
  for (const marked of document.querySelectorAll('.is-cited')) marked.classList.remove('is-cited');
  const body = document.querySelector('[data-passages]');
  const line = Number(/^#l(\d+)$/.exec(location.hash)?.[1] ?? Number.NaN);
  if (!body || Number.isNaN(line)) return;
  const end = JSON.parse(body.dataset.passages).find((start) => start > line) ?? Infinity;
  // A heading carries its line on an empty link inside of it, a code block on its code.
  const anchored = [...body.querySelectorAll('[id^="l"]')].map((place) => ({
    block: place.closest('h1, h2, h3, h4, h5, h6, pre') ?? place,
    at: Number(place.id.slice(1)),
  }));
  const inside = anchored.filter(({ at }) => at >= line && at < end).slice(0, LONGEST);
  const blocks = inside.length ? inside : anchored.filter(({ at }) => at <= line).slice(-1);
  for (const { block } of blocks) {
    if (!block.parentElement.closest('.is-cited')) block.classList.add('is-cited');
  }
  const first = blocks[0]?.block;
  if (!first) return;
  first.scrollIntoView({ block: 'start', behavior: 'instant' });
  first.setAttribute('tabindex', '-1');
  first.focus({ preventScroll: true });
}
