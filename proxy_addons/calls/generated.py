"""Values that look as if a machine had made them up: UUIDs, hashes, tokens, prefixed ids, timestamps.

A provider makes new ones in every run, so whatever must agree between two runs leaves them out.
The rules err on the side of leaving out: a name taken for an id makes two calls look alike, an id
taken for a name makes two runs differ.
"""

from __future__ import annotations

import re

BLANK = "~"
"""What stands in the place of a generated value."""

LONGEST = 65_536
"""Characters. A longer text is left as it is: looking through it takes about 70 ns a character."""

_UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
_TIMESTAMP = (
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
    r"(?:[Tt ](?:[01]\d|2[0-3]):[0-5]\d(?::\d\d(?:[.,]\d+)?)?(?:[Zz]|[+-]\d\d:?\d\d)?)?"
)
_HEX = r"(?:0[xX])?[0-9a-fA-F]{8,}"
_MIXED = r"(?=[0-9A-Za-z]*\d[A-Za-z])(?=[A-Za-z]*\d[0-9A-Za-z]*\d)[0-9A-Za-z]{8,}"  # two digits, a letter after one
_LONG_MIXED = r"(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[0-9A-Za-z]{16,}"
_AFTER_PREFIX = (  # the tail of vj-abc123, ord_k3jx9zqa, ord_aBcDeFgH
    r"(?<=[0-9A-Za-z][_-])(?:"
    r"(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{6,7}"
    r"|(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[0-9A-Za-z]{8,}"
    r"|(?=(?:[0-9A-Za-z]*?[a-z][A-Z]){2})[0-9A-Za-z]{8,})"
)

_ANYWHERE = re.compile(
    rf"(?<![0-9A-Za-z])(?:{_UUID}|{_TIMESTAMP}|{_HEX}|{_LONG_MIXED}|{_MIXED}|{_AFTER_PREFIX})(?![0-9A-Za-z])"
)
_BASE64 = re.compile(r"(?=.*\d)(?=.*[a-z])(?=.*[A-Z])[0-9A-Za-z+/_-]{20,}={0,2}")
_BUT_FOR_A_PREFIX = re.compile(rf"(?:[0-9A-Za-z]{{1,16}}[_-]){{0,3}}{BLANK}")
_DIGITS = re.compile(r"\d+", re.ASCII)


def blanked(text: str) -> str:
    """The text with everything in it that looks generated replaced by `BLANK`.

    `paid at 2025-01-31T10:00:00Z` becomes `paid at ~`. An id goes with its prefix: `esc_ab12cd34`
    becomes `~`, for a random tail is not always told from its prefix.
    """
    length = len(text)
    if length < 8 or length > LONGEST:
        return text
    if length >= 20 and _BASE64.fullmatch(text):
        return BLANK
    left = _ANYWHERE.sub(BLANK, text)
    if left != text and _BUT_FOR_A_PREFIX.fullmatch(left):
        return BLANK
    return left


def is_id(text: str) -> bool:
    """Whether the text as a whole is an id: a number, or generated but for a prefix like `esc_`."""
    return _DIGITS.fullmatch(text) is not None or (text != BLANK and blanked(text) == BLANK)
