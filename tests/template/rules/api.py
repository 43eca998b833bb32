"""The HTTP API: who gets in, how often, and what is written down about it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.template.rule import Rule, Template, change, drop

PUBLIC = {"GET /checkout/success", "POST /webhooks/stripe", "GET /catalog"}
"""Each with a guard of its own: it reveals nothing; Stripe's signature; it is for everybody."""
ASKS_STRIPE = ("/checkout/", "/portal/", "/subscriptions/")
STRIPE_TAKES = 25
"""Requests a second in a sandbox: https://docs.stripe.com/rate-limits"""
STAGE = "HttpApiApiGatewayDefaultStage"
SAFE = re.compile(
    r"\$context\.(requestId|requestTime|identity\.sourceIp|routeKey|status|responseLength|responseLatency|error\.responseType"
    r"|authorizer\.error|integration(Latency|Status|ErrorMessage)|integration\.requestId)"
)
"""Variables that no caller writes: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html"""


def authorized(template: Template) -> Iterator[str]:
    for route, each in template.routes().items():
        if _scopes(each) is None and route not in PUBLIC:
            yield f"{route} asks for no token"


def open_to_strangers(template: Template) -> Iterator[str]:
    """Neither Stripe nor a browser that comes back from it has a token: none of theirs would ever arrive."""
    yield from (f"{route} turns away whom it is for" for route in sorted(PUBLIC - template.public_routes()))


def _scopes(route: Mapping[str, Any]) -> list[str] | None:
    """What a token needs here; None where nobody is asked for one."""
    found: list[str] | None = route.get("security", [{}])[0].get("Users")
    return found


def imported_whole(template: Template) -> Iterator[str]:
    """An authorizer whose issuer can't be read is a warning to API Gateway, and so is each of its routes: it leaves
    them out, and says that all is well (https://github.com/aws/serverless-application-model/issues/1556).
    """
    api = template.one("AWS::ApiGatewayV2::Api")
    if api.get("FailOnWarnings") is not True:
        yield "a mistake in the issuer takes every route with a token away"
    known = api["Body"]["components"]["securitySchemes"].keys()
    for route, each in template.routes().items():
        if any(name not in known for needed in each.get("security", []) for name in needed):
            yield f"{route} names an authorizer that is none, which may be a warning"


def issuer(template: Template) -> Iterator[str]:
    [scheme] = template.one("AWS::ApiGatewayV2::Api")["Body"]["components"]["securitySchemes"].values()
    wanted = {"issuer": {"Ref": "JwtIssuer"}, "audience": {"Ref": "JwtAudience"}}
    if scheme["x-amazon-apigateway-authorizer"]["jwtConfiguration"] != wanted:
        yield "tokens of another issuer, or for somebody else, are taken"


def spending(template: Template) -> Iterator[str]:
    for route, each in template.routes().items():
        scopes = _scopes(each)
        if route.startswith("POST /credits/") and scopes != ["billing:spend", "billing/spend"]:
            yield f"{route} spends for whoever has {scopes}"


def cors(template: Template) -> Iterator[str]:
    cors = template.one("AWS::ApiGatewayV2::Api")["Body"]["x-amazon-apigateway-cors"]
    if cors["allowOrigins"] != [{"Ref": "AppUrl"}] or cors.get("allowCredentials") or "*" in str(cors):
        yield "another page may call in the name of its visitor"


def cors_verbs(template: Template) -> Iterator[str]:
    cors = template.one("AWS::ApiGatewayV2::Api")["Body"]["x-amazon-apigateway-cors"]
    missing = {route.split()[0] for route in template.routes()} - set(cors["allowMethods"])
    yield from (f"no page may {verb}" for verb in sorted(missing))


def cors_request(template: Template) -> Iterator[str]:
    cors = template.one("AWS::ApiGatewayV2::Api")["Body"]["x-amazon-apigateway-cors"]
    missing = {"authorization", "content-type", "idempotency-key"} - set(cors["allowHeaders"])
    yield from (f"no page may send {header}" for header in sorted(missing))


def cors_answer(template: Template) -> Iterator[str]:
    cors = template.one("AWS::ApiGatewayV2::Api")["Body"]["x-amazon-apigateway-cors"]
    missing = {"retry-after", "x-plumbline-source"} - set(cors["exposeHeaders"])
    yield from (f"no page can read {header}" for header in sorted(missing))


def payload(template: Template) -> Iterator[str]:
    for route, each in template.routes().items():
        if each["x-amazon-apigateway-integration"]["payloadFormatVersion"] != "2.0":
            yield f"{route} sends a format that no handler reads"


def default_throttle(template: Template) -> Iterator[str]:
    settings = template.one("AWS::ApiGatewayV2::Stage").get("DefaultRouteSettings", {})
    if not 0 < settings.get("ThrottlingRateLimit", 0) <= settings.get("ThrottlingBurstLimit", 0) <= 1000:
        yield "a flood has no bound"


def throttles(template: Template) -> Iterator[str]:
    settings = template.one("AWS::ApiGatewayV2::Stage").get("RouteSettings", {})
    for route in template.routes():
        asks = route.split()[1].startswith(ASKS_STRIPE)
        if asks and not 0 < settings.get(route, {}).get("ThrottlingRateLimit", 0) < STRIPE_TAKES:
            yield f"{route} may ask Stripe for more than it takes"


def deliveries(template: Template) -> Iterator[str]:
    """Stripe sends a shop's busiest second as it comes, and what is refused comes again hours later."""
    settings = template.one("AWS::ApiGatewayV2::Stage").get("RouteSettings", {})
    if "POST /webhooks/stripe" in settings:
        yield "Stripe is refused more than a flood of strangers would be"


