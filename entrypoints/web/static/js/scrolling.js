// Keeps the end of a conversation in view while one is there, and one's place while one reads further up.

const NEAR = 80;

export class Scrolling {
  constructor(area, jump) {
    this.area = area;
    this.jump = jump;
    this.isAtEnd = true;
    area.addEventListener('scroll', () => this.look(), { passive: true });
    jump.addEventListener('click', () => this.toEnd());
    new ResizeObserver(() => this.isAtEnd && this.toEnd()).observe(area);
  }

  /** Run a change of the content without losing the place. */
  keeping(change) {
    const { scrollHeight, scrollTop } = this.area;
    const first = this.firstVisible();
    const top = first?.getBoundingClientRect().top;
    change();
    if (this.isAtEnd) this.toEnd();
    else if (first?.isConnected) this.area.scrollTop += first.getBoundingClientRect().top - top;
    else this.area.scrollTop = scrollTop + this.area.scrollHeight - scrollHeight;
    this.look();
  }

  toEnd() {
    this.area.scrollTop = this.area.scrollHeight;
    this.look();
  }

  look() {
    const { scrollHeight, scrollTop, clientHeight } = this.area;
    this.isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    this.jump.hidden = this.isAtEnd;
  }

  firstVisible() {
    if (this.isAtEnd) return null;
    const { top } = this.area.getBoundingClientRect();
    return [...this.area.querySelectorAll('.message')].find((row) => row.getBoundingClientRect().bottom > top);
  }
}
