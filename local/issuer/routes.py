"""What an OpenID provider publishes, and a sign-in without a password."""

import json

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.issuer.keys import public_jwk
from local.issuer.tokens import LIFETIME, Issuer


def issuer_routes(key: RSAPrivateKey, url: str, audience: str) -> list[Route]:
    issuer = Issuer(key, url, audience)

    async def configuration(request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": url,
                "jwks_uri": f"{url}/jwks.json",
                "id_token_signing_alg_values_supported": ["RS256"],
                "response_types_supported": ["token"],
                "subject_types_supported": ["public"],
            }
        )

    async def key_set(request: Request) -> Response:
        return JSONResponse({"keys": [public_jwk(key)]})

    async def sign_in(request: Request) -> Response:
        try:
            user = json.loads(await request.body())["user"]
            token = issuer.user_token(user)
        except (ValueError, KeyError, TypeError):
            return JSONResponse({"error": "a user id of letters, digits, _ and - is needed"}, 400)
        return JSONResponse({"token": token, "user": user, "email": f"{user}@example.com", "expiresIn": LIFETIME})

    return [
        Route("/.well-known/openid-configuration", configuration),
        Route("/jwks.json", key_set),
        Route("/sign-in", sign_in, methods=["POST"]),
    ]
