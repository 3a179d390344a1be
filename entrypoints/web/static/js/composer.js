// Where one writes: Enter sends, Shift+Enter begins a line, and what is not sent yet is kept for this tab.

import { codePointLength } from './text.js';

const MOST = 10_000;
const COUNT_FROM = 9_000;

export class Composer {
  /** `onSend(text)` gets trimmed text of 1 to 10,000 characters; `onStop()` is the stop button. */
  constructor(form, { draftName, onSend, onStop }) {
    this.form = form;
    this.input = form.querySelector('textarea');
    this.stop = form.querySelector('[data-stop]');
    this.count = form.querySelector('[data-count]');
    this.draftName = draftName;
    this.onSend = onSend;
    this.input.value = this.draft();
    this.changed();
    this.input.addEventListener('input', () => this.changed());
    this.input.addEventListener('keydown', (event) => this.pressed(event));
    this.stop.addEventListener('click', onStop);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.submit();
    });
  }

  /** Show the stop button while something can be stopped. */
  showStop(isRunning) {
    if (this.stop.hidden !== isRunning) return;
    const hadFocus = document.activeElement === this.stop;
    this.stop.hidden = !isRunning;
    if (hadFocus && !isRunning) this.input.focus();
  }

  set isBusy(isBusy) {
    this.form.toggleAttribute('data-busy', isBusy);
    this.input.readOnly = isBusy;
  }

  fill(text) {
    this.input.value = text;
    this.changed();
    this.input.focus();
  }

  focus() {
    this.input.focus({ preventScroll: true });
  }

  clear() {
    this.input.value = '';
    this.changed();
  }

  pressed(event) {
    // While an input method composes, Enter chooses a candidate.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.submit();
  }

  submit() {
    const text = this.input.value.replaceAll('\r\n', '\n').trim();
    if (!text || codePointLength(text) > MOST || this.input.readOnly) return;
    this.onSend(text);
  }

  changed() {
    const length = codePointLength(this.input.value.trim());
    this.count.hidden = length < COUNT_FROM;
    this.count.textContent = `${length.toLocaleString()} of ${MOST.toLocaleString()} characters`;
    this.count.classList.toggle('is-over', length > MOST);
    this.input.setAttribute('aria-invalid', String(length > MOST));
    this.grow();
    this.keep();
  }

  // Where the style sheet cannot do it (`field-sizing`), the number of rows follows the text.
  grow() {
    if (!CSS.supports('field-sizing', 'content')) this.input.rows = Math.min(8, this.input.value.split('\n').length);
  }

  draft() {
    try {
      return sessionStorage.getItem(this.draftName) ?? '';
    } catch {
      return '';
    }
  }

  keep() {
    try {
      if (this.input.value) sessionStorage.setItem(this.draftName, this.input.value);
      else sessionStorage.removeItem(this.draftName);
    } catch {
      // Storage may be full or forbidden; the text is still in the field.
    }
  }
}
