"""Errors of the pipelines room."""

from lake.errors import WarrantError


class PipelineError(WarrantError):
    """A step of the day cannot go on; the base of this room's errors."""

    exit_code = 3


class PlaybookError(PipelineError):
    """The playbook says something that cannot be; `where` names file and line."""


class SourceError(PipelineError):
    """A source query or the file it reads is wrong."""


class UsageError(PipelineError):
    """The command was asked for something that does not exist."""

    exit_code = 2


class RefusedError(PipelineError):
    """Policy or authority does not allow it."""

    exit_code = 5


class VerificationError(PipelineError):
    """A replay or an audit found something else than what is on record."""

    exit_code = 6
