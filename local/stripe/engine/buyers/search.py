"""Stripe's search query language, as far as customers are searched by it. https://docs.stripe.com/search#search-query-language

A query is one to ten clauses, joined by AND (also by nothing) or by OR, not by both:
`email:'a@b.c'`, `name~'ann'`, `created>1700000000`, `metadata['user_id']:'u1'`, `-metadata['user_id']:null`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from local.stripe.engine.errors import invalid_request
from local.stripe.engine.world import Obj

MOST_CLAUSES = 10
LEAST_SUBSTRING = 3
_VALUE = r"""(?:'(?P<single>(?:[^'\\]|\\.)*)'|"(?P<double>(?:[^"\\]|\\.)*)"|(?P<bare>[\w.-]+))"""
_CLAUSE = re.compile(
    r"""\s*(?P<minus>-)?(?P<field>[a-z_]+)(?:\[(?P<quote>['"])(?P<key>.*?)(?P=quote)\])?\s*"""
    r"""(?P<op>>=|<=|:|~|>|<)\s*""" + _VALUE,
    re.ASCII,
)
_JOINED = re.compile(r"\s+(?P<word>and|or)\s+|\s+", re.IGNORECASE)


@dataclass(frozen=True)
class Clause:
    """One condition."""

    field: str
    key: str | None
    """Of metadata"""
    op: str
    value: str
    negated: bool
    quoted: bool

    def holds(self, obj: Obj) -> bool:
        """Whether an object fulfils it."""
        return self._matches(obj) != self.negated

    def _matches(self, obj: Obj) -> bool:
        found = obj["metadata"].get(self.key) if self.field == "metadata" else obj[self.field]
        if self.value == "null" and not self.quoted:
            return found is None
        if found is None:
            return False
        if isinstance(found, int):
            own, other = found, int(self.value)
            return {":": own == other, ">": own > other, ">=": own >= other, "<": own < other, "<=": own <= other}[
                self.op
            ]
        text, wanted = str(found).lower(), self.value.lower()
        return wanted in text if self.op == "~" else text == wanted


def parse(query: str, fields: dict[str, type], resource: str) -> tuple[list[Clause], bool]:
    """Read a query; return its clauses and whether all of them must hold (else one is enough)."""
    clauses, words, position = [], set[str](), 0
    text = query.strip()
    while True:
        found = _CLAUSE.match(text, position)
        if found is None:
            raise _unreadable()
        clauses.append(_clause(found, fields, resource))
        position = found.end()
        if position == len(text):
            break
        joint = _JOINED.match(text, position)
        if joint is None:
            raise _unreadable()
        words.add((joint["word"] or "and").lower())
        position = joint.end()
    if len(words) > 1:
        raise invalid_request("You cannot combine AND and OR in the same search query.", param="query")
    if len(clauses) > MOST_CLAUSES:
        raise invalid_request(f"A search query can have at most {MOST_CLAUSES} clauses.", param="query")
    return clauses, words != {"or"}


def _unreadable() -> Exception:
    return invalid_request(
        'We were unable to parse your search query. Try using the format `metadata["key"]:"value"` to query for '
        'metadata or key:"value" to query for other fields.',
        param="query",
    )


def _clause(found: re.Match[str], fields: dict[str, type], resource: str) -> Clause:
    field, key, op = found["field"], found["key"], found["op"]
    if field not in fields or (field == "metadata") != (key is not None):
        raise invalid_request(
            f"Field `{field}` is an unsupported search field for resource `{resource}`.", param="query"
        )
    quoted = found["bare"] is None
    raw = found["single"] if found["single"] is not None else found["double"]
    value = re.sub(r"\\(.)", r"\1", raw) if quoted else found["bare"]
    numeric = fields[field] is int
    null = value == "null" and not quoted
    if numeric and not null and not (value.isascii() and value.isdigit() and len(value) < 19 and op != "~"):
        raise invalid_request(f"Field `{field}` takes a number and one of : > >= < <=.", param="query")
    if not numeric and (op not in (":", "~") or not (quoted or null)):
        raise _unreadable()
    if op == "~" and (field == "metadata" or len(value) < LEAST_SUBSTRING):
        raise invalid_request(
            f"The operator ~ takes at least {LEAST_SUBSTRING} characters, and not metadata.", param="query"
        )
    return Clause(field, key, op, value, found["minus"] is not None, quoted)
