// The page that Telegram opens inside its clients. What Telegram signed stands in the fragment.

import { call, mayBeSignedIn } from './api.js';
import { isDark, surroundings } from './telegram-colours.js';

const WEB_CLIENT = 'https://web.telegram.org';
const GUIDE = /^guide_([0-9a-f-]{36})$/;

const main = document.querySelector('[data-next]');
const status = document.getElementById('status');
const signInButton = document.querySelector('[data-sign-in]');
const outsideButton = document.querySelector('[data-outside]');
const given = location.hash;
const launch = new URLSearchParams(given.slice(1));
const initData = launch.get('tgWebAppData') ?? '';
const signed = new URLSearchParams(initData);

// Out of the address bar and the history, whatever becomes of it.
history.replaceState(null, '', location.pathname + location.search);
addEventListener('hashchange', () => location.reload());
signInButton.addEventListener('click', signIn);
outsideButton.addEventListener('click', openOutside);
surroundings(isDark(launch.get('tgWebAppThemeParams')));
tellClient('web_app_ready');
tellClient('web_app_expand');
begin();

function begin() {
  const user = userOf(signed.get('user'));
  if (window !== window.top) return beInFrame();
  if (!user) {
    return giveUp('Telegram handed nothing over that says who you are. Open this page from the bot, inside Telegram.');
  }
  if (String(user.id) === main.dataset.telegramId) return goOn();
  if (window.TelegramWebviewProxy) return signIn();
  // Any page can lead a browser here with somebody's data: who it is has to be seen first.
  say(`Telegram names you ${nameOf(user)}. Sign in with this account?`);
  signInButton.hidden = false;
  return signInButton.focus();
}

/** In Telegram's web client this page is a part of another site's: browsers keep no sign-in for it there. */
function beInFrame() {
  outsideButton.hidden = !initData;
  giveUp('Telegram Web shows this page inside its own, where browsers let nobody stay signed in. Open it in a tab of its own.');
}

function openOutside() {
  // The data has not been used: it is good for the tab.
  tellClient('web_app_open_link', { url: location.href + given });
}

async function signIn() {
  signInButton.hidden = true;
  say('Signing you in…');
  try {
    await call('POST', '/auth/telegram/mini-app', { init_data: initData, mode: 'cookie' }, { refreshes: false });
  } catch (problem) {
    signInButton.hidden = !problem.isPassing;
    if (problem.status !== 401) return giveUp(problem.message);
    // The API does not tell which it was, so that nobody can try out whom it shuts out.
    return giveUp(
      'What Telegram handed over is too old or was used already. Close this page and open it from the bot again. ' +
        'If that does not help, ask whoever runs this house: the account may be banned.',
    );
  }
  if (!mayBeSignedIn()) {
    return giveUp('This app keeps no cookies, so you cannot stay signed in here. Open the page in the browser.');
  }
  return goOn();
}

function goOn() {
  const [, guide] = GUIDE.exec(signed.get('start_param') ?? '') ?? [];
  location.replace(guide ? `/guides/${guide}` : main.dataset.next);
}

function giveUp(text) {
  document.querySelector('[data-elsewhere]').hidden = false;
  say(text);
}

/** Telegram's clients listen at a bridge of theirs, the web client at the frame. */
function tellClient(eventType, eventData = {}) {
  if (window.TelegramWebviewProxy) window.TelegramWebviewProxy.postEvent(eventType, JSON.stringify(eventData));
  else if (window !== window.top) window.parent.postMessage(JSON.stringify({ eventType, eventData }), WEB_CLIENT);
}

function userOf(json) {
  try {
    const user = JSON.parse(json ?? 'null');
    return user && user.id ? user : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function nameOf({ first_name: first, last_name: last, username, id }) {
  const name = [first, last].filter(Boolean).join(' ') || `number ${id}`;
  return username ? `${name} (@${username})` : name;
}

function say(text) {
  status.textContent = text;
}
