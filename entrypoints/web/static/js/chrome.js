// Parts around the content: the drawer on narrow screens, menus and dialogs.

/** A side panel that is a drawer on narrow screens: focus goes in, Escape and the veil close it. */
export function wireDrawer(panel, opener, closer, veil) {
  const show = (isOpen) => {
    panel.classList.toggle('is-open', isOpen);
    veil.hidden = !isOpen;
    opener.setAttribute('aria-expanded', String(isOpen));
    (isOpen ? closer : opener).focus();
  };
  opener.addEventListener('click', () => show(true));
  closer.addEventListener('click', () => show(false));
  veil.addEventListener('click', () => show(false));
  panel.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && panel.classList.contains('is-open')) show(false);
  });
}

/** Buttons with `data-dialog="id"` open that dialog; open menus close on Escape and on a click elsewhere. */
export function wireDialogs() {
  for (const opener of document.querySelectorAll('[data-dialog]')) {
    opener.addEventListener('click', () => {
      const dialog = document.getElementById(opener.dataset.dialog);
      closeMenus(null);
      dialog.returnValue = '';
      dialog.showModal();
      dialog.querySelector('input')?.select();
    });
  }
  for (const closer of document.querySelectorAll('dialog [data-close]')) {
    closer.addEventListener('click', () => closer.closest('dialog').close());
  }
  document.addEventListener('click', ({ target }) => closeMenus(target));
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    const menu = document.querySelector('details.menu[open]');
    closeMenus(null);
    menu?.querySelector('summary').focus();
  });
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll('details.menu[open]')) {
    if (!except || !menu.querySelector('summary').contains(except)) menu.open = false;
  }
}
