"""The issuer's RSA key, kept in the state directory so that tokens outlive a restart."""

import base64
import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm


def load_key(state_dir: Path) -> RSAPrivateKey:
    """Read the key, or make it; whoever comes first decides, also when two processes start at once."""
    path = state_dir / "issuer-key.pem"
    if not path.exists():
        state_dir.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        pem = generate_private_key(65537, 2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        fresh.touch(mode=0o600)
        fresh.write_bytes(pem)
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(fresh)
        fresh.unlink()
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError(f"{path} holds no RSA key")
    return key


def public_jwk(key: RSAPrivateKey) -> dict[str, Any]:
    jwk: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(key.public_key()))
    return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": key_id(key), "n": jwk["n"], "e": jwk["e"]}


def key_id(key: RSAPrivateKey) -> str:
    """The key's thumbprint: https://www.rfc-editor.org/rfc/rfc7638"""
    jwk = json.loads(RSAAlgorithm.to_jwk(key.public_key()))
    canonical = json.dumps({"e": jwk["e"], "kty": "RSA", "n": jwk["n"]}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).rstrip(b"=").decode()
