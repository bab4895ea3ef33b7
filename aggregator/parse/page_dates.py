"""Dates as pages show them to people: six languages and more, with and without a year, and relative to now.

Feeds are read by `dates`, which never asks the clock; a page says "March 19", "vor 2 Tagen", "3天前", and means the
moment at which it was received. A date without a year is the nearest one that is not in the future. Numbers alone
are in the order of the page's language: 03/04/2024 is April in French, March in American English, and nothing where
only `en` is known. What is less precise than a day ("March 2024", "3 months ago") is None: a wrong date is worse
than none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from aggregator.parse.dates import parse_date

_LONGEST = 300
"""Characters of a text that is searched: longer ones are prose."""

_MONTHS = {
    "en": "jan january,feb february,mar march,apr april,may,jun june,jul july,aug august,sep sept september,"
    "oct october,nov november,dec december",
    "fr": "janv jan janvier,févr fév fevr fev février fevrier,mars,avr avril,mai,juin,juil juillet,août aout,"
    "sept septembre,oct octobre,nov novembre,déc dec décembre decembre",
    "de": "jan jän januar jänner,feb februar feber,mär märz mrz maerz,apr april,mai,jun juni,jul juli,aug august,"
    "sep sept september,okt oktober,nov november,dez dezember",
    "es": "ene enero,feb febrero,mar marzo,abr abril,may mayo,jun junio,jul julio,ago agosto,"
    "sep sept set septiembre setiembre,oct octubre,nov noviembre,dic diciembre",
    "it": "gen gennaio,feb febbraio,mar marzo,apr aprile,mag maggio,giu giugno,lug luglio,ago agosto,"
    "set sett settembre,ott ottobre,nov novembre,dic dicembre",
    "pt": "jan janeiro,fev fevereiro,mar março marco,abr abril,mai maio,jun junho,jul julho,ago agosto,"
    "set setembro,out outubro,nov novembro,dez dezembro",
    "nl": "jan januari,feb februari,mrt maart,apr april,mei,jun juni,jul juli,aug augustus,"
    "sep sept september,okt oktober,nov november,dec december",
}
_EVERYWHERE = ("en", "fr", "de", "es")
"""Languages whose months are known on every page; the others' only on their own."""

_CLOCK = (
    r"(?:(?:,|\s|at|um|à|a las|às|-|\u2013|·|\||/|T)*(?P<half_before>上午|下午|午前|午後)?\s*"
    r"(?P<hour>\d{1,2})\s*(?::|h|時|时|点)\s*(?P<minute>\d{2})?(?::(?P<second>\d{2}))?(?:分)?(?![\d.])"
    r"\s*(?:(?P<half>[AaPp])\.?\s?[Mm]\b\.?)?"
    r"\s*(?P<zone>\((?:UTC|GMT)[^)]{0,9}\)|(?:UTC|GMT|[A-Z]{2,4}T|CES?T|Z)\b(?:[+-]\d{1,2}(?::?\d\d)?)?|"
    r"[+-]\d{2}:?\d{2})?)?"
)
_DAY = r"(?P<day>[0-3]?\d)"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_MONTH = r"(?P<name>[^\W\d_]{3,10})\.?"
_OF = r"(?:of\s+|de\s+|del\s+|-|/)"
_BEFORE, _AFTER = r"(?<![\w/.:+-])", r"(?![\w/])"
_FORMS = tuple(
    re.compile(_BEFORE + form + _CLOCK, re.IGNORECASE)
    for form in (
        rf"{_YEAR}(?P<mark>[-/.])(?P<month>\d{{1,2}})(?P=mark){_DAY}(?!\d)(?![-/]\d)",
        rf"{_YEAR}\s*[年년]\s*(?P<month>\d{{1,2}})\s*[月월]\s*{_DAY}\s*[日号號일](?:\s*[\uff08(][^\uff09)]{{1,4}}[\uff09)])?",
        rf"{_DAY}(?:st|nd|rd|th|er|re|ª|º|°|\.)?\s*{_OF}?\s*{_MONTH},?(?:\s*{_OF}?\s*{_YEAR}{_AFTER})",
        rf"{_MONTH}\s*(?:-|/)?\s*{_DAY}(?:st|nd|rd|th)?(?:,|\s|-|/)+{_YEAR}{_AFTER}",
        rf"{_YEAR},?[\s-]{{1,3}}{_MONTH}[\s-]{{1,3}}{_DAY}{_AFTER}",
        rf"{_DAY}(?P<mark>[./-])(?P<month>\d{{1,2}})(?P=mark)(?P<year>(?:20)?\d\d){_AFTER}",
        rf"(?P<month>\d{{1,2}})\s*[月월]\s*{_DAY}\s*[日号號일](?:\s*[\uff08(][^\uff09)]{{1,4}}[\uff09)])?",
        rf"{_DAY}(?:st|nd|rd|th|er|\.)?\s*(?:of\s+|de\s+)?{_MONTH}{_AFTER}(?!\s*\d)",
        rf"{_MONTH}\s*{_DAY}(?:st|nd|rd|th)?{_AFTER}(?!\s*,?\s*\d{{4}})",
    )
)
_NUMBERS_LAST = 5
"""The form whose order of day and month is the language's."""

