// The chat page: brings its parts together.

import { call, goToSignIn, refresh, request } from './api.js';
import { Composer } from './composer.js';
import { Conversation } from './conversation.js';
import { announce, pageData, toast } from './dom.js';
import { Outbox } from './outbox.js';
import { Realtime, socketUrl } from './realtime.js';
import { Scrolling } from './scrolling.js';
import { SessionList } from './sessions.js';
import { titleFrom } from './text.js';
import { wireDialogs, wireDrawer } from './chrome.js';

const BANNER_AFTER = 1_500;
const TITLE = 80;

const page = pageData('page-data');
const { member_id: memberId, session } = page;
const sessionId = session?.id ?? null;
let banner = null;
let isEnded = false;
const find = (name) => document.querySelector(`[data-${name}]`);

const realtime = new Realtime({ url: socketUrl(), refresh, onStatus: showStatus, onSignedOut: goToSignIn });
const sessions = new SessionList(find('sidebar'), { page: page.sessions, currentId: sessionId });
const outbox = new Outbox({
  name: `guildhall.outbox.${memberId}`,
  post: async (item) => {
    const answer = await call('POST', `/chat/sessions/${item.session_id}/messages`, { content: item.content }, {
      headers: { 'Idempotency-Key': item.key },
    });
    return answer.message;
  },
  onAttempt: (item, outcome, problem) => conversation?.attempted(item, outcome, problem),
  onSent: (item, message) => conversation?.sent(item, message),
  onSignedOut: goToSignIn,
});
const composer = new Composer(find('composer'), {
  draftName: `guildhall.draft.${sessionId ?? 'new'}`,
  onSend: (text) => (conversation ? sendHere(text) : begin(text)),
  onStop: () => conversation?.stop(),
});
const conversation = sessionId
  ? new Conversation({
      sessionId,
      memberId,
      root: document,
      list: find('messages'),
      older: find('older'),
      scrolling: new Scrolling(find('scroll'), find('jump')),
      realtime,
      outbox,
      onRunning: (isRunning) => composer.showStop(isRunning),
    })
  : null;

wireDrawer(find('sidebar'), find('drawer-open'), find('drawer-close'), find('drawer-veil'));
wireDialogs();
wireExamples();
if (session) wireSession();

conversation?.follow({ onEnded: ended });
realtime.subscribe(`user:${memberId}`, {
  onEvent: heardOfSessions,
  // Between the reading of the page and this moment something may have changed.
  onSubscribed: ({ recovered }) => recovered || reloadSessions(),
  onResync: () => reloadSessions(),
});
realtime.start();
outbox.flush();
showLinkedMessage();
if (matchMedia('(min-width: 56rem)').matches && !location.hash) composer.focus();

function sendHere(text) {
  composer.clear();
  conversation.send(text);
}

// The first message makes the session. It is kept as a draft until the session exists, then in the outbox.
async function begin(text) {
  composer.isBusy = true;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const made = await call('POST', '/chat/sessions', { title: titleFrom(text, TITLE) });
      outbox.add(made.id, text);
      composer.clear();
      location.assign(`/chat/${made.id}`);
      return;
    } catch (problem) {
      if (problem.status === 401) return goToSignIn();
      if (!problem.isPassing) {
        composer.isBusy = false;
        return toast(problem.message);
      }
      showStatus('reconnecting');
      await new Promise((resolve) => { setTimeout(resolve, Math.min(15_000, 1_000 * attempt)); });
    }
  }
}

function showStatus(status) {
  const bar = find('banner');
  if (status !== 'live') {
    // A short break is not worth a word.
    banner ??= setTimeout(() => { bar.hidden = false; }, BANNER_AFTER);
    return;
  }
  clearTimeout(banner);
  banner = null;
  if (!bar.hidden) announce('Connected again.');
  bar.hidden = true;
  outbox.flush();
}

function heardOfSessions(event) {
  if (event.type !== 'session_updated') return;
  sessions.changed(event);
  if (event.session.id !== sessionId) return;
  if (event.change === 'deleted') ended();
  else showTitle(event.session.title);
}

async function reloadSessions() {
  try {
    await sessions.reload();
  } catch (problem) {
    if (problem.status === 401) goToSignIn();
  }
  return null;
}

function ended() {
  if (isEnded) return;
  isEnded = true;
  find('ended').hidden = false;
  find('composer').hidden = true;
  announce('This conversation is no longer there.');
}

function showTitle(title) {
  find('title').textContent = title;
  document.title = `${title} · Guildhall`;
}

function wireSession() {
  const rename = document.getElementById('rename');
  rename.addEventListener('close', async () => {
    const title = rename.querySelector('input').value.trim();
    if (rename.returnValue === 'save' && title) await change('PUT', { title }, (changed) => showTitle(changed.title));
  });
  const remove = document.getElementById('delete');
  remove.addEventListener('close', () => {
    if (remove.returnValue === 'delete') change('DELETE', undefined, () => location.assign('/chat'));
  });
  for (const choice of document.querySelectorAll('[data-export]')) {
    choice.addEventListener('click', () => download(choice.dataset.export));
  }
}

async function change(method, body, done) {
  try {
    const changed = await call(method, `/chat/sessions/${sessionId}`, body);
    done(changed);
  } catch (problem) {
    if (problem.status === 401) goToSignIn();
    else toast(problem.message);
  }
}

async function download(format) {
  try {
    const response = await request('GET', `/api/v1/chat/sessions/${sessionId}/export?format=${format}`);
    const link = document.createElement('a');
    link.href = URL.createObjectURL(await response.blob());
    link.download = `conversation-${sessionId.slice(-12)}.${format === 'json' ? 'json' : 'md'}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  } catch (problem) {
    toast(problem.message);
  }
}

function wireExamples() {
  for (const example of document.querySelectorAll('[data-example]')) {
    example.addEventListener('click', () => composer.fill(example.textContent.trim()));
  }
}

function showLinkedMessage() {
  const seq = /^#m(\d+)$/.exec(location.hash)?.[1];
  if (seq) conversation?.show(seq);
}
