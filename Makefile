# `make` alone lists what can be made. All it needs is Python 3.11 or newer; the rest goes into .venv.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

ARGS ?=
BIN := .venv/bin
READY := .venv/.ready
PATHS := $(wildcard operator tests benchmarks .ci)

# Two to four test processes: the end-to-end tests start a control plane (500 MB) in each.
WORKERS ?= $(shell $(BIN)/python -c 'import os; print(min(4, max(2, os.cpu_count() or 2)))')
SEED := $(or $(SEED),$(shell od -An -N4 -tu4 /dev/urandom | tr -d ' '))

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(READY) ## Show the first sync and an incremental one on an embedded Kubernetes API (ARGS=--once stops after that)
	@$(BIN)/sage-operator demo $(ARGS)

.PHONY: test
test: $(READY) ## Run the unit, component and end-to-end tests (ARGS goes to pytest)
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m 'not soak' $(ARGS)

.PHONY: lint
lint: $(READY) ## Check style, format, types and the direction of imports
	$(BIN)/ruff check $(PATHS)
	$(BIN)/ruff format --check $(PATHS)
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: format
format: $(READY) ## Format the code and repair what can be repaired
	$(BIN)/ruff check --fix $(PATHS)
	$(BIN)/ruff format $(PATHS)

.PHONY: check
check: lint test ## lint and test

.PHONY: soak
soak: $(READY) ## Run the long random tests (SEED=… replays a run)
	@echo "replay with: make soak SEED=$(SEED)"
	SAGE_OPERATOR_TEST_SEED=$(SEED) $(BIN)/pytest -m soak --timeout 0 --hypothesis-seed=$(SEED) $(ARGS)

.PHONY: bench
bench: $(READY) ## Run the benchmarks
	@for script in benchmarks/[a-z]*.py; do [ -e "$$script" ] || continue; echo "== $$script"; $(BIN)/python "$$script" $(ARGS); done

.PHONY: crds
crds: $(READY) ## Generate crds/ from the models
	$(BIN)/python -m sage_operator.resources

.PHONY: docs
docs: $(READY) ## Generate docs/reference and deploy/monitoring from the code
	$(BIN)/python -m sage_operator.reference
	$(BIN)/python -m sage_operator.monitoring

.PHONY: envtest
envtest: $(READY) ## Get kube-apiserver, etcd and kubectl for the demo and the end-to-end tests (ARGS=--force again)
	$(BIN)/python -m sage_operator.embedded fetch $(ARGS)

# What builds images: docker, podman or buildah. `make kind` is for docker.
ENGINE ?= docker
VERSION := $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' operator/sage_operator/_version.py)
IMAGE := sage-operator:$(VERSION)

.PHONY: image
image: ## Build the container image (BASE=… is what it is built on, EXTRAS=simulators adds them, ENGINE=podman)
	$(ENGINE) build $(if $(BASE),--build-arg BASE=$(BASE)) --build-arg EXTRAS=$(EXTRAS) --build-arg VERSION=$(VERSION) \
	  --build-arg REVISION=$$(git rev-parse HEAD) --tag $(IMAGE) .

.PHONY: kind
kind: EXTRAS := simulators
kind: $(READY) image ## Show it in a cluster of its own, and run the end-to-end tests there (needs Docker, kind and kubectl)
	deploy/kind.sh $(IMAGE)

.PHONY: constraints
constraints: $(READY) ## Pin the newest allowed version of every dependency, with hashes, in constraints.txt
	{ echo '# Made by `make constraints` from pyproject.toml: every dependency of the package, its extras and its groups.'; \
	  $(BIN)/python .ci/requirements.py | $(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras \
	    --no-annotate --no-header --no-emit-options --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	    --output-file=- - | sed '/^#/d; /^--/d; /^$$/d'; } >.venv/constraints.new
	mv .venv/constraints.new constraints.txt

.PHONY: clean
clean: ## Remove the virtual environment and all caches of the tools
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# The first Python on the path that will do, or PYTHON=….
PYTHON ?= $(firstword $(foreach python,python3 python3.14 python3.13 python3.12 python3.11,\
  $(if $(shell $(python) -c $(NEW_ENOUGH) 2>/dev/null && echo yes),$(python))) python3)
NEW_ENOUGH := 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))'

$(READY): constraints.txt pyproject.toml
	@$(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  python=$(PYTHON); \
	  $$python -c $(NEW_ENOUGH) 2>/dev/null || { \
	    echo "error: $$python can't be used: Python 3.11 or newer with venv is needed. Install it, or say make PYTHON=…" >&2; exit 1; }; \
	  echo "preparing .venv with $$python" >&2; $$python -m venv --clear .venv; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . >&2
	@$(BIN)/python -m pip check >/dev/null || echo "warning: constraints.txt is behind pyproject.toml: run make constraints" >&2
	@touch $@
