"""Short words for the columns of a declaration: `text("region", "Where the customer lives.")`."""

from lake.columns import LONGEST_PROSE, LONGEST_TEXT, Column


def text(name: str, doc: str, *, required: bool = False, one_of: tuple[str, ...] = (), of: str | None = None) -> Column:
    """A key or name; `of` names the `table.column` whose values it must be one of."""
    return Column(name, "text", doc, required=required, closed_list=one_of, references=of, longest=LONGEST_TEXT)


def prose(name: str, doc: str, *, required: bool = False) -> Column:
    """A text that people wrote, or a whole document."""
    return Column(name, "text", doc, required=required, longest=LONGEST_PROSE)


def number(
    name: str, doc: str, *, required: bool = False, minimum: float | None = None, maximum: float | None = None
) -> Column:
    """A number, between the limits that are given, both included."""
    return Column(name, "number", doc, required=required, minimum=minimum, maximum=maximum)


def time(name: str, doc: str, *, required: bool = False) -> Column:
    """A time, UTC."""
    return Column(name, "time", doc, required=required)


def flag(name: str, doc: str, *, required: bool = False) -> Column:
    """True or false."""
    return Column(name, "boolean", doc, required=required)


def texts(name: str, doc: str, *, of: str | None = None) -> Column:
    """A list of texts."""
    return Column(name, "texts", doc, references=of, longest=LONGEST_TEXT)
