// A conversation as this page knows it: a pure function from a state and what happened to the next state.
//
// state = {
//   memberId,          who looks
//   messages,          snapshots in the order of seq, each at the highest version heard of
//   streams,           running replies by message id: {generation, text, length}, length in code points
//   pending,           own messages that the server has not confirmed: {key, content, state, problem}
//   hasMore,           whether older messages can be loaded
//   gap,               id of a reply of which a piece is missing, until a snapshot fills it; else null
// }

import { codePointLength, dropCodePoints } from './text.js';

const STREAMING = 'streaming';

export function initialState(memberId) {
  return { memberId, messages: [], streams: {}, pending: [], hasMore: false, gap: null };
}

const ACTIONS = {
  // A page of the conversation that replaces what was known, as it was read at once.
  loaded: (state, { messages, has_more: hasMore }) => {
    const ids = new Set(messages.map((message) => message.id));
    const streams = Object.fromEntries(Object.entries(state.streams).filter(([id]) => ids.has(id)));
    const fresh = { ...state, messages: [], streams, hasMore, gap: null };
    return withoutConfirmed(messages.reduce(withMessage, fresh), messages);
  },
  older: (state, { messages, has_more: hasMore }) => messages.reduce(withMessage, { ...state, hasMore }),
  event: (state, { event }) => (EVENTS[event.type] ? EVENTS[event.type](state, event) : state),
  queued: (state, { pending }) => ({ ...state, pending: [...state.pending, pending] }),
  // What became of a pending message: 'sending', 'waiting' (for the connection), or 'refused' with a problem.
  attempted: (state, { key, outcome, problem = null }) => ({
    ...state,
    pending: state.pending.map((item) => (item.key === key ? { ...item, state: outcome, problem } : item)),
  }),
  acknowledged: (state, { key, message }) => withMessage(withoutPending(state, key), message),
  discarded: (state, { key }) => withoutPending(state, key),
};

const EVENTS = {
  new_message: (state, { message }) => withoutConfirmed(withMessage(state, message), [message]),
  message_updated: (state, { message }) => withMessage(state, message),
  message_completed: (state, { message }) => withMessage(state, message),
  message_snapshot: (state, event) => {
    if (!isRunning(state, event)) return state;
    const stream = { generation: event.generation, text: event.text, length: codePointLength(event.text) };
    const gap = state.gap === event.message_id ? null : state.gap;
    return { ...state, gap, streams: { ...state.streams, [event.message_id]: stream } };
  },
  message_delta: (state, event) => {
    if (!isRunning(state, event)) return state;
    const known = state.streams[event.message_id];
    const stream = known?.generation === event.generation ? known : { generation: event.generation, text: '', length: 0 };
    if (event.position > stream.length) return { ...state, gap: event.message_id };
    const fresh = dropCodePoints(event.text, stream.length - event.position);
    const grown = { ...stream, text: stream.text + fresh, length: stream.length + codePointLength(fresh) };
    return fresh ? { ...state, streams: { ...state.streams, [event.message_id]: grown } } : state;
  },
};

export function reduce(state, action) {
  return ACTIONS[action.type](state, action);
}

/** What the page shows, from the oldest message to what is still to be sent. */
export function entries(state) {
  const shown = state.messages.map((message) => {
    const stream = state.streams[message.id];
    return {
      key: message.id,
      message,
      text: stream ? stream.text : message.content,
      isRunning: message.status === STREAMING,
      isWaiting: message.status === STREAMING && !(stream ? stream.text : message.content),
    };
  });
  const pending = state.pending.map((item) => ({ key: item.key, pending: item, text: item.content }));
  return [...shown, ...pending];
}

/** The reply that can be stopped: the first that streams, else the first that waits. */
export function runningReply(state) {
  const running = state.messages.filter((message) => message.status === STREAMING);
  return running.find((message) => message.is_streaming) ?? running[0] ?? null;
}

// Whether a piece belongs to what is under way: not to an earlier generation, nor to one that has ended.
function isRunning(state, { message_id: id, generation }) {
  const message = state.messages.find((known) => known.id === id);
  const stream = state.streams[id];
  if (stream && stream.generation > generation) return false;
  if (!message) return true;
  return generation > message.generation || (generation === message.generation && message.status === STREAMING);
}

function withMessage(state, message) {
  const at = state.messages.findIndex((known) => known.id === message.id);
  if (at >= 0 && state.messages[at].version >= message.version) return state;
  const messages = at >= 0 ? state.messages.with(at, message) : inserted(state.messages, message);
  return { ...state, messages, ...streamsAfter(state, message) };
}

function inserted(messages, message) {
  const after = messages.findLastIndex((known) => known.seq < message.seq);
  return messages.toSpliced(after + 1, 0, message);
}

function streamsAfter(state, message) {
  const stream = state.streams[message.id];
  const isOver = message.status !== STREAMING && stream && stream.generation <= message.generation;
  const isEarlier = stream && stream.generation < message.generation;
  if (!isOver && !isEarlier) return {};
  const { [message.id]: _ended, ...streams } = state.streams;
  return { streams, gap: state.gap === message.id ? null : state.gap };
}

function withoutPending(state, key) {
  return { ...state, pending: state.pending.filter((item) => item.key !== key) };
}

// The socket may tell of an own message before the answer to its request arrives, or after that answer was lost:
// what was tried at least once is not shown twice.
function withoutConfirmed(state, messages) {
  let { pending } = state;
  for (const message of messages) {
    const isOwn = message.role === 'user' && message.author_id === state.memberId;
    const isIt = (item) => (item.state === 'sending' || item.problem) && item.content === message.content;
    const at = isOwn ? pending.findIndex(isIt) : -1;
    if (at >= 0) pending = pending.toSpliced(at, 1);
  }
  return pending === state.pending ? state : { ...state, pending };
}
