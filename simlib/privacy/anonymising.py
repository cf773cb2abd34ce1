"""Anonymising: what is done to each field of an export before it is shared, and who can still be picked out.

Taking names out is not enough. Somebody who knows a customer's birthday and district looks for the row with that
birthday and that district (Samarati and Sweeney 1998; Sweeney 2002). How hard that is can be counted: everybody
belongs to the group of people whose row says the same. A release is *k-anonymous* if no group is smaller than k. It
is *l-diverse* if each group holds at least l different answers (Machanavajjhala et al. 2006), since a group that
agrees on everything gives its secret away whoever is meant.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from simlib.errors import SafeShopError
from simlib.facts import value
from simlib.languages import _
from simlib.streams import Integers, stream

if TYPE_CHECKING:
    import pandas as pd

    from simlib.records import Run

GONE: Final = "gone"
"""The top rung of every ladder: the field is left out."""

LADDERS: Final[dict[str, tuple[str, ...]]] = {
    "birthday": ("day", "month", "year", "decade", GONE),
    "postcode": ("district", "region", GONE),
    "sex": ("told", GONE),
}
"""Field by which somebody can be picked out → how coarsely it may be told, finest first.

A region is the first digit of the postcode; a decade are the ten years that share three digits.
"""

FINEST: Final = {field: ladder[0] for field, ladder in LADDERS.items()}
"""Everything told as the shop knows it."""

BLANK: Final = "＊＊＊"
"""What stands for the hidden part of a masked field."""

PSEUDONYM_SIGNS: Final = 12
"""Signs of a pseudonym: 48 bits, enough that no two of a small shop's customers share one."""

SMALLEST: Final = 2
"""A group of one agrees with itself; that nothing can be hidden in it is counted as being alone."""


def generalised(people: pd.DataFrame, rungs: Mapping[str, str]) -> pd.DataFrame:
    """The fields by which somebody can be picked out, told more coarsely.

    Parameters
    ----------
    people
        With the columns of `LADDERS`: ``birthday`` as dates, the others as text.
    rungs
        Field → rung of its ladder; fields not named are left out.

    Returns
    -------
    pandas.DataFrame
        One text column a field that is still told.

    Raises
    ------
    SafeShopError
        If a field or rung does not exist.
    """
    import pandas as pd

    told = {}
    for field, rung in rungs.items():
        if rung not in LADDERS.get(field, ()):
            raise SafeShopError(
                _("The field {field} cannot be told as “{rung}”; choose one of: {rungs}.").format(
                    field=field,
                    rung=rung,
                    rungs=", ".join(LADDERS.get(field, ())) or ", ".join(LADDERS),
                )
            )
        text = people[field].astype(str)
        match rung:
            case "month":
                told[field] = text.str.slice(0, 7)
            case "year":
                told[field] = text.str.slice(0, 4)
            case "decade":
                told[field] = text.str.slice(0, 3) + "0–" + text.str.slice(0, 3) + "9"
            case "region":
                told[field] = text.str.slice(0, 1) + "＊＊"
            case "day" | "district" | "told":
                told[field] = text
    return pd.DataFrame(told, index=people.index)


def group_sizes(told: pd.DataFrame) -> Integers:
    """How many people's rows say the same as each person's, himself included.

    Parameters
    ----------
    told
        What is told of each person; without any column all are one group.
    """
    if told.columns.empty:
        return np.full(len(told), len(told))
    sizes = told.groupby(list(told.columns))[told.columns[0]].transform("size")
    return np.asarray(sizes, dtype=np.int64)


def answers_in_group(told: pd.DataFrame, secret: pd.Series) -> Integers:
    """How many different answers the secret has in each person's group (the l of l-diversity).

    Parameters
    ----------
    told
        What is told of each person; at least one column.
    secret
        What should stay hidden, one for each person.
    """
    kinds = secret.groupby([told[column] for column in told.columns]).transform("nunique")
    return np.asarray(kinds, dtype=np.int64)


@dataclass(frozen=True)
class Release:
    """What can be counted about a release.

    Attributes
    ----------
    people
        In the export.
    alone
        Share of them who are the only one in their group.
    smallest
        Size of the smallest group that is released (k).
    dropped
        People left out because their group was too small.
    betrayed
        People released in a group of two or more that agrees on the secret.
    """

    people: int
    alone: float
    smallest: int
    dropped: int
    betrayed: int


def release(people: pd.DataFrame, rungs: Mapping[str, str], secret: str, k: int = 1) -> Release:
    """Tell fields more coarsely, leave out groups smaller than k, and count what that does.

    Parameters
    ----------
    people
        The export.
    rungs
        Field → rung of its ladder; at least one field is still told.
    secret
        Column that should stay hidden.
    k
        Smallest group that is released.
    """
    told = generalised(people, rungs)
    sizes = group_sizes(told)
    kept = sizes >= k
    same = (answers_in_group(told, people[secret]) == 1) & (sizes >= SMALLEST)
    return Release(
        people=len(people),
        alone=float((sizes == 1).mean()),
        smallest=int(sizes[kept].min()) if kept.any() else 0,
        dropped=int((~kept).sum()),
        betrayed=int((same & kept).sum()),
    )


