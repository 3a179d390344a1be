"""Which passwords are accepted: long ones that are not among the first that anybody guesses."""

import unicodedata
from collections.abc import Iterable
from itertools import pairwise

from domain.errors import Checks

MIN_PASSWORD, MAX_PASSWORD = 10, 256

_LENGTH = f"expected {MIN_PASSWORD} to {MAX_PASSWORD} characters"
_REPEATED = "expected more than the same few characters again and again"
_IN_A_ROW = (
    "expected a less common password: letters or digits in a row are among the first that are guessed; "
    "a sentence is fine"
)
_OWN_NAME = "expected a password without your username or email in it"
_COMMON = "expected a less common password: this one is among the first that are guessed; a sentence is fine"

_LONGEST_PIECE = 3
# A shorter name stands in many words, so it counts only where little else is left; two letters are no name.
_SHORTEST_NAME, _WHOLE_NAME = 3, 5

_COMMON_ONES = """
1029384756 1122334455 1234512345 1234554321 12345678910 1234567891 1234567890a 1234567890q 123456789a 123456789abc
123456789q 1357924680 1q2w3e4r5t 1q2w3e4r5t6y 1q2w3e4r5t6y7u8i9o0p 1qaz2wsx3edc 1qaz2wsx3edc4rfv 1qaz@wsx3edc
a123456789 a1b2c3d4e5 a1b2c3d4e5f6 aa12345678 aaa1234567 abc1234567 abc123456789 abcd123456 abcd12345678 abcde12345
abcdef123456 adminadmin admin12345 admin123456 administrator alexander1 asd123456789 asdf123456 asdfasdfasdf
asdfghjkl1 asdfghjkl123 asdfghjkl; baseball123 basketball basketball1 barcelona1 butterfly1 california changeme12
changeme123 changeme1234 charlie123 chocolate1 christopher correcthorsebatterystaple defaultpassword dragon1234
dragon12345 elizabeth1 football10 football12 football123 guildhall1 guildhall123 guildhall1234 hello12345
hello123456 iloveyou12 iloveyou123 iloveyou1234 iloveyou22 letmein123 letmein1234 liverpool1
liverpool123 login12345 manchester manchester1 master1234 master12345 michael123 monkey1234 monkey12345
mypassword mypassword1 mypassword123 newpassword newpassword1 p@ssw0rd12 p@ssw0rd123 p@ssw0rd1234 p@ssword123
pass123456 pass1234567 passpasspass passw0rd12 passw0rd123 passw0rd1234 password00 password01 password1! password10
password11 password12 password123 password123! password1234 password12345 password123456 password2024 password2025
password2026 password21 password99 passwordpassword poiuytrewq pokemon123 princess12 princess123 q123456789
q1w2e3r4t5 q1w2e3r4t5y6 q1w2e3r4t5y6u7i8o9p0 qazwsx1234 qazwsxedc1 qazwsxedc123 qazwsxedcrfv qweasdzxc1
qweasdzxc123 qweqweqweqwe qwer123456 qwer1234qwer qwerasdfzxcv qwerqwerqwer qwerty1234 qwerty12345 qwerty123456
qwerty1234567 qwerty123456789 qwertyqwerty qwertyui123 qwertyuiop qwertyuiop1 qwertyuiop123 qwertyuiop[]
qwertyuiopasdfghjkl qwertyuiopasdfghjklzxcvbnm realmadrid realmadrid1 secret1234 secret12345 secretpassword
shadow1234 shadow12345 starwars12 starwars123 strawberry sunshine12 sunshine123 superman12 superman123 sweetheart
temppassword test123456 test1234567 test12345678 testpassword testtesttest thisismypassword trustno1trustno1
unbelievable volleyball washington welcome123 welcome1234 welcome12345 welcome2024 welcome2025 welcome2026
whatever12 whatever123 zaq12wsxcde3 zaq1xsw2cde3 zxcvbnm123 zxcvbnm1234 zxcvbnm12345 zxcvbnmasdfghjkl
"""
_MOST_COMMON = frozenset(_COMMON_ONES.split())


def check_password(password: str, *names: str | None, field: str = "password") -> None:
    """Raise `Invalid` naming `field` unless the password is long enough and not easily guessed.

    `names` are what its owner is called: of an email, the part before the `@` counts. Nothing is asked of the kinds of
    characters (as NIST SP 800-63B advises).
    """
    checks = Checks()
    checks.require(not (reason := _refused(password, names)), field, reason)
    checks.finish()


def _refused(password: str, names: Iterable[str | None]) -> str:
    """What is expected instead; empty for an accepted one."""
    folded = _folded(password)
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        return _LENGTH
    if any(_is_repetition(folded, length) for length in range(1, _LONGEST_PIECE + 1)):
        return _REPEATED
    if _is_in_a_row(folded):
        return _IN_A_ROW
    if folded in _MOST_COMMON:
        return _COMMON
    if any(_is_built_on(folded, _folded(name).partition("@")[0]) for name in names if name):
        return _OWN_NAME
    return ""


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _is_repetition(text: str, length: int) -> bool:
    """Whether the text is nothing but its first characters again and again."""
    return all(text[index] == text[index % length] for index in range(len(text)))


def _is_in_a_row(text: str) -> bool:
    """Whether each letter or digit is the next one, or each the one before; 0 and 9 are neighbours."""
    steps = {_step(one, other) for one, other in pairwise(text)}
    return text.isalnum() and steps in ({1}, {-1})


def _step(one: str, other: str) -> int:
    if one + other in {"90", "09"}:
        return 1 if one == "9" else -1
    return ord(other) - ord(one)


def _is_built_on(password: str, name: str) -> bool:
    if len(name) < _SHORTEST_NAME or name not in password:
        return False
    return len(name) >= _WHOLE_NAME or len(password.replace(name, "")) < MIN_PASSWORD
