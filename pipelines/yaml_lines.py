"""YAML that remembers on which line each value stands, so that every complaint can name file and line."""

from pathlib import Path
from typing import Any

import yaml

from pipelines.errors import PlaybookError

Location = tuple[str | int, ...]


class YamlFile:
    """One parsed YAML file.

    Attributes:
        path: The file; `text` is read from it unless given, and then starts at its line `first_line`.
        data: Its content as plain values; an empty file is an empty mapping.
    """

    def __init__(self, path: Path, text: str | None = None, *, first_line: int = 1) -> None:
        self.path = path
        self._first_line = first_line
        try:
            text = path.read_text(encoding="utf-8") if text is None else text
            node = yaml.compose(text, Loader=yaml.SafeLoader)
            self.data: Any = yaml.safe_load(text) or {}
        except yaml.MarkedYAMLError as error:
            line = first_line + (error.problem_mark.line if error.problem_mark else 0)
            raise PlaybookError(
                f"not valid YAML: {error.problem}.",
                where=f"{path}:{line}",
                remedy="Check indentation and quotes there.",
            ) from error
        except UnicodeDecodeError as error:
            raise PlaybookError("not a UTF-8 text file.", where=str(path), remedy="Save it as UTF-8.") from error
        except ValueError as error:
            # what looks like a date is made one, whether there is such a day or not
            raise PlaybookError(
                f"a value cannot be read: {error}.", where=str(path), remedy="Correct it, or put it in quotes."
            ) from error
        self._lines: dict[Location, int] = {(): first_line}
        self._starts: dict[Location, tuple[int, int]] = {}
        if node is not None:
            self._remember(node, ())

    def line(self, location: Location) -> int:
        """The line of the value at `location`, or of its nearest parent that is in the file."""
        while location not in self._lines:
            location = location[:-1]
        return self._lines[location]

    def where(self, location: Location) -> str:
        """`file:line` of the value at `location`."""
        return f"{self.path}:{self.line(location)}"

    def text_start(self, location: Location) -> tuple[str, int] | None:
        """`file:line` and column (from 1) at which the text at `location` begins.

        None where it is no text on one line as it is meant: there a column of the text is none of the file.
        """
        if location not in self._starts:
            return None
        line, column = self._starts[location]
        return f"{self.path}:{line}", column

    def _remember(self, node: yaml.Node, location: Location) -> None:
        self._lines.setdefault(location, self._first_line + node.start_mark.line)
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                name = str(key.value)
                if name in seen:
                    raise PlaybookError(
                        f"`{name}` stands here twice; the first would be lost.",
                        where=f"{self.path}:{self._first_line + key.start_mark.line}",
                        remedy="Keep one of them.",
                    )
                seen.add(name)
                self._lines[(*location, name)] = self._first_line + key.start_mark.line
                self._remember(value, (*location, name))
        elif isinstance(node, yaml.ScalarNode):
            quote = 1 if node.style in ("'", '"') else 0
            is_literal = node.style not in ("|", ">") and node.start_mark.line == node.end_mark.line
            if is_literal and node.end_mark.column - node.start_mark.column - 2 * quote == len(node.value):
                place = (self._first_line + node.start_mark.line, node.start_mark.column + quote + 1)
                self._starts[location] = place
        elif isinstance(node, yaml.SequenceNode):
            for position, value in enumerate(node.value):
                self._remember(value, (*location, position))