# -- picking somebody out


@dataclass(frozen=True)
class Linkage:
    """What somebody with an outside list gets out of a release.

    Attributes
    ----------
    known
        People on his list.
    certain
        Those who are alone in their group.
    expected
        Right hits to be expected when he picks one row of each group: the sum of 1 / size.
    right
        Hits he had in this attack.
    """

    known: int
    certain: int
    expected: float
    right: int


def outside_list(people: int, known: int, seed: int) -> Integers:
    """Whom the attacker knows: rows drawn without replacement (stream “outside list”).

    Parameters
    ----------
    people
        In the export.
    known
        On the list; everybody if there are fewer people.
    seed
        Of the run.
    """
    order = stream(seed, "outside list").permutation(people)
    return np.asarray(np.sort(order[: min(known, people)]), dtype=np.int64)


def link(told: pd.DataFrame, known: Integers, seed: int) -> Linkage:
    """Look up everybody on the outside list, and pick one row of each group by lot (stream “picking out”).

    Parameters
    ----------
    told
        The release. The attacker tells his own list as coarsely, so he finds the right group.
    known
        Rows of the people he knows.
    seed
        Of the run.
    """
    sizes = group_sizes(told)
    code = told.groupby(list(told.columns)).ngroup() if len(told.columns) else sizes * 0
    groups = np.asarray(code)
    draws = stream(seed, "picking out").random(len(told))
    right = 0
    for person in known.tolist():
        rows = np.flatnonzero(groups == groups[person])
        right += int(rows[int(draws[person] * len(rows))] == person)
    return Linkage(
        known=len(known),
        certain=int((sizes[known] == 1).sum()),
        expected=float((1 / sizes[known]).sum()),
        right=right,
    )


# -- the least that must be given up


@dataclass(frozen=True)
class Generalisation:
    """One way to tell the fields more coarsely.

    Attributes
    ----------
    rungs
        Field → rung.
    lost
        Detail given up, from 0 (all told) to 1 (nothing told): mean share of each ladder climbed (1 − Sweeney's
        precision, 2002).
    dropped
        People whose rows must be left out to reach k.
    groups
        Groups that are left.
    """

    rungs: dict[str, str]
    lost: float
    dropped: int
    groups: int


def least_generalisations(
    people: pd.DataFrame, k: int, dropped_share: float | None = None
) -> list[Generalisation]:
    """Every way to reach k-anonymity of which no rung can be taken back, those that lose least detail first.

    All combinations of the ladders are counted (Samarati 2001 searches the same lattice with less work; here it
    has 30 nodes).

    Parameters
    ----------
    people
        The export.
    k
        Smallest group allowed, in people.
    dropped_share
        Share of the people whose rows may be left out; by default the fact ``release-dropped-share``.

    Raises
    ------
    SafeShopError
        If there are fewer than k people.
    """
    if len(people) < k:
        raise SafeShopError(
            _("{people} people cannot be told in groups of {k}; ask for smaller groups.").format(
                people=len(people), k=k
            )
        )
    share = value("release-dropped-share") if dropped_share is None else dropped_share
    good: dict[tuple[int, ...], Generalisation] = {}
    for node in itertools.product(*(range(len(ladder)) for ladder in LADDERS.values())):
        # Whoever stands above a node that is good enough gives up more for nothing.
        if any(all(low <= high for low, high in zip(known, node, strict=True)) for known in good):
            continue
        rungs = {field: ladder[rung] for (field, ladder), rung in zip(LADDERS.items(), node, strict=True)}
        told = generalised(people, rungs)
        sizes = group_sizes(told)
        small = sizes < k
        if small.mean() <= share:
            good[node] = Generalisation(
                rungs=rungs,
                lost=float(
                    np.mean([r / (len(steps) - 1) for r, steps in zip(node, LADDERS.values(), strict=True)])
                ),
                dropped=int(small.sum()),
                groups=round(float((1 / sizes[~small]).sum())),
            )
    return sorted(good.values(), key=lambda one: (one.lost, one.dropped))


# -- masks and pseudonyms


def masked_name(name: str) -> str:
    """The first sign of a name and nothing more."""
    return name[:1] + BLANK


def masked_number(number: str) -> str:
    """The last three digits of a telephone number; nothing of a short one."""
    return BLANK + (number[-3:] if len(number) > 6 else "")


def masked(people: pd.DataFrame) -> pd.DataFrame:
    """Names and mobile numbers of an export as a mask leaves them; nothing else of it."""
    return people[["name", "mobile"]].assign(
        name=people["name"].map(masked_name), mobile=people["mobile"].map(masked_number)
    )


