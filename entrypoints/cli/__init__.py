"""The terminal: `guildhall …`."""
