// Forms that call the API: what was wrong is shown beside its field, the button waits, nothing is sent twice.

import { call, goToSignIn } from './api.js';
import { toast } from './dom.js';

const SAID = 'guildhall.said';
const ALONG = new WeakMap();

/**
 * Forms with `data-call="METHOD /path"` send their fields as JSON, empty ones left out.
 * `data-anonymous` marks those that need no sign-in: a refusal there is final, no refresh brings another answer.
 * Afterwards `data-then` says: `reload`, `reload Some text` to be shown then, `go /path`, `go /path Some text`, or `say Some text`; listeners of `done` get the answer.
 */
export function wireForms() {
  tellWhatWasDone();
  nameTimeZone();
  for (const form of document.querySelectorAll('form[data-call]')) {
    enable(form);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      send(form);
    });
  }
}

/** Send these fields along with what is typed into the form. */
export function sendAlong(form, fields) {
  ALONG.set(form, fields);
}

/** Show what the form that led here said for afterwards. */
export function tellWhatWasDone() {
  const said = sessionStorage.getItem(SAID);
  sessionStorage.removeItem(SAID);
  if (said) toast(said);
}

/** A form is sent by its script only: until that is there, its button waits. */
export function enable(form) {
  form.querySelector('[type=submit]').disabled = false;
}

/** Times are typed as the clock on the wall shows them: say which clock counts. */
function nameTimeZone() {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  for (const input of document.querySelectorAll('input[type=datetime-local]')) {
    document.getElementById(`${input.id}-hint`)?.append(`: ${timeZone.replaceAll('_', ' ')}`);
  }
}

/** Buttons with `data-reveals="id"` show and hide what is typed into a password field. */
export function wirePasswords() {
  for (const toggle of document.querySelectorAll('[data-reveals]')) {
    toggle.hidden = false;
    toggle.addEventListener('click', () => {
      const input = document.getElementById(toggle.dataset.reveals);
      const isShown = input.type === 'password';
      input.type = isShown ? 'text' : 'password';
      toggle.setAttribute('aria-pressed', String(isShown));
      input.focus();
    });
  }
}

/** Links with `download` go to the API: a sign-in that has only grown old is brought back first. */
export function wireDownloads() {
  for (const link of document.querySelectorAll('a[download]')) {
    link.addEventListener('click', async (event) => {
      event.preventDefault();
      try {
        await call('GET', '/auth/me');
        location.assign(link.href);
      } catch (problem) {
        if (problem.status === 401) goToSignIn();
        else toast(problem.message);
      }
    });
  }
}

/** Show a problem at the fields it names, else in `status`. */
export function showProblem(form, problem, status) {
  let first = null;
  for (const { field, message } of problem.fields) {
    const input = form.elements[field];
    const note = input && document.getElementById(`${input.id}-problem`);
    if (!note) continue;
    note.textContent = message;
    note.hidden = false;
    input.setAttribute('aria-invalid', 'true');
    first ??= input;
  }
  if (first) return first;
  status.textContent = problem.retryAfter
    ? `${problem.message.replace(/[;,] try again later\.$/, '.')} Try again in ${waiting(problem.retryAfter)}.`
    : problem.message;
  status.hidden = false;
  return null;
}

/** Take away what `showProblem` showed. */
export function clearProblems(form, status) {
  for (const input of form.querySelectorAll('[aria-invalid]')) input.removeAttribute('aria-invalid');
  for (const note of [status, ...form.querySelectorAll('.field__problem')]) {
    note.hidden = true;
    note.textContent = '';
  }
}

/** Keep a form from being sent again while it is under way. */
export function setBusy(form, isBusy) {
  const submitter = form.querySelector('[type=submit]');
  submitter.disabled = isBusy;
  submitter.setAttribute('aria-busy', String(isBusy));
  // A button loses the focus when it is switched off; the keyboard goes on from it.
  if (!isBusy && document.activeElement === document.body) submitter.focus();
}

async function send(form) {
  const status = form.querySelector('[data-status]');
  const [method, path] = form.dataset.call.split(' ');
  clearProblems(form, status);
  setBusy(form, true);
  try {
    const answer = await call(method, path, fieldsOf(form), { refreshes: !form.hasAttribute('data-anonymous') });
    form.dispatchEvent(new CustomEvent('done', { detail: answer, bubbles: true }));
    finish(form);
  } catch (problem) {
    setBusy(form, false);
    const shown = atPassword(form, problem);
    if (isSignedOut(form, shown)) goToSignIn();
    else showProblem(form, shown, status)?.focus();
  }
}

/** A wrong password is shown at the field that asked for it. */
function atPassword(form, problem) {
  const input = form.querySelector('[autocomplete=current-password]');
  if (problem.code === 'invalid_credentials' && input) {
    problem.fields = [{ field: input.name, message: problem.message }];
    input.value = '';
  }
  return problem;
}

/** Whether the page belongs to a sign-in that has ended meanwhile. */
function isSignedOut(form, { status, code }) {
  return status === 401 && code !== 'invalid_credentials' && !form.hasAttribute('data-anonymous');
}

function fieldsOf(form) {
  const fields = { ...ALONG.get(form) };
  for (const [name, value] of new FormData(form)) {
    if (value === '') continue;
    const { type } = form.elements[name];
    fields[name] = type === 'datetime-local' ? new Date(value).toISOString() : value;
  }
  return Object.keys(fields).length || form.dataset.body ? fields : undefined;
}

function finish(form) {
  const [how, ...rest] = (form.dataset.then ?? '').split(' ');
  const what = rest.join(' ');
  if (how === 'reload') {
    if (what) sessionStorage.setItem(SAID, what);
    return location.reload();
  }
  if (how === 'go') {
    const [path, ...said] = rest;
    if (said.length) sessionStorage.setItem(SAID, said.join(' '));
    return location.assign(path);
  }
  setBusy(form, false);
  form.reset();
  form.closest('dialog')?.close();
  if (how === 'say') toast(what);
  return undefined;
}

function waiting(seconds) {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}
