"""`Rules` of the template: what CloudFormation refuses before it makes anything, as the local system does."""

from __future__ import annotations

from typing import Any

import pytest

from local.template import TemplateError
from local.template.parameters import parameter_values
from local.template.rules import refuse_broken_rules
from tests.template.test_samconfig import MODES

GIVEN = {"AppUrl": "https://app.example.com", "JwtIssuer": "https://issuer.example.com"}
OTHER = {"test": "live", "live": "test"}


def refuse(expanded: dict[str, Any], **given: str) -> None:
    refuse_broken_rules(expanded["Rules"], parameter_values(expanded["Parameters"], {**GIVEN, **given}))


@pytest.mark.parametrize(("stage", "mode"), MODES.items())
def test_a_stage_of_the_other_mode_is_not_deployed(stage: str, mode: str, expanded: dict[str, Any]) -> None:
    """S28: before the functions refuse it, which the first request would be the first to see."""
    refuse(expanded, Stage=stage, StripeMode=mode)
    with pytest.raises(TemplateError, match=r"\(The rule (ProdIsLive|LiveIsProd)\.\)"):
        refuse(expanded, Stage=stage, StripeMode=OTHER[mode])


def test_a_stage_of_ones_own_is_left_to_the_functions(expanded: dict[str, Any]) -> None:
    refuse(expanded, Stage="prod-eu", StripeMode="live")
    refuse(expanded, Stage="qa", StripeMode="test")


def test_a_domain_needs_its_certificate(expanded: dict[str, Any]) -> None:
    with pytest.raises(TemplateError, match="DomainName needs CertificateArn"):
        refuse(expanded, DomainName="billing.example.com")
    certificate = "arn:aws:acm:us-east-1:123456789012:certificate/1"
    refuse(expanded, DomainName="billing.example.com", CertificateArn=certificate)


A, B = {"Fn::Equals": [{"Ref": "P"}, "a"]}, {"Fn::Contains": [["a", "b"], {"Ref": "P"}]}


@pytest.mark.parametrize(
    ("assertion", "value", "holds"),
    [
        (A, "a", True),
        (A, "b", False),
        (B, "b", True),
        (B, "c", False),
        ({"Fn::And": [A, B]}, "b", False),
        ({"Fn::And": [A, B]}, "a", True),
        ({"Fn::Or": [A, B]}, "b", True),
        ({"Fn::Or": [A, A]}, "b", False),
        ({"Fn::Not": [A]}, "b", True),
    ],
)
def test_an_assertion_holds_or_refuses_the_parameters(assertion: Any, value: str, holds: bool) -> None:
    rule = {"R": {"Assertions": [{"Assert": assertion, "AssertDescription": "No."}]}}
    if holds:
        refuse_broken_rules(rule, {"P": value})
    else:
        with pytest.raises(TemplateError, match=r"^No\. \(The rule R\.\)$"):
            refuse_broken_rules(rule, {"P": value})


@pytest.mark.parametrize(
    ("assertion", "what"),
    [
        ({"Condition": "C"}, "asserts by Condition C"),
        ({"Fn::EachMemberIn": [[], []]}, "asserts by Fn::EachMemberIn"),
        ({"Fn::Equals": [{"Ref": "Queue"}, ""]}, "compares Ref Queue"),
        ({"Fn::Equals": [{"Fn::Sub": "x"}, ""]}, "compares Fn::Sub x"),
    ],
)
def test_what_is_not_played_is_refused(assertion: Any, what: str) -> None:
    with pytest.raises(TemplateError, match=f"^The rule R {what}.*, which is not supported locally"):
        refuse_broken_rules({"R": {"Assertions": [{"Assert": assertion}]}}, {"P": ""})
