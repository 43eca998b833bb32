"""Functions: what they run on, their logs and traces, and who learns that one failed."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.template.rule import Rule, Template, change, drop, mark

STAGE = "${Stage}-${StripeMode}"
WAITS = 30
"""Seconds that an HTTP API waits: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html"""
SWITCHES = {
    "AWS::Events::Rule": ("State", "ENABLED"),
    "AWS::Lambda::EventSourceMapping": ("Enabled", True),
    "AWS::Pipes::Pipe": ("DesiredState", "RUNNING"),
    "AWS::Scheduler::Schedule": ("State", "ENABLED"),
}
"""By what each is switched off, and how that stands while it is on, as it is unless something else is said."""


def runtime(template: Template) -> Iterator[str]:
    for name, each in template.functions():
        if (each["Runtime"], each["Architectures"]) != ("python3.13", ["arm64"]):
            yield f"{name} runs on {each['Runtime']}, {each['Architectures']}"


def layers(template: Template) -> Iterator[str]:
    for name, each in template.functions():
        kinds = [template.resources[layer["Ref"]]["Type"] for layer in each.get("Layers", [])]
        if kinds != ["AWS::Lambda::LayerVersion"] * 2:
            yield f"{name} lacks a layer"


def kept_layers(template: Template) -> Iterator[str]:
    """A version of a function that is turned back to needs them."""
    for name, each in template.resources.items():
        if each["Type"] == "AWS::Lambda::LayerVersion" and each.get("DeletionPolicy") != "Retain":
            yield f"{name} goes with its stack"


def names_of_layers(template: Template) -> Iterator[str]:
    """SAM's is the logical id: who tidies up after one stack would delete the versions of every other one
    (https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-layerversion.html).
    In this name SAM fills in the parameters itself, here their defaults.
    """
    for name, each in template.of("AWS::Lambda::LayerVersion"):
        if '"plumbline", "dev", "test"' not in json.dumps(each.get("LayerName")):
            yield f"{name} is among the versions of other installations"


def log_groups(template: Template) -> Iterator[str]:
    groups = [json.dumps(each.get("LoggingConfig")) for _, each in template.functions()]
    for name, each in template.functions():
        group = each.get("LoggingConfig", {}).get("LogGroup", {}).get("Ref")
        if template.resources.get(group, {}).get("Type") != "AWS::Logs::LogGroup":
            yield f"{name} has no log group in the template"
        elif groups.count(json.dumps(each["LoggingConfig"])) != 1:
            yield f"{name} shares its log group"


def retention(template: Template) -> Iterator[str]:
    for name, each in template.of("AWS::Logs::LogGroup"):
        if each.get("RetentionInDays") != {"Ref": "LogDays"}:
            yield f"{name} is kept for {each.get('RetentionInDays')}"


def metrics_from_logs(template: Template) -> Iterator[str]:
    """Metrics are lines of the log, which one class alone is looked through for (https://docs.aws.amazon.com/
    AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html).
    """
    for name, each in template.of("AWS::Logs::LogGroup"):
        if each.get("LogGroupClass", "STANDARD") != "STANDARD":
            yield f"{name} has metrics that no alarm sees"


def settings(template: Template) -> Iterator[str]:
    """Else a parameter changes nothing, or changes it for some of the functions."""
    for name, each in template.functions():
        for setting, value in each["Environment"]["Variables"].items():
            if not isinstance(value, dict) and setting != "POWERTOOLS_SERVICE_NAME":
                yield f"{name} has {setting} whatever the parameters say"


def own_settings(template: Template) -> Iterator[str]:
    """Deployed, the wrong secret or queue of two that fit is a function that starts and does nothing right."""
    for name, each in template.functions():
        for setting, value in each["Environment"]["Variables"].items():
            meant = value.get("Ref") if isinstance(value, dict) else None
            if meant and setting.title().replace("_", "") not in (meant, f"{meant}Url"):
                yield f"{name} takes {meant} for its {setting}"


def tracing(template: Template) -> Iterator[str]:
    for name, each in template.functions():
        if each.get("TracingConfig") != {"Mode": "Active"}:
            yield f"{name} is not traced"


def gateway_waits(template: Template) -> Iterator[str]:
    for name in template.behind_routes():
        if template.resources[name]["Properties"]["Timeout"] >= WAITS:
            yield f"{name} may still work when its caller was told that it failed"


def own_concurrency(template: Template) -> Iterator[str]:
    own = {"Fn::If": ["HasWebhookConcurrency", {"Ref": "WebhookConcurrency"}, {"Ref": "AWS::NoValue"}]}
    for name, each in template.functions():
        if each.get("ReservedConcurrentExecutions") != (own if name == "WebhookFunction" else None):
            yield f"{name} has {each.get('ReservedConcurrentExecutions')}"


def failure_path(template: Template) -> Iterator[str]:
    """A caller who waits, a queue that has a dead-letter queue, or a place where what failed is kept."""
    waited_for = template.behind_routes()
    redriven = {name for name, each in template.of("AWS::SQS::Queue") if "RedrivePolicy" in each}
    for name, _ in template.functions():
        if name in waited_for:
            continue
        sources = [
            each
            for _, each in template.of("AWS::Lambda::EventSourceMapping")
            if name in json.dumps(each["FunctionName"])
        ]
        configured = [
            each for _, each in template.of("AWS::Lambda::EventInvokeConfig") if each["FunctionName"]["Ref"] == name
        ]
        kept = [each for each in (*sources, *configured) if "OnFailure" in each.get("DestinationConfig", {})]
        queued = [each for each in sources if each["EventSourceArn"]["Fn::GetAtt"][0] in redriven]
        if not kept and not queued:
            yield f"{name} fails, and nobody has what it was to do"


def asynchronous(template: Template) -> Iterator[str]:
    started = {each["Target"]["Arn"]["Ref"] for _, each in template.of("AWS::Scheduler::Schedule")}
    configured = {
        f"{each['FunctionName']['Ref']}Alias{each['Qualifier']}"
        for _, each in template.of("AWS::Lambda::EventInvokeConfig")
        if each["MaximumEventAgeInSeconds"] <= 3600 and each["MaximumRetryAttempts"] <= 2
    }
    yield from (f"{alias} may be started hours too late" for alias in started - configured)


def schedules(template: Template) -> Iterator[str]:
    kept = {"Arn": {"Fn::GetAtt": ["FailedRunsQueue", "Arn"]}}
    for name, each in template.of("AWS::Scheduler::Schedule"):
        if each["Target"].get("DeadLetterConfig") != kept:
            yield f"{name} is not kept when it can't be started"


def names_of_schedules(template: Template) -> Iterator[str]:
    """Schedules' names are the account's: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html"""
    for name, each in template.of("AWS::Scheduler::Schedule"):
        if STAGE not in str(each["Name"]):
            yield f"{name} can be in one installation of an account only"


def stream(template: Template) -> Iterator[str]:
    for name, each in template.of("AWS::Lambda::EventSourceMapping"):
        of_stream = each["EventSourceArn"]["Fn::GetAtt"][1] == "StreamArn"
        if of_stream and not (
            each.get("BisectBatchOnFunctionError") and 0 <= each.get("MaximumRetryAttempts", -1) <= 10
        ):
            yield f"{name}: a record that can't be read holds up the others"


def partial_failures(template: Template) -> Iterator[str]:
    for name, each in template.of("AWS::Lambda::EventSourceMapping"):
        of_queue = each["EventSourceArn"]["Fn::GetAtt"][1] == "Arn"
        if of_queue and each.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            yield f"{name}: one message that fails brings the whole batch again"


def few_at_once(template: Template) -> Iterator[str]:
    for name, each in template.of("AWS::Lambda::EventSourceMapping"):
        of_queue = each["EventSourceArn"]["Fn::GetAtt"][1] == "Arn"
        if of_queue and not 2 <= each.get("ScalingConfig", {}).get("MaximumConcurrency", 1000) <= 5:
            yield f"{name}: a flood of events is a flood of requests to Stripe"


def switched_on(template: Template) -> Iterator[str]:
    for kind, (switch, on) in SWITCHES.items():
        yield from (f"{name} is there, and off" for name, each in template.of(kind) if each.get(switch, on) != on)


RULES = (
    Rule("functions run on python3.13, arm64", runtime, change("AccountFunction", "Architectures", to=["x86_64"])),
    Rule("each function has the package and its dependencies", layers, change("AccountFunction", "Layers", to=[])),
    Rule("versions of layers are kept", kept_layers, mark("BillingLayer*", DeletionPolicy="Delete")),
    Rule(
        "layers' names are an installation's own",
        names_of_layers,
        change("DependenciesLayer*", "LayerName", to="DependenciesLayer"),
    ),
    Rule(
        "each function has a log group of its own",
        log_groups,
        drop("AccountFunction", "LoggingConfig"),
        also=frozenset({"a function writes its own log alone"}),
    ),
    Rule("logs are kept for a parameter's days", retention, drop("WebhookLogs", "RetentionInDays")),
    Rule(
        "metrics are read from every log",
        metrics_from_logs,
        change("LedgerWatchLogs", "LogGroupClass", to="INFREQUENT_ACCESS"),
    ),
    Rule(
        "settings are what parameters and resources say",
        settings,
        change("EventConsumerFunction", "Environment", "Variables", "UNKNOWN_CUSTOMERS", to="park"),
    ),
    Rule(
        "a setting is the parameter or the resource of its name",
        own_settings,
        change("WebhookFunction", "Environment", "Variables", "EVENTS_QUEUE_URL", to={"Ref": "EventsDeadLetterQueue"}),
    ),
    Rule("functions are traced", tracing, change("AccountFunction", "TracingConfig", to={"Mode": "PassThrough"})),
    Rule(
        "a function behind a route ends before the gateway does",
        gateway_waits,
        change("AccountFunction", "Timeout", to=30),
    ),
    Rule(
        "the webhook alone may have a concurrency of its own",
        own_concurrency,
        change("AccountFunction", "ReservedConcurrentExecutions", to=5),
    ),
    Rule("each function has a failure path", failure_path, drop("LedgerRewritten", "DestinationConfig")),
    Rule(
        "what a schedule starts is not tried for hours",
        asynchronous,
        change("ReconcileFunctionEventInvokeConfig", "MaximumEventAgeInSeconds", to=21600),
    ),
    Rule(
        "a schedule that can't start anything is kept",
        schedules,
        drop("CatchUpFunctionCatchUp", "Target", "DeadLetterConfig"),
    ),
    Rule(
        "schedules' names are an installation's own",
        names_of_schedules,
        change("CatchUpFunctionCatchUp", "Name", to="CatchUpFunctionCatchUp"),
    ),
    Rule(
        "a bad record of a stream holds up no other for long",
        stream,
        drop("LedgerRewritten", "BisectBatchOnFunctionError"),
    ),
    Rule(
        "of a batch only what failed comes again",
        partial_failures,
        drop("EventConsumerFunctionQueue", "FunctionResponseTypes"),
    ),
    Rule("a queue is worked off a few at a time", few_at_once, drop("EventConsumerFunctionQueue", "ScalingConfig")),
    Rule("what brings work is switched on", switched_on, change("StripeEvents", "State", to="DISABLED")),
)