def fingerprint(text: str) -> str:
    """A pseudonym without a key: the beginning of the text's SHA-256. `reversed_by_trying` shows why not to use it."""
    return hashlib.sha256(text.encode()).hexdigest()[:PSEUDONYM_SIGNS]


def pseudonym(text: str, key: bytes) -> str:
    """A pseudonym with a key (HMAC-SHA256, RFC 2104): the same text gives the same one, and only the key makes it.

    Parameters
    ----------
    text
        For example a telephone number.
    key
        Kept where the release does not go; whoever has it can try all texts.
    """
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:PSEUDONYM_SIGNS]


def reversed_by_trying(pseudonyms: Collection[str], candidates: Iterable[str]) -> dict[str, str]:
    """Pseudonym → the text behind it, for those that come out when every candidate is hashed without a key."""
    wanted = set(pseudonyms)
    return {made: text for text in candidates if (made := fingerprint(text)) in wanted}


@dataclass(frozen=True)
class TurnedBack:
    """How many pseudonyms somebody without the key turned back into what they stand for.

    Attributes
    ----------
    tried
        Texts he tried.
    texts
        Different texts behind the pseudonyms.
    without_key, with_key
        Of these, turned back when the pseudonym was made without a key, and with one.
    """

    tried: int
    texts: int
    without_key: int
    with_key: int


def turn_back(texts: Iterable[str], key: bytes, candidates: Sequence[str]) -> TurnedBack:
    """Make both kinds of pseudonym, and try to turn them back.

    Parameters
    ----------
    texts
        For example all telephone numbers of an export.
    key
        The one that the attacker does not have.
    candidates
        All that he tries.
    """
    different = set(texts)
    plain = {fingerprint(text) for text in different}
    keyed = {pseudonym(text, key) for text in different}
    found = set(reversed_by_trying(plain | keyed, candidates))
    return TurnedBack(len(candidates), len(different), len(found & plain), len(found & keyed))


# -- the process, written down


@dataclass(frozen=True)
class Treatment:
    """What is done to one field before an export is shared: one line of the record.

    Attributes
    ----------
    field
        Column of the export.
    treatment
        ``keep``, ``drop``, ``mask``, ``pseudonym``, or a rung of the field's ladder.
    reason
        Why, in the reader's language.
    who
        Who decided.
    when
        On which day.
    """

    field: str
    treatment: str
    reason: str
    who: str
    when: date


def treated(people: pd.DataFrame, record: Sequence[Treatment], key: bytes) -> pd.DataFrame:
    """An export after everything that the record says was done to it.

    Parameters
    ----------
    people
        The export.
    record
        A line for each column.
    key
        For pseudonyms.

    Raises
    ------
    SafeShopError
        If a column has no line, a line no column, or a treatment does not fit its field.
    """
    import pandas as pd

    lines = {line.field: line.treatment for line in record}
    for column in people.columns:
        if column not in lines:
            raise SafeShopError(
                _("The record does not say what is done to {field}: add a line, even if it is kept.").format(
                    field=column
                )
            )
    for field in lines:
        if field not in people.columns:
            raise SafeShopError(
                _("The record names {field}, which the export does not have: take the line out.").format(
                    field=field
                )
            )
    done = {}
    for column in people.columns:
        match lines[column]:
            case "drop" | "gone":
                continue
            case "keep":
                done[column] = people[column]
            case "mask":
                mask = masked_number if column == "mobile" else masked_name
                done[column] = people[column].map(mask)
            case "pseudonym":
                done[column] = people[column].map(lambda cell: pseudonym(str(cell), key))
            case rung:
                done[column] = generalised(people, {column: rung})[column]
    return pd.DataFrame(done)


def example_record(run: Run) -> list[Treatment]:
    """What the gift shop does before it gives its export to somebody who studies how customers return (row E2).

    Parameters
    ----------
    run
        The shop's run; decided on its last day.
    """
    who, when = _("owner"), run.scenario.start + timedelta(days=int(run.days))
    lines = {
        "member": ("pseudonym", _("to recognise who comes back; the key stays in the shop")),
        "name": ("drop", _("the question does not need it")),
        "mobile": ("drop", _("the question does not need it")),
        "birthday": ("decade", _("age matters, the day does not")),
        "postcode": ("region", _("the region is enough to compare")),
        "sex": ("drop", _("halves every group, and the question does not need it")),
        "bought": ("keep", _("this is what the question is about")),
        "orders": ("keep", _("this is what the question is about")),
        "spent": ("drop", _("an exact amount is as good as a name")),
        "sent_back": ("keep", _("this is what the question is about")),
        "reviewed": ("drop", _("reviews are public, so their writers can be looked up")),
    }
    return [Treatment(field, treatment, reason, who, when) for field, (treatment, reason) in lines.items()]


def record_csv(record: Sequence[Treatment]) -> str:
    """The record as a CSV table with a head, for the shop's own folder."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(field.name for field in fields(Treatment))
    writer.writerows(astuple(line) for line in record)
    return text.getvalue()
