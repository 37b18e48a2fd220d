"""Motives as a table: who, by which play, about what, why now, and on which facts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.errors import DecisioningError
from decisioning.message_order import leads
from decisioning.motive_texts import evidence_texts, fact_texts
from decisioning.play import Known, Play
from decisioning.settings import PlaySettings
from decisioning.times import Times, aware, naive
from graph.view import Nodes, Positions, View

Texts = npt.NDArray[np.object_]
Indices = npt.NDArray[np.int64]

MOTIVE_COLUMNS = (
    "customer_id",
    "play",
    "subject",
    "strength",
    "starts_at",
    "until",
    "leads_with",
    "sentence",
    "evidence",
    "facts",
)


TOLD = ("sentence", "evidence", "facts")
"""What is put into words only for those motives that somebody looks at."""

Tell = Callable[[Indices], pd.DataFrame]


@dataclass(frozen=True, eq=False)
class Motives:
    """All motives of a run.

    Attributes:
        table: One row per customer, play and subject, sorted by these: customer_id, play, subject
            (`category/GROCERY/MILK`, `topic/running`, `product/oat-milk`, `campaign/autumn`), strength (0 to 1),
            starts_at, until (UTC, until excluded), leads_with (`order/0` or `topic/durability`, see
            `decisioning.message_order`, None for nothing). With the columns `sentence`, `evidence` (JSON list of
            relationships of the graph: from, type, to, properties) and `facts` (JSON object) where `tell` is None.
        tell: Gives these three columns for some rows of the table, in their order.
        places: Position of each motive's customer in the view that they were found in; None where it is not known.
    """

    table: pd.DataFrame
    tell: Tell | None = None
    places: Positions | None = None

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """All columns of `MOTIVE_COLUMNS` for all motives."""
        return self.told(np.arange(len(self.table), dtype=np.int64))

    def told(self, rows: Indices) -> pd.DataFrame:
        """All columns of `MOTIVE_COLUMNS` for some motives, in the order of `rows`."""
        found = self.table.iloc[rows].reset_index(drop=True)
        if self.tell is None:
            return found
        return found.assign(**self.tell(rows))[list(MOTIVE_COLUMNS)]

    @property
    def starts_at(self) -> Times:
        """From when on each motive holds."""
        return naive(self.table["starts_at"])

    @property
    def until(self) -> Times:
        """Until when (excluded)."""
        return naive(self.table["until"])

    def customers(self, view: View) -> Positions:
        """Position of each motive's customer.

        Raises:
            DecisioningError: The view does not know one of them.
        """
        keys = self.table["customer_id"].to_numpy(dtype=object)
        places = view.customers.positions(keys) if self.places is None else self.places
        if (places < 0).any():
            raise DecisioningError(
                f"There is a motive for the customer {keys[int(np.argmax(places < 0))]}, whom the view does not know.",
                where="motives",
                remedy="Find the motives in the same view that the decision reads.",
            )
        return places


@dataclass(frozen=True, eq=False)
class Findings:
    """What one play found: `rows` as its `find` returned them, each one's subject as text and what it leads with."""

    play: Play
    rows: pd.DataFrame
    subject: Texts
    leads_with: Texts


def findings(play: Play, known: Known, settings: PlaySettings) -> Findings:
    """The motives of one play."""
    rows = play.find(known, settings)
    return Findings(play, rows, _subjects(play, rows, known.view, settings), leads(play, rows, known, settings))


def collected(found: Sequence[Findings], known: Known) -> Motives:
    """The motives of all plays as one table in canonical order."""
    ordered = sorted((each for each in found if len(each.rows)), key=lambda each: each.play.name)
    counts = [len(each.rows) for each in ordered]
    of = np.repeat(np.arange(len(ordered)), counts)
    row = np.concatenate([np.arange(count) for count in counts] or [np.empty(0, dtype=np.int64)]).astype(np.int64)
    customer = _joined([each.rows["customer"].to_numpy(dtype=np.int32) for each in ordered], np.int32)
    subject = _joined([each.subject for each in ordered], object)
    order = np.lexsort((_rank(subject), of, customer))
    names = np.array([each.play.name for each in ordered], dtype=object)
    table = pd.DataFrame(
        {
            "customer_id": known.view.customers.keys[customer[order]],
            "play": names[of[order]] if len(names) else np.empty(0, dtype=object),
            "subject": subject[order],
            "strength": _joined([each.rows["strength"].to_numpy(dtype=np.float64) for each in ordered], np.float64)[
                order
            ],
            "starts_at": aware(_joined([naive(each.rows["starts_at"]) for each in ordered], "datetime64[us]")[order]),
            "until": aware(_joined([naive(each.rows["until"]) for each in ordered], "datetime64[us]")[order]),
            "leads_with": _joined([each.leads_with for each in ordered], object)[order],
        }
    )
    of, row = of[order], row[order]

    def tell(rows: Indices) -> pd.DataFrame:
        told = {name: np.full(len(rows), None, dtype=object) for name in TOLD}
        for place, each in enumerate(ordered):
            at = np.flatnonzero(of[rows] == place)
            for name, texts in _told(each, known, row[rows[at]]).items():
                told[name][at] = texts
        return pd.DataFrame(told)

    return Motives(table, tell, customer[order])


def _told(found: Findings, known: Known, rows: Indices) -> dict[str, Texts]:
    """Sentence, evidence and facts of some of a play's motives."""
    some, play = found.rows.iloc[rows].reset_index(drop=True), found.play
    customer = known.view.customers.keys[some["customer"].to_numpy(dtype=np.int32)]
    return {
        "sentence": np.array(play.sentences(known, some), dtype=object),
        "evidence": evidence_texts(play, some, known.view, customer, found.subject[rows]),
        "facts": fact_texts(some, play.facts),
    }


def _joined(parts: "list[npt.NDArray[Any]]", kind: "npt.DTypeLike") -> npt.NDArray[Any]:
    return np.concatenate([np.empty(0, dtype=kind), *parts])


def _rank(texts: Texts) -> Indices:
    """The place of each text in alphabetical order."""
    codes, distinct = pd.factorize(texts)
    rank = np.empty(len(distinct), dtype=np.int64)
    rank[np.argsort(distinct)] = np.arange(len(distinct))
    return rank[codes]


def subject_keys(kind: str, view: View, settings: PlaySettings) -> Texts:
    """The text of every possible subject of a kind, by its position: `category/GROCERY/MILK`, `topic/running`."""
    nodes: dict[str, Nodes] = {
        "category": view.categories,
        "topic": view.topics,
        "product": view.products,
        "account": view.accounts,
        "asset": view.assets,
    }
    names = nodes[kind].keys if kind in nodes else [campaign.name for campaign in settings.campaigns]
    return np.array([f"{kind}/{name}" for name in names], dtype=object)


def _subjects(play: Play, found: pd.DataFrame, view: View, settings: PlaySettings) -> Texts:
    """The subject of each motive as a text, whatever its kind."""
    position = found["subject"].to_numpy()
    if len(play.subject_kinds) == 1:
        return np.asarray(subject_keys(play.subject_kinds[0], view, settings)[position], dtype=object)
    texts = np.full(len(found), None, dtype=object)
    for kind in play.subject_kinds:
        is_kind = (found["kind"] == kind).to_numpy()
        texts[is_kind] = subject_keys(kind, view, settings)[position[is_kind]]
    return texts
