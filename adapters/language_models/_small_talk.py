"""Tells a message that asks nothing, like "hi" or "thanks a lot", from a question."""

from application.ports.guides import TextAnalyzer

GREETINGS = "hi hello hey hiya howdy greetings hola yo welcome bye goodbye cheers thx ty thank thanks"
COURTESIES = f"""{GREETINGS} ok okay yes no yeah yep yup nope please sorry wow lol haha hmm cool nice great good fine
perfect awesome amazing lovely wonderful excellent brilliant morning afternoon evening night day everyone sir lot much
help helpful"""
QUESTION_WORDS = "what whats when where which who whose whom why how"


class SmallTalk:
    """Knows messages without a word that could be looked up."""

    def __init__(self, analyzer: TextAnalyzer) -> None:
        self._analyzer = analyzer
        self._greetings = self._terms(GREETINGS)
        self._courtesies = self._terms(COURTESIES)
        self._question_words = self._terms(QUESTION_WORDS)

    def is_all(self, message: str, *, follows: bool) -> bool:
        """Whether the message asks nothing; when it `follows` a question, "and why?" asks something."""
        terms = [term.value for term in self._analyzer.terms(message)]
        start = next((at for at, term in enumerate(terms) if term not in self._greetings), len(terms))
        rest = terms[start:]
        asks = not self._question_words.isdisjoint(rest)
        own = [term for term in rest if not self._analyzer.is_stop_word(term)]
        if own:
            return not asks and self._courtesies.issuperset(own)
        is_courteous = not rest or start > 0 or not self._courtesies.isdisjoint(rest)
        return not (follows and (asks or not is_courteous))

    def _terms(self, words: str) -> frozenset[str]:
        return frozenset(term.value for term in self._analyzer.terms(words))
