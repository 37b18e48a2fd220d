"""From canonical tables to series: units by category, product or audience, what they are part of, what is promoted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.demand.hierarchy import no_hierarchy, with_sums
from forecasting.demand.panel import Panel, panel_of
from forecasting.demand.periods import clock_starts, hours_of_clock, local_clock, period_at, periods_of
from forecasting.demand.promotions import with_promoted_shares
from forecasting.demand.rolling import Nodes
from forecasting.demand.settings import DemandSettings
from forecasting.errors import ForecastingError, TooLittleDataError
from forecasting.inputs import moment, require, utc_times

TOTAL = "total"
OTHERS = "others"
SHARE_OF_A_FULL_WEEK = 7


@dataclass(frozen=True, eq=False)
class Sold:
    """Lines with units before as-of.

    Attributes:
        lines: Columns product_id, category_id, customer_id, units (negative for returns), clock, period.
        parents: Parent of each category that has one.
    """

    lines: pd.DataFrame
    parents: Mapping[str, str]


def read_sold(tables: Mapping[str, pd.DataFrame], settings: DemandSettings, as_of: datetime, timezone: str) -> Sold:
    """Units sold before as-of, of products with a category that is not left out.

    Raises:
        ForecastingError: A table or column is missing, a product is listed twice, a quantity is infinite.
        TooLittleDataError: Nothing was sold before as-of.
    """
    for name in ("purchases", "products"):
        if name not in tables:
            raise ForecastingError(f"There is no table {name}.", where="demand", remedy=f"Give {name}.")
    purchases, products = tables["purchases"], tables["products"]
    require(purchases, "purchases", ("kind", "occurred_at", "product_id", "quantity"))
    require(products, "products", ("product_id", "category_id"))
    if products["product_id"].duplicated().any():
        raise ForecastingError(
            f"Product {products.loc[products['product_id'].duplicated(), 'product_id'].iloc[0]} is listed twice.",
            where="products",
            remedy="Give every product one row.",
        )
    times = utc_times(purchases, "purchases", "occurred_at")
    quantity = purchases["quantity"].to_numpy(dtype=np.float64)
    is_before = times < moment(as_of)
    if np.isinf(quantity[is_before]).any():
        raise ForecastingError(
            f"{int(np.isinf(quantity[is_before]).sum())} lines have an infinite quantity.",
            where="purchases",
            remedy="Quarantine such lines before forecasting.",
        )
    is_kept = is_before & ~np.isnan(quantity) & purchases["product_id"].notna().to_numpy()
    lines = purchases.loc[is_kept, [c for c in ("product_id", "customer_id") if c in purchases.columns]]
    lines = lines.assign(
        units=np.where(purchases.loc[is_kept, "kind"] == "return", -np.abs(quantity[is_kept]), quantity[is_kept]),
        clock=local_clock(times[is_kept], timezone),
    )
    category = products.set_index("product_id")["category_id"]
    lines["category_id"] = category.reindex(lines["product_id"]).to_numpy()
    parents = _parents(tables)
    excluded = _below(set(settings.excluded_categories), parents, set(category.dropna().unique()))
    lines = lines[lines["category_id"].notna() & ~lines["category_id"].isin(excluded)]
    if lines.empty:
        raise TooLittleDataError(
            "No units of a product with a category were sold before as-of.",
            where="purchases",
            remedy="Give purchases with product_id and quantity, and products with category_id.",
        )
    return Sold(lines.assign(period=periods_of(lines["clock"].to_numpy(), settings.frequency)), parents)


def _parents(tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    if "categories" not in tables or "parent_id" not in tables["categories"].columns:
        return {}
    listed = tables["categories"].dropna(subset=["parent_id"])
    return dict(zip(listed["category_id"], listed["parent_id"], strict=True))


def _below(excluded: set[str], parents: Mapping[str, str], categories: set[str]) -> set[str]:
    """Categories that are left out, themselves or by one above them."""

    def is_out(category: str) -> bool:
        seen: set[str] = set()
        name: str | None = category
        while name is not None and name not in seen:
            if name in excluded:
                return True
            seen.add(name)
            name = parents.get(name)
        return False

    return {category for category in categories if is_out(category)}


def read_panel(
    tables: Mapping[str, pd.DataFrame],
    settings: DemandSettings,
    *,
    as_of: datetime,
    timezone: str,
    largest_by: datetime | None = None,
) -> tuple[Panel, Nodes]:
    """The series that settings ask for, with sums above them.

    Args:
        tables: Canonical: purchases, products, [categories, promotions, audience_members (customer_id, audience_id)].
        settings: Frequency, subject, how many series.
        as_of: Aware datetime.
        timezone: The playbook's.
        largest_by: Which series are largest, and what weight a product has in its series' promotions, is judged on
            what was sold before this; as-of by default.
    """
    sold = read_sold(tables, settings, as_of, timezone)
    return panel_of_sold(sold, tables, settings, as_of=as_of, timezone=timezone, largest_by=largest_by)


def panel_of_sold(
    sold: Sold,
    tables: Mapping[str, pd.DataFrame],
    settings: DemandSettings,
    *,
    as_of: datetime,
    timezone: str,
    largest_by: datetime | None = None,
) -> tuple[Panel, Nodes]:
    """The same from lines that are read already."""
    until = period_at(largest_by or as_of, settings.frequency, timezone)
    lines, parent_of = _series(sold, tables, settings, until)
    table = lines.groupby(["series", "period"], sort=True)["units"].sum().reset_index()
    below = int((table["units"] < 0).sum())
    if settings.frequency == "hour":
        table["units"] /= hours_of_clock(table["period"].to_numpy(), timezone)
    table = table.assign(
        value=table["units"].clip(lower=0), time=clock_starts(table["period"].to_numpy(), settings.frequency)
    )
    promoted, kinds = with_promoted_shares(
        tables, lines[lines["period"] < until], table, settings, as_of=as_of, timezone=timezone
    )
    panel = panel_of(promoted, settings, as_of=as_of, timezone=timezone, regressors=kinds)
    panel = _without_short_periods(panel, sold, settings)
    if below:
        panel = replace(panel, notes=(*panel.notes, f"{below} periods with more returns than sales count as zero"))
    if not parent_of:
        return panel, no_hierarchy(panel)
    return with_sums(panel, pd.DataFrame({"series": list(parent_of), "parent": list(parent_of.values())}))


def _series(
    sold: Sold, tables: Mapping[str, pd.DataFrame], settings: DemandSettings, until: int
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Lines with the series they belong to, and the parent of every series and sum."""
    lines = sold.lines
    category = "category/" + lines["category_id"].astype(str)
    root = TOTAL
    if settings.by == "audience":
        lines, category, root_of_line = _by_audience(lines, tables)
        name = category
        above = root_of_line
    elif settings.by == "product":
        name, above = "product/" + lines["product_id"].astype(str), category
    else:
        name, above = category, pd.Series(root, index=lines.index)
    lines = lines.assign(series=name, above=above)
    parent_of: dict[str, str] = {}
    if settings.by != "audience":
        names = lines["category_id"].unique()
        _climb([str(one) for one in names], sold.parents, root, parent_of)
    if settings.by == "category":
        own_and_sum = set(parent_of.values()) & set(lines["series"].unique())
        is_both = lines["series"].isin(own_and_sum)
        parent_of |= {f"{one}/itself": one for one in own_and_sum}
        lines.loc[is_both, "series"] = lines.loc[is_both, "series"] + "/itself"
        lines["above"] = lines["series"].map(parent_of)
    else:
        pairs = lines[["series", "above"]].drop_duplicates()
        parent_of |= dict(zip(pairs["series"], pairs["above"], strict=True))
    return _largest(lines, parent_of, settings, until)


def _by_audience(lines: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Each line once for every audience its customer is in; audiences may overlap, so nothing sums over them."""
    if "audience_members" not in tables:
        raise ForecastingError(
            "There is no table audience_members.", where="demand", remedy="Give customer_id and audience_id."
        )
    members = tables["audience_members"]
    require(members, "audience_members", ("customer_id", "audience_id"))
    require(lines, "purchases", ("customer_id",))
    joined = lines.merge(members[["customer_id", "audience_id"]].drop_duplicates(), on="customer_id")
    if joined.empty:
        raise TooLittleDataError(
            "No customer of an audience bought anything.", where="audience_members", remedy="Name other audiences."
        )
    above = "audience/" + joined["audience_id"].astype(str)
    return joined, above + "/category/" + joined["category_id"].astype(str), above


def _climb(categories: list[str], parents: Mapping[str, str], root: str, parent_of: dict[str, str]) -> None:
    for category in categories:
        name = category
        while f"category/{name}" not in parent_of:
            above = parents.get(name)
            parent_of[f"category/{name}"] = root if above is None else f"category/{above}"
            if above is None:
                break
            name = above


def _largest(
    lines: pd.DataFrame, parent_of: dict[str, str], settings: DemandSettings, until: int
) -> tuple[pd.DataFrame, dict[str, str]]:
    """The largest series by themselves, the rest of each parent as one: sums stay whole."""
    sizes = lines[lines["period"] < until].groupby("series")["units"].sum()
    if settings.series is None or len(sizes) <= settings.series:
        return lines, parent_of
    order = sizes.reset_index().sort_values(["units", "series"], ascending=[False, True])
    kept = set(order["series"].head(settings.series))
    is_kept = lines["series"].isin(kept)
    lines = lines.assign(series=lines["series"].where(is_kept, lines["above"] + "/" + OTHERS))
    others = lines.loc[~is_kept, ["series", "above"]].drop_duplicates()
    return lines, parent_of | dict(zip(others["series"], others["above"], strict=True))


def _without_short_periods(panel: Panel, sold: Sold, settings: DemandSettings) -> Panel:
    """Weeks with fewer selling days than usual (a piece, a closed day) teach nothing and are not scored."""
    if settings.frequency != "week":
        return panel
    days = sold.lines["clock"].to_numpy().astype("datetime64[D]")
    selling = pd.Series(days).groupby(sold.lines["period"].to_numpy()).nunique()
    counts = selling.reindex(panel.periods[: panel.length], fill_value=0).to_numpy()
    usual = np.median(counts)
    is_short = (counts < usual) & (usual == SHARE_OF_A_FULL_WEEK)
    if not is_short.any():
        return panel
    starts = clock_starts(panel.periods[: panel.length][is_short], "week").astype("datetime64[D]")
    shown = ", ".join(str(day) for day in starts[:5]) + (", …" if len(starts) > 5 else "")  # noqa: PLR2004
    note = f"weeks with fewer than {usual:.0f} selling days are left out: {int(is_short.sum())}, beginning {shown}"
    first = int(np.argmin(is_short))
    is_known = panel.is_known & ~is_short
    return replace(
        panel,
        periods=panel.periods[first:],
        units=np.where(is_known, panel.units, 0.0)[:, first:],
        is_known=is_known[:, first:],
        regressors=panel.regressors[:, first:],
        notes=(*panel.notes, note),
    )
