# All commands for development and operation; `make` alone lists them.
# Settings come from the environment or follow the target: make run PORT=8001

SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup setup-dev run test test-all checks lint types contracts kernel chromium redis containers logs shell demo corpus fuzz faults bench-data bench complete-build bench-site curl npm clean

VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest --dist loadscope --no-loadscope-reorder --durations 20
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes
DATA_DIR ?= data
DEMO_SIZE ?= 20MB
FUZZ_SECONDS ?= 300
BENCH_DIR ?= $(DATA_DIR)/bench

help: ## list the targets
	@echo "make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 18

setup: $(VENV)/.runtime $(VENV)/.kernel ## make .venv with the pinned packages that run needs
setup-dev: $(VENV)/.dev $(VENV)/.kernel ## add the tools that test needs

$(VENV)/.made:
	@found=; for name in python3.12 python3.11 python3; do \
	  if $$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null; \
	  then found=$$name; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Playtally needs Python 3.11 or 3.12, and neither was found. On Debian 12: apt-get install python3 python3-venv" >&2; exit 2; \
	fi; \
	if ! $$found -c 'import ensurepip' 2>/dev/null; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing python3-venv from Debian"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null; \
	  fi; \
	fi; \
	if ! $$found -c 'import ensurepip' 2>/dev/null; then \
	  echo "Python's venv module is incomplete. Install it: sudo apt-get install python3-venv" >&2; exit 2; \
	fi; \
	$$found -m venv $(VENV) && touch $@

$(VENV)/.runtime: requirements/runtime.txt $(VENV)/.made
	@echo "Installing the packages that Playtally needs to run (a few minutes, the first time only)"
	@$(PIP_INSTALL) -r $< && touch $@

