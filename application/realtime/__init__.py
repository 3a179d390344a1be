"""Real time: what happened, told to whoever may hear it."""
