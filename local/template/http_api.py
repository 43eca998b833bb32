"""Read the HTTP API: the translator writes routes, authorizers and CORS as an OpenAPI body."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from local.template.errors import TemplateError
from local.template.model import Cors, HttpApi, JwtAuthorizer, Route, Throttle

_ANY = "x-amazon-apigateway-any-method"
_METHODS = {"get", "put", "post", "delete", "options", "head", "patch", _ANY}
_FUNCTION_IN_URI = re.compile(r"/functions/(?P<arn>[^/]+)/invocations$")
INTEGRATION_TIMEOUT = 30.0
"""Seconds; the default and the most an HTTP API waits.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html"""

FunctionOf = Callable[[str, str], str]


def read_http_api(
    logical_id: str, properties: Mapping[str, Any], stage: Mapping[str, Any], function_of: FunctionOf
) -> HttpApi:
    """The API, with what its stage says of its routes."""
    body = properties.get("Body", {})
    schemes = body.get("components", {}).get("securitySchemes", {})
    authorizers = {name: _authorizer(name, scheme) for name, scheme in schemes.items()}
    routes = (
        replace(route, throttle=_throttle(route.key, stage))
        for route in _routes(body.get("paths", {}), authorizers, function_of)
    )
    cors = body.get("x-amazon-apigateway-cors") or properties.get("CorsConfiguration")
    return HttpApi(logical_id.lower(), tuple(routes), authorizers, _cors(cors) if cors else None)


def _routes(
    paths: Mapping[str, Any], authorizers: Mapping[str, JwtAuthorizer], function_of: FunctionOf
) -> Iterator[Route]:
    for written, operations in paths.items():
        path = "$default" if written == "/$default" else written
        for method, operation in operations.items():
            if method not in _METHODS:
                continue
            where = f"{method.upper()} {path}"
            integration = operation.get("x-amazon-apigateway-integration", {})
            if integration.get("payloadFormatVersion") != "2.0":
                raise TemplateError(f"{where}: only payload format version 2.0 is supported locally.")
            found = _FUNCTION_IN_URI.search(str(integration.get("uri", "")))
            if found is None:
                raise TemplateError(f"{where}: only Lambda integrations are supported locally.")
            authorizer, scopes = _security(where, operation.get("security", []), authorizers)
            yield Route(
                method="ANY" if method == _ANY else method.upper(),
                path=path,
                function=function_of(found["arn"], where),
                authorizer=authorizer,
                scopes=scopes,
                timeout=float(integration.get("timeoutInMillis", INTEGRATION_TIMEOUT * 1000)) / 1000,
            )


def _throttle(route: str, stage: Mapping[str, Any]) -> Throttle | None:
    """What the stage says of the route, else of all routes; both figures or none."""
    settings = {**stage.get("DefaultRouteSettings", {}), **stage.get("RouteSettings", {}).get(route, {})}
    if not {"ThrottlingRateLimit", "ThrottlingBurstLimit"} <= settings.keys():
        return None
    return Throttle(float(settings["ThrottlingRateLimit"]), int(settings["ThrottlingBurstLimit"]))


def _security(
    where: str, security: list[dict[str, list[str]]], authorizers: Mapping[str, JwtAuthorizer]
) -> tuple[str | None, tuple[str, ...]]:
    for requirement in security:
        for name, scopes in requirement.items():
            if name == "NONE":  # how the translator writes `Authorizer: NONE`
                return None, ()
            if name not in authorizers:
                raise TemplateError(f"{where}: the authorizer {name} is not defined.")
            return name, tuple(scopes)
    return None, ()


def _authorizer(name: str, scheme: Mapping[str, Any]) -> JwtAuthorizer:
    definition = scheme.get("x-amazon-apigateway-authorizer", {})
    jwt = definition.get("jwtConfiguration")
    if definition.get("type") != "jwt" or not isinstance(jwt, dict):
        raise TemplateError(f"The authorizer {name} is not a JWT authorizer; others are not supported locally.")
    source = str(definition.get("identitySource", ""))
    prefix = "$request.header."
    if not source.startswith(prefix):
        raise TemplateError(f"The authorizer {name} reads its token from {source}; only headers are supported locally.")
    audience = jwt.get("audience", [])
    audience = [audience] if isinstance(audience, str) else audience
    return JwtAuthorizer(name, str(jwt["issuer"]), tuple(map(str, audience)), source[len(prefix) :].lower())


def _cors(given: Any) -> Cors:
    if not isinstance(given, dict):
        raise TemplateError("CorsConfiguration: true is not supported locally; name the origins.")
    lower = {key[0].lower() + key[1:]: value for key, value in given.items()}
    max_age = lower.get("maxAge")
    return Cors(
        allow_origins=tuple(lower.get("allowOrigins", ())),
        allow_methods=tuple(method.upper() for method in lower.get("allowMethods", ())),
        allow_headers=tuple(lower.get("allowHeaders", ())),
        expose_headers=tuple(lower.get("exposeHeaders", ())),
        allow_credentials=str(lower.get("allowCredentials", False)).lower() == "true",
        max_age=None if max_age is None else int(max_age),
    )
