// One's own account: forms, the code that links Telegram, and signing out.

import { call, goToSignIn } from './api.js';
import { wireDialogs } from './chrome.js';
import { announce, toast } from './dom.js';
import { wireDownloads, wireForms, wirePasswords } from './forms.js';
import { wireTelegram } from './telegram-login.js';

const LOOK_EVERY = 3_000;
const STATES = {
  waiting: 'Nobody has sent the code yet.',
  presented: 'The bot has the code. Confirm in Telegram.',
  awaiting_password: 'Confirmed in Telegram. Enter your password to finish.',
};
let watched = null;

wireForms();
wirePasswords();
wireDownloads();
wireDialogs();
wireTelegram();
document.querySelector('[data-sign-out]').addEventListener('click', signOut);
document.getElementById('change-names')?.addEventListener('done', ({ currentTarget, detail }) => sayWhatChanged(currentTarget, detail));
document.getElementById('link-telegram')?.addEventListener('done', ({ detail }) => showCode(detail));
document.getElementById('finish-link')?.addEventListener('done', () => location.reload());
document.addEventListener('done', ({ target }) => {
  if (target.hasAttribute('data-leaves')) forget();
});

/** What the page says once it has been read anew. */
function sayWhatChanged(form, { email, username, email_verified: isVerified }) {
  const isNew = (email ?? '') !== form.elements.email.defaultValue;
  const isRenamed = isNew || (username ?? '') !== form.elements.username.defaultValue;
  const isMailed = isNew && !isVerified && form.hasAttribute('data-mails');
  const mailed = `A mail with a link was sent to ${email}, your email from now on: follow the link to verify it.`;
  const renamed = isRenamed ? 'Your names are changed.' : 'Nothing was changed.';
  form.dataset.then = `reload ${isMailed ? mailed : renamed}`;
}

/** Show the code and watch what becomes of it, until it is used, has expired, or another one takes its place. */
async function showCode({ request_id: id, code, expires_at: expiresAt }) {
  const place = document.getElementById('link-code');
  const password = document.getElementById('finish-link');
  watched = id;
  place.hidden = false;
  password.hidden = true;
  password.dataset.call = `POST /auth/link-code/${id}/confirm`;
  place.querySelector('code').textContent = `/link ${code}`;
  place.querySelector('time').textContent = new Date(expiresAt).toLocaleTimeString([], { timeStyle: 'short' });
  const way = place.querySelector('[data-deep-link]');
  if (way) way.href = way.dataset.deepLink + code;
  announce(place.querySelector('p').textContent);
  tellState('waiting');
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
    if (watched !== id) return;
    const state = await stateOf(id);
    if (watched !== id) return;
    if (state === 'linked') return void location.reload();
    if (state === 'over') break;
    // What could not be asked leaves a half-typed password where it is.
    if (state === 'unknown') continue;
    password.hidden = state !== 'awaiting_password';
    tellState(state);
  }
  place.hidden = true;
  toast('The code is no longer good. Ask for another one.');
}

/** Written once each: what is written again is read aloud again. */
function tellState(state) {
  const line = document.querySelector('[data-link-state]');
  if (line.textContent !== STATES[state]) line.textContent = STATES[state];
}

/** `linked`, `over`, or how far it has come; what could not be asked now is asked again. */
async function stateOf(id) {
  try {
    const { state, is_expired: isExpired } = await call('GET', `/auth/link-code/${id}`);
    return isExpired || state === 'declined' ? 'over' : state;
  } catch (problem) {
    if (problem.status === 401) goToSignIn();
    return problem.isPassing ? 'unknown' : 'over';
  }
}

async function signOut({ currentTarget: pressed }) {
  pressed.disabled = true;
  try {
    await call('POST', '/auth/logout');
  } catch (problem) {
    if (problem.status !== 401) {
      pressed.disabled = false;
      toast(`You are still signed in. ${problem.message}`);
      return;
    }
  }
  forget();
  location.assign('/sign-in');
}

/** What was kept for this member in the browser goes too. */
function forget() {
  localStorage.removeItem(`guildhall.outbox.${document.querySelector('[data-sign-out]').dataset.signOut}`);
  sessionStorage.clear();
}
