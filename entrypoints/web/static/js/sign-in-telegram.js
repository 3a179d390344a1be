// Where Telegram sends the visitor back: its answer signs in, or is the proof for a first password.

import { call, goToSignIn } from './api.js';
import { sendAlong, wireForms, wirePasswords } from './forms.js';
import { answerIn, takeQuestion } from './telegram-login.js';

const status = document.getElementById('status');
const again = document.querySelector('[data-again]');
const question = takeQuestion();
const answer = answerIn(location.hash);
const state = new URLSearchParams(location.search).get('state');

// Out of the address bar and the history, whatever becomes of it.
history.replaceState(null, '', location.pathname);
addEventListener('hashchange', () => location.reload());
wirePasswords();

if (!question || question.state !== state) {
  giveUp('This tab did not ask Telegram, or has asked again since. Begin anew from the sign-in page.');
} else if (!answer) {
  giveUp('Telegram did not confirm who you are. Begin anew from the sign-in page.');
} else {
  const goOn = question.purpose === 'password' ? askForPassword : signIn;
  again.addEventListener('click', goOn);
  goOn();
}

async function signIn() {
  begin('Signing you in…');
  try {
    await call('POST', '/auth/telegram?mode=cookie', answer, { refreshes: false });
    location.replace(question.next);
  } catch (problem) {
    fail(problem);
  }
}

/** The form asks for a username where the member has none to sign in with. */
async function askForPassword() {
  begin('One moment…');
  const form = document.getElementById('set-password');
  try {
    const { username, email } = await call('GET', '/auth/me');
    form.elements.username.disabled = Boolean(username || email);
    form.elements.username.closest('.field').hidden = form.elements.username.disabled;
  } catch (problem) {
    return problem.status === 401 ? goToSignIn() : fail(problem);
  }
  say('Telegram confirmed that it is you. Set the password within 15 minutes.');
  sendAlong(form, { telegram: answer });
  form.hidden = false;
  wireForms();
  return form.querySelector('input:enabled').focus();
}

function begin(text) {
  again.hidden = true;
  say(text);
}

function fail(problem) {
  again.hidden = !problem.isPassing;
  giveUp(problem.message);
}

function giveUp(text) {
  document.querySelector('[data-other]').hidden = false;
  say(text);
}

function say(text) {
  status.textContent = text;
}
