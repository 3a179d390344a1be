// Signing in, registering, and bringing back a sign-in that has only grown old.

import { call, mayBeSignedIn, refresh } from './api.js';
import { clearProblems, enable, setBusy, showProblem, tellWhatWasDone, wirePasswords } from './forms.js';
import { wireTelegram } from './telegram-login.js';

const main = document.querySelector('[data-next]');
const status = document.getElementById('status');

for (const form of document.querySelectorAll('form[data-auth]')) {
  enable(form);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit(form);
  });
}
wireTabs();
wirePasswords();
wireTelegram();
tellWhatWasDone();
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
  } catch (problem) {
    // Nobody is signed in here any more: the form is there.
    if (problem.status === 401) {
      status.textContent = 'You were signed out.';
      status.hidden = false;
    }
  }
}

async function submit(form) {
  const { account, email, username, password } = Object.fromEntries(new FormData(form));
  const isRegistering = form.dataset.auth === 'register';
  clearProblems(form, status);
  setBusy(form, true);
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
    setBusy(form, false);
    (showProblem(form, problem, status) ?? form.elements.password).focus();
  }
}

function signIn(account, password) {
  const name = account.includes('@') ? { email: account } : { username: account };
  return call('POST', '/auth/login', { ...name, password, mode: 'cookie' }, { refreshes: false });
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
