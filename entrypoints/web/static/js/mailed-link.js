// What a link from a mail leads to. Its token stands in the fragment, which browsers keep to themselves.

import { call } from './api.js';
import { wireForms, wirePasswords } from './forms.js';

const status = document.getElementById('status');
const form = document.querySelector('form[data-call]');
const token = new URLSearchParams(location.hash.slice(1)).get('token');

// Out of the address bar and the history, whatever becomes of it.
history.replaceState(null, '', location.pathname);
// Another link of this kind, opened here, changes nothing but the fragment.
addEventListener('hashchange', () => location.reload());
wirePasswords();
if (!token) say('This link is incomplete. Copy all of it, up to the end, into the address bar.');
else if (form) ask();
else confirm();

/** The form needs what only its reader knows; the token goes along. */
function ask() {
  form.elements.token.value = token;
  form.hidden = false;
  wireForms();
}

async function confirm() {
  try {
    await call('POST', '/auth/verify-email/confirm', { token }, { refreshes: false });
    say('Your email address is verified.');
  } catch (problem) {
    say(problem.message);
  }
}

function say(text) {
  status.textContent = text;
}
