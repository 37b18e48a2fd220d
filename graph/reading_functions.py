"""The functions that a person's Cypher may call: Cypher's own, which only compute; of extensions nobody knows that."""

from typing import Final

_PREDICATES: Final = ("all", "any", "exists", "isEmpty", "none", "single")
_SCALARS: Final = (
    *("char_length", "character_length", "coalesce", "elementId", "endNode", "head", "id", "last", "length", "nullIf"),
    *("properties", "randomUUID", "size", "startNode", "timestamp", "toBoolean", "toBooleanOrNull", "toFloat"),
    *("toFloatOrNull", "toInteger", "toIntegerOrNull", "type", "valueType"),
)
_AGGREGATES: Final = (
    *("avg", "collect", "count", "max", "min", "percentileCont", "percentileDisc", "stDev", "stDevP", "sum"),
)
_LISTS: Final = (
    *("keys", "labels", "nodes", "range", "reduce", "relationships", "reverse", "tail"),
    *("toBooleanList", "toFloatList", "toIntegerList", "toStringList"),
)
_NUMBERS: Final = (
    *("abs", "ceil", "floor", "isNaN", "rand", "round", "sign", "e", "exp", "log", "log10", "sqrt", "acos", "asin"),
    *("atan", "atan2", "cos", "cosh", "cot", "coth", "degrees", "haversin", "pi", "radians", "sin", "sinh", "tan"),
    "tanh",
)
_TEXTS: Final = (
    *("btrim", "left", "lower", "ltrim", "normalize", "replace", "right", "rtrim", "split", "substring", "toLower"),
    *("toString", "toStringOrNull", "toUpper", "trim", "upper"),
)
_CLOCKS: Final = ("", ".realtime", ".statement", ".transaction", ".truncate")
_TIMES: Final = (
    *(f"{kind}{part}" for kind in ("date", "datetime", "localdatetime", "localtime", "time") for part in _CLOCKS),
    *("datetime.fromepoch", "datetime.fromepochmillis"),
    *("duration", "duration.between", "duration.inDays", "duration.inMonths", "duration.inSeconds"),
)
_PLACES: Final = ("point", "point.distance", "point.withinBBox")
_PATHS: Final = ("shortestPath", "allShortestPaths")

FUNCTIONS: Final = frozenset(
    name.lower()
    for name in (
        *_PREDICATES,
        *_SCALARS,
        *_AGGREGATES,
        *_LISTS,
        *_NUMBERS,
        *_TEXTS,
        *_TIMES,
        *_PLACES,
        *_PATHS,
    )
)
"""Their names in lower case, which is how both servers compare them."""

BEFORE_A_BRACKET: Final = frozenset(
    (
        *(
            "MATCH",
            "WHERE",
            "WITH",
            "RETURN",
            "UNWIND",
            "CALL",
            "DISTINCT",
            "BY",
            "SKIP",
            "OFFSET",
            "LIMIT",
            "SHORTEST",
        ),
        *("AND", "OR", "XOR", "NOT", "IN", "CONTAINS", "CASE", "WHEN", "THEN", "ELSE", "FROM", "GROUPS", "PATHS"),
    )
)
"""Words of Cypher after which an opening bracket starts a pattern or an expression, and no call."""
