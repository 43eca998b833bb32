"""What the webhook loads before it can answer: Stripe and the buyer wait for its start (performance.md)."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
NOT_NEEDED = ("stripe", "pydantic", "aws_xray_sdk", "billing.ports", "billing.domain.account", "billing.domain.decide")


def test_it_loads_no_sdk_of_stripe_no_models_and_no_account_code() -> None:
    code = f"import sys, app; print(' '.join(name for name in {NOT_NEEDED} if name in sys.modules))"
    path = f"{ROOT / 'functions/webhook'}:{ROOT / 'layers/billing/python'}"
    loaded = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": path}, capture_output=True, text=True, check=True, timeout=60
    )
    assert loaded.stdout.split() == []
