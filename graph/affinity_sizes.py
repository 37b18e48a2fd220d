"""Size progression: which product is the next size of which, as collections and categories order their sizes.

Sizes are read as people write them: numbers (98, 98/104, EU 36, 104 cm), letters (XS, M, 3XL), ages (6-9 months,
2 years), or in the order that the playbook states. What is no size of a body or garment, such as 16 OZ, has no next.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

STATED_ORDER: Final = "stated order"
NEXT_NUMBER: Final = "next number"
NEXT_LETTER: Final = "next letter"
NEXT_AGE: Final = "next age"

MOST_NEXT: Final = 6
_MONTHS_PER_YEAR = 12
_NUMBER = re.compile(
    r"(?P<unit>eu|us|uk|fr)?\s*(?P<low>\d+(?:[.,]\d+)?)(?:\s*[/–-]\s*\d+(?:[.,]\d+)?)?\s*(?P<cm>cm)?",
)
_LETTER = re.compile(r"(?:(?P<times>\d)\s*-?x|(?P<more>x*))(?P<letter>[sml])")
_AGE = re.compile(
    r"(?P<low>\d+(?:[.,]\d+)?)(?:\s*[/–-]\s*\d+(?:[.,]\d+)?)?\s*(?P<unit>m|mo|mos|months?|y|yr|yrs|years?)(?:\s+old)?"
)
_NEWBORN = ("newborn", "new born", "nb")
_COLUMNS = ["from_key", "to_key", "because"]


@dataclass(frozen=True, order=True)
class SizeRank:
    """Where a size stands.

    Attributes:
        scale: Sizes of one scale compare with each other; what stands before a colon is the kind of order.
        place: Its place on the scale, ascending.
    """

    scale: str
    place: float


def size_rank(text: str, stated: Sequence[Sequence[str]] = ()) -> SizeRank | None:
    """Read a size; None when it is none that has a next.

    Args:
        text: As the company writes it.
        stated: Orders that the playbook states, each from the smallest size to the largest.
    """
    plain = " ".join(str(text).casefold().split())
    for number, order in enumerate(stated):
        places = [" ".join(str(size).casefold().split()) for size in order]
        if plain in places:
            return SizeRank(f"{STATED_ORDER}:{number}", float(places.index(plain)))
    if plain in _NEWBORN:
        return SizeRank(NEXT_AGE, 0.0)
    if found := _AGE.fullmatch(plain):
        months = 1 if found["unit"].startswith("m") else _MONTHS_PER_YEAR
        return SizeRank(NEXT_AGE, _number(found["low"]) * months)
    if found := _NUMBER.fullmatch(plain):
        return SizeRank(f"{NEXT_NUMBER}:{found['unit'] or found['cm'] or ''}", _number(found["low"]))
    return _letters(plain)


def with_size_places(products: pd.DataFrame, stated: Sequence[Sequence[str]] = ()) -> pd.DataFrame:
    """The products with `size_scale` and `size_place`: where each one's size stands; missing where it has no next."""
    sizes = products["size"] if "size" in products.columns else pd.Series(None, products.index, dtype=object)
    ranks: Mapping[str, SizeRank | None] = {size: size_rank(size, stated) for size in sizes.dropna().unique()}
    of_size = [ranks.get(size) for size in sizes]
    return products.assign(
        size=sizes,
        size_scale=pd.Series([rank.scale if rank else None for rank in of_size], products.index, dtype=object),
        size_place=pd.Series([rank.place if rank else None for rank in of_size], products.index, dtype="float64"),
    )


def next_sizes(products: pd.DataFrame, stated: Sequence[Sequence[str]] = ()) -> pd.DataFrame:
    """Rows of `Product NEXT_SIZE Product`: from_key, to_key, because; sorted.

    Products of one category (without one, of one collection) and scale form a ladder, and each leads to products on the
    next rung, six at most: first the same article (its name but for the size), then those of its collection, then
    others.

    Args:
        products: product_id, name, category_id and, where known, collection and size.
        stated: Orders of sizes that the playbook states.
    """
    rungs = _rungs(with_size_places(products, stated))
    above = rungs[["ladder", "rung", "product_id", "collection", "line"]].assign(rung=rungs["rung"] - 1)
    found = []
    for place, likeness in enumerate((["line", "collection"], ["line"], ["collection"], [])):
        shared = ["ladder", "rung", *likeness]
        few = above[above.groupby(shared).cumcount() < MOST_NEXT]
        pairs = rungs[["product_id", "because", *shared]].merge(few, on=shared, suffixes=("_from", "_to"))
        found.append(pairs[["product_id_from", "product_id_to", "because"]].assign(likeness=place))
    rows = pd.concat(found).set_axis([*_COLUMNS, "likeness"], axis="columns")
    rows = rows.sort_values(["from_key", "likeness", "to_key"], kind="stable").drop_duplicates(["from_key", "to_key"])
    nearest = rows[rows.groupby("from_key").cumcount() < MOST_NEXT]
    return nearest[_COLUMNS].sort_values(_COLUMNS, ignore_index=True)


def _rungs(products: pd.DataFrame) -> pd.DataFrame:
    """One row per product with a size, sorted by key: its ladder, the number of its rung, and what it is like."""
    sized = products[products["size_place"].notna()].sort_values("product_id", kind="stable")
    collection = sized["collection"] if "collection" in sized.columns else pd.Series(None, sized.index, dtype=object)
    group = ("category " + sized["category_id"].astype(object)).fillna("collection " + collection.astype(object))
    rungs = pd.DataFrame(
        {
            "product_id": sized["product_id"],
            "ladder": group + " " + sized["size_scale"],
            "place": sized["size_place"],
            "because": sized["size_scale"].map(_kind_of_order),
            "collection": collection.astype(object).fillna(""),
            "line": [_line(name, size) for name, size in zip(sized["name"], sized["size"], strict=True)],
        }
    )
    rungs = rungs[group.notna()]
    return rungs.assign(rung=rungs.groupby("ladder")["place"].rank(method="dense").astype("int64"))


def _kind_of_order(scale: str) -> str:
    return scale.partition(":")[0]


def _line(name: str, size: str) -> str:
    """A product's name without its size: `Bear jacket 98` and `Bear jacket 104` are of one line."""
    without = re.sub(rf"(?<!\w){re.escape(str(size).casefold())}(?!\w)", " ", str(name).casefold())
    return " ".join(re.sub(r"[\s,()-]+", " ", without).split())


def _letters(plain: str) -> SizeRank | None:
    """XS, S, M, L, 3XL: as places below and above M."""
    found = _LETTER.fullmatch(plain)
    if found is None:
        return None
    extra = int(found["times"]) if found["times"] else len(found["more"])
    if found["letter"] == "m":
        return None if extra else SizeRank(NEXT_LETTER, 0.0)
    return SizeRank(NEXT_LETTER, 1.0 + extra if found["letter"] == "l" else -1.0 - extra)


def _number(text: str) -> float:
    return float(text.replace(",", "."))