$(VENV)/.kernel: $(wildcard kernel/src/* kernel/playtally_kernel/*.py kernel/setup.py kernel/pyproject.toml) requirements/build.txt $(VENV)/.runtime
	@BIN=$(BIN) kernel/build.sh && touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.made
	@echo "Installing the packages for running and testing (a few minutes, the first time only)"
	@$(PIP_INSTALL) -r $< && touch $@ $(VENV)/.runtime

$(VENV)/.bench: requirements/bench.txt $(VENV)/.made
	@echo "Installing the engines to compare with (a few minutes, the first time only)"
	@$(PIP_INSTALL) -r $< && touch $@ $(VENV)/.runtime

$(VENV)/.fuzz: requirements/fuzz.txt $(VENV)/.dev
	@$(PIP_INSTALL) -r $< && touch $@

run: setup ## serve until Ctrl-C
	@exec $(BIN)/python -m launcher

test: setup-dev chromium checks ## run all checks, all tests that start no process, and some of the others (8 minutes)
	@$(PYTEST) --tier quick -m processes --numprocesses 2 $(PYTEST_ARGS) || [ $$? -eq 5 ]
	@$(PYTEST) --tier quick -m "not processes" --numprocesses 3 $(PYTEST_ARGS)

test-all: setup-dev chromium redis curl npm checks ## run all checks and tests, on both kinds of services (30 minutes), as CI does
	$(call all_tests,)
	$(call all_tests,--services debian)

# Exit code 5 means that the arguments select no test. The fault suite has many processes and short leases, so it runs
# alone. Most other tests wait for processes, so more of them run in parallel than there are cores.
define all_tests
@$(PYTEST) $(1) tests/faults $(PYTEST_ARGS) || [ $$? -eq 5 ]
@$(PYTEST) $(1) --ignore tests/faults --numprocesses 5 $(PYTEST_ARGS)
endef

checks: lint types contracts containers ## run all checks except tests

lint: setup-dev ## check style and formatting (ruff)
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .

types: setup-dev ## check types (mypy)
	@$(BIN)/mypy

contracts: setup-dev ## check imports between packages (import-linter)
	@$(BIN)/lint-imports

containers: setup-dev ## check Dockerfile and docker-compose.yml (hadolint, check-jsonschema)
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec docker-compose.yml

# Install a program from Debian if it is missing: $(call from_debian,PROGRAM,PACKAGE,WHAT NEEDS IT)
define from_debian
	@if ! command -v $(1) >/dev/null; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing $(2) from Debian for $(3)"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(2) >/dev/null; \
	  else \
	    echo "$(2) is missing, for $(3). Install it: sudo apt-get install $(2)" >&2; exit 2; \
	  fi; \
	fi
endef

chromium: ## install Chromium for the browser test, if missing
	$(call from_debian,chromium,chromium,the browser test)

redis: ## install Debian's Redis for the tests, if missing
	$(call from_debian,/usr/bin/redis-server,redis-server,the tests on PostgreSQL and Redis)

curl: ## install curl and openssl for the tests of the help page and the client, if missing
	$(call from_debian,curl,curl,the commands on the help page)
	$(call from_debian,openssl,openssl,the client over HTTPS)

npm: tests/node_modules/.made ## install the JavaScript clients that the tests need, if missing

tests/node_modules/.made: tests/package.json tests/package-lock.json
	$(call from_debian,node,nodejs,the JavaScript clients of the tests)
	$(call from_debian,npm,npm,the JavaScript clients of the tests)
	@cd tests && npm ci --silent --ignore-scripts --no-audit --no-fund && touch node_modules/.made

logs: ## follow the log of all processes
	@if [ ! -e "$(DATA_DIR)/logs/playtally.log" ]; then echo "There is no log yet. Start the site first: make run" >&2; exit 2; fi
	@tail -n 100 -F "$(DATA_DIR)/logs/playtally.log" | $(BIN)/python -m launcher.output

shell: setup ## open a Python shell with the models and process_csv imported
	@exec $(BIN)/flask --app webapp shell

demo: setup ## generate a demo file and send it through the running site (asks unless ADMIN_PASSWORD=...)
	@mkdir -p -m 700 "$(DATA_DIR)"
	@$(BIN)/flask --app webapp demo-file --total-size $(DEMO_SIZE) --file-name "$(DATA_DIR)/demo.csv"
	@$(BIN)/python -m launcher.demo "$(DATA_DIR)/demo.csv"

corpus: setup-dev $(VENV)/.kernel ## process every messy file of tests/corpus and print the outcomes
	@$(BIN)/python -m tests.corpus $(CORPUS_ARGS)

fuzz: $(VENV)/.fuzz ## fuzz the inspection of files (FUZZ_SECONDS=300)
	@$(BIN)/python -m tests.fuzz.inspection "$(DATA_DIR)/fuzz" -max_total_time=$(FUZZ_SECONDS) -max_len=4096 "-artifact_prefix=$(DATA_DIR)/fuzz-"

faults: setup-dev $(VENV)/.kernel ## inject faults into sites of real processes and print the outcomes (FAULTS_ARGS="--only Redis")
	@$(BIN)/python -m tests.faults $(FAULTS_ARGS)

kernel: $(VENV)/.kernel ## rebuild the compiled kernel if its sources changed

bench-data: setup ## generate the input files of the benchmarks, 3 GB in BENCH_DIR
	@$(BIN)/python -m benchmarks.shapes "$(BENCH_DIR)"

bench: $(VENV)/.bench $(VENV)/.kernel ## compare speed and memory with other engines (BENCH_ARGS="--shapes few --rounds 1")
	@BENCH_DIR="$(BENCH_DIR)" $(BIN)/python -m benchmarks $(BENCH_ARGS)

bench-site: setup ## measure uploads and small jobs on a site that it starts
	@BENCH_DIR="$(BENCH_DIR)" $(BIN)/python -m benchmarks.site

complete-build: ## build and start everything in containers (docker compose)
	docker compose up --build --detach --wait

clean: ## remove caches of the tools; .venv and your data stay
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -path ./$(VENV) -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf
