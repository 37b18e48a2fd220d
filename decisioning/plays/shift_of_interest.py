"""Shift of interest: a regular buyer has left one theme, and what they do since points at another.

Themes are topics and categories that belong together. The playbook names them (`themes`); what it leaves out belongs to
the theme of its uppermost category, and a topic is one of its own. A theme is left when every rhythm in it has broken
off, and taken up when several topics or categories of it show fresh signs: beliefs from signals, or a category that is
bought of late and hardly was before. The price is not what has changed, so that a discount comes last.

> Interest has moved from performance to recovery: pre-workout was bought on 9 days, last on 2025-12-19; since then 3
> signs of recovery, the newest on 2026-03-04. No unnecessary discount: it is not the price that has changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.gather import gather
from decisioning.play import Known, Threshold, Trace, motive_rows, theme_error, threshold
from decisioning.settings import OrderSettings, PlaySettings
from decisioning.signs import fresh_beliefs
from decisioning.subjects import parents
from decisioning.times import NEVER, days, elapsed_days, local_dates, naive
from graph.view import View

Indices = npt.NDArray[np.int64]

NO_DISCOUNT = "No unnecessary discount: it is not the price that has changed."
_TOLD = ("rule", "confidence", "valid_from")
_BOUGHT = {"count": "shopping_days", "last_at": "last_at"}
_SIGNALS = ("signal", "signal_before", "signal_earlier")


class ShiftOfInterest:
    """Finds what customers turn to who have left something else."""

    name: ClassVar[str] = "shift-of-interest"
    subject_kinds: ClassVar[tuple[str, ...]] = ("category", "topic")
    requires: ClassVar[tuple[str, ...]] = ("purchases", "products", "categories", "signals")
    traces: ClassVar[tuple[Trace, ...]] = (
        Trace("BOUGHT", _BOUGHT, end="left", end_label="Category"),
        Trace("INTERESTED_IN", {name: name for name in _TOLD}, only="is_interest"),
        Trace("TRIGGERED_BY", {name: name for name in _TOLD}, only="is_trigger"),
        Trace("BOUGHT", {"count": "recent_days"}, end="risen", end_label="Category"),
        *(
            Trace("ABOUT", start=signal, start_label="Signal", end=f"{signal}_topic", end_label="Topic")
            for signal in _SIGNALS
        ),
    )
    facts: ClassVar[tuple[str, ...]] = (
        "theme_left",
        "theme",
        "signs",
        "newest_at",
        "shopping_days",
        "last_at",
        "recent_days",
        "margin_reason",
    )
    is_for_new_products: ClassVar[bool] = False
    is_for_products_in_stock: ClassVar[bool] = True
    orders: ClassVar[tuple[OrderSettings, ...]] = (OrderSettings(because=NO_DISCOUNT, last=("discount",)),)
    defaults: ClassVar[Mapping[str, Threshold]] = {
        "minimum_days": Threshold(4, "Shopping days in a category from which on it was bought regularly."),
        "maximum_survival": Threshold(0.25, "A rhythm has broken off below this chance of so long an absence."),
        "fresh_days": Threshold(28, "Days since the newest evidence for which a sign is fresh."),
        "minimum_confidence": Threshold(0.2, "Confidence that a belief needs to be a sign."),
        "rise_days": Threshold(3, "Shopping days within 91 days from which on a category may have risen."),
        "rise_share": Threshold(0.75, "At least this share of all shopping days in it lies within these 91 days."),
        "minimum_signs": Threshold(2, "Topics and categories of the new theme that show a sign."),
        "most": Threshold(4, "So many subjects per customer at most, the surest ones."),
        "widest_asset": Threshold(12, "An asset about more categories than this answers no motive of this play."),
    }

    def find(self, known: Known, settings: PlaySettings) -> pd.DataFrame:
        """One row per customer and topic or category of the theme that they turn to.

        Strength is the mean of confidence and of s / (s + 1) for s signs.
        """
        themes = Themes.of(known, settings)
        left = self._left(known, settings, themes)
        has_left = np.zeros(len(known.view.customers), dtype=np.bool_)
        has_left[left["customer"]] = True
        signs = self._signs(known, settings, themes, has_left)
        pair = ["customer", "theme"]
        counted = signs.groupby(pair).agg(signs=("key", "nunique"), newest_at=("valid_from", "max")).reset_index()
        risen = signs[signs["is_risen"]].sort_values([*pair, "recent_days"], ascending=[True, True, False])
        risen = risen.drop_duplicates(pair)[[*pair, "subject", "recent_days"]].rename(columns={"subject": "risen"})
        counted = counted.merge(risen, on=pair, how="left").merge(left, on="customer")
        counted = counted[
            (counted["signs"] >= threshold(self, settings, "minimum_signs"))
            & (counted["theme"] != counted["theme_left"])
        ].sort_values([*pair[:1], "signs", "newest_at", "theme"], ascending=[True, False, False, True], kind="stable")
        turned = counted.drop_duplicates("customer")
        rows = signs.drop(columns="recent_days").merge(turned, on=pair)
        count = rows["signs"].to_numpy(dtype=np.float64)
        rows = rows.assign(strength=(rows["confidence"] + count / (count + 1.0)) / 2)
        rows = rows.sort_values(
            ["customer", "strength", "kind", "subject", "rule"],
            ascending=[True, False, True, True, True],
            kind="stable",
        ).drop_duplicates(["customer", "kind", "subject"])
        rows = rows[rows.groupby("customer").cumcount() < threshold(self, settings, "most")]
        excluded = np.flatnonzero(known.is_excluded(settings))
        rows = rows[(rows["kind"] == "topic") | ~rows["subject"].isin(excluded)]
        return self._rows(known, settings, rows.reset_index(drop=True), themes)

    def sentences(self, known: Known, found: pd.DataFrame) -> list[str]:
        """From what to what, on which evidence, and what that means for the margin."""
        names = known.category_names[found["left"]]
        last = local_dates(naive(found["last_at"]), known.settings.timezone)
        newest = local_dates(naive(found["newest_at"]), known.settings.timezone)
        columns = ("theme_left", "theme", "shopping_days", "signs")
        return [
            f"Interest has moved from {before} to {after}: {name} was bought on {count} days, last on {day}; "
            f"since then {signs} signs of {after}, the newest on {sign}. {NO_DISCOUNT}"
            for name, day, sign, before, after, count, signs in zip(
                names, last, newest, *(found[column] for column in columns), strict=True
            )
        ]

    def _left(self, known: Known, settings: PlaySettings, themes: "Themes") -> pd.DataFrame:
        """One row per customer who has left a theme: the category in it that was bought most."""
        cadence, pairs = known.rhythms.cadence, known.rhythms.pairs
        regular = np.flatnonzero(cadence.shopping_days >= threshold(self, settings, "minimum_days"))
        customer, category = pairs.row[regular].astype(np.int64), pairs.column[regular].astype(np.int64)
        theme = themes.of_category[category]
        key = customer * (len(themes.names) + 1) + theme
        goes_on = cadence.survival[regular] >= threshold(self, settings, "maximum_survival")
        gone = np.flatnonzero(~pd.Series(key).isin(key[goes_on]).to_numpy(dtype=np.bool_))
        shopping_days = cadence.shopping_days[regular].astype(np.int64)
        gone = gone[np.lexsort((category[gone], -shopping_days[gone], customer[gone]))]
        gone = gone[np.unique(customer[gone], return_index=True)[1]]
        return pd.DataFrame(
            {
                "customer": customer[gone],
                "theme_left": theme[gone],
                "left": category[gone],
                "shopping_days": shopping_days[gone],
                "last_at": cadence.last_at[regular][gone].astype("datetime64[us]"),
            }
        )

    def _signs(
        self, known: Known, settings: PlaySettings, themes: "Themes", has_left: npt.NDArray[np.bool_]
    ) -> pd.DataFrame:
        """One row per fresh sign of a customer who has left something: of a topic or category."""
        view = known.view
        asked = {
            "fresh_days": threshold(self, settings, "fresh_days"),
            "confidence": threshold(self, settings, "minimum_confidence"),
        }
        beliefs = pd.concat(
            [
                fresh_beliefs(known, beliefs, kind=kind, relation=relation, among=has_left, **asked)
                for kind, relation, beliefs in (
                    ("topic", "INTERESTED_IN", view.topic_interests),
                    ("topic", "TRIGGERED_BY", view.topic_triggers),
                    ("category", "INTERESTED_IN", view.interests),
                )
            ],
            ignore_index=True,
        )
        beliefs = beliefs[["customer", "kind", "subject", "relation", *_TOLD]].assign(is_risen=False, recent_days=0)
        both = pd.concat([beliefs, self._risen(known, settings, has_left)], ignore_index=True)
        subject, is_topic = both["subject"].to_numpy(dtype=np.int64), (both["kind"] == "topic").to_numpy(dtype=bool)
        theme = np.where(
            is_topic,
            gather(themes.of_topic, np.where(is_topic, subject, -1), -1),
            gather(themes.of_category, np.where(is_topic, -1, subject), -1),
        )
        return both.assign(theme=theme, key=subject * 2 + is_topic)

    def _risen(self, known: Known, settings: PlaySettings, has_left: npt.NDArray[np.bool_]) -> pd.DataFrame:
        """Categories that are bought of late and hardly were before, as signs."""
        recent, total = known.rhythms.recent_pairs, known.rhythms.cadence.shopping_days.astype(np.float64)
        lately = known.rhythms.recent_days
        rows = np.flatnonzero(has_left[recent.row] & (lately >= threshold(self, settings, "rise_days")))
        of = known.rhythms.pairs.find(recent.row[rows], recent.column[rows])
        has_risen = (of >= 0) & (lately[rows] >= threshold(self, settings, "rise_share") * gather(total, of, 0.0))
        rows, of = rows[has_risen], of[has_risen]
        last_at = gather(known.rhythms.cadence.last_at.astype("datetime64[us]"), of, NEVER)
        is_fresh = elapsed_days(known.as_of, last_at) <= threshold(self, settings, "fresh_days")
        rows, last_at = rows[is_fresh], last_at[is_fresh]
        return pd.DataFrame(
            {
                "customer": recent.row[rows].astype(np.int64),
                "kind": "category",
                "subject": recent.column[rows].astype(np.int64),
                "relation": "BOUGHT",
                "rule": "bought more of late",
                "confidence": lately[rows] / (lately[rows] + 1.0),
                "valid_from": last_at,
                "is_risen": True,
                "recent_days": lately[rows].astype(np.int64),
            }
        )

    def _rows(self, known: Known, settings: PlaySettings, rows: pd.DataFrame, themes: "Themes") -> pd.DataFrame:
        """The motives of those who have turned to another theme."""
        told = _newest_signals(known, rows, themes)
        names = np.array(themes.names, dtype=object)
        lasts = threshold(self, settings, "fresh_days")
        told_too = ("kind", "left", "signs", "shopping_days", "last_at", "newest_at", *_TOLD)
        return motive_rows(
            rows["customer"].to_numpy(),
            rows["subject"].to_numpy(),
            rows["strength"].to_numpy(dtype=np.float64),
            starts_at=known.as_of,
            until=naive(rows["newest_at"]) + days(lasts),
            facts={
                **{name: rows[name] for name in told_too},
                "theme_left": names[rows["theme_left"].to_numpy(dtype=np.int64)],
                "theme": names[rows["theme"].to_numpy(dtype=np.int64)],
                "is_interest": (rows["relation"] == "INTERESTED_IN").to_numpy(dtype=np.bool_),
                "is_trigger": (rows["relation"] == "TRIGGERED_BY").to_numpy(dtype=np.bool_),
                "risen": rows["risen"].fillna(-1).astype(np.int64),
                "recent_days": rows["recent_days"].fillna(0).astype(np.int64),
                "margin_reason": NO_DISCOUNT,
                **told,
            },
        )


@dataclass(frozen=True, eq=False)
class Themes:
    """Which theme each category and topic belongs to.

    Attributes:
        names: What people call each theme.
        of_category: Shape (categories,).
        of_topic: Shape (topics,).
    """

    names: tuple[str, ...]
    of_category: Indices
    of_topic: Indices

    @classmethod
    def of(cls, known: Known, settings: PlaySettings) -> "Themes":
        """The playbook's themes, then one per uppermost category, then one per topic.

        Raises:
            DecisioningError: A theme names what is neither a category nor a topic, or what another one has.
        """
        view = known.view
        stated = list(settings.themes)
        of_category = _roots(view) + len(stated)
        of_topic = np.arange(len(view.topics), dtype=np.int64) + len(stated) + len(view.categories)
        parent, direct = parents(view), np.full(len(view.categories), -1, dtype=np.int64)
        for place, name in enumerate(stated):
            for key in settings.themes[name]:
                category, topic = view.categories.positions([key])[0], view.topics.positions([key])[0]
                if category < 0 and topic < 0:
                    raise theme_error(name, key)
                if category >= 0:
                    direct[category] = place
                if topic >= 0:
                    of_topic[topic] = place
        nearest = _inherited(direct, parent)
        of_category = np.where(nearest >= 0, nearest, of_category)
        return cls((*stated, *known.category_names, *known.topic_names), of_category, of_topic)


def _roots(view: View) -> Indices:
    """The uppermost category that each one lies within, shape (categories,)."""
    parent = parents(view).astype(np.int64)
    found = np.arange(len(parent), dtype=np.int64)
    for _ in range(len(parent)):
        above = gather(parent, found, -1)
        if (above < 0).all():
            break
        found = np.where(above >= 0, above, found)
    return found


def _inherited(direct: Indices, parent: npt.NDArray[np.int32]) -> Indices:
    """What each category has, or else the nearest one that it lies within; -1 for nothing."""
    found, above = direct.copy(), parent.astype(np.int64)
    for _ in range(len(parent)):
        missing = (found < 0) & (above >= 0)
        if not missing.any():
            break
        found = np.where(missing, gather(direct, above, -1), found)
        above = np.where(found < 0, gather(parent.astype(np.int64), above, -1), -1)
    return found


def _newest_signals(known: Known, rows: pd.DataFrame, themes: Themes) -> dict[str, Indices]:
    """The three newest signals of each row's customer about its theme, and their topics; -1 for none."""
    about = known.view.signal_topics
    is_wanted = np.zeros(len(known.view.customers) + 1, dtype=np.bool_)
    is_wanted[rows["customer"]] = True
    wanted = np.flatnonzero(
        is_wanted[known.signal_customers[about.sources]]
    )  # an unknown customer reads the last entry
    signal, topic = about.sources[wanted].astype(np.int64), about.targets[wanted].astype(np.int64)
    told = pd.DataFrame(
        {
            "customer": known.signal_customers[signal].astype(np.int64),
            "theme": themes.of_topic[topic],
            "signal": signal,
            "topic": topic,
            "at": known.signal_times[signal],
        }
    )
    pair = ["customer", "theme"]
    told = told.sort_values([*pair, "at", "signal"], ascending=[True, True, False, False], kind="stable")
    told = told.drop_duplicates([*pair, "signal"])
    told = told.assign(place=told.groupby(pair).cumcount())
    found: dict[str, Indices] = {}
    for place, name in enumerate(_SIGNALS):
        there = rows[pair].merge(told[told["place"] == place], on=pair, how="left")
        found[name] = there["signal"].fillna(-1).to_numpy(dtype=np.int64)
        found[f"{name}_topic"] = there["topic"].fillna(-1).to_numpy(dtype=np.int64)
    return found


PLAY = ShiftOfInterest()
