"""What an error of ours, of Stripe's or of AWS's says, in one sentence and without a secret."""

from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from billing.errors import BillingError


def reason(exc: Exception) -> tuple[str, str] | None:
    """A stable code and a sentence; None for what nobody foresaw.

    Stripe's own words name the cause, and of a key its last characters only; AWS's name the call and the resource.
    """
    if isinstance(exc, BillingError):
        named = {key: value for key, value in exc.ids.items() if key not in ("setting", "secret")}
        more = ", ".join(f"{key} {value}" for key, value in named.items())
        return exc.code, sentence(f"{exc.message} ({more})" if more else exc.message)
    if isinstance(exc, NoCredentialsError):
        return "no_credentials", "No AWS credentials were found: set AWS_PROFILE, or sign in with the AWS CLI."
    if isinstance(exc, NoRegionError):
        return "no_region", "No AWS region is set: pass --region, or set AWS_REGION."
    if isinstance(exc, ClientError):
        error = exc.response.get("Error", {})
        return "aws_refused", f"AWS refused {exc.operation_name}: {error.get('Message') or error.get('Code')}"
    if isinstance(exc, BotoCoreError):
        return "aws_unavailable", sentence(str(exc))
    return _of_stripe(exc)


class ExpectedErrors:
    """Hands the sentence of an error that may be met to `tell`, and goes on behind the block.

    Any other is raised: it is a bug, whose traceback is what helps.
    """

    def __init__(self, tell: Callable[[str], object]) -> None:
        self._tell = tell

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, exc: BaseException | None, trace: object) -> bool:
        told = reason(exc) if isinstance(exc, Exception) else None
        if told is None:
            return False
        self._tell(told[1])
        return True


def _of_stripe(exc: Exception) -> tuple[str, str] | None:
    import stripe

    if isinstance(exc, stripe.APIConnectionError):
        return "stripe_unavailable", "Stripe cannot be reached."
    if isinstance(exc, stripe.APIError | stripe.RateLimitError):
        return "stripe_unavailable", f"Stripe did not answer as it should (status {exc.http_status})."
    if isinstance(exc, stripe.StripeError):
        return "stripe_refused", sentence(f"Stripe refused: {exc.user_message or exc}")
    return None


def sentence(text: str) -> str:
    """A clause of an error as a sentence."""
    text = " ".join(text.split())
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '?', '!')) else '.'}"
