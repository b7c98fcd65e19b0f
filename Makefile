# Everything runs as the account that builds: as root that is `podwheel`, as a user it is you.
.DEFAULT_GOAL := help
.NOTPARALLEL:
SHELL := /bin/sh

as_builder = scripts/as-builder
# A command of the virtual environment, which is brought up to date first.
in_venv = $(as_builder) sh -ec 'venv=$$(scripts/setup-venv); export PATH="$$venv/bin:$$PATH"; exec "$$0" "$$@"'
pytest = $(in_venv) pytest -n 2 --dist loadgroup $(ARGS)

.PHONY: help demo test unit lint bench prepare venv clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: prepare ## build, check and seal the example's wheels, and say where they are
	@$(in_venv) sh -ec 'rm -rf "$$HOME/podwheel-demo"; mkdir "$$HOME/podwheel-demo"; \
	    podwheel build -r docs/examples/requirements.txt --output "$$HOME/podwheel-demo/wheelhouse"; \
	    echo "The wheelhouse: $$HOME/podwheel-demo/wheelhouse"'

# A container test that is skipped has proved nothing: here, it fails the run.
test: ## lint, then every test, on real containers and a real index (ARGS= goes to pytest)
	scripts/prepare-host --for-tests
	@$(MAKE) --no-print-directory lint
	@PODWHEEL_REQUIRE_CONTAINERS=1 $(pytest)

unit: ## the tests that need no container and no network
	@$(pytest) tests/unit

# SC2016: programs in single quotes, for awk and apt.
scripts = $$(find containerfiles scripts .ci podwheel -type f \
    -exec awk 'FNR == 1 && /^\#!\/bin\/(ba)?sh/ {print FILENAME}' {} +)
lint: ## ruff, its formatter's opinion, mypy --strict, hadolint and shellcheck
	@$(in_venv) ruff check
	@$(in_venv) ruff format --check
	@$(in_venv) mypy --strict podwheel scripts/plain-pip
	@$(in_venv) sh -c 'exec hadolint containerfiles/*/Containerfile'
	@$(in_venv) shellcheck --exclude=SC2016 $(scripts)

bench: ## podwheel against pip, uv and fromager (ARGS= goes to scripts/bench, see docs/benchmark.md)
	@$(in_venv) scripts/bench $(ARGS)

prepare: ## make this machine ready (needs root once)
	scripts/prepare-host

venv: ## make or update the virtual environment, and print where it is
	@$(as_builder) scripts/setup-venv

leftovers = find . -name .git -prune -o \( -name __pycache__ -o -name ".*_cache" -o -name "*.egg-info" \) -prune -exec rm -rf {} +
clean: ## remove caches and the virtual environment; images and podwheel's own store stay
	@$(leftovers)
	@$(as_builder) sh -ec '$(leftovers); rm -rf "$$(scripts/setup-venv --path)"'