def throttled_routes(template: Template) -> Iterator[str]:
    settings = template.one("AWS::ApiGatewayV2::Stage").get("RouteSettings", {})
    yield from (f"there is no {route} to throttle" for route in settings.keys() - template.routes().keys())


def access_log(template: Template) -> Iterator[str]:
    log = template.one("AWS::ApiGatewayV2::Stage").get("AccessLogSettings", {})
    if log.get("DestinationArn") != {"Fn::GetAtt": ["ApiLogs", "Arn"]}:
        yield "nobody knows who asked what"


def access_log_is_json(template: Template) -> Iterator[str]:
    line = template.one("AWS::ApiGatewayV2::Stage").get("AccessLogSettings", {}).get("Format", "{}")
    try:
        json.loads(line)
    except ValueError as error:
        yield f"no query reads it: {error}"


def access_log_is_safe(template: Template) -> Iterator[str]:
    line = template.one("AWS::ApiGatewayV2::Stage").get("AccessLogSettings", {}).get("Format", "{}")
    for variable in re.findall(r"\$context[\w.]+", line):
        if not SAFE.fullmatch(variable):
            yield f"{variable} may hold an id of somebody's, or what a caller wrote"


def log_name(template: Template) -> Iterator[str]:
    if not str(template.resources["ApiLogs"]["Properties"]["LogGroupName"]["Fn::Sub"]).startswith("/aws/vendedlogs/"):
        yield "its delivery takes room in the account's only resource policy"


def domain(template: Template) -> Iterator[str]:
    for name, each in template.of("AWS::ApiGatewayV2::DomainName"):
        if template.resources[name].get("Condition") != "HasDomain":
            yield f"{name} is made for who has none"
        if [found["SecurityPolicy"] for found in each["DomainNameConfigurations"]] != ["TLS_1_2"]:
            yield f"{name} takes old TLS"


RULES = (
    Rule(
        "a route asks for a token, but for three",
        authorized,
        change("HttpApi", "Body", "paths", "/account", "get", "security", to=[{}]),
    ),
    Rule("a route that can't be made stops the deployment", imported_whole, drop("HttpApi", "FailOnWarnings")),
    Rule(
        "Stripe, who comes back from it, and who looks at prices need none",
        open_to_strangers,
        lambda template: template.routes()["POST /webhooks/stripe"].update(security=[{"Users": []}]),
    ),
    Rule(
        "tokens are of the issuer and for the audience that parameters name",
        issuer,
        change(
            *("HttpApi", "Body", "components", "securitySchemes", "Users", "x-amazon-apigateway-authorizer"),
            *("jwtConfiguration", "audience"),
            to=[{"Ref": "JwtAudience"}, "another"],
        ),
    ),
    Rule(
        "spending takes its scope",
        spending,
        lambda template: template.routes()["POST /credits/spend"].update(security=[{"Users": []}]),
    ),
    Rule(
        "the app's own page alone may call from a browser",
        cors,
        change("HttpApi", "Body", "x-amazon-apigateway-cors", "allowOrigins", to=["*"]),
    ),
    Rule(
        "a page may call each route, whatever its verb",
        cors_verbs,
        change("HttpApi", "Body", "x-amazon-apigateway-cors", "allowMethods", to=["GET"]),
    ),
    Rule(
        "a page may send what its user is known by, and a key for what is asked twice",
        cors_request,
        change("HttpApi", "Body", "x-amazon-apigateway-cors", "allowHeaders", to=["authorization", "content-type"]),
    ),
    Rule(
        "a page can read when to come again, and from where a level was read",
        cors_answer,
        change("HttpApi", "Body", "x-amazon-apigateway-cors", "exposeHeaders", to=["retry-after"]),
    ),
    Rule(
        "requests come as the handlers read them",
        payload,
        lambda template: template.routes()["GET /account"]["x-amazon-apigateway-integration"].update(
            payloadFormatVersion="1.0"
        ),
    ),
    Rule("every route is throttled", default_throttle, drop(STAGE, "DefaultRouteSettings")),
    Rule(
        "Stripe's deliveries have no throttle but everybody's",
        deliveries,
        change(STAGE, "RouteSettings", "POST /webhooks/stripe", to={"ThrottlingRateLimit": 5}),
    ),
    Rule(
        "what asks Stripe is throttled below its limit",
        throttles,
        drop(STAGE, "RouteSettings", "POST /portal/sessions"),
    ),
    Rule(
        "what is throttled is a route",
        throttled_routes,
        change(
            STAGE, "RouteSettings", "POST /portal/session", to={"ThrottlingRateLimit": 1, "ThrottlingBurstLimit": 1}
        ),
    ),
    Rule("requests are logged", access_log, drop(STAGE, "AccessLogSettings")),
    Rule(
        "a line of the gateway's log is JSON",
        access_log_is_json,
        change(STAGE, "AccessLogSettings", "Format", to="$context.status"),
    ),
    Rule(
        "no path, query, header or claim is in the gateway's log",
        access_log_is_safe,
        change(
            STAGE,
            "AccessLogSettings",
            "Format",
            to='{"path": "$context.path", "who": "$context.authorizer.claims.email"}',
        ),
    ),
    Rule(
        "the gateway's log is named as AWS advises",
        log_name,
        change("ApiLogs", "LogGroupName", "Fn::Sub", to="/plumbline/api"),
    ),
    Rule(
        "a domain is optional, and takes no old TLS",
        domain,
        change("ApiDomain", "DomainNameConfigurations", 0, "SecurityPolicy", to="TLS_1_0"),
    ),
)
