"""The shape every error of ours has: what is wrong, where, and what to do about it.

Each room derives one base from `WarrantError`; the console turns any of them into the contract's exit code and JSON.
"""


class WarrantError(Exception):
    """An error a person can act on.

    Attributes:
        what: What is wrong, in one sentence.
        where: File, line, row, table or server it concerns.
        remedy: What to do about it.
        exit_code: The command line's exit code for it (3 bad playbook or data, 4 server unreachable,
            5 refused by policy or authority, 6 verification failed).
    """

    exit_code: int = 1

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        super().__init__(" ".join(part for part in (f"{where}:" if where else "", what, remedy) if part))


class LakeError(WarrantError):
    """Something is wrong with the tables, the ledger or their storage."""

    exit_code = 3
