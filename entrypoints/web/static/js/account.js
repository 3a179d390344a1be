// Signing out. What was kept for this member in the browser goes too.

import { call } from './api.js';
import { toast } from './dom.js';

document.querySelector('[data-sign-out]').addEventListener('click', async ({ currentTarget: pressed }) => {
  pressed.disabled = true;
  try {
    await call('POST', '/auth/logout');
  } catch (problem) {
    if (problem.status !== 401) {
      pressed.disabled = false;
      toast(`You are still signed in. ${problem.message}`);
      return;
    }
  }
  localStorage.removeItem(`guildhall.outbox.${pressed.dataset.signOut}`);
  sessionStorage.clear();
  location.assign('/sign-in');
});
