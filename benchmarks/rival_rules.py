"""The twenty policies of the market as rivals write them: conditions over the columns of a joined row.

Written once, with every comparison in brackets, so that the same text is Python, numexpr and, with other signs, SQL.
Texts are compared by their codes, which `benchmarks.market_tables` hands out. What names an offer does not hold of an
asset without one. Imports nothing, because rivals read it in environments of their own.
"""

from collections.abc import Mapping

RULES = (
    ("minors", "(collection == {heritage}) & (age < 18)"),
    ("young-adults", "has_offer & (kind == {coupon}) & (discount_pct > 30) & (age < 21)"),
    ("beyond-means", "has_offer & (min_spend > most_spend)"),
    ("margin-protection", "has_offer & (discount_pct > 10) & (value_index < 500)"),
    ("risk-gap", "has_offer & (discount_pct > (risk * 12 + 20))"),
    ("no-calls-abroad", "(channel == {phone}) & ((country == {FR}) | (country == {IT}))"),
    ("do-not-call", "(channel == {phone}) & is_do_not_call"),
    ("vulnerable", "has_offer & ((kind == {advert}) | (discount_pct > 40)) & is_vulnerable"),
    ("outlet-not-for-vip", "(collection == {outlet}) & is_vip"),
    ("deep-discounts-for-vip", "has_offer & (discount_pct >= 60) & (~is_vip)"),
    ("low-income", "has_offer & (min_spend > 250) & (income < 15000)"),
    ("segment-two", "(kind == {advert}) & (segment == 2)"),
    ("segment-five", "((collection == {outlet}) | (collection == {autumn})) & (segment == 5)"),
    ("paper-is-dear", "has_offer & (min_spend < 20) & (channel == {mail}) & (income < 60000)"),
    ("elderly-web", "(channel == {web}) & (kind == {article}) & (age > 75)"),
    ("opted-down", "(kind == {newsletter}) & is_opted_down"),
    ("polish-heritage", "(collection == {heritage}) & (country == {PL})"),
    ("three-a-week", "reached_week"),
    ("two-mails-a-month", "(channel == {mail}) & reached_mail"),
    ("one-discount-a-fortnight", "has_offer & (discount_pct > 0) & reached_discount"),
)
OF_CUSTOMER = (
    "age",
    "country",
    "segment",
    "risk",
    "income",
    "most_spend",
    "value_index",
    "is_do_not_call",
    "is_vulnerable",
    "is_vip",
    "is_opted_down",
)
OF_ASSET = ("kind", "collection", "has_offer", "discount_pct", "min_spend")
OF_CUSTOMER_AND_CHANNEL = ("reached_week", "reached_mail", "reached_discount")
_SIGNS = (("==", "="), ("&", "AND"), ("|", "OR"), ("~", "NOT "))
_WORDS = (("&", "and"), ("|", "or"), ("~", "not "))


def written(codes: Mapping[str, int]) -> dict[str, str]:
    """Policy to its condition, in signs that Python's arrays and numexpr take."""
    return {policy: condition.format_map(codes) for policy, condition in RULES}


def in_sql(condition: str) -> str:
    """A condition as SQL writes it."""
    for sign, word in _SIGNS:
        condition = condition.replace(sign, word)
    return condition


def in_words(condition: str) -> str:
    """A condition for single values in Python, which then stops at the first part that decides."""
    for sign, word in _WORDS:
        condition = condition.replace(sign, word)
    return condition
