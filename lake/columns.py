"""What a canonical table is: its columns, rules and key, and the pandera schema that they make.

The tables themselves are declared in `lake.tables`.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pandera

ColumnType = Literal["text", "number", "boolean", "time", "texts"]

LONGEST_TEXT = 1_000
"""Characters of a key or name: within what every graph server can index, whatever the characters."""

LONGEST_PROSE = 100_000
"""Characters of a text that people wrote, and of an attribute."""

LARGEST_NUMBER = 1e15
"""Beyond it, sums of numbers lose whole units."""


@dataclass(frozen=True)
class Column:
    """One column of a canonical table.

    Attributes:
        name: Its name, lower_snake.
        type: text, number, boolean, time, or texts (a list of texts).
        doc: What it holds, with its unit.
        required: It must be there and never be null.
        minimum: Smallest allowed number.
        maximum: Largest allowed number.
        closed_list: Allowed texts; empty for any.
        references: `table.column` whose values it must be one of.
        longest: Characters of a text, or of each text in a list; None where nothing limits them.
    """

    name: str
    type: ColumnType
    doc: str
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    closed_list: tuple[str, ...] = ()
    references: str | None = None
    longest: int | None = None

    @property
    def outside_list(self) -> str:
        """Why a row with a text outside the closed list is put aside."""
        return f"{self.name} is not one of {', '.join(self.closed_list)}"

    @property
    def below_minimum(self) -> str:
        """Why a row with too small a number is put aside."""
        return f"{self.name} is below {self.minimum:g}"

    @property
    def above_maximum(self) -> str:
        """Why a row with too large a number is put aside."""
        return f"{self.name} is above {self.maximum:g}"


def too_long(name: str, longest: int) -> str:
    """Why a row with too long a text is put aside."""
    return f"{name} is longer than {longest:,} characters"


def too_large(name: str) -> str:
    """Why a row with a number that cannot be counted with is put aside."""
    return f"{name} is beyond {LARGEST_NUMBER:,.0f}"


@dataclass(frozen=True)
class RowRule:
    """A rule over several columns of a row.

    Attributes:
        reason: Why a row that breaks it is put aside, in words.
        expression: A pandas expression (`DataFrame.eval`) that is true for rows that keep the rule.
        reads: The columns in it.
    """

    reason: str
    expression: str
    reads: tuple[str, ...]

    def keeps(self, frame: "pd.DataFrame") -> "pd.Series[bool]":
        """Which rows keep it; a null compares as false."""
        import pandas as pd

        return pd.Series(frame.eval(self.expression, engine="python"), index=frame.index, dtype=bool)


@dataclass(frozen=True)
class Table:
    """One canonical table.

    Attributes:
        name: Its name.
        key: Columns that identify a row.
        columns: All declared columns.
        event_time: Column that says when a row happened; rows at or after as-of are not read.
        rules: Rules over several columns, in the order in which they give the reason.
        allows_attributes: Further columns are kept as attributes.
        learnt: Further columns that say when we knew of a row; a row that has one at or after as-of is not read.
        measured: Column that says when the attributes of a row were true; at or after as-of, they do not count.
        lasting: Columns that count even then.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    event_time: str | None = None
    rules: tuple[RowRule, ...] = ()
    allows_attributes: bool = False
    learnt: tuple[str, ...] = ()
    measured: str | None = None
    lasting: tuple[str, ...] = ()

    def column(self, name: str) -> Column | None:
        """The declared column of this name."""
        return next((column for column in self.columns if column.name == name), None)

    def schema(self) -> "pandera.DataFrameSchema":
        """The table as a pandera schema over values of the right type; each check's error is the reason of failing."""
        import pandera.pandas as pandera

        return pandera.DataFrameSchema(
            {column.name: _pandera_column(column) for column in self.columns},
            checks=[_pandera_rule(rule) for rule in self.rules],
            name=self.name,
        )


def _pandera_column(column: Column) -> "pandera.Column":
    import pandera.pandas as pandera

    checks = []
    if column.closed_list:
        checks.append(pandera.Check.isin(column.closed_list, error=column.outside_list))
    if column.minimum is not None:
        checks.append(pandera.Check.ge(column.minimum, error=column.below_minimum))
    if column.maximum is not None:
        checks.append(pandera.Check.le(column.maximum, error=column.above_maximum))
    return pandera.Column(None, checks=checks, nullable=not column.required, required=column.required)


def _pandera_rule(rule: RowRule) -> "pandera.Check":
    import pandera.pandas as pandera

    return pandera.Check(rule.keeps, error=rule.reason)
