"""What counts as an answer, and what to say of it: the part of the exercises that knows neither widgets nor files.

An exercise's *key* judges whatever a learner hands over. It is lenient about form (10.9, "10,9 days", full-width
digits) and strict about substance, knows the mistakes people make by name, and stops at nothing: there is no object
for which `judge` raises an error.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any, Literal

from simlib.languages import _

State = Literal["right", "wrong", "blank", "unreadable"]

LONGEST_KEPT = 4_000
"""Longest answer that is kept with the learner's progress, in characters: a notice fits, a novel does not."""

UNITS: dict[str, frozenset[str]] = {
    name: frozenset({name, *words.split("|")})
    for name, words in {
        "years": "year|yr|y|年",
        "days": "day|d|天|日|日間",
        "hours": "hour|h|小時|小时|鐘頭",
        "weeks": "week|wk|週|周|星期|個星期|个星期|禮拜|個禮拜|礼拜|个礼拜",
        "orders": "order|筆|筆訂單|單|笔|笔订单|单|訂單|订单",
        "records": "record|筆|筆資料|條|条|条记录|筆記錄|記錄|记录|customers|orders",
        "customers": "customer|people|persons|buyers|人|位|位客人|位顧客|位顾客|個人|个人|名",
        "TWD": "nt$|nt|ntd|元|圓|塊|塊錢|新台幣|新臺幣|台幣|新台币|$",
        "percent": "%|％|per cent|pct|of 100|百分比|趴",
        "of 100": "%|％|per cent|percent|元|圓|twd|百分比",
        "rows": "row|行|列|筆|条|條",
        "bytes": "byte|b|位元組|字节|字節",
    }.items()
}
"""Unit → what people write for it. No unit at all is always accepted: the question names it."""

_NUMBER = re.compile(r"[-+]?(?:\d+(?:[.,]\d+|[\s'’_]\d{3}(?!\d))*|\.\d+)(?:[eE][-+]?\d{1,3})?")
_FACTORS = {"萬": 1e4, "万": 1e4, "億": 1e8, "亿": 1e8, "千": 1e3, "k": 1e3}
_FILLERS = re.compile(
    r"^(about|around|approximately|roughly|circa|ca\.?|約|大約|约|大约|差不多|是|~|≈|=|nt\$|nt|\$)+$"
)


@dataclass(frozen=True)
class Verdict:
    """What was found about an answer.

    Attributes
    ----------
    state
        ``right``, ``wrong``, ``blank`` (not answered yet) or ``unreadable`` (no answer to this question at all).
    mistake
        Name of the mistake, if it is one that the exercise knows.
    detail
        A sentence about the form of the answer, in the reader's language; empty if there is nothing to say.
    kept
        The answer as text, from which `Key.judge` finds the same again.
    """

    state: State
    mistake: str | None = None
    detail: str = ""
    kept: str | None = None


@dataclass(frozen=True)
class Mistake:
    """A mistake that people make: how to know it, and an answer that makes it."""

    example: Any
    made: Callable[[Any], bool]


def is_blank(given: object) -> bool:
    """Whether nothing was answered: nothing, dots, an empty text or list, not a number."""
    if given is None or given is ...:
        return True
    if isinstance(given, str):
        return not given.strip(" \t\r\n.…?？_-—　") and not any(sign.isdigit() for sign in given)
    if isinstance(given, float):
        return math.isnan(given)
    return isinstance(given, list | tuple | set | frozenset | dict) and not given


def judge(key: Key, given: object) -> Verdict:
    """Judge an answer, whatever it is.

    Parameters
    ----------
    key
        Of the question.
    given
        Any object. Even one whose own methods fail is answered with a verdict.
    """
    try:
        if is_blank(given):
            return Verdict("blank")
        return key.judge(given)
    except (Exception, SystemExit):  # noqa: BLE001  (a learner may hand over anything, and never sees a traceback)
        return Verdict("unreadable", detail=_("This cannot be read as an answer."))


