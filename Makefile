# 证印 zhengyin. `make demo` and `make test` do all their own set-up, into .venv.
# Python 3.11 or newer with venv is all that is needed beforehand; see README.md.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v $$p && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
DEMO := demo
RUN_READY := .venv/.run-ready
DEV_READY := .venv/.dev-ready
PADES := tests/interop/java/pades
SOFD := build/peers/bin/sofd
JUDGES := tests/interop/java/target/.built

.PHONY: demo test lint judges peers trace bench soak wheel clean

demo: $(RUN_READY)
	@$(BIN)/python -m cli.demo --folder $(DEMO)

test: $(DEV_READY) judges lint
	@$(BIN)/python tests/run.py

lint: $(DEV_READY)
	@$(BIN)/ruff check .
	@$(BIN)/mypy cli service reports archive signer docgen verify registry certs codes layouts fonts
	@$(BIN)/lint-imports --no-cache

# The judges in Java are built where a JDK 17 and Maven are; elsewhere the tests say what they left out.
judges: $(DEV_READY)
	@if command -v mvn >/dev/null && command -v javac >/dev/null; then $(MAKE) -s --no-print-directory $(JUDGES); fi

$(JUDGES): $(shell find tests/interop/java -name pom.xml -o -name '*.java' | sort)
	@echo "building the judges (veraPDF, ofdrw, BouncyCastle) …"
	@mvn -q -B -ntp -f tests/interop/java package
	@mkdir -p $(@D) && touch $@

trace: $(DEV_READY)
	@$(BIN)/python tests/trace.py

# Others to measure beside, where Maven and Rust are to build them with; the bench says which are missing.
peers: $(DEV_READY)
	@if command -v mvn >/dev/null && command -v javac >/dev/null; then $(MAKE) -s --no-print-directory $(PADES)/target/pades-1.jar; fi
	@if command -v cargo >/dev/null; then $(MAKE) -s --no-print-directory $(SOFD); fi

$(PADES)/target/pades-1.jar: $(shell find $(PADES)/src $(PADES)/pom.xml -type f | sort)
	@echo "building a validator around DSS …"
	@mvn -q -B -ntp -f $(PADES) package

$(SOFD):
	@echo "building sOFD …"
	@cargo install --quiet --locked --root $(dir $(SOFD)).. --version 0.6.1 sofd-cli

bench: $(DEV_READY) judges peers
	@$(BIN)/python -m bench

soak: $(DEV_READY) judges
	@$(BIN)/python tests/run.py --soak

wheel: $(DEV_READY)
	@$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

$(BIN)/python:
	@[ -n "$(PYTHON)" ] || { echo "需要 Python 3.11 以上并带 venv / Python 3.11 or newer with venv is needed" >&2; exit 2; }
	@"$(PYTHON)" -m venv .venv

$(RUN_READY): requirements/run.txt requirements/build.txt pyproject.toml | $(BIN)/python
	@echo "setting up .venv …"
	@$(PIP) install --require-hashes -r requirements/build.txt -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation --config-settings editable_mode=compat -e .
	@touch $@

$(DEV_READY): requirements/dev.txt $(RUN_READY)
	@echo "setting up the tools for tests …"
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

clean:
	rm -rf .venv $(DEMO) build dist tests/interop/java/*/target tests/interop/java/target *.egg-info
