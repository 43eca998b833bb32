# Plumbline's commands. `make` alone lists them.
# GNU make 3.81 and BSD tools are enough (macOS); any python3 to start with: see requirements/install.sh.

PYTHON := .venv/bin/python
SAM := .venv-sam/bin/sam
export SAM_CLI_TELEMETRY := 0
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV
# Images of containers often set it: then each of some hundred processes of a test run would compile the same files again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run demo token dashboard openapi sbom seed test test-unit test-integration test-scenarios test-browser test-live \
	simulate releasable planted fuzz-api fuzz-webhook load prove failure-modes mutation reconcile-cost bench cost coverage coverage-domain build nightly \
	check check-format lint format typecheck validate validate-source lock clean FORCE

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile

## --- environments -------------------------------------------------------------------------------------------------
# A stamp older than its lock (or than what installs it) is rebuilt, and so is one whose Python is gone (a removed pyenv version: a dead link).

.venv/.ready: requirements/dev.txt requirements/install.sh $(if $(wildcard $(PYTHON)),,FORCE)
	@sh requirements/install.sh dev

# After the other, also under `make -j`: both may want to fetch uv.
.venv-sam/.ready: requirements/sam.txt $(if $(wildcard .venv-sam/bin/python),,FORCE) | .venv/.ready
	@sh requirements/install.sh sam

.venv-checks/.ready: requirements/checks.txt $(if $(wildcard .venv-checks/bin/python),,FORCE) | .venv/.ready
	@sh requirements/install.sh checks

setup: .venv/.ready ## install what `make run` and `make test` need (they do so themselves)
	@:

## --- use it -------------------------------------------------------------------------------------------------------

run: .venv/.ready ## start the whole system on this machine; Ctrl-C stops it
	@$(PYTHON) -m local run $(ARGS)

demo: .venv/.ready ## make one purchase through all of it and check every hop
	@$(PYTHON) -m local demo $(ARGS)

# Every shell has a USER in its environment; only one on make's own command line is meant (make passes that one on).
ifneq ($(filter command,$(origin USER)),)
WHO := --user "$$USER"
endif
ifneq ($(filter command,$(origin SCOPE)),)
WHO += --scope "$$SCOPE"
endif

token: .venv/.ready ## print a token: make token USER=alice, or make token SCOPE=billing:spend
	@$(if $(WHO),:,echo "Say whose: make token USER=alice, or make token SCOPE=billing:spend" >&2; exit 2)
	@$(PYTHON) -m local token $(WHO) $(ARGS)

dashboard: .venv/.ready ## print what a deployment's dashboard would show of the system that `make run` has started
	@$(PYTHON) -m local dashboard $(ARGS)

openapi: .venv/.ready ## write docs/openapi.yaml and docs/errors.md from the models
	@PYTHONPATH=layers/billing/python $(PYTHON) -m docs.openapi

sbom: .venv/.ready ## write docs/sbom.cdx.json, what is deployed beside our own code, from its lock
	@$(PYTHON) -m docs.sbom

seed: .venv/.ready ## put the sample catalog into the Stripe test account whose key is in .env, or the running stand-in
	@$(PYTHON) -m local seed $(ARGS)

## --- test it ------------------------------------------------------------------------------------------------------
# A file's tests stay together, and a folder's that is a package (tests/side_by_side.py): they share a running system.
# ARGS=-n0 runs all in one process (for a debugger).
SIDE_BY_SIDE := -n auto --maxprocesses 4 --dist loadfile

test: .venv/.ready ## the whole suite (without a browser, its tests are skipped and listed)
	@$(PYTHON) -m pytest $(SIDE_BY_SIDE) $(ARGS)

test-unit: .venv/.ready ## the tests that start no part of the system
	@$(PYTHON) -m pytest tests/unit $(ARGS)

test-integration: .venv/.ready ## the tests that start the parts they need, on free ports
	@$(PYTHON) -m pytest tests/integration $(ARGS)

test-scenarios: .venv/.ready ## the table of what can happen at Stripe; ARGS="-k refund" plays those rows only
	@$(PYTHON) -m pytest tests/scenarios $(ARGS)

test-browser: .venv/.ready ## the tests in a real Chromium
	@PLUMBLINE_REQUIRE_BROWSER=1 $(PYTHON) -m pytest tests/browser tests/live $(ARGS)

