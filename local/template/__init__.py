"""What `template.yaml` says, as a frozen model: the one source the local system reads its wiring from."""

from local.template.errors import TemplateError
from local.template.model import (
    BusRule,
    Cors,
    EventSourceMapping,
    Function,
    HttpApi,
    JwtAuthorizer,
    Model,
    Pipe,
    Queue,
    Route,
    Schedule,
    Table,
    Throttle,
)
from local.template.names import ACCOUNT_ID, REGION, Addresses
from local.template.read import load_model

__all__ = [
    "ACCOUNT_ID",
    "REGION",
    "Addresses",
    "BusRule",
    "Cors",
    "EventSourceMapping",
    "Function",
    "HttpApi",
    "JwtAuthorizer",
    "Model",
    "Pipe",
    "Queue",
    "Route",
    "Schedule",
    "Table",
    "TemplateError",
    "Throttle",
    "load_model",
]
