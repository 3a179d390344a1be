"""Sentence embeddings computed in this process. Nothing heavy is imported before the first text is embedded."""
