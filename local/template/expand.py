"""Expand the SAM template into plain CloudFormation, with AWS's own translator.

The translator takes about a second, most of it its import, and every part of the local system needs the result: so it
is kept by content hash, and whoever comes first does it for all.
"""

import fcntl
import hashlib
import json
import logging
import os
from importlib import metadata
from pathlib import Path
from typing import Any

from local.template.errors import TemplateError
from local.template.yaml_source import parse

LOCAL_CODE = "s3://local/"
"""The translator takes only S3 addresses for code, as after `sam package`; local paths travel inside one."""
_CODE_PROPERTY = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}


def expand(template: Path, cache_dir: Path) -> dict[str, Any]:
    """Answer `{"source": ..., "expanded": ...}`: the parsed SAM source, and the CloudFormation it stands for.

    Raises TemplateError when the file is missing, is not YAML, or the translator refuses it.
    """
    try:
        text = template.read_bytes()
    except OSError as exc:
        raise TemplateError(f"The template {template} cannot be read: {exc.strerror}.") from exc
    version = metadata.version("aws-sam-translator")
    digest = hashlib.sha256(version.encode() + b"\0" + text).hexdigest()
    cached = cache_dir / f"template-{digest[:32]}.json"
    cache_dir.mkdir(parents=True, exist_ok=True)
    with (cache_dir / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not cached.exists():
            source = parse(text, template)
            result = {"source": source, "expanded": _translate(source)}
            fresh = cached.with_suffix(".new")
            fresh.write_text(json.dumps(result))
            fresh.replace(cached)
    loaded: dict[str, Any] = json.loads(cached.read_text())
    return loaded


def _translate(source: dict[str, Any]) -> dict[str, Any]:
    # Imported here: it is a second of start-up that a cached template does not cost.
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.translator.transform import transform

    class NoManagedPolicies:
        """Policies decide nothing locally, so their names need no look-up in IAM."""

        def load(self) -> dict[str, str]:
            return {}

    # It warns of a feature toggle that only the service itself has: nothing that a reader of the log could mend.
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    document = json.loads(json.dumps(source))
    _point_code_at_s3(document)
    try:
        expanded: dict[str, Any] = transform(document, {}, NoManagedPolicies())
    except InvalidDocumentException as exc:
        causes = "; ".join(str(cause.message) for cause in exc.causes) or str(exc)
        raise TemplateError(f"The template is not valid SAM: {causes}") from exc
    return json.loads(json.dumps(expanded))  # type: ignore[no-any-return]


def _point_code_at_s3(document: dict[str, Any]) -> None:
    default = document.get("Globals", {}).get("Function", {})
    for logical_id, resource in document.get("Resources", {}).items():
        name = _CODE_PROPERTY.get(resource.get("Type", ""))
        if name is None:
            continue
        properties = resource.setdefault("Properties", {})
        uri = properties.get(name) or (default.get(name) if name == "CodeUri" else None)
        if not isinstance(uri, str) or uri.startswith("s3://"):
            raise TemplateError(f"{logical_id}: {name} must be a directory of this repository to run locally.")
        properties[name] = LOCAL_CODE + (os.path.normpath(uri).lstrip("/") if not uri.startswith("/") else "/" + uri)
    default.pop("CodeUri", None)
