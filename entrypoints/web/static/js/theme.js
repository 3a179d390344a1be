// Light, dark, or what the system says. Loaded before the page is drawn, so that it never flashes in the other one.
(() => {
  const KEY = 'guildhall.theme';
  const CHOICES = ['auto', 'light', 'dark'];
  const NAMES = { auto: 'as the system', light: 'light', dark: 'dark' };

  function chosen() {
    try {
      const kept = localStorage.getItem(KEY);
      return CHOICES.includes(kept) ? kept : 'auto';
    } catch {
      return 'auto';
    }
  }

  /** What the app around the page shows, such as a Telegram client, where the page was told: see telegram-colours.js. */
  function around() {
    try {
      const told = sessionStorage.getItem('guildhall.surroundings');
      return CHOICES.includes(told) ? told : 'auto';
    } catch {
      return 'auto';
    }
  }

  function apply(theme) {
    const shown = theme === 'auto' ? around() : theme;
    if (shown === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = shown;
  }

  function label(button) {
    const theme = chosen();
    button.dataset.choice = theme;
    button.setAttribute('aria-label', `Colours: ${NAMES[theme]}. Change`);
    button.title = `Colours: ${NAMES[theme]}`;
  }

  apply(chosen());
  document.addEventListener('surroundings', () => apply(chosen()));
  document.addEventListener('DOMContentLoaded', () => {
    const button = document.querySelector('[data-theme-toggle]');
    if (!button) return;
    label(button);
    button.hidden = false;
    button.addEventListener('click', () => {
      const next = CHOICES[(CHOICES.indexOf(chosen()) + 1) % CHOICES.length];
      try {
        localStorage.setItem(KEY, next);
      } catch {
        return apply(next);
      }
      apply(next);
      return label(button);
    });
    addEventListener('storage', (event) => {
      if (event.key !== KEY) return;
      apply(chosen());
      label(button);
    });
  });
})();
