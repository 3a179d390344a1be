// Asking Telegram who the visitor is: the tab goes there, and comes back to /sign-in/telegram with the answer.
// No script of Telegram's runs here; what its Login Widget would open is opened as a page.

const TELEGRAM = 'https://oauth.telegram.org/auth';
const QUESTION = 'guildhall.telegram';

/** Buttons with `data-telegram="sign-in"` or `"password"`, what the answer is for, and `data-bot`, the bot's id. */
export function wireTelegram() {
  for (const button of document.querySelectorAll('[data-telegram]')) {
    button.disabled = false;
    button.addEventListener('click', () => ask(button.dataset));
  }
}

/** The question that this tab asked last, `{ state, purpose, next }`, or null. It is forgotten with that. */
export function takeQuestion() {
  const kept = sessionStorage.getItem(QUESTION);
  sessionStorage.removeItem(QUESTION);
  return kept === null ? null : JSON.parse(kept);
}

/** The fields that Telegram signed, as they stand in `#tgAuthResult=`; null when they cannot be read. */
export function answerIn(fragment) {
  const encoded = new URLSearchParams(fragment.slice(1)).get('tgAuthResult') ?? '';
  try {
    // base64 of either alphabet; a + has become a space on the way.
    const bytes = atob(encoded.replace(/[- ]/g, '+').replaceAll('_', '/'));
    const fields = JSON.parse(new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0))));
    return fields && fields.hash ? fields : null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof DOMException) return null;
    throw error;
  }
}

function ask({ telegram: purpose, bot, next }) {
  // Whoever sends somebody here with an answer of their own does not know it: nobody is signed in as somebody else.
  const state = crypto.getRandomValues(new Uint32Array(4)).join('-');
  sessionStorage.setItem(QUESTION, JSON.stringify({ state, purpose, next }));
  const back = `${location.origin}/sign-in/telegram?state=${state}`;
  location.assign(`${TELEGRAM}?${new URLSearchParams({ bot_id: bot, origin: location.origin, return_to: back })}`);
}
