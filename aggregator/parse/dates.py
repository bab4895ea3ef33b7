"""Dates as feeds write them, without guessing: RFC 822 to 5322, RFC 3339 and ISO 8601, epoch, and the rest.

What a text does not say is never filled in from the clock: a date without a time is midnight, one without a zone
is UTC, and one less precise than a day is None, as is a date that does not exist (31 February) and one before 1990
or after 2100. A zone that cannot be read counts as UTC (RFC 5322 section 4.3 for unknown names).

Numbers alone are year first (2026/01/05), or day first when dotted (5.1.2026). With slashes or dashes and the year last
either order is in use: such a date is read only if one of the numbers is above 12 or both are equal, else it is None.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, cast

from dateutil import parser as dateutil

_LONGEST = 100
_YEARS = (datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
_TIME = (
    r"(?P<hour>\d{1,2}):?(?P<minute>\d{2})(?::?(?P<second>\d{2})(?P<fraction>[.,]\d+)?)?"
    r"(?:\s*(?P<half>[AP])\.?M\.?(?![A-Z]))?"
)
_REST = r"(?P<zone>[^\d:][^:]{0,30}|[+-].{0,30})?$"
_FORMS = tuple(
    re.compile(form + _REST, re.IGNORECASE)
    for form in (
        rf"^(?P<year>\d{{4}})(?P<mark>[-/.])(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}})(?:(?:T|,?\s+){_TIME})?",
        rf"^(?P<year>\d{{4}})(?P<month>\d\d)(?P<day>\d\d)(?:[T\s]?{_TIME})?",
        rf"^(?:[^\W\d]+\.?,?\s*)?(?P<day>\d{{1,2}})(?:st|nd|rd|th|er)?[\s-]+(?P<name>[^\W\d]{{3,9}})\.?,?[\s-]+(?P<year>\d{{4}}|\d\d)(?:,?\s+{_TIME})?",
        rf"^(?P<year>\d{{4}})\s*[年년]\s*(?P<month>\d{{1,2}})\s*[月월]\s*(?P<day>\d{{1,2}})\s*[日일](?:\s*{_TIME})?",
        rf"^(?P<day>\d{{1,2}})\.(?P<month>\d{{1,2}})\.(?P<year>\d{{4}})(?:,?\s+{_TIME})?",
        rf"^(?P<first>\d{{1,2}})[/-](?P<other>\d{{1,2}})[/-](?P<year>\d{{4}})(?:,?\s+{_TIME})?",
    )
)
_RFC822 = re.compile(
    r"(?:[a-z]{3}, )?(\d\d?) ([a-z]{3}) (\d{4}) ([01]\d|2[0-3]):([0-5]\d):([0-5]\d) "
    r"(?:GMT|([+-])(0\d|1[0-4]):?([0-5]\d))",
    re.ASCII | re.IGNORECASE,
)
_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)", re.ASCII
)
"""The two that nearly all feeds write: whatever is odd about a date is left to the forms below."""
_EPOCH = re.compile(r"^(\d{10})(\d{3})?(?:\.\d+)?$")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_UNCLEAR = re.compile(r"\d{1,2}[/-]\d{1,2}[/-]\d")
_OFFSET = re.compile(r"^(?:GMT|UTC|UT|Z)?\s*([+-])(\d{1,2}):?(\d\d)?(?!\d)", re.IGNORECASE)
_ZONE_NAME = re.compile(r"^[A-Za-z]{1,5}\b")
_LARGEST_OFFSET = timedelta(hours=15)
_NOON = 12

_ZONES = {
    name: float(hours)
    for hours, names in {
        "-10": "HST",
        "-9": "AKST",
        "-8": "PST AKDT",
        "-7": "MST PDT",
        "-6": "CST MDT",
        "-5": "EST CDT COT",
        "-4": "EDT AST CLT",
        "-3.5": "NST",
        "-3": "ADT BRT ART CLST",
        "-2.5": "NDT",
        "1": "CET MEZ BST WEST WAT",
        "2": "CEST MESZ EET CAT SAST",
        "3": "EEST MSK TRT EAT IDT",
        "4": "GST",
        "5": "PKT",
        "5.5": "IST",
        "5.75": "NPT",
        "7": "ICT WIB",
        "8": "SGT HKT PHT AWST",
        "9": "JST KST",
        "9.5": "ACST",
        "10": "AEST",
        "10.5": "ACDT",
        "11": "AEDT",
        "12": "NZST",
        "13": "NZDT",
    }.items()
    for name in names.split()
}
"""Hours east of Greenwich; UTC, GMT, WET and unknown names are 0.