_UNITS = {
    "minutes": r"m|mins?\.?|minutes?|minuten?|min\.|minutos?|minuti?|分钟|分鐘|分|분",
    "hours": r"h|hrs?\.?|hours?|heures?|stunden?|std\.?|horas?|or[ae]|小时|小時|時間|시간|uur",
    "days": r"d|j|days?|jours?|tag(?:en?)?|d[ií]as?|giorn[io]|dag(?:en)?|天|日|일",
    "weeks": r"w|wks?\.?|weeks?|sem\.?|semaines?|wochen?|semanas?|settiman[ae]|weken|周|週間|週|星期",
}
_COUNT = r"(?P<count>\d{1,3}|an?|one|un[ea]?|eine?[mnr]?|two|three|deux|trois|zwei|drei|dos|tres|half an)"
_RELATIVE = tuple(
    (unit, re.compile(pattern, re.IGNORECASE))
    for unit, words in _UNITS.items()
    for pattern in (
        rf"(?<!\w)(?:about |~|ca\. |environ )?{_COUNT}\s*(?:{words})\s*ago(?!\w)",
        rf"(?<!\w)(?:il y a|vor|hace|há|fa|depuis)\s+(?:environ |etwa |unos |unas )?{_COUNT}\s*(?:{words})(?!\w)",
        rf"(?<!\w){_COUNT}\s*(?:{words})\s*(?:fa|geleden|atrás)(?!\w)",
        rf"(?<!\d)(?P<count>\d{{1,3}})\s*(?:个|個)?(?:{words})(?:之)?[前전]",
    )
)
_COUNTED = {
    **dict.fromkeys(("a", "an", "one", "un", "une", "una", "ein", "eine", "einem", "einen", "einer"), 1),
    **dict.fromkeys(("two", "deux", "zwei", "dos"), 2),
    **dict.fromkeys(("three", "trois", "drei", "tres"), 3),
}
_NAMED_DAYS = {
    0: "today|just now|aujourd['\u2019]hui|heute|gerade eben|hoy|oggi|今天|今日|本日|刚刚|剛剛|たった今",
    1: "yesterday|hier|gestern|ayer|ieri|昨天|昨日",
    2: "avant-hier|vorgestern|anteayer|前天|一昨日|おととい",
}
_NAMED = {days: re.compile(rf"(?<![\w-])(?:{words})(?![\w-])", re.IGNORECASE) for days, words in _NAMED_DAYS.items()}
_CHANGED = re.compile(
    r"(?:updated|modified|edited|revised|mis(?:e)? à jour|modifié|aktualisiert|geändert|actualizado|modificado|"
    r"aggiornato|更新|最終更新)(?:\s+(?:on|le|am|el|at))?\s*(?:日|时间|時間)?\s*[:\uff1a]?\s*$",
    re.IGNORECASE,
)
_AROUND = re.compile(
    r"(?:(?:posted|published|publié|veröffentlicht|publicado|date|datum|fecha|released?|on|le|am|vom|den|el|at|by|"
    r"mon|tue|wed|thu|fri|sat|sun|(?:mon|tues|wednes|thurs|fri|satur|sun)day|tues|thurs|"
    r"lun|mar|mer|jeu|ven|sam|dim|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|"
    r"mo|di|mi|do|fr|sa|so|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|"
    r"lunes|martes|miércoles|jueves|viernes|sábado|domingo|uhr|alle|às|il|em|op|pubblicato|gepubliceerd|"
    r"lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica|(?:segunda|terça|quarta|quinta|sexta)(?:-feira)?|"
    r"maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag|发布时间|发布日期|发布|日期|时间|公開日|掲載日|投稿日)"
    r"\b|星期[一二三四五六日天]|周[一二三四五六日]|[月火水木金土日]曜日?|[\s:\uff1a,.|·•/()\[\]\uff08\uff09\u2013—-])+",
    re.IGNORECASE,
)
_DAY_FIRST = frozenset(_MONTHS) - {"en"} | {
    "ru",
    "pl",
    "cs",
    "da",
    "sv",
    "nb",
    "no",
    "fi",
    "tr",
    "id",
    "el",
    "ro",
    "hu",
}
_DAY_FIRST_REGIONS = frozenset({"GB", "IE", "AU", "NZ", "IN", "ZA", "SG"})
_SLASHED = re.compile(r"(?<![\w/])(\d{1,2})/(\d{1,2})/(?:20)?\d\d(?![\w/])")
_MACHINE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\d{10}(?:\d{3})?$")
_SOON = timedelta(days=1)
_NOON = 12
_LAST = 31


