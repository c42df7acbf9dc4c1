# Two commands matter: `make demo` and `make test`. Each sets up what it needs and says what it is doing.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
DEMO_HOME := var/demo

# Compiled once and kept beside the rest of what make made, even where Python is told to keep nothing: a third of a
# command's time is compiling.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(CURDIR)/.venv/pycache

.PHONY: help setup demo test check browser docs backtest chaos fuzz refreshes bench bench-backfill bench-refresh bench-build clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/ready ## install Dosilake and its pinned dependencies into .venv

.venv/ready: requirements.lock requirements-uv.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Dosilake needs Python 3.11 or newer. Install it, or name it: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "— Making .venv and installing the pinned dependencies (about 1.5 GB, a minute or less)"
	@$(PYTHON) -m venv .venv || \
	  { echo "Python has no venv module. On Debian or Ubuntu: apt-get install python3-venv, then run make again."; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock || \
	  { echo "The package registry could not be reached. Check the network or pip's configuration, then run make again."; exit 1; }
	@$(BIN)/uv pip sync --quiet --require-hashes requirements.lock || \
	  { echo "A dependency could not be installed; the line above says which. Run make again once it can be had."; exit 1; }
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
	@echo "— Installed: $(BIN)/dosilake --help"

demo: setup ## build a synthetic register of 20 000 workers over 3 years and serve it on 127.0.0.1:8050
	@$(BIN)/dosilake --home $(DEMO_HOME) demo

browser:
	@command -v chromium >/dev/null || { \
	  echo "— Installing Chromium from the system's packages (the browser tests drive it)"; \
	  command -v apt-get >/dev/null || { echo "Install Chromium with your system's package manager, then run make test again."; exit 1; }; \
	  SUDO=; [ "$$(id -u)" = 0 ] || SUDO="sudo -n"; \
	  { $$SUDO apt-get update -qq && $$SUDO apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core >/dev/null; } || \
	    { echo "Chromium could not be installed. As root: apt-get install chromium; then run make test again."; exit 1; }; }

JOBS ?= 2

test: setup browser ## run every check: style, import direction, tests in JOBS=2 processes; installs Chromium if missing
	@echo "— Style and import direction"
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check .
	@$(BIN)/lint-imports --no-logo >/tmp/dosilake-imports.$$$$ || { cat /tmp/dosilake-imports.$$$$; exit 1; }; rm -f /tmp/dosilake-imports.$$$$
	@echo "— Tests"
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile

check: setup ## style and import direction only
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports

CASES ?= 5000
SEED := $(or $(SEED),$(shell date +%s))

fuzz: setup ## CASES=5000 hostile files through the door, from a SEED that it prints; about 10 minutes
	@echo "— $(CASES) cases; the same again: make fuzz CASES=$(CASES) SEED=$(SEED)"
	@FUZZ_CASES=$(CASES) FUZZ_SEED=$(SEED) $(BIN)/python -m pytest -q -s tests/unit/test_hostile_files.py

SEQUENCES ?= 60

refreshes: setup ## SEQUENCES=60 random sequences of deliveries: refreshed as built in full? SEED as fuzz; about 15 minutes
	@echo "— $(SEQUENCES) sequences; the same again: make refreshes SEQUENCES=$(SEQUENCES) SEED=$(SEED)"
	@REFRESH_CASES=$(SEQUENCES) REFRESH_SEED=$(SEED) $(BIN)/python -m pytest -q tests/functional/test_refresh.py

docs: setup ## write docs/rules.md and docs/models from the rule book, the models and their tests
	@$(BIN)/python tests/rule_table.py
	@$(BIN)/python tests/model_pages.py

backtest: setup ## the 2020 table at full size beside the published one, projections beside what came; about 15 minutes
	@$(BIN)/python tests/backtests/published_2020.py
	@$(BIN)/python tests/backtests/projections.py

bench: setup ## what a large file costs to validate and commit: medians of three runs; about 15 minutes
	@$(BIN)/python benchmarks/large_file.py

bench-backfill: setup ## 37 million rows taken over by one command, killed half-way and run again; about 30 minutes
	@$(BIN)/python benchmarks/backfill.py

bench-build: setup ## a full build of a national register of WORKERS=180000 (all: 1800000), by model; about 10 minutes
	@$(BIN)/python benchmarks/full_build.py --workers $(or $(WORKERS),180000)

bench-refresh: setup ## a refresh beside a full build, 100 000 workers: medians of three runs; about 20 minutes
	@$(BIN)/python benchmarks/refresh.py

chaos: setup ## kill more than 200 senders at every step and at any time, compare each lake; about 6 minutes
	@PYTHONPATH=tests $(BIN)/python -m chaos

clean: ## remove what make made
	rm -rf .venv var *.egg-info .pytest_cache .ruff_cache