class Key(ABC):
    """The key of one question."""

    @property
    @abstractmethod
    def solution(self) -> Any:
        """An answer that is right."""

    @property
    @abstractmethod
    def mistakes(self) -> Mapping[str, Mistake]:
        """The mistakes known by name."""

    @abstractmethod
    def judge(self, given: Any) -> Verdict:
        """Judge an answer that is not blank; may fail on a strange object."""

    def _named(self, read: Any, kept: str | None) -> Verdict:
        """The verdict on an answer that is read and not right."""
        for name, mistake in self.mistakes.items():
            if mistake.made(read):
                return Verdict("wrong", name, kept=kept)
        return Verdict("wrong", kept=kept)


# ---------------------------------------------------------------------------------------------------------------
# numbers


@dataclass(frozen=True)
class ReadNumber:
    """A number found in an answer: what it may mean, and the words beside it."""

    values: tuple[float, ...]
    unit: str = ""


def read_number(given: object) -> ReadNumber | str:
    """Read a number as people write it.

    Parameters
    ----------
    given
        A number of any kind, or a text with one number in it. A comma or dot followed by three digits may
        separate thousands or decimals, so both are offered.

    Returns
    -------
    ReadNumber or str
        Or a sentence saying why there is none.
    """
    if hasattr(given, "item") and getattr(given, "size", 1) == 1:
        given = given.item()
    if isinstance(given, bool) or given is None:
        return _("A number is wanted here.")
    if isinstance(given, int | float):
        return ReadNumber((float(given),)) if math.isfinite(given) else _("A finite number is wanted here.")
    if not isinstance(given, str):
        try:
            number: Any = given
            value = float(number)  # Decimal, Fraction and their like
        except Exception:  # noqa: BLE001
            return _("A number is wanted here.")
        return ReadNumber((value,)) if math.isfinite(value) else _("A finite number is wanted here.")
    return _number_in(given[:200])


def _number_in(text: str) -> ReadNumber | str:
    plain = unicodedata.normalize("NFKC", text).replace("−", "-").replace("、", ",").strip()
    found = list(_NUMBER.finditer(plain))
    if not found:
        return _("A number is wanted here.")
    if len(found) > 1:
        return _("There is more than one number in this; write only the one that is asked for.")
    match = found[0]
    before, after = plain[: match.start()].strip().lower(), plain[match.end() :].strip().lower()
    factor = _FACTORS.get(after[:1], 1.0)
    if factor != 1.0 and not (after[:1] == "k" and len(after) > 1 and after[1].isalpha()):
        after = after[1:].strip()
    else:
        factor = 1.0
    before = re.sub(r"^.*[=:]|[\s.]", "", before)
    unit = after.strip(" .。,;") or ("" if _FILLERS.match(before) else before)
    values = tuple(value * factor for value in _readings(match[0]) if math.isfinite(value * factor))
    return ReadNumber(values, unit) if values else _("A number is wanted here.")


def _readings(digits: str) -> Iterable[float]:
    """What a row of digits with dots, commas and spaces may mean; the likelier first."""
    tight = re.sub(r"[\s'’_]", "", digits)
    mantissa, sign, exponent = re.split(r"([eE])", tight)[0], "", ""
    if len(mantissa) < len(tight):
        sign, exponent = "e", tight[len(mantissa) + 1 :]
    dots, commas = mantissa.count("."), mantissa.count(",")
    candidates: list[str]
    if dots and commas:
        decimal = "," if mantissa.rfind(",") > mantissa.rfind(".") else "."
        other = "." if decimal == "," else ","
        candidates = [mantissa.replace(other, "").replace(decimal, ".")]
    elif commas == 1:
        decimal_reading = mantissa.replace(",", ".")
        thousands = re.fullmatch(r"[-+]?[1-9]\d{0,2},\d{3}", mantissa)
        candidates = [mantissa.replace(",", ""), decimal_reading] if thousands else [decimal_reading]
    elif commas > 1:
        candidates = [mantissa.replace(",", "")]
    elif dots == 1 and re.fullmatch(r"[-+]?[1-9]\d{0,2}\.\d{3}", mantissa):
        candidates = [mantissa, mantissa.replace(".", "")]
    elif dots > 1:
        candidates = [mantissa.replace(".", "")]
    else:
        candidates = [mantissa]
    for candidate in candidates:
        try:
            yield float(candidate + sign + exponent)
        except ValueError:
            continue