CST is North America's, IST India's, BST Britain's, AST the Atlantic's.
"""

_MONTHS = (
    "january jan janvier janv januar jänner enero ene gennaio gen janeiro januari",
    "february feb février fevrier févr fev februar febrero febbraio fevereiro februari",
    "march mar mars märz maerz mär mrz marzo março marco maart mrt",
    "april apr avril avr abril abr aprile",
    "may mai mayo maggio mag maio mei",
    "june jun juin juni junio giugno giu junho",
    "july jul juillet juil juli julio luglio lug julho",
    "august aug août aout agosto ago augustus",
    "september sep sept septembre septiembre settembre set setembro",
    "october oct octobre oktober okt octubre ottobre ott outubro out",
    "november nov novembre noviembre novembro",
    "december dec décembre decembre déc dezember dez diciembre dic dicembre dezembro",
)
_MONTH = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}


class _Words(dateutil.parserinfo):
    """The month names that dateutil shall know."""

    MONTHS = cast("Any", [tuple(names.split()) for names in _MONTHS])


_WORDS = _Words()


def parse_date(text: str) -> datetime | None:
    """Return the moment in UTC, or None when the text does not say one between 1990 and 2100."""
    text = " ".join(text.split())
    if not text or len(text) > _LONGEST:
        return None
    try:
        moment = _read(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment and _YEARS[0] <= moment < _YEARS[1] else None


def _read(text: str) -> datetime | None:
    if _RFC3339.fullmatch(text):
        return datetime.fromisoformat(text).astimezone(UTC)
    if (plain := _RFC822.fullmatch(text)) and (number := _MONTH.get(plain[2].lower())):
        return _plain_moment(plain, number)
    if epoch := _EPOCH.match(text):
        return datetime.fromtimestamp(int(epoch[1]), UTC) + timedelta(milliseconds=int(epoch[2] or 0))
    for form in _FORMS:
        match = form.match(text)
        if match:
            parts = match.groupdict()
            if (month := _month(parts)) is not None:
                return _moment(parts, *month)
    return None if _UNCLEAR.search(text) or not _YEAR.search(text) else _last_resort(text)


def _plain_moment(parts: re.Match[str], month: int) -> datetime:
    """Return the moment of an RFC 822 date in which nothing is left out."""
    day, year, hour, minute, second = (int(parts[number]) for number in (1, 3, 4, 5, 6))
    moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    if not parts[7]:
        return moment
    east = timedelta(hours=int(parts[8]), minutes=int(parts[9]))
    return moment + east if parts[7] == "-" else moment - east


def _month(parts: dict[str, str | None]) -> tuple[int, int] | None:
    """Month and day; None when the word is no month; ValueError when the order of numbers is anyone's guess."""
    if name := parts.get("name"):
        number = _MONTH.get(name.casefold())
        return (number, int(parts["day"] or 0)) if number else None
    if parts.get("first"):
        first, other = int(parts["first"] or 0), int(parts["other"] or 0)
        if max(first, other) <= _NOON and first != other:
            raise ValueError("day first or month first")
        return (other, first) if first > _NOON else (first, other)
    return int(parts["month"] or 0), int(parts["day"] or 0)


def _moment(parts: dict[str, str | None], month: int, day: int) -> datetime:
    date = datetime(_full_year(parts["year"] or ""), month, day, tzinfo=UTC)
    return date + _time_of_day(parts) - _offset(parts["zone"] or "")


def _full_year(digits: str) -> int:
    """Two digits are 1950 to 2049 (RFC 5322 section 4.3)."""
    year = int(digits)
    if len(digits) > 2:  # noqa: PLR2004
        return year
    return year + (2000 if year < 50 else 1900)  # noqa: PLR2004


def _time_of_day(parts: dict[str, str | None]) -> timedelta:
    """Time since midnight; 24:00 and a leap second are the start of what follows."""
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    if half := parts["half"]:
        hour = hour % _NOON + (_NOON if half in "pP" else 0)
    if hour > 24 or minute > 59 or second > 60 or (hour == 24 and (minute or second)):  # noqa: PLR2004
        raise ValueError("no such time")
    fraction = float("0." + parts["fraction"][1:]) if parts["fraction"] else 0.0
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=round(fraction * 1e6))


def _offset(zone: str) -> timedelta:
    """How far a zone is east of UTC: +01:00, GMT+1, CEST, `+0100 (CET)`, Z[Europe/Paris]."""
    zone = zone.strip(" ,()")
    if match := _OFFSET.match(zone):
        offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
        if offset > _LARGEST_OFFSET:
            return timedelta()
        return -offset if match[1] == "-" else offset
    name = _ZONE_NAME.match(zone)
    return timedelta(hours=_ZONES.get(name[0].upper(), 0)) if name else timedelta()


def _zone(name: str | None, seconds: int | None) -> timezone:
    """Answer dateutil's question about a zone."""
    return timezone(timedelta(seconds=seconds) if seconds else _offset(name or ""))


def _last_resort(text: str) -> datetime | None:
    """Let dateutil try, against two days that differ in everything: what it fills in by itself shows."""
    tries = (datetime(1996, 2, 3, tzinfo=UTC), datetime(2003, 11, 28, tzinfo=UTC))
    try:
        first, second = (dateutil.parse(text, _WORDS, default=default, tzinfos=_zone) for default in tries)
    except (TypeError, IndexError, AttributeError, ArithmeticError) as error:  # dateutil's on odd texts
        raise ValueError(text) from error
    return first.astimezone(UTC) if first == second else None
