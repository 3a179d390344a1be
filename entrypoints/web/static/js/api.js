// Calls to the API: the CSRF header, one silent refresh when a sign-in has grown old, problem documents as errors.

const BASE = '/api/v1';
const UNSAFE = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** An answer that is no success. `status` 0 means that no answer came. */
export class Problem extends Error {
  constructor(status, document = {}, retryAfter = null) {
    super(document.detail || document.title || (status ? `The server answered ${status}.` : 'The server cannot be reached.'));
    this.name = 'Problem';
    this.status = status;
    this.code = document.code ?? '';
    this.fields = document.errors ?? [];
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may succeed later without being changed. */
  get isPassing() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** Call the API and return its decoded answer, null for an empty one. Raises `Problem`. */
export async function call(method, path, body = undefined, options = {}) {
  const response = await request(method, `${BASE}${path}`, body, options);
  return response.status === 204 ? null : readJson(response);
}

/** Call and return the response itself, for downloads and pages. `path` is the whole path. */
export async function request(method, path, body = undefined, { headers = {}, refreshes = true, signal } = {}) {
  const response = await send(method, path, body, headers, signal);
  if (!refreshes || !(await isPutRightByRefresh(response))) return checked(response);
  await refresh();
  return checked(await send(method, path, body, headers, signal));
}

/** Whether new cookies make the same request good: the access token has ended, or the key of the CSRF token has. */
async function isPutRightByRefresh(response) {
  if (response.status !== 401 && response.status !== 403) return false;
  const { code } = await response.clone().json().catch(() => ({}));
  // A wrong password is a 401 too. Sending it again would count it twice, and no new token makes it right.
  return response.status === 401 ? code !== 'invalid_credentials' : code === 'csrf_failed';
}

let refreshing = null;

/** Trade the refresh cookie for a new access cookie; calls at the same time share one request. Raises `Problem`. */
export function refresh() {
  refreshing ??= call('POST', '/auth/refresh', { mode: 'cookie' }, { refreshes: false }).finally(() => {
    refreshing = null;
  });
  return refreshing;
}

/** Go to the sign-in page and come back here afterwards. */
export function goToSignIn() {
  const here = location.pathname + location.search + location.hash;
  location.assign(`/sign-in?next=${encodeURIComponent(here)}`);
}

/** Whether the browser may still hold a sign-in that a refresh brings back. */
export function mayBeSignedIn() {
  return cookie('guildhall_csrf') !== null;
}

async function send(method, path, body, headers, signal) {
  const sent = { Accept: 'application/json, text/html', ...headers };
  if (body !== undefined) sent['Content-Type'] = 'application/json';
  if (UNSAFE.has(method)) sent['X-CSRF-Token'] = cookie('guildhall_csrf') ?? '';
  try {
    return await fetch(path, {
      method,
      headers: sent,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'same-origin',
      redirect: 'follow',
      signal,
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem(0);
  }
}

async function checked(response) {
  if (response.ok) return response;
  const document = await readJson(response).catch(() => ({}));
  const retryAfter = Number.parseFloat(response.headers.get('Retry-After'));
  throw new Problem(response.status, document ?? {}, Number.isFinite(retryAfter) ? retryAfter : null);
}

async function readJson(response) {
  try {
    return await response.json();
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem(0, { detail: 'The answer broke off.' });
  }
}

function cookie(name) {
  const found = document.cookie.split('; ').find((pair) => pair.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : null;
}