@dataclass(frozen=True)
class Number(Key):
    """A number with a unit, right within a stated tolerance.

    Attributes
    ----------
    value
        The right one, in `unit`.
    unit
        One of `UNITS`, or any word; empty for a bare number.
    within
        Tolerance on either side, in `unit`.
    wrong
        Name of a mistake → the number that it leads to; recognised within the same tolerance.
    """

    value: float
    unit: str
    within: float
    wrong: Mapping[str, float] = field(default_factory=dict)

    @property
    def solution(self) -> float:
        """The right number."""
        return self.value

    @property
    def mistakes(self) -> Mapping[str, Mistake]:
        """Those of `wrong`."""
        return {name: Mistake(value, partial(self._near, value)) for name, value in self.wrong.items()}

    def judge(self, given: Any) -> Verdict:
        """Read the number and compare; another unit than the one asked for is told."""
        read = read_number(given)
        if isinstance(read, str):
            return Verdict("unreadable", detail=read)
        if read.unit and read.unit not in {self.unit.lower(), *UNITS.get(self.unit, ())}:
            asked = _unit_label(self.unit)
            return Verdict(
                "unreadable",
                detail=_("The answer is asked for in {unit}, not in “{given}”.").format(
                    unit=asked, given=read.unit[:30]
                )
                if asked
                else _("The answer is a bare number, without “{given}”.").format(given=read.unit[:30]),
            )
        best = min(read.values, key=lambda value: abs(value - self.value))
        kept = repr(best)
        if self._near(best, self.value):
            return Verdict("right", kept=kept)
        named = [self._named(value, repr(value)) for value in read.values]
        verdict = next((one for one in named if one.mistake), named[0])
        if verdict.mistake is None and self.unit == "percent" and self._near(best * 100, self.value):
            return Verdict("unreadable", detail=_("The answer is asked for in per cent: one half is 50."))
        return verdict

    def _near(self, read: float, value: float) -> bool:
        # A hair more than the tolerance: 10.95 must not fail for the way binary numbers are rounded.
        return abs(read - value) <= self.within * (1 + 1e-9) + 1e-12


def _unit_label(unit: str) -> str:
    labels = {
        "years": _("years"),
        "days": _("days"),
        "hours": _("hours"),
        "weeks": _("weeks"),
        "orders": _("orders"),
        "records": _("records"),
        "customers": _("customers"),
        "TWD": _("TWD"),
        "percent": _("per cent"),
        "of 100": _("of 100"),
        "rows": _("rows"),
        "bytes": _("bytes"),
    }
    return labels.get(unit, unit)


# ---------------------------------------------------------------------------------------------------------------
# days

_MONTH_NAMES = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTHS = {word: number for number, name in enumerate(_MONTH_NAMES, start=1) for word in (name, name[:3])}
_DAY_FORMS = (
    re.compile(r"(?P<year>\d{4})\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})(?!\d)"),
    re.compile(r"(?<!\d)(?P<month>\d{1,2})\s*月\s*(?P<day>\d{1,2})\s*[日號号]?"),
    re.compile(r"(?<!\d)(?P<day>\d{1,2})(?:st|nd|rd|th)?\s+(?P<name>[a-z]{3,9})\.?,?(?:\s+(?P<year>\d{4}))?"),
    re.compile(r"(?P<name>[a-z]{3,9})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?(?!\d),?(?:\s+(?P<year>\d{4}))?"),
)


def read_day(given: object, year: int) -> date | None:
    """Read a day as people write it.

    Parameters
    ----------
    given
        A date, a moment, or a text with one in it: 2026-03-02, 2026/3/2, 2 March 2026, March 2, 3月2日.
    year
        Taken where none is written.

    Returns
    -------
    datetime.date or None
        None if there is none.
    """
    if isinstance(given, datetime):
        return given.date()
    if isinstance(given, date):
        return given
    if not isinstance(given, str):
        return None
    plain = unicodedata.normalize("NFKC", given[:200]).lower()
    for form in _DAY_FORMS:
        for match in form.finditer(plain):
            parts = match.groupdict()
            month = _MONTHS.get(parts["name"]) if "name" in parts else int(parts["month"])
            try:
                return date(int(parts.get("year") or year), month or 0, int(parts["day"]))
            except ValueError:
                continue
    return None


