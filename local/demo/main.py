"""Start the stack on free ports with stand-ins only, run both purchases, report."""

import signal
import time
from pathlib import Path
from types import FrameType

import httpx

from local.demo.browser import Browser
from local.demo.purchase import Buyer, buyer_comes_back, buyer_never_returns
from local.demo.report import PATIENCE_SECONDS, Differs, Report
from local.stack import TEMPLATE, Stack
from local.supervisor.log_view import readable

_LOGS_ON_FAILURE = 15


def run_demo(verbose: bool, template: Path = TEMPLATE, patience: float = PATIENCE_SECONDS) -> int:
    """Return 0 when everything was as it must be, 1 when anything differed."""
    report = Report(patience)
    signal.signal(signal.SIGTERM, _interrupt)
    started = time.monotonic()
    report.title("Starting the whole system on free ports, with stand-ins only")
    with Stack(template=template, say=_show if verbose else None) as stack:
        report.hop("ready", time.monotonic() - started)
        # Imported late: the clients are only needed now, while the parts were starting beside us.
        from local.demo.traces import Traces

        browser, traces = Browser(report), Traces(stack)
        try:
            buyer_comes_back(Buyer("alice", stack, browser, traces, report), stack, report)
            buyer_never_returns(Buyer("bob", stack, browser, traces, report), report)
        except (Differs, httpx.HTTPError) as exc:
            report.bad(str(exc))
            _show_last_logs(stack, report)
            return 1
        finally:
            browser.close()
            traces.close()
    report.good(f"Everything is as it must be ({time.monotonic() - started:.1f} s).")
    return 0


def _show_last_logs(stack: Stack, report: Report) -> None:
    for part in ("lambda", "gateway"):
        report.title(f"Last lines of {part}")
        for line in stack.logs(part).splitlines()[-_LOGS_ON_FAILURE:]:
            shown = readable(part, line)
            if shown is not None:
                report.note(shown)


def _show(part: str, line: str) -> None:
    shown = readable(part, line)
    if shown is not None:
        print(shown, flush=True)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