test-live: .venv/.ready ## end to end against Stripe's test mode, with the key in .env
	@PLUMBLINE_LIVE=1 PLUMBLINE_REQUIRE_BROWSER=1 $(PYTHON) -m pytest tests/live -m live $(ARGS)

simulate: .venv/.ready ## run the whole system from seeds and hold it to an oracle: make simulate RUNS=10000 SEED=1
	@PYTHONPATH=.:layers/billing/python $(PYTHON) -m tests.simulation --runs $(or $(RUNS),1000) --seed $(or $(SEED),1) $(ARGS)

releasable: .venv/.ready ## check that a million seeds have run on the present product, and that each failure is explained
	@PYTHONPATH=.:layers/billing/python $(PYTHON) -m tests.simulation.release

planted: .venv/.ready ## plant bugs in the protocol, count the seeds until each is seen, write docs/planted-bugs.md; BUG=refund-as-delta: one, and write nothing
	@PYTHONPATH=.:layers/billing/python $(PYTHON) -m tests.simulation.planted $(if $(BUG),--bug $(BUG),$(if $(ARGS),,--write)) $(ARGS)

fuzz-api: .venv/.ready ## send made-up requests to every route: make fuzz-api EXAMPLES=500
	@FUZZ_EXAMPLES=$(or $(EXAMPLES),100) $(PYTHON) -m pytest tests/integration/fuzz --timeout=0 $(ARGS)

# What it finds worth trying is kept in .plumbline, and tried again first; a failure's input is written there, too.
fuzz-webhook: .venv/.ready ## run the webhook under a coverage-guided fuzzer (Linux, x86-64): make fuzz-webhook RUNS=1000000
	@mkdir -p .plumbline/fuzz
	@PYTHONPATH=.:layers/billing/python $(PYTHON) -m tests.fuzz.webhook .plumbline/fuzz/webhook -runs=$(or $(RUNS),1000000) \
		-max_len=2048 -artifact_prefix=.plumbline/fuzz/ $(ARGS)

load: .venv/.ready ## bursts, a backlog of 20,000, a hot user, a spender: in full what `make check` runs in small
	@LOAD=whole $(PYTHON) -m pytest tests/integration/load -n0 -v --no-header $(ARGS)

prove: .venv/.ready ## take a failure mode's mechanism away and see its tests turn red: make prove ROW=F12
	@PYTHONPATH=.:layers/billing/python $(PYTHON) -m tests.proofs $(ROW) $(ARGS)

failure-modes: .venv/.ready ## write docs/failure-modes.md from the rows in tests/proofs
	@PYTHONPATH=.:layers/billing/python $(PYTHON) -m tests.proofs --write

reconcile-cost: .venv/.ready ## count what reading Stripe's lists costs, up to a million accounts: SIZES="1000 5000"
	@PYTHONPATH=.:layers/billing/python $(PYTHON) -m tests.reconcile_cost $(SIZES)

bench: .venv/.ready .venv-sam/.ready ## time each function beside an empty and a plain one, and write docs/bench.md, and docs/cost.md's USD (Linux)
	@PYTHONPATH=.:layers/billing/python $(PYTHON) -m tests.bench bench $(ARGS)

cost: .venv/.ready ## count what a purchase and its events ask of every service, and write docs/cost.md
	@PYTHONPATH=.:layers/billing/python $(PYTHON) -m tests.bench cost $(ARGS)

mutation: .venv/.ready ## change the code in small ways and see the unit tests fail: make mutation ARGS=domain
	@$(PYTHON) -m tests.mutation $(ARGS)

## --- measure it: branches as well, and nothing left out (pyproject.toml) -------------------------------------------
# Percent. A floor is raised when more is covered, and never lowered.
DOMAIN := layers/billing/python/billing/domain
FLOOR_DOMAIN := 100
FLOOR_REST := 95
MEASURED := COVERAGE_FILE=.coverage $(PYTHON) -m coverage

# What ran out of time because every process was watched is run once more, alone. If it fails again, so does the command.
coverage: .venv/.ready ## branch coverage of the suite; fails below the floors
	@$(MEASURED) erase
	@$(MEASURED) run -m pytest $(SIDE_BY_SIDE) --timeout=300 $(ARGS) || \
		$(MEASURED) run -m pytest -n0 --last-failed --last-failed-no-failures none --timeout=300
	@$(MEASURED) combine --quiet
	@$(MEASURED) report --omit='$(DOMAIN)/*' --fail-under=$(FLOOR_REST)
	@$(MEASURED) report --include='$(DOMAIN)/*' --fail-under=$(FLOOR_DOMAIN)

