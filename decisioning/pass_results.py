"""The arrays that the fused pass writes: its lists and working space, what it keeps, and what it finds."""

from typing import NamedTuple

from decisioning.ground import Array


class Listed(NamedTuple):
    """Candidates of a few customers, in order of customer.

    Attributes:
        row: Row of `Found` of each one's customer.
        asset: Position of the asset.
        channel: Position of the channel.
        motive: Place of the motive.
        value: Expected incremental margin.
        expected_cost: P(redeem) × cost of a redemption.
        cost: What one redemption costs.
        priced: Value less what it pays at the prices.
        has_room: Whether it fits the limits that all customers share when nothing else is sent.
    """

    row: Array
    asset: Array
    channel: Array
    motive: Array
    value: Array
    expected_cost: Array
    cost: Array
    priced: Array
    has_room: Array


class Scratch(NamedTuple):
    """What one thread calculates in; marks hold where they equal the customer, so that nothing has to be wiped.

    Attributes:
        seen: Marks of assets that a motive answered already, shape (assets,), as the next three.
        bought: Marks of assets about products that were bought.
        objected: Marks of assets that an objection is about.
        moved: Marks of assets about what moves the customer to act.
        has_habit: Marks of categories with a rhythm of the customer's own, shape (categories,).
        has_recent: Marks of categories bought of late, shape (categories,).
        habit: Margin, log P(no purchase), P(purchase) and weighed spend of marked categories, shape (categories, 4).
        recent_days: Shopping days of marked categories, shape (categories,).
        own: The customer's factors of the gain.
        gains: What each channel adds to the customer's gain, shape (channels,), as the next two.
        redeems: What it adds to the log-odds of redemption.
        opt_outs: What it adds to those of an opt-out.
        hour: Whether a channel has an hour left, shape (channels,).
        standing: What stands in an asset's way on all channels, shape (widest answer,), as all up to `stops`.
        learnt: Asset's part of the learnt gain.
        stated: Gain by the customer's rhythms.
        chance: P(redeem).
        cost: Cost of a redemption.
        reach: 1 where what the offer asks to be spent is within reach, else 0.
        stops: What stands in the way on one channel.
        words: The verdict, shape (words, widest answer).
        chosen: Places of the wanted ones, and one more.
        stack: Where comparisons are calculated.
        slots: Places in the list of what is kept, shape (customers of a batch, slots).
        few: Customers who are looked at together, shape (customers of a batch,).
        limit: Highest rank that a motive's order lets through, shape (most motives of a customer,).
    """

    seen: Array
    bought: Array
    objected: Array
    moved: Array
    has_habit: Array
    has_recent: Array
    habit: Array
    recent_days: Array
    own: Array
    gains: Array
    redeems: Array
    opt_outs: Array
    hour: Array
    standing: Array
    learnt: Array
    stated: Array
    chance: Array
    cost: Array
    reach: Array
    stops: Array
    words: Array
    chosen: Array
    stack: Array
    slots: Array
    few: Array
    limit: Array


class Selected(NamedTuple):
    """Candidates that are kept, in order of customer, asset and channel.

    Attributes:
        place: Where each stood in `Listed`.
        row: Row of `Found` of each one's customer.
        asset: Position of the asset.
        channel: Position of the channel.
        motive: Place of the motive.
        value: Expected incremental margin.
        expected_cost: P(redeem) × cost of a redemption.
        cost: What one redemption costs.
        is_allowed: Nothing refuses it.
    """

    place: Array
    row: Array
    asset: Array
    channel: Array
    motive: Array
    value: Array
    expected_cost: Array
    cost: Array
    is_allowed: Array


class Found(NamedTuple):
    """What comes out, one row per customer of a stretch of customers.

    Attributes:
        counts: Candidates, eligible and affordable ones, shape (customers, 3).
        refused: Candidates that each policy refuses, shape (customers, policies).
        best: Highest priced value of an affordable candidate, -inf without one.
    """

    counts: Array
    refused: Array
    best: Array
