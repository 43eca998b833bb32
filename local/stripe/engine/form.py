"""Decode Stripe's wire form: `a[b][0][c]=v` in a query string or a body becomes nested dicts and lists of strings.

Numbered keys stay dict keys here ("0", "1"): only the schema knows whether `a[0]` is a list element or a key of a map
such as metadata.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl

from local.stripe.engine.errors import refused_parameter

MAX_DEPTH = 10


def decode_form(encoded: str) -> dict[str, Any]:
    """Decode one query string or form body; raise ApiError for keys that contradict each other."""
    decoded: dict[str, Any] = {}
    for key, value in parse_qsl(encoded, keep_blank_values=True):
        _put(decoded, _segments(key), value, key)
    return decoded


def _segments(key: str) -> list[str]:
    name, bracket, rest = key.partition("[")
    if not bracket:
        return [name]
    if not rest.endswith("]") or not name:
        raise refused_parameter(f"Invalid request: the parameter name {key} is malformed.", param=key)
    segments = [name, *rest[:-1].split("][")]
    if len(segments) > MAX_DEPTH:
        raise refused_parameter(f"Invalid request: the parameter {name} is nested too deeply.", param=name)
    return segments


def _put(target: dict[str, Any], segments: list[str], value: str, key: str) -> None:
    for segment, following in pairwise(segments):
        if segment == "":
            raise refused_parameter("Invalid request: use numbered indices for arrays of hashes.", param=key)
        if following == "":
            array = target.setdefault(segment, [])
            if not isinstance(array, list) or segments[-2:] != [segment, ""]:
                raise refused_parameter(f"Invalid request: conflicting values for {key}.", param=key)
            array.append(value)
            return
        target = target.setdefault(segment, {})
        if not isinstance(target, dict):
            raise refused_parameter(f"Invalid request: conflicting values for {key}.", param=key)
    target[segments[-1]] = value
