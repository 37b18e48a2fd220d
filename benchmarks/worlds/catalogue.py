"""What the simulated software company sells and can say: topics, product lines, products, offers, campaigns, assets.

Everything here is invented, the same in every world, and free of chance.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from benchmarks.worlds.world import Calendar, where_kept

OBJECTION_TOPICS: Final = ("pricing", "security", "migration")


@dataclass(frozen=True)
class Line:
    """A product line: what it is called, what it is about, how it is sold.

    Attributes:
        category_id: Key of its category.
        name: Its name.
        topics: What it is about; the first one before the others.
        pack: What one unit of the small product is, as a name.
        price: Price of such a unit, in currency.
        lasts_days: Days after which a customer usually needs more of it.
    """

    category_id: str
    name: str
    topics: tuple[str, ...]
    pack: str
    price: float
    lasts_days: float


LINES: Final = (
    Line("monitoring", "Monitoring", ("reliability", "cost-control"), "Event pack, 10 million events", 240.0, 30.0),
    Line("automation", "Automation", ("automation", "integration"), "Run pack, 5,000 runs", 180.0, 21.0),
    Line("analytics", "Analytics", ("analytics", "cost-control"), "Query pack, 1,000 hours", 320.0, 30.0),
    Line("protection", "Protection", ("security", "compliance"), "Scan pack, 500 scans", 410.0, 45.0),
    Line("integrations", "Integrations", ("integration", "migration"), "Connector month", 95.0, 30.0),
    Line("academy", "Academy", ("onboarding", "performance"), "Training hours, 10 seats", 150.0, 60.0),
)
TOPICS: Final = (
    "analytics",
    "automation",
    "compliance",
    "cost-control",
    "integration",
    "migration",
    "onboarding",
    "performance",
    "pricing",
    "reliability",
    "security",
)
SIZES: Final = ("small", "medium", "large")
TITLES: Final = {
    "analytics": ("Dashboards that people open", "Ten questions for your usage data"),
    "automation": ("Automate the first hour of your day", "What to automate, and what not"),
    "compliance": ("Ready for the audit", "Evidence without spreadsheets"),
    "cost-control": ("Where the cloud bill comes from", "Pay for what you use"),
    "integration": ("Connect what you already have", "Webhooks without surprises"),
    "migration": ("Moving in a week", "A migration plan that can be undone"),
    "onboarding": ("The first fourteen days", "A course for new colleagues"),
    "performance": ("Twice as fast, step by step", "Reading a flame graph"),
    "pricing": ("What it costs, in full", "Working out the return"),
    "reliability": ("Fewer alarms at night", "How to set an error budget"),
    "security": ("How your data is protected", "Single sign-on in an afternoon"),
}
FORMATS: Final = ("article", "guide")


def categories() -> pd.DataFrame:
    """The table `categories`."""
    return pd.DataFrame(
        {
            "category_id": ["platform", *(line.category_id for line in LINES)],
            "name": ["Platform", *(line.name for line in LINES)],
            "parent_id": [None, *("platform" for _ in LINES)],
        },
        dtype=object,
    )


def products() -> pd.DataFrame:
    """The table `products`: three sizes of pack per line, the larger ones cheaper by the unit."""
    rows = [
        (
            f"{line.category_id}-{size}",
            f"{line.pack}, {size}",
            line.category_id,
            round(line.price * units * (1 - 0.05 * place), 2),
            round(line.price * units * 0.22, 2),
            size,
            round(line.lasts_days * (1 + 0.5 * place), 1),
        )
        for line in LINES
        for place, (size, units) in enumerate(zip(SIZES, (1, 2, 4), strict=True))
    ]
    return pd.DataFrame(
        rows, columns=["product_id", "name", "category_id", "price", "unit_cost", "size", "depletion_days"]
    )


def offers() -> pd.DataFrame:
    """The table `offers`."""
    rows = [
        ("ten-percent", "discount", 10.0, None, "us", 40.0),
        ("thirty-percent", "discount", 30.0, None, "us", 120.0),
        ("free-migration", "value_add", None, 300.0, "partner", 150.0),
    ]
    columns = ["offer_id", "kind", "discount_pct", "face_value", "funded_by", "unit_cost"]
    return pd.DataFrame(rows, columns=columns)


def assets() -> pd.DataFrame:
    """The table `assets`: articles and guides per topic, a reminder per line, offers, and help for the undecided."""
    lines_of = {topic: [line.category_id for line in LINES if topic in line.topics] for topic in TOPICS}
    everything = ["platform"]
    rows = [
        {
            "asset_id": f"{form}-{topic}",
            "title": title,
            "kind": "story",
            "topics": [topic],
            "categories": lines_of[topic] or everything,
            "channels": ["email", "website"],
        }
        for topic in TOPICS
        for form, title in zip(FORMATS, TITLES[topic], strict=True)
    ]
    rows += [
        {
            "asset_id": f"reminder-{line.category_id}",
            "title": f"Your {line.name} pack may be running low",
            "kind": "reminder",
            "topics": [line.topics[0]],
            "categories": [line.category_id],
            "channels": ["email", "website", "sales"],
        }
        for line in LINES
    ]
    rows += [
        {
            "asset_id": f"{offer}-{line.category_id}",
            "title": f"{words} off the next {line.name} pack",
            "kind": "offer",
            "topics": [line.topics[0], "pricing"],
            "categories": [line.category_id],
            "channels": ["email", "sales"],
            "offer_id": offer,
        }
        for line in LINES
        for offer, words in (("ten-percent", "10 %"), ("thirty-percent", "30 %"))
    ]
    rows += [
        {
            "asset_id": f"call-{topic}",
            "title": f"A talk with an engineer about {topic.replace('-', ' ')}",
            "kind": "service",
            "topics": [topic],
            "categories": lines_of[topic] or everything,
            "channels": ["sales"],
            **({"offer_id": "free-migration"} if topic == "migration" else {}),
        }
        for topic in (*OBJECTION_TOPICS, "compliance", "integration")
    ]
    frame = pd.DataFrame(rows).sort_values("asset_id", ignore_index=True)
    frame = frame.astype(object).where(frame.notna(), None)
    is_legal = frame["topics"].map(lambda topics: bool({"compliance", "security"} & set(topics)))
    place = np.arange(len(frame))
    return frame.assign(
        version="1",
        message_class="marketing",
        language="en",
        status="active",
        # What is about security or compliance has been looked at by legal; a few texts still wait for it.
        compliance=where_kept(
            is_legal.to_numpy(dtype=bool), np.where(place % 7 == 0, "pending", "cleared").astype(object)
        ),
        readiness=np.where(place % 11 == 5, "reviewed", "approved"),
    )


def campaigns(calendar: Calendar) -> pd.DataFrame:
    """The table `campaigns`: a newsletter a month, three webinars, two paid campaigns, calls by sales."""
    months = np.arange(5.0, calendar.days - 20.0, 30.0)
    webinars = np.linspace(0.2, 0.8, 3) * calendar.days
    paid = np.array([0.3, 0.7]) * calendar.days
    starts = np.concatenate([months, webinars, paid, [1.0]])
    lasts = np.concatenate([np.full(len(months), 10.0), np.full(3, 21.0), np.full(2, 45.0), [float(calendar.days)]])
    kinds = ["newsletter"] * len(months) + ["webinar"] * 3 + ["retargeting"] * 2 + ["outreach"]
    counts = [*range(1, len(months) + 1), 1, 2, 3, 1, 2, 1]
    channel = {"newsletter": "email", "webinar": "email", "retargeting": "website", "outreach": "sales"}
    return pd.DataFrame(
        {
            "campaign_id": [f"{kind}-{count:02d}" for kind, count in zip(kinds, counts, strict=True)],
            "channel_id": [channel[kind] for kind in kinds],
            "kind": kinds,
            "audience": ["everybody" if kind == "newsletter" else None for kind in kinds],
            "budget": [4500.0 if kind == "retargeting" else None for kind in kinds],
            "daily_cap": [100.0 if kind == "retargeting" else None for kind in kinds],
            "starts_at": calendar.moments(np.floor(starts)),
            # what runs on past the end of the world has an end that is planned
            "ends_at": calendar.moments(np.floor(starts + lasts)),
        }
    )
