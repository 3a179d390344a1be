"""Everything the bot says, one catalogue per language."""

from entrypoints.telegram_bot.texts.catalogue import Catalogue
from entrypoints.telegram_bot.texts.english import ENGLISH
from entrypoints.telegram_bot.texts.german import GERMAN

CATALOGUES = {each.language: each for each in (ENGLISH, GERMAN)}

__all__ = ["CATALOGUES", "ENGLISH", "GERMAN", "Catalogue", "catalogue"]


def catalogue(language: str | None) -> Catalogue:
    """The one for an IETF tag such as `en-GB`; English where there is none."""
    return CATALOGUES.get((language or "").partition("-")[0].lower(), ENGLISH)
