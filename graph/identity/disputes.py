"""What is contested: collected as rows of numbers, told as a table of survivors with a reason and evidence."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from graph.identity.evidence import Identifiers
from graph.identity.parties import Codes, Parties
from graph.identity.values import CONTESTED_COLUMNS
from lake.digest import text_digest

SHOWN = 20
"""So many customers and identifiers are listed; the number of customers is always told."""


@dataclass
class Disputes:
    """Disputes in the making.

    Attributes:
        parts: Per reason: dispute, party and identifier (-1 for none) of each row; a dispute may have many rows.
    """

    parts: list[tuple[str, Codes, Codes, Codes]] = field(default_factory=list)

    def note(self, reason: str, *rows: tuple[Codes, Codes, Codes | None]) -> None:
        """Add disputes of one reason, numbered for this call alone.

        Args:
            reason: A key of `REASONS`.
            rows: Which dispute, who takes part in it, and what it is about; shapes (rows,).
        """
        about = [
            np.full(len(dispute), -1, dtype=np.int64) if identifier is None else identifier
            for dispute, _, identifier in rows
        ]
        dispute, party = (np.concatenate([row[place] for row in rows]) for place in (0, 1))
        if len(dispute):
            self.parts.append((reason, dispute, party, np.concatenate(about)))

    def table(self, parties: Parties, identifiers: Identifiers, owner: Codes) -> pd.DataFrame:
        """All disputes about at least two customers that are not one, in order of reason, customers and evidence.

        Args:
            parties: Ids.
            identifiers: What disputes are about.
            owner: The survivor of each party.
        """
        found = [_told(part, parties, identifiers, owner) for part in self.parts]
        found = [told for told in found if len(told)]
        if not found:
            return pd.DataFrame({name: pd.Series(dtype=object) for name in CONTESTED_COLUMNS})
        told = pd.concat(found, ignore_index=True)
        text = told["reason"] + "|" + told["customers"].str.join("|") + "|" + told["evidence"].str.join("|")
        told = told.assign(contested_id=[text_digest(one)[:12] for one in text], text=text)
        ordered = told.sort_values("text", ignore_index=True).drop_duplicates("text", ignore_index=True)
        return ordered[list(CONTESTED_COLUMNS)]


def _told(
    part: tuple[str, Codes, Codes, Codes], parties: Parties, identifiers: Identifiers, owner: Codes
) -> pd.DataFrame:
    reason, dispute, party, identifier = part
    frame = pd.DataFrame({"dispute": dispute, "owner": owner[party], "identifier": identifier})
    owners = frame[["dispute", "owner"]].drop_duplicates().sort_values(["dispute", "owner"])
    count = owners.groupby("dispute")["owner"].transform("size")
    owners = owners[count > 1]
    shown = owners[owners.groupby("dispute").cumcount() < SHOWN]
    told = pd.DataFrame(
        {
            "customers": shown.assign(id=parties.texts(shown["owner"].to_numpy())).groupby("dispute")["id"].agg(list),
            "n_customers": owners.groupby("dispute").size(),
        }
    )
    about = frame[(frame["identifier"] >= 0) & frame["dispute"].isin(told.index)]
    about = about[["dispute", "identifier"]].drop_duplicates()
    about = about.assign(text=identifiers.texts(about["identifier"].to_numpy())).sort_values(["dispute", "text"])
    about = about[about.groupby("dispute").cumcount() < SHOWN]
    evidence = about.groupby("dispute")["text"].agg(list).reindex(told.index)
    told["evidence"] = [one if isinstance(one, list) else [] for one in evidence]
    return told.reset_index(drop=True).assign(reason=reason)
