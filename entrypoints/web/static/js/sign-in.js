// Signing in, registering, and bringing back a sign-in that has only grown old.

import { call, mayBeSignedIn, refresh } from './api.js';

const main = document.querySelector('[data-next]');
const status = document.getElementById('status');

for (const form of document.querySelectorAll('form[data-auth]')) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit(form);
  });
}
wireTabs();
wirePasswords();
if (mayBeSignedIn()) comeBack();

// The browser carries the fragment of the wanted page along: the message or passage that was linked.
function goOn() {
  const place = /^#[lm]\d+$/.test(location.hash) ? location.hash : '';
  location.replace(main.dataset.next + place);
}

// An access cookie lives for 30 minutes, the sign-in behind it for days.
async function comeBack() {
  try {
    await refresh();
    goOn();
  } catch {
    // Nobody is signed in here any more: the form is there.
  }
}

async function submit(form) {
  const { account, email, username, password } = Object.fromEntries(new FormData(form));
  const isRegistering = form.dataset.auth === 'register';
  clear(form);
  busy(form, true);
  try {
    if (isRegistering) {
      const names = { ...(email && { email }), ...(username && { username }) };
      await call('POST', '/auth/register', { ...names, password }, { refreshes: false });
      await signIn(username, password);
    } else {
      await signIn(account.trim(), password);
    }
    goOn();
  } catch (problem) {
    busy(form, false);
    show(form, problem);
  }
}

function signIn(account, password) {
  const name = account.includes('@') ? { email: account } : { username: account };
  return call('POST', '/auth/login', { ...name, password, mode: 'cookie' }, { refreshes: false });
}

function show(form, problem) {
  const wait = problem.retryAfter ? ` Try again in ${Math.ceil(problem.retryAfter / 60)} min.` : '';
  status.textContent = problem.message + wait;
  status.hidden = false;
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
  if (first) status.hidden = true;
  (first ?? form.elements.password).focus();
}

function clear(form) {
  status.hidden = true;
  for (const input of form.querySelectorAll('[aria-invalid]')) input.removeAttribute('aria-invalid');
  for (const note of form.querySelectorAll('.field__problem')) note.hidden = true;
}

function busy(form, isBusy) {
  const submitter = form.querySelector('[type=submit]');
  submitter.disabled = isBusy;
  submitter.setAttribute('aria-busy', String(isBusy));
}

function wireTabs() {
  const tabs = [...document.querySelectorAll('[role=tab]')];
  const select = (chosen) => {
    for (const tab of tabs) {
      const isChosen = tab === chosen;
      tab.setAttribute('aria-selected', String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      document.getElementById(tab.getAttribute('aria-controls')).hidden = !isChosen;
    }
    status.hidden = true;
  };
  for (const [index, tab] of tabs.entries()) {
    tab.addEventListener('click', () => select(tab));
    tab.addEventListener('keydown', ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
      if (!step) return;
      const other = tabs[(index + step + tabs.length) % tabs.length];
      select(other);
      other.focus();
    });
  }
  if (location.hash === '#register') select(tabs[1]);
}

function wirePasswords() {
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
