"""Values for a sample file: what fits a data element, and where the element is well known, what looks real.

All names, numbers and addresses are made up. A value never begins or ends with a blank and holds letters, digits,
blanks, points and hyphens only, so that it stands under nearly any delimiters.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from random import Random

from translators.x12.guide import ElementGuide
from translators.x12.values import value_fault

FIRST_DAY = date(2026, 3, 2)
"""Dates of samples lie in the weeks after this one."""

PREFERRED_CODES: Mapping[str, tuple[str, ...]] = {
    "66": ("92", "1", "9"),
    "98": ("ST", "BY", "SF", "VN", "SE"),
    "128": ("DP", "IA", "VR", "BM", "CO"),
    "235": ("UP", "VN", "IN"),
    "353": ("00",),
    "355": ("EA", "CA"),
    "365": ("TE", "EM"),
    "374": ("002", "010", "011", "017", "067"),
    "639": ("PE",),
    "1250": ("D8",),
}
"""Element number -> the codes met most; one of them is taken where the element's list has it."""

_ALWAYS_PREFERRED = frozenset({"1250"})
"""Its code says how another element is written."""

_NAMES = ("NORTHSIDE STORES", "HARBOR FOODS", "GREENFIELD SUPPLY", "LAKESIDE TOOLS", "SUMMIT GARDEN")
_STREETS = ("12 FIELD ROAD", "480 DOCK STREET", "7 MILL LANE", "2150 INDUSTRIAL PARKWAY")
_CITIES = ("AMES", "DAYTON", "RENO", "SALEM", "MOBILE")
_STATES = ("IA", "OH", "NV", "OR", "AL")
_PEOPLE = ("JANE DOE", "SAM LEE", "ANA RUIZ")
_ARTICLES = ("GARDEN HOSE", "STEEL BOLT M8", "CANVAS GLOVE", "TIN OF PAINT", "OAK SHELF")
_WORDS = ("BLUE", "NORTH", "DOCK", "PALLET", "SPRING", "CARTON", "ROUTE", "GATE")
_COUNTRY = "US"
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_USUAL_DIGITS = 3
_USUAL_LENGTH = 8
_PREFER = 0.85


class SampleValues:
    """Makes values; the same Random state makes the same ones."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def value(self, element: ElementGuide, before: Mapping[str, str]) -> str:
        """A value that the element takes.

        Args:
            element: what it must fit.
            before: element number -> the latest value of it in the same segment or composite, for qualifiers.
        """
        if element.codes is not None:
            return self._code(element, element.codes)
        known = self._known(element.number, before)
        if known and value_fault(known, element) is None:
            return known
        return self._plain(element)

    def plain_text(self, length: int) -> str:
        """Letters and digits, exactly so many."""
        return "".join(self._random.choice(_LETTERS) for _ in range(length))

    def _code(self, element: ElementGuide, codes: frozenset[str]) -> str:
        usual = [code for code in PREFERRED_CODES.get(element.number, ()) if code in codes]
        if usual and (element.number in _ALWAYS_PREFERRED or self._random.random() < _PREFER):
            return self._random.choice(usual)
        return self._random.choice(sorted(codes))

    def _known(self, number: str, before: Mapping[str, str]) -> str:
        random = self._random
        match number:
            case "93":
                return random.choice(_NAMES)
            case "166":
                return random.choice(_STREETS)
            case "19":
                return random.choice(_CITIES)
            case "156":
                return random.choice(_STATES)
            case "116":
                return self._digits(5)
            case "26":
                return _COUNTRY
            case "324":
                return f"PO{self._digits(7)}"
            case "76":
                return f"INV{self._digits(6)}"
            case "396":
                return f"SHIP{self._digits(6)}"
            case "127":
                return f"{random.choice(_LETTERS)}{self._digits(6)}"
            case "67":
                return self._digits({"1": 9, "9": 13}.get(before.get("66", ""), 5))
            case "234":
                return self._article_number(before.get("235", ""))
            case "352":
                return random.choice(_ARTICLES)
            case "364":
                return "orders.desk" if before.get("365") == "EM" else f"555{self._digits(7)}"
            case "212":
                return f"{random.randint(1, 99)}.{random.randint(0, 99):02d}"
            case "330" | "358" | "380" | "382" | "413":
                return str(random.randint(1, 96))
            case "782":
                return f"{random.randint(1, 9000)}.{random.randint(0, 99):02d}"
            case "1251":
                return self._day().strftime("%Y%m%d")
            case "350" | "554" | "163":
                return str(random.randint(1, 20))
            case "387" | "369":
                return " ".join(random.sample(_WORDS, 2))
            case _:
                return ""

    def _plain(self, element: ElementGuide) -> str:
        kind, low, high = element.type, element.min, element.max
        match kind[0]:
            case "N" | "R":
                return self._digits(self._random.randint(low, max(low, min(high, _USUAL_DIGITS))))
            case "D":
                return self._day().strftime("%y%m%d" if high == 6 else "%Y%m%d")
            case "T":
                hour, minute = self._random.randint(0, 23), self._random.randint(0, 59)
                return f"{hour:02d}{minute:02d}" + ("" if low <= 4 else "00")
        length = self._random.randint(low, max(low, min(high, _USUAL_LENGTH)))
        if kind == "AN" and length > 4:
            return f"{self._random.choice(_WORDS)} {self._digits(length)}"[:length].rstrip().ljust(length, "0")
        return self.plain_text(length)

    def _article_number(self, qualifier: str) -> str:
        if qualifier != "UP":
            return f"{self._random.choice(_LETTERS)}{self._digits(4)}"
        digits = self._digits(11)
        odd, even = sum(map(int, digits[0::2])), sum(map(int, digits[1::2]))
        return f"{digits}{-(odd * 3 + even) % 10}"

    def _digits(self, length: int) -> str:
        """A number without leading zero."""
        return str(self._random.randint(10 ** (length - 1), 10**length - 1))

    def _day(self) -> date:
        return FIRST_DAY + timedelta(days=self._random.randint(0, 60))
