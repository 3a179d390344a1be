// Pages that are nothing but forms.

import { wireDialogs } from './chrome.js';
import { wireDownloads, wireForms, wirePasswords } from './forms.js';

wireForms();
wirePasswords();
wireDownloads();
wireDialogs();