@dataclass(frozen=True)
class Day(Key):
    """A day of the calendar.

    Attributes
    ----------
    value
        The right one.
    wrong
        Name of a mistake → the day that it leads to.
    """

    value: date
    wrong: Mapping[str, date] = field(default_factory=dict)

    @property
    def solution(self) -> date:
        """The right day."""
        return self.value

    @property
    def mistakes(self) -> Mapping[str, Mistake]:
        """Those of `wrong`."""
        return {name: Mistake(day, day.__eq__) for name, day in self.wrong.items()}

    def judge(self, given: Any) -> Verdict:
        """Read the day and compare."""
        read = read_day(given, self.value.year)
        if read is None:
            return Verdict("unreadable", detail=_("A day is wanted here, written like 2026-03-02."))
        if read == self.value:
            return Verdict("right", kept=read.isoformat())
        return self._named(read, read.isoformat())


# ---------------------------------------------------------------------------------------------------------------
# choices


@dataclass(frozen=True)
class OneOf(Key):
    """One of several options, and perhaps the reason for it.

    Attributes
    ----------
    right
        Code of the right option.
    because
        Code of the right reason; None if no reason is asked for.
    wrong
        Name of a mistake → (option, reason); ``None`` for either stands for any.
    """

    right: str
    because: str | None = None
    wrong: Mapping[str, tuple[str | None, str | None]] = field(default_factory=dict)

    @property
    def solution(self) -> Any:
        """Code of the option, or option and reason."""
        return self.right if self.because is None else (self.right, self.because)

    @property
    def mistakes(self) -> Mapping[str, Mistake]:
        """Those of `wrong`."""
        found = {}
        for name, (option, reason) in self.wrong.items():
            example = (option or self.right, reason or self.because)
            if example == (self.right, self.because):
                example = (self.right, "another")
            found[name] = Mistake(
                example[0] if self.because is None else example, partial(_chosen, (option, reason))
            )
        return found

    def _codes(self) -> Iterable[str]:
        pairs = [(self.right, self.because), *self.wrong.values()]
        return (code for pair in pairs for code in pair if code is not None)

    def judge(self, given: Any) -> Verdict:
        """Compare codes; a pair with one half missing is not answered yet."""
        parts = _texts(given.split("/") if isinstance(given, str) else given)
        if len(parts) != (1 if self.because is None else 2):
            return Verdict(
                "blank" if self.because is not None and len(parts) < 2 else "unreadable",
                detail=_("Choose an option and a reason.")
                if self.because is not None
                else _("Choose one option."),
            )
        known = {code.casefold(): code for code in self._codes()}
        parts = [known.get(part.casefold(), part) for part in parts]
        read = (parts[0], parts[1] if len(parts) == 2 else None)
        kept = "/".join(parts)
        if read == (self.right, self.because):
            return Verdict("right", kept=kept)
        return self._named(read, kept)


def _chosen(wanted: tuple[str | None, str | None], read: tuple[str | None, str | None]) -> bool:
    """Whether option and reason are the wanted ones; None stands for any."""
    return all(code in (None, given) for code, given in zip(wanted, read, strict=True))