@dataclass(frozen=True, slots=True)
class Calendar:
    """How one page writes its dates."""

    received: datetime
    language: str | None = None
    day_first: bool | None = None
    """Order of day and month where both are numbers; None when it is not known."""

    @classmethod
    def of(cls, received: datetime, language: str | None) -> Calendar:
        """Return the calendar of a page in a language (BCP 47) that was received at a moment."""
        tag = language or ""
        primary, _, region = tag.partition("-")
        if primary in _DAY_FIRST or region in _DAY_FIRST_REGIONS:
            return cls(received, language, day_first=True)
        return cls(received, language, day_first=False if tag == "en-US" else None)

    def after(self, text: str) -> Calendar:
        """Return the calendar of a page with this text.

        Where its language does not say which number is the day, dates after the twelfth do, if they agree.
        """
        if self.day_first is not None:
            return self
        pairs = [(int(one), int(other)) for one, other in _SLASHED.findall(text)]
        days_first = any(_NOON < one <= _LAST >= other for one, other in pairs)
        months_first = any(_NOON < other <= _LAST >= one for one, other in pairs)
        return self if days_first == months_first else replace(self, day_first=days_first)

    def month(self, name: str) -> int | None:
        """Return the number of a month by its name or abbreviation."""
        primary = (self.language or "").partition("-")[0]
        name = name.casefold().rstrip(".")
        tables = (_MONTH_NUMBERS[each] for each in dict.fromkeys((primary, *_EVERYWHERE)) if each in _MONTH_NUMBERS)
        return next((table[name] for table in tables if name in table), None)


_MONTH_NUMBERS = {
    language: {name: number for number, names in enumerate(months.split(","), 1) for name in names.split()}
    for language, months in _MONTHS.items()
}


@dataclass(frozen=True, slots=True)
class Found:
    """A date in a text: the moment, and where it stands."""

    moment: datetime
    start: int
    end: int


def read_date(text: str, calendar: Calendar) -> datetime | None:
    """Return the moment that a text says, when it says nothing else; None otherwise.

    A weekday, "Published on" and marks around it are nothing else.
    """
    text = " ".join(text.split())
    if not text or len(text) > _LONGEST:
        return None
    if _MACHINE.match(text) and (moment := parse_date(text)):
        return _in_range(moment, calendar)
    found = search_date(text, calendar)
    if found is None:
        moment = parse_date(text) if re.search(r"\d{4}", text) and len(text) >= len("2024-1-1") else None
        return _in_range(moment, calendar) if moment else None
    around = f"{text[: found.start]} {text[found.end :]}"
    return found.moment if not _AROUND.sub("", around) else None


def search_date(text: str, calendar: Calendar) -> Found | None:
    """Return the first date in a short text; one that says when it was changed only where there is no other."""
    text = " ".join(text.split())
    if not text or len(text) > _LONGEST:
        return None
    if not any(map(str.isdigit, text)):
        return _relative(text, calendar) or _named_day(text, calendar)
    found = sorted(_absolute_dates(text, calendar), key=lambda each: (each.start, -each.end))
    published = [each for each in found if not _CHANGED.search(text[: each.start])]
    return next(iter(published or found), None) or _relative(text, calendar) or _named_day(text, calendar)


def read_format(text: str, pattern: str, calendar: Calendar) -> datetime | None:
    """Return the moment of a text by strptime's pattern; without %Y or %y the year is the nearest past one."""
    text = " ".join(text.split())[:_LONGEST]
    try:
        if "%Y" in pattern or "%y" in pattern or not re.search(r"%[dBbm]", pattern):
            moment = datetime.strptime(text, pattern)  # noqa: DTZ007 - pages seldom say a zone
        else:
            leap = datetime.strptime(f"2024 {text}", f"%Y {pattern}")  # noqa: DTZ007
            return _nearest(leap.month, leap.day, calendar)
    except ValueError:
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return _in_range(moment, calendar)


