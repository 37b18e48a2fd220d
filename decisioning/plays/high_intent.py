"""High intent: what a customer did lately says that they want something now, about a topic or a category.

It rests on beliefs from signals: what moves them to act (a checkout left, prices looked at, a third visit about the
same), and interests with enough deeds behind them. Visitors who are not known yet have such beliefs like everybody.

> Wants something about trail running now: last sign on 2026-03-05 (returning-visitor, confidence 0.58).
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from decisioning.play import Known, Threshold, Trace, motive_rows, threshold
from decisioning.settings import OrderSettings, PlaySettings
from decisioning.signs import fresh_beliefs
from decisioning.times import days, local_dates, naive
from graph.view import Links

_TOLD = ("rule", "confidence", "valid_from", "half_life_days")


class HighIntent:
    """Finds topics and categories that customers want something about now."""

    name: ClassVar[str] = "high-intent"
    subject_kinds: ClassVar[tuple[str, ...]] = ("category", "topic")
    requires: ClassVar[tuple[str, ...]] = ("signals",)
    traces: ClassVar[tuple[Trace, ...]] = (
        Trace("TRIGGERED_BY", {name: name for name in _TOLD}, only="is_trigger"),
        Trace("INTERESTED_IN", {name: name for name in _TOLD}, only="is_interest"),
    )
    facts: ClassVar[tuple[str, ...]] = ("rule", "weight", "confidence", "valid_from", "half_life_days", "is_known")
    is_for_new_products: ClassVar[bool] = False
    is_for_products_in_stock: ClassVar[bool] = True
    orders: ClassVar[tuple[OrderSettings, ...]] = ()
    defaults: ClassVar[Mapping[str, Threshold]] = {
        "minimum_confidence": Threshold(0.3, "Confidence that the belief needs."),
        "minimum_weight": Threshold(1, "Weight, decayed to as-of, that an interest needs: one deed in full."),
        "fresh_days": Threshold(14, "Days since the newest evidence for which intent is high."),
        "most": Threshold(3, "So many per customer at most, the strongest ones."),
        "widest_asset": Threshold(12, "An asset about more categories than this answers no motive of this play."),
    }

    def find(self, known: Known, settings: PlaySettings) -> pd.DataFrame:
        """One row per customer and topic or category, by the strongest belief.

        Strength is the mean of confidence and of freshness, which is 1 at the newest evidence and 0 after `fresh_days`.
        """
        view = known.view
        found = pd.concat(
            [
                self._held(known, settings, beliefs, kind, relation)
                for kind, relation, beliefs in (
                    ("category", "TRIGGERED_BY", view.triggers),
                    ("category", "INTERESTED_IN", view.interests),
                    ("topic", "TRIGGERED_BY", view.topic_triggers),
                    ("topic", "INTERESTED_IN", view.topic_interests),
                )
            ],
            ignore_index=True,
        )
        excluded = np.flatnonzero(known.is_excluded(settings))
        found = found[(found["kind"] != "category") | ~found["subject"].isin(excluded)]
        found = found.sort_values(
            ["customer", "strength", "kind", "subject", "rule"],
            ascending=[True, False, True, True, True],
            kind="stable",
        ).drop_duplicates(["customer", "kind", "subject"])
        found = found[found.groupby("customer").cumcount() < threshold(self, settings, "most")]
        return self._rows(known, settings, found.reset_index(drop=True))

    def sentences(self, known: Known, found: pd.DataFrame) -> list[str]:
        """What the visits were about, when last, by which rule."""
        names = [
            (known.topic_names if kind == "topic" else known.category_names)[subject]
            for kind, subject in zip(found["kind"], found["subject"], strict=True)
        ]
        who = np.where(found["is_known"], "Wants", "A visitor who is not known yet wants")
        seen = local_dates(naive(found["valid_from"]), known.settings.timezone)
        return [
            f"{somebody} something about {name} now: last sign on {day} ({rule}, confidence {confidence:.2f})."
            for somebody, name, day, rule, confidence in zip(
                who, names, seen, found["rule"], found["confidence"], strict=True
            )
        ]

    def _held(self, known: Known, settings: PlaySettings, beliefs: Links, kind: str, relation: str) -> pd.DataFrame:
        """The beliefs of one kind that are strong, fresh, and from signals."""
        fresh = threshold(self, settings, "fresh_days")
        found = fresh_beliefs(
            known,
            beliefs,
            kind=kind,
            relation=relation,
            fresh_days=fresh,
            confidence=threshold(self, settings, "minimum_confidence"),
            weight=threshold(self, settings, "minimum_weight") if relation == "INTERESTED_IN" else 0.0,
        )
        return found.assign(strength=(found["confidence"] + 1.0 - found["age"] / fresh) / 2)

    def _rows(self, known: Known, settings: PlaySettings, found: pd.DataFrame) -> pd.DataFrame:
        valid_from, valid_to = naive(found["valid_from"]), naive(found["valid_to"])
        is_trigger = (found["relation"] == "TRIGGERED_BY").to_numpy(dtype=bool)
        customer = found["customer"].to_numpy(dtype=np.int32)
        facts = {name: found[name] for name in ("kind", "rule", "weight", "confidence", "valid_from", "half_life_days")}
        return motive_rows(
            customer,
            found["subject"].to_numpy(dtype=np.int32),
            found["strength"].to_numpy(dtype=np.float64),
            starts_at=known.as_of,
            until=np.fmin(valid_from + days(threshold(self, settings, "fresh_days")), valid_to),
            facts={
                **facts,
                "is_known": _is_known(known)[customer],
                "is_trigger": is_trigger,
                "is_interest": ~is_trigger,
            },
        )


def _is_known(known: Known) -> npt.NDArray[np.bool_]:
    """Which customers are not said to be strangers."""
    customers = known.view.customers.frame
    if "is_known" not in customers:
        return np.ones(len(customers), dtype=np.bool_)
    return ~customers["is_known"].isin([False]).to_numpy(dtype=np.bool_)


PLAY = HighIntent()
