"""What can go wrong with the reasoning graph and its server, each with what, where and remedy."""

from lake.errors import WarrantError


class GraphError(WarrantError):
    """Something is wrong with the graph, its server or a statement of ours."""


class GraphMisconfigured(GraphError):  # noqa: N818  (what happened, as a person would say it)
    """What the environment or the playbook says about the graph cannot be."""

    exit_code = 2


class GraphConflict(GraphError):  # noqa: N818  (what happened, as a person would say it)
    """Two nodes have a key that only one may have."""


class GraphFromNewerVersion(GraphError):  # noqa: N818  (what happened, as a person would say it)
    """A newer version of Warrant has written it, which this one would misread."""

    exit_code = 3


class GraphUnreachable(GraphError):  # noqa: N818  (what happened, as a person would say it)
    """No graph server answers where one should."""

    exit_code = 4


class GraphAuthenticationFailed(GraphUnreachable):
    """The server answers, yet does not accept the user and password."""


class GraphRefused(GraphError):  # noqa: N818  (what happened, as a person would say it)
    """The statement would write, or the database belongs to somebody else."""

    exit_code = 5


class GraphStatementFailed(GraphError):  # noqa: N818  (what happened, as a person would say it)
    """A person's statement is not one that the server can run: wrong Cypher, or too slow."""

    exit_code = 2
