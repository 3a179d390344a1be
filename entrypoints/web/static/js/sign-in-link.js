// A link that signs in once. Its token stands in the fragment, which browsers keep to themselves.

import { call } from './api.js';

const main = document.querySelector('[data-next]');
const status = document.getElementById('status');
const again = document.querySelector('[data-again]');
const token = new URLSearchParams(location.hash.slice(1)).get('token');

// Out of the address bar and the history, whatever becomes of it.
history.replaceState(null, '', location.pathname);
// Another link of this kind, opened here, changes nothing but the fragment.
addEventListener('hashchange', () => location.reload());
again.addEventListener('click', signIn);
signIn();

async function signIn() {
  again.hidden = true;
  if (!token) return say('This link is incomplete. Copy all of it, up to the end, into the address bar.');
  say('Signing you in…');
  try {
    await call('POST', '/auth/login-link', { token, mode: 'cookie' }, { refreshes: false });
    return location.replace(main.dataset.next);
  } catch (problem) {
    again.hidden = !problem.isPassing;
    document.querySelector('[data-other]').hidden = false;
    return say(problem.isPassing ? `${problem.message} The link is still good.` : problem.message);
  }
}

function say(text) {
  status.textContent = text;
}
