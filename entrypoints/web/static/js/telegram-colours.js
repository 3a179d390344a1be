// Light or dark as the Telegram client around the page is, for this tab, unless the member has chosen: see theme.js.

const KEY = 'guildhall.surroundings';

/** Whether the client's `tgWebAppThemeParams` have a dark background; null when they do not say. */
export function isDark(themeParams) {
  const [, ...parts] = /"bg_color"\s*:\s*"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})"/i.exec(themeParams ?? '') ?? [];
  if (parts.length !== 3) return null;
  const [red, green, blue] = parts.map((part) => Number.parseInt(part, 16));
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
}

/** Have this page and those after it in the tab follow; null changes nothing. */
export function surroundings(dark) {
  if (dark === null) return;
  try {
    sessionStorage.setItem(KEY, dark ? 'dark' : 'light');
  } catch {
    return; // A frame without storage keeps the system's.
  }
  document.dispatchEvent(new Event('surroundings'));
}
