"""What goes wrong in the command itself; everything else is one of `billing.errors`, of Stripe's or of AWS's."""


class PlumbError(Exception):
    """One sentence for the operator; exit code 1."""


class Refused(PlumbError):
    """The operator did not agree; nothing was changed."""


class NotConfirmed(PlumbError):
    """Nobody was there to ask, and --yes was not given; nothing was changed. Exit code 2."""
