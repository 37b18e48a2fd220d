"""The tables around: consents, identities, outcomes, assignments, spend, observations, memberships, assertions."""

import numpy as np
import pandas as pd

from benchmarks.worlds.catalogue import LINES, OBJECTION_TOPICS
from benchmarks.worlds.minds import Minds
from benchmarks.worlds.organisations import REGIONS, Organisations
from benchmarks.worlds.settings import Plan
from benchmarks.worlds.touching import TEST, Touched
from benchmarks.worlds.visiting import Devices, Sessions
from benchmarks.worlds.world import keys, where_kept

AGREEING = {"email": 0.74, "sales": 0.62, "website": 0.86}
BASIS = {"email": "consent", "sales": "legitimate_interest", "website": "consent"}
TIERS = ("bronze", "silver", "gold")


def touches_and_outcomes(
    touched: Touched,
    order_of_touch: "pd.Series[str]",
    world: Organisations,
    plan: Plan,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables `touches` and `outcomes`.

    Args:
        touched: What was sent.
        order_of_touch: Orders that touches caused; what is seen as converted is more than that, as everywhere.
        world: Who is there.
        plan: Length of the world, randomness.
    """
    draw = plan.chance.of("outcomes")
    rows = touched.rows
    touch_id = keys("tch", np.arange(len(rows)), width=6)
    day = rows["day"].to_numpy(dtype=np.float64)
    customer_id = world.customer_id[rows["person"].to_numpy(dtype=np.int64)]
    table = pd.DataFrame(
        {
            "touch_id": touch_id,
            "customer_id": customer_id,
            "channel_id": rows["channel_id"].to_numpy(dtype=object),
            "sent_at": plan.calendar.moments(day),
            "asset_id": rows["asset_id"].to_numpy(dtype=object),
            "campaign_id": rows["campaign_id"].to_numpy(dtype=object),
            "experiment_id": where_kept(rows["is_test"].to_numpy(dtype=bool), np.full(len(rows), TEST, dtype=object)),
            "cost": rows["cost"].to_numpy(dtype=np.float64),
        }
    )
    is_mail = (rows["channel_id"] == "email").to_numpy()
    is_caused = np.isin(np.arange(len(rows)), order_of_touch.index.to_numpy())
    seen = {
        "bounced": (is_mail & (draw.random(len(rows)) < 0.01), 0.01),
        "opened": (is_mail & rows["is_opened"].to_numpy(dtype=bool), 0.4),
        "clicked": (rows["is_clicked"].to_numpy(dtype=bool), 0.5),
        "replied": (((rows["channel_id"] == "sales").to_numpy()) & rows["is_clicked"].to_numpy(dtype=bool), 1.0),
        "converted": (is_caused | (rows["is_clicked"].to_numpy(dtype=bool) & (draw.random(len(rows)) < 0.03)), 10.0),
        "unsubscribed": (rows["leaves"].to_numpy(dtype=bool), 0.6),
    }
    parts = []
    for name, (happened, delay) in seen.items():
        place = np.flatnonzero(happened)
        at = day[place] + draw.exponential(delay, len(place))
        parts.append(pd.DataFrame({"place": place, "name": name, "day": at}))
    outcomes = pd.concat(parts, ignore_index=True).sort_values(["day", "place", "name"], ignore_index=True)
    outcomes = outcomes[outcomes["day"] < plan.days].reset_index(drop=True)
    place = outcomes["place"].to_numpy(dtype=np.int64)
    return table, pd.DataFrame(
        {
            "outcome_id": keys("out", np.arange(len(outcomes)), width=6),
            "touch_id": touch_id[place],
            "customer_id": customer_id[place],
            "asset_id": table["asset_id"].to_numpy(dtype=object)[place],
            "name": outcomes["name"].to_numpy(dtype=object),
            "occurred_at": plan.calendar.moments(outcomes["day"].to_numpy(dtype=np.float64)),
        }
    )


def assignments(touched: Touched, world: Organisations, plan: Plan) -> pd.DataFrame:
    """The table `assignments`: everybody drawn in the test, those who got nothing included."""
    drawn = touched.tested
    is_sent = drawn["is_sent"].to_numpy(dtype=bool)
    return pd.DataFrame(
        {
            "experiment_id": TEST,
            "customer_id": world.customer_id[drawn["person"].to_numpy(dtype=np.int64)],
            "assigned_at": plan.calendar.moments(drawn["day"].to_numpy(dtype=np.float64)),
            "arm": np.where(is_sent, "invitation", "nothing").astype(object),
            "channel_id": where_kept(is_sent, np.full(len(drawn), "email", dtype=object)),
            "propensity": 0.5,
        }
    ).sort_values(["assigned_at", "customer_id"], ignore_index=True)


def consents(world: Organisations, outcomes: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """The table `consents`: a word per record and channel; who unsubscribed has taken it back."""
    draw = plan.chance.of("consents")
    records = len(world.record_person)
    parts = [
        pd.DataFrame(
            {
                "customer_id": world.customer_id,
                "channel_id": channel,
                "purpose": "marketing",
                "granted": draw.random(records) < share,
                "recorded_at": plan.calendar.moments(world.record_joined),
                "source": "form" if BASIS[channel] == "consent" else "crm",
                "basis": BASIS[channel],
            }
        )
        for channel, share in AGREEING.items()
    ]
    left = outcomes[outcomes["name"] == "unsubscribed"].drop_duplicates("customer_id")
    taken_back = pd.DataFrame(
        {
            "customer_id": left["customer_id"],
            "channel_id": "email",
            "purpose": "marketing",
            "granted": False,
            "recorded_at": left["occurred_at"],
            "source": "unsubscribe link",
            "basis": "consent",
        }
    )
    rows = pd.concat([*parts, taken_back], ignore_index=True)
    return rows.sort_values(["recorded_at", "customer_id", "channel_id"], ignore_index=True)


def identities(world: Organisations, owned: Devices, visited: Sessions, plan: Plan) -> pd.DataFrame:
    """The table `identities`: addresses, which both records of a person share, and devices that are known.

    A device is known from the first visit after its owner signed in there.
    """
    person = world.record_person
    addresses = pd.DataFrame(
        {
            "kind": "email",
            "value": np.char.add(world.customer_id[person].astype(str), "@example.com").astype(object),
            "customer_id": world.customer_id,
            "day": world.record_joined,
        }
    )
    is_named = visited.day >= owned.known_from[visited.device]
    seen = pd.DataFrame({"device": visited.device[is_named], "day": visited.day[is_named]})
    first = seen.groupby("device", as_index=False)["day"].min()
    device = first["device"].to_numpy(dtype=np.int64)
    own = first.assign(holder=owned.person[device])
    other = first.assign(holder=owned.shared_with[device], day=first["day"] + 1.0)
    devices = pd.concat([own, other[other["holder"] >= 0]], ignore_index=True)
    devices = devices[devices["day"] < plan.days]
    holder = devices["holder"].to_numpy(dtype=np.int64)
    named = pd.DataFrame(
        {
            "kind": "anonymous_id",
            "value": owned.anonymous_id[devices["device"].to_numpy(dtype=np.int64)],
            "customer_id": world.customer_id[holder],
            "day": devices["day"].to_numpy(dtype=np.float64),
        }
    )
    rows = pd.concat([addresses, named], ignore_index=True)
    rows["first_seen_at"] = plan.calendar.moments(rows.pop("day").to_numpy(dtype=np.float64))
    return rows.sort_values(["kind", "value", "customer_id"], ignore_index=True)


def spend(campaigns: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """The table `spend`: what the paid campaigns cost a day, and what they were seen to bring."""
    draw = plan.chance.of("spend")
    paid = campaigns[campaigns["daily_cap"].notna()]
    parts = []
    for campaign in paid.to_dict("records"):
        end = min(campaign["ends_at"], pd.Timestamp(plan.settings.until))
        dates = pd.date_range(campaign["starts_at"], end, freq="D", inclusive="left")
        cost = np.round(np.minimum(draw.gamma(9, 9, len(dates)), campaign["daily_cap"]), 2)
        # what is spent above a point brings hardly anything more
        impressions = np.round(9_000 * (1 - np.exp(-cost / 70)) * draw.lognormal(0, 0.1, len(dates)))
        clicks = draw.binomial(impressions.astype(np.int64), 0.006)
        parts.append(
            pd.DataFrame(
                {
                    "campaign_id": campaign["campaign_id"],
                    "channel_id": campaign["channel_id"],
                    "date": dates,
                    "spend": cost,
                    "impressions": impressions,
                    "clicks": clicks.astype(np.float64),
                    "conversions": draw.binomial(clicks, 0.02).astype(np.float64),
                }
            )
        )
    return pd.concat(parts, ignore_index=True).astype({"date": "datetime64[us, UTC]"})


def observations(world: Organisations, plan: Plan) -> pd.DataFrame:
    """The table `observations`: what competitors, surveys and the market said."""
    draw = plan.chance.of("observations")
    accounts = world.accounts["account_id"].to_numpy(dtype=object)
    about = {
        ("competitor", "account"): accounts,
        ("price", "category"): np.array([line.category_id for line in LINES], dtype=object),
        ("survey", "account"): accounts,
        ("trend", "topic"): np.array(["automation", "cost-control", "security"], dtype=object),
        ("brand", "region"): np.array(REGIONS, dtype=object),
    }
    words = {
        "competitor": "A competitor is being evaluated.",
        "price": "A competitor's price, relative to ours.",
        "survey": "Answer to a survey, 0 to 10.",
        "trend": "Searches for the topic, relative to a year ago.",
        "brand": "Share of people asked who know our name.",
    }
    count = max(len(about), plan.settings.contacts // 20)
    kind = draw.integers(len(about), size=count)
    day = np.sort(draw.uniform(0, plan.days, count))
    names = list(about)
    subject = [about[names[number]] for number in range(len(names))]
    chosen = draw.random(count)
    key = np.empty(count, dtype=object)
    for number, candidates in enumerate(subject):
        here = kind == number
        key[here] = candidates[np.floor(chosen[here] * len(candidates)).astype(np.int64)]
    value = np.select(
        [kind == 1, kind == 2, kind == 3, kind == 4],
        [
            draw.uniform(0.7, 1.3, count),
            draw.integers(0, 11, count),
            draw.lognormal(0.1, 0.3, count),
            draw.beta(3, 9, count),
        ],
        default=np.nan,
    )
    return pd.DataFrame(
        {
            "observation_id": keys("obs", np.arange(count)),
            "kind": np.array([name for name, _ in names], dtype=object)[kind],
            "about_kind": np.array([name for _, name in names], dtype=object)[kind],
            "about_id": key,
            "observed_at": plan.calendar.moments(day),
            "value": np.round(value, 3),
            "text": np.array([words[name] for name, _ in names], dtype=object)[kind],
            "valid_until": plan.calendar.moments(day + draw.choice([60.0, 120.0, 365.0], count)),
            "source": np.array(["sales", "market watch", "survey", "market watch", "survey"], dtype=object)[kind],
            "confidence": np.round(draw.uniform(0.4, 0.95, count), 2),
        }
    )


def memberships(purchases: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """The table `memberships`: a partner programme for some of those who buy, points for what they spent."""
    draw = plan.chance.of("memberships")
    spent = purchases.groupby("customer_id")["net_value"].sum().clip(lower=0).sort_index()
    spent = spent[draw.random(len(spent)) < 0.35]
    points = np.round(spent.to_numpy(dtype=np.float64) / 10)
    steps = np.array([0.0, 500.0, 2000.0])
    tier = np.searchsorted(steps, points, side="right") - 1
    following = np.append(steps[1:], np.nan)[tier]
    # tiers are counted by the quarter after the end of the world
    deadline = np.where(np.isnan(following), np.nan, plan.days + 86.0)
    return pd.DataFrame(
        {
            "customer_id": spent.index.to_numpy(dtype=object),
            "programme_id": "partners",
            "tier": np.array(TIERS, dtype=object)[tier],
            "points": points,
            "next_tier": np.array([*TIERS[1:], None], dtype=object)[tier],
            "points_missing": following - points,
            "deadline": plan.calendar.moments(deadline),
            "points_per_unit": 0.1,
        }
    )


def assertions(world: Organisations, minds: Minds, plan: Plan) -> pd.DataFrame:
    """The table `assertions`: objections that sellers heard of; about one in ten of them is none."""
    draw = plan.chance.of("assertions")
    day = draw.uniform(0, plan.days, (2, world.persons)).ravel()
    person = np.tile(np.arange(world.persons), 2)
    is_real = minds.objects_on(person, day)
    is_heard = (draw.random(len(person)) < np.where(is_real, 0.35, 0.008)) & (day > world.joined[person])
    said = np.where(is_real, minds.objection[person], draw.integers(len(OBJECTION_TOPICS), size=len(person)))
    order = np.flatnonzero(is_heard)[np.argsort(day[is_heard])]
    person, day, said = person[order], day[order], said[order]
    until = plan.calendar.moments(day + 180).dt.strftime("%Y-%m-%d").to_numpy(dtype=str)
    topic = np.array(OBJECTION_TOPICS)[said]
    statement = np.char.add(np.char.add("objects_to topic/", topic), np.char.add(" until ", until))
    owner = world.accounts["owner"].to_numpy(dtype=str)[world.account[person]]
    return pd.DataFrame(
        {
            "assertion_id": keys("ast", np.arange(len(person)), width=4),
            "subject": np.char.add("customer/", world.customer_id[person].astype(str)).astype(object),
            "statement": np.char.add(statement, " confidence 0.8").astype(object),
            "author": np.char.add("person:", owner).astype(object),
            "reason": "Said so in a call.",
            "asserted_at": plan.calendar.moments(day),
        }
    )