coverage-domain: .venv/.ready ## branch coverage of the domain by its own tests alone
	@COVERAGE_FILE=.coverage-domain $(PYTHON) -m coverage erase
	@COVERAGE_FILE=.coverage-domain $(PYTHON) -m coverage run --source=$(DOMAIN) -m pytest tests/unit/billing/domain $(SIDE_BY_SIDE) -q
	@COVERAGE_FILE=.coverage-domain $(PYTHON) -m coverage combine --quiet
	@COVERAGE_FILE=.coverage-domain $(PYTHON) -m coverage report --fail-under=$(FLOOR_DOMAIN)

## --- check it -----------------------------------------------------------------------------------------------------

# Those that use one core each go side by side. The domain's tests are run by coverage-domain, and not again.
check: .venv/.ready .venv-sam/.ready .venv-checks/.ready ## all that CI runs: format, lint, types, template, coverage of the domain, tests; a browser is required
	@$(MAKE) --no-print-directory -j2 typecheck validate-source lint check-format
	@$(MAKE) --no-print-directory coverage-domain
	@PLUMBLINE_REQUIRE_BROWSER=1 PLUMBLINE_REQUIRE_CHECKS=1 $(PYTHON) -m pytest $(SIDE_BY_SIDE) --ignore=tests/unit/billing/domain --durations=10 $(ARGS)

check-format: .venv/.ready ## ruff format --check
	@$(PYTHON) -m ruff format --check .

lint: .venv/.ready .venv-checks/.ready ## ruff; the schema and zizmor for the pipeline
	@$(PYTHON) -m ruff check .
	@.venv-checks/bin/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@.venv-checks/bin/zizmor --offline --pedantic --no-progress --quiet .github

format: .venv/.ready ## format the code and fix what ruff can
	@$(PYTHON) -m ruff check --quiet --fix-only .
	@$(PYTHON) -m ruff format .

typecheck: .venv/.ready ## mypy --strict
	@$(PYTHON) -m mypy --strict

validate: validate-source .venv-checks/.ready ## sam validate --lint; cfn-lint, checkov and our own rules on the expanded template
	@$(PYTHON) -m pytest tests/template -n0 $(ARGS)

# The region only selects which rules apply; nothing is asked of AWS.
validate-source: .venv/.ready .venv-sam/.ready ## sam validate --lint alone
	@AWS_DEFAULT_REGION=$${AWS_DEFAULT_REGION:-us-east-1} $(SAM) validate --lint --template-file template.yaml

# Hours. Each part says what it found, and the first that fails ends it.
nightly: check coverage ## the long versions of everything: hours
	@KILLS=whole $(PYTHON) -m pytest tests/integration/purchase/test_kills.py -n0
	@SIMULATION_WHOLE=1 SIMULATION_RUNS=5000 $(PYTHON) -m pytest tests/simulation $(SIDE_BY_SIDE) --timeout=0
	@$(MAKE) simulate RUNS=$(or $(RUNS),100000) SEED=$(or $(SEED),$(shell date +%Y%m%d))
	@$(MAKE) fuzz-webhook fuzz-api RUNS=1000000 EXAMPLES=500
	@$(MAKE) load prove
	@$(MAKE) mutation
	@$(MAKE) planted ARGS="--again --seconds 600"

## --- deploy it ----------------------------------------------------------------------------------------------------

build: .venv/.ready .venv-sam/.ready ## build what `sam deploy` uploads; ARCH=x86_64 to run it on an x86-64 machine
	@$(PYTHON) -m artefacts $(if $(ARCH),--arch $(ARCH)) $(ARGS)

## --- look after it ------------------------------------------------------------------------------------------------

lock: ## compile the locks after editing a .in (UPGRADE=1: to the newest releases)
	@UPGRADE=$(UPGRADE) sh requirements/install.sh lock

clean: ## remove everything that make built; .env stays
	rm -rf .venv .venv-sam .venv-checks .tools .plumbline .aws-sam .mypy_cache .ruff_cache .pytest_cache .hypothesis test-results .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

FORCE:
