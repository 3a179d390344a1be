// Pages of a conversation as the server writes them: the messages as data, and the bodies of ended ones as sanitised
// HTML in inert templates. This is the only HTML that becomes part of the conversation.

import { request } from './api.js';

/** Rendered bodies by message id, each of one version. */
export class Bodies {
  constructor() {
    this.known = new Map();
  }

  /** A fresh copy of a message's body, null when this version was not rendered yet. */
  of(message) {
    const body = this.known.get(message.id);
    return body?.version === message.version ? document.importNode(body.template.content, true) : null;
  }

  take(root) {
    for (const template of root.querySelectorAll('template[data-body]')) {
      this.known.set(template.dataset.body, { version: Number(template.dataset.version), template });
    }
  }
}

/** The page of the conversation that stands in `root`: `{messages, epoch, offset, has_more}`. */
export function readTranscript(root, bodies) {
  bodies.take(root);
  return JSON.parse(root.querySelector('script[data-transcript]').textContent);
}

/** Read a page: the last messages, or those before a seq. */
export async function fetchTranscript(sessionId, bodies, { before = null } = {}) {
  const query = before === null ? '' : `?before=${before}`;
  const parsed = await fetchDocument(`/chat/${sessionId}/transcript${query}`);
  return readTranscript(parsed, bodies);
}

/** Render one ended message. */
export async function fetchBody(messageId, bodies) {
  bodies.take(await fetchDocument(`/chat/messages/${messageId}/html`));
}

async function fetchDocument(path) {
  const response = await request('GET', path);
  return new DOMParser().parseFromString(await response.text(), 'text/html');
}