def _absolute_dates(text: str, calendar: Calendar) -> list[Found]:
    found: list[Found] = []
    for number, form in enumerate(_FORMS):
        for match in form.finditer(text):
            if any(each.start < match.end() and match.start() < each.end for each in found):
                continue
            moment = _moment(match.groupdict(), calendar, ordered=number != _NUMBERS_LAST)
            if moment is not None:
                found.append(Found(moment, match.start(), match.end()))
    return found


def _moment(parts: dict[str, str | None], calendar: Calendar, *, ordered: bool) -> datetime | None:
    """Return the moment that the parts of a match make; None when they make none."""
    try:
        day, month = int(parts["day"] or 0), _month_of(parts, calendar)
        if not ordered:
            day, month = _in_order(day, month, parts.get("mark"), calendar)
        year = parts.get("year")
        if year is None:
            date = _nearest(month, day, calendar)
        else:
            date = datetime(int(year) + (2000 if len(year) == len("24") else 0), month, day, tzinfo=UTC)
    except ValueError:
        return None
    return _in_range(_at_time(date, parts), calendar) if date else None


def _month_of(parts: dict[str, str | None], calendar: Calendar) -> int:
    name = parts.get("name")
    month = calendar.month(name) if name else int(parts["month"] or 0)
    if not month:
        raise ValueError("no month")
    return month


def _in_order(day: int, month: int, mark: str | None, calendar: Calendar) -> tuple[int, int]:
    """Return day and month of two numbers; ValueError when either order may be meant."""
    if mark == "." or month == day:
        return day, month
    if max(day, month) > _NOON:
        return (day, month) if day > _NOON else (month, day)
    if calendar.day_first is None:
        raise ValueError("day first or month first")
    return (day, month) if calendar.day_first else (month, day)


def _nearest(month: int, day: int, calendar: Calendar) -> datetime | None:
    """Return the latest such day that is not in the future (29 February may be three years back)."""
    for year in range(calendar.received.year + 1, calendar.received.year - 8, -1):
        try:
            date = datetime(year, month, day, tzinfo=UTC)
        except ValueError:
            continue
        if date <= calendar.received + _SOON:
            return date
    return None


def _at_time(date: datetime, parts: dict[str, str | None]) -> datetime:
    """Return a day at the time of day that is said, in its zone; midnight when none is, or none that exists."""
    if not parts.get("hour"):
        return date
    hour, minute = int(parts["hour"] or 0), int(parts["minute"] or 0)
    half = (parts.get("half") or "").lower() or {"下午": "p", "午後": "p", "上午": "a", "午前": "a"}.get(
        parts.get("half_before") or "", ""
    )
    if half and hour <= _NOON:
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    zone = (parts.get("zone") or "").strip("()")
    zone = zone if zone.startswith(("+", "-")) else f" {zone}"
    spelt = f"{date:%Y-%m-%d} {hour:02}:{minute:02}:{int(parts.get('second') or 0):02}{zone}"
    return parse_date(spelt) or date


def _in_range(moment: datetime, calendar: Calendar) -> datetime | None:
    """Return a moment between 1990 and tomorrow."""
    return moment if moment.year >= 1990 and moment <= calendar.received + 2 * _SOON else None  # noqa: PLR2004


def _relative(text: str, calendar: Calendar) -> Found | None:
    """Return a moment said as a distance: to the minute for minutes, to the hour for hours, else to the day."""
    for unit, pattern in _RELATIVE:
        if match := pattern.search(text):
            count = match["count"].lower()
            number = int(count) if count.isdigit() else _COUNTED.get(count)
            if number is None:
                continue
            moment = calendar.received - timedelta(**{unit: number})
            return Found(_rounded(moment, unit), match.start(), match.end())
    return None


def _rounded(moment: datetime, unit: str) -> datetime:
    moment = moment.replace(second=0, microsecond=0)
    if unit == "minutes":
        return moment
    return moment.replace(minute=0) if unit == "hours" else moment.replace(hour=0, minute=0)


def _named_day(text: str, calendar: Calendar) -> Found | None:
    """Return the day of `yesterday` and its like, in a text that is short enough to be a label."""
    for days, pattern in reversed(_NAMED.items()):
        if len(text) <= 40 and (match := pattern.search(text)):  # noqa: PLR2004
            day = calendar.received.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
            return Found(day, match.start(), match.end())
    return None
