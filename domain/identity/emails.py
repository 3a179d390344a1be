"""Email addresses: which are ones, and which are the same one."""

import re
import unicodedata

MAX_EMAIL = 320
MAX_LOCAL, MAX_DOMAIN = 64, 253
EXPECTED_EMAIL = (
    f"expected an address like name@example.org: up to {MAX_LOCAL} characters before the @, without spaces, quotes, "
    "commas, brackets or invisible characters, and a whole domain after it"
)

# What RFC 5322 allows without quotes, and whatever RFC 6531 adds; compatibility forms count as what they look like.
_LOCAL = re.compile(r"[^\x00-\x20\x7f\"(),:;<>@\[\]\\.]+(\.[^\x00-\x20\x7f\"(),:;<>@\[\]\\.]+)*")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?!\d+\Z){_LABEL}")
# Letters and marks that draw nothing: joiners, fillers, variation selectors.
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
# The standard library's IDNA is that of 2003, which makes others of these; today they are letters of their own.
_OF_TWO_MINDS = frozenset("ßẞς")


def email_as_kept(email: str | None) -> str | None:
    """An email as it is kept and looked for: composed (NFC), without spaces around, the domain in small letters and
    as IDNA reads it, so that `example。org` and `xn--…` are the domain they mean; None when nothing is left.

    What is no email stays as it was typed: one from before a rule was tightened is still found.
    """
    typed = unicodedata.normalize("NFC", email or "").strip()
    local, at, domain = typed.rpartition("@")
    registered = _registered(domain)
    if registered is None or not _is_clean(typed):
        return typed or None
    return local + at + _readable(registered)


def is_email(email: str) -> bool:
    """Whether mail can be addressed to it: a local part without quotes, and a domain of at least two labels."""
    local, _, domain = email.rpartition("@")
    return (
        len(email) <= MAX_EMAIL
        and len(local) <= MAX_LOCAL
        and _is_clean(email)
        and _LOCAL.fullmatch(unicodedata.normalize("NFKC", local)) is not None
        and _registered(domain) is not None
    )


def is_same_mailbox(one: str, other: str) -> bool:
    """Whether two emails differ at most in the case of ASCII letters.

    Names are compared by more than that, so that no two look alike; but mail to `straße@` does not reach `strasse@`.
    """
    return one == other or (one.isascii() and other.isascii() and one.lower() == other.lower())


def _is_clean(text: str) -> bool:
    """Whether all of it is seen: no control, format, separator, private or unassigned character."""
    return text.isprintable() and _UNSEEN.search(text) is None


def _registered(domain: str) -> str | None:
    """The domain as the DNS has it, in ASCII; None when it can have no such."""
    if len(domain) > MAX_DOMAIN or not _OF_TWO_MINDS.isdisjoint(domain):
        return None
    try:
        ascii_domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    if len(ascii_domain) > MAX_DOMAIN or _DOMAIN.fullmatch(ascii_domain) is None:
        return None
    return ascii_domain


def _readable(ascii_domain: str) -> str:
    """The domain as people read it; as it is where the standard library cannot read it."""
    try:
        return ascii_domain.encode("ascii").decode("idna")
    except UnicodeError:
        return ascii_domain
