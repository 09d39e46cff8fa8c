"""A platform that breaks the first rule, to show that a season would find it out: it receipts what it does not keep."""

from tests.chaos.processes import estu_central_receive


def receipt_before_commit(arguments: list[str], hasty: bool) -> None:
    """Be `estu-central receive` on a ledger in memory: what it receipts is gone with it, as if it had died too early."""
    database = arguments.index("--database") + 1
    estu_central_receive([*arguments[:database], "sqlite://", *arguments[database + 1 :]], hasty)
