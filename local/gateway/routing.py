"""Choose the route of a request."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from local.template import Route


@dataclass(frozen=True)
class Match:
    route: Route
    path_parameters: Mapping[str, str]


def find_route(routes: Iterable[Route], method: str, path: str) -> Match | None:
    """The most specific route wins: a full match, then a greedy path variable, then `$default`; a method before ANY.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html#http-api-develop-routes.evaluation
    """
    best: tuple[tuple[int, ...], Match] | None = None
    for route in routes:
        if route.method not in (method, "ANY") and route.path != "$default":
            continue
        found = _match(route.path, path)
        if found is None:
            continue
        parameters, rank = found
        full_rank = (*rank, 0 if route.method == method else 1)
        if best is None or full_rank < best[0]:
            best = (full_rank, Match(route, parameters))
    return best[1] if best else None


def _match(template: str, path: str) -> tuple[dict[str, str], tuple[int, ...]] | None:
    """The path variables, and a rank where smaller is more specific.

    A path is taken as it is: `/account/` is not `/account` to API Gateway, and gets 404
    (https://github.com/storacha/w3infra/pull/166). Of a doubled slash nothing is documented; it is no route's either.
    """
    if template == "$default":
        return {}, (9,)
    wanted, given = template.split("/"), path.split("/")
    parameters: dict[str, str] = {}
    rank: list[int] = []
    for position, segment in enumerate(wanted):
        if segment.endswith("+}"):
            rest = given[position:]
            if not rest or rest == [""]:
                return None
            parameters[segment[1:-2]] = unquote("/".join(rest))
            return parameters, (*rank, 2)
        if position >= len(given):
            return None
        if segment.startswith("{"):
            if not given[position]:
                return None
            parameters[segment[1:-1]] = unquote(given[position])
            rank.append(1)
        elif segment == given[position]:
            rank.append(0)
        else:
            return None
    return (parameters, tuple(rank)) if len(wanted) == len(given) else None