@dataclass(frozen=True)
class Several(Key):
    """All of the right things and none of the others: ticked boxes, row numbers, order numbers.

    Attributes
    ----------
    right
        Codes of all that belong to the answer.
    wrong
        Name of a mistake → the set that it leads to.
    """

    right: frozenset[str]
    wrong: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def solution(self) -> list[str]:
        """The codes, in order."""
        return sorted(self.right)

    @property
    def mistakes(self) -> Mapping[str, Mistake]:
        """Those of `wrong`."""
        return {name: Mistake(sorted(codes), codes.__eq__) for name, codes in self.wrong.items()}

    def judge(self, given: Any) -> Verdict:
        """Compare as sets; says how many are right, missing and too many."""
        cells = re.split(r"[,;，；、\s]+", given.strip()) if isinstance(given, str) else given
        read = frozenset(_texts(cells))
        if not read:
            return Verdict("blank")
        kept = ",".join(sorted(read))[:LONGEST_KEPT]
        if read == self.right:
            return Verdict("right", kept=kept)
        verdict = self._named(read, kept)
        told = _("Right: {right}. Too many: {excess}. Missing: {missing}.").format(
            right=len(read & self.right), excess=len(read - self.right), missing=len(self.right - read)
        )
        return Verdict("wrong", verdict.mistake, told, kept)


def _texts(given: Any) -> list[str]:
    """The codes in an answer; numbers become texts, so that 7, 7.0 and "7" are the same row."""
    if isinstance(given, str | int | float) or not isinstance(given, Iterable):
        given = [given]
    texts = []
    for item in given:
        if item is None or item is ...:
            continue
        if hasattr(item, "item"):
            item = item.item()
        if isinstance(item, float) and item.is_integer():
            item = int(item)
        text = unicodedata.normalize("NFKC", str(item)).strip()
        if text:
            texts.append(text)
    return texts


# ---------------------------------------------------------------------------------------------------------------
# positions of sliders


@dataclass(frozen=True)
class Positions(Key):
    """Where the controls of a panel must stand, said as a condition: many positions are right.

    Attributes
    ----------
    example
        Positions that are right: control → value.
    holds
        Whether positions are right.
    wrong
        Name of a mistake → (positions that make it, how to know it).
    at_first
        Where the controls stand before anything was moved; that is not an answer yet.
    """

    example: Mapping[str, Any]
    holds: Callable[[Mapping[str, Any]], bool]
    wrong: Mapping[str, tuple[Mapping[str, Any], Callable[[Mapping[str, Any]], bool]]] = field(
        default_factory=dict
    )

    @property
    def solution(self) -> dict[str, Any]:
        """The example."""
        return dict(self.example)

    @property
    def mistakes(self) -> Mapping[str, Mistake]:
        """Those of `wrong`."""
        return {name: Mistake(dict(example), made) for name, (example, made) in self.wrong.items()}

    def judge(self, given: Any) -> Verdict:
        """Ask the condition; controls that are not named stand as in the example's panel."""
        read = json.loads(given) if isinstance(given, str) else dict(given)
        if not set(self.example) <= set(read):
            return Verdict("unreadable", detail=_("Press the button below the sliders."))
        kept = json.dumps(read, sort_keys=True, ensure_ascii=False)
        return Verdict("right", kept=kept) if self.holds(read) else self._named(read, kept)


# ---------------------------------------------------------------------------------------------------------------
# functions


@dataclass(frozen=True)
class Function(Key):
    """A small function, judged by what it gives for several arguments.

    Attributes
    ----------
    right
        A function that is right.
    cases
        Arguments to try, with learner-independent and learner-dependent ones among them.
    wrong
        Name of a mistake → a function that makes it; known by giving the same results in all cases.
    """

    right: Callable[..., Any]
    cases: Sequence[tuple[Any, ...]]
    wrong: Mapping[str, Callable[..., Any]] = field(default_factory=dict)

    @property
    def solution(self) -> Callable[..., Any]:
        """The right function."""
        return self.right

    @property
    def mistakes(self) -> Mapping[str, Mistake]:
        """Those of `wrong`."""
        return {
            name: Mistake(function, partial(self._same_results, function))
            for name, function in self.wrong.items()
        }

    def judge(self, given: Any) -> Verdict:
        """Call it with every case; a function that stops is told which error stopped it."""
        if not callable(given):
            return Verdict(
                "unreadable", detail=_("Hand over the function itself, by its name and without parentheses.")
            )
        expected, read = self._results(self.right), []
        for case in self.cases:
            try:
                read.append(given(*case))
            except Exception as error:  # noqa: BLE001  (whatever a learner's function does)
                told = _("It stopped with {kind} when called with {case}.").format(
                    kind=type(error).__name__, case=_call(case)
                )
                return Verdict("wrong", detail=told)
        if all(is_blank(value) for value in read):
            return Verdict("blank")
        if _alike(read, expected):
            return Verdict("right", kept="function")
        verdict = self._named(read, "function")
        at = next(
            (place for place, pair in enumerate(zip(read, expected, strict=True)) if not _alike(*pair)), 0
        )
        told = _("Called with {case}, it gives {given}; it should be {right}.").format(
            case=_call(self.cases[at]), given=_shown(read[at]), right=_shown(expected[at])
        )
        return Verdict("wrong", verdict.mistake, told, "function")

    def _same_results(self, function: Callable[..., Any], read: Any) -> bool:
        return _alike(read, self._results(function))

    def _results(self, function: Callable[..., Any]) -> list[Any]:
        return [function(*case) for case in self.cases]


