"""The analyzer of the tests. It keeps nothing but what it has worked out, which takes longer than most tests."""

from adapters.text.analyzer import SnowballAnalyzer

ANALYZER = SnowballAnalyzer()