def _alike(first: Any, second: Any) -> bool:
    """Whether two results are the same: numbers to nine digits, lists and tuples item by item."""
    first, second = (_plain(value) for value in (first, second))
    if isinstance(first, int | float) and isinstance(second, int | float):
        if isinstance(first, bool) is not isinstance(second, bool):
            return False
        return math.isclose(first, second, rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(_alike, first, second))
    return type(first) is type(second) and bool(first == second)


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, set | frozenset):
        return sorted(value)
    return list(value) if isinstance(value, tuple) else value


def _call(case: tuple[Any, ...]) -> str:
    return "(" + ", ".join(map(_shown, case)) + ")"


def _shown(value: Any) -> str:
    text = repr(_plain(value))
    return text if len(text) <= 60 else text[:59] + "…"


# ---------------------------------------------------------------------------------------------------------------
# texts with facts in them


@dataclass(frozen=True)
class Facts(Key):
    """A text that must hold certain facts, however it is worded.

    Attributes
    ----------
    wanted
        Name of a fact → patterns, any of which shows that it is there. The name is also that of the mistake of
        leaving it out, with ``missing-`` before it.
    unwanted
        Name of a mistake → patterns of what has no place in such a text.
    example
        A text that is right.
    """

    wanted: Mapping[str, Sequence[str]]
    unwanted: Mapping[str, Sequence[str]]
    example: str

    @property
    def solution(self) -> str:
        """The example."""
        return self.example

    @property
    def mistakes(self) -> Mapping[str, Mistake]:
        """Each fact left out, and each thing that has no place."""
        found = {}
        for name, patterns in self.wanted.items():
            lacking = "\n".join(line for line in self.example.split("\n") if not _holds(patterns, line))
            found[f"missing-{name}"] = Mistake(lacking or "-", partial(_lacks, patterns))
        for name, patterns in self.unwanted.items():
            found[name] = Mistake(
                f"{self.example}\n{_sample(patterns[0])}",
                partial(_holds, patterns),
            )
        return found

    def judge(self, given: Any) -> Verdict:
        """Look for each fact; the first that is missing names the mistake."""
        if not isinstance(given, str):
            return Verdict("unreadable", detail=_("A text is wanted here."))
        kept = given[:LONGEST_KEPT]
        made = [name for name, mistake in self.mistakes.items() if mistake.made(given)]
        if not made:
            return Verdict("right", kept=kept)
        here = sum(_holds(patterns, given) for patterns in self.wanted.values())
        told = _("{here} of {all} facts are there.").format(here=here, all=len(self.wanted))
        return Verdict("wrong", made[0], told, kept)


def _lacks(patterns: Sequence[str], text: str) -> bool:
    return not _holds(patterns, text)


def _holds(patterns: Sequence[str], text: str) -> bool:
    plain = unicodedata.normalize("NFKC", text).lower()
    return any(re.search(pattern, plain) for pattern in patterns)


def _sample(pattern: str) -> str:
    """A text that the pattern finds; such patterns are plain words or escaped texts."""
    return re.sub(r"\\(.)", r"\1", pattern)
