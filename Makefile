# Everything a newcomer needs: `make demo` shows the main job on real music, `make test` passes the tests.
# Both do all set-up on a fresh Debian 12: system packages by apt (with sudo only when not root), Python ones locked.

SHELL := /bin/bash -o pipefail
UV_VERSION := 0.13.9
UV := .uv/bin/uv
PYTHON := .venv/bin/python
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
EXTRAS := --extra box --extra central --extra dask --extra postgresql --extra provisioning
# What checks the contract from outside, and the verifier in JavaScript; Node itself is a locked Python package.
NODE_FOLDERS := central/verifier-js tests/contract

# What is installed by apt, and why.
APT_PYTHON := python3 python3-venv
APT_SYSTEMD_PYTHON := gcc pkg-config python3-dev libsystemd-dev   # systemd-python is compiled
APT_SOUND := ffmpeg libportaudio2 alsa-utils                      # any format is read; the microphone; its gain
APT_PLATFORM := mosquitto mosquitto-clients                       # the real broker
APT_FIREWALL := nftables iproute2                                # the broker's limit on rate
APT_DATABASE := postgresql                                       # the platform's larger ledger
APT_MUSIC := openmpt123 espeak-ng                                 # tracker modules; speech of the evening
APT_VIRTUAL_CARD := pulseaudio pulseaudio-utils libasound2-plugins # a USB microphone without USB
APT_UNITS := systemd systemd-container dbus strace libfaketime    # units are checked, booted, watched, set back to 1970
APT_BROWSER := chromium                                             # the page is tested in it
APT_CARDS := fdisk e2fsprogs eject fonts-dejavu-core               # cards are written without mounting; Kazakh on labels
APT_SMALL_CARDS := dosfstools mtools bmap-tools poppler-utils      # tests make an image, compare with bmaptool, look at labels
APT_PEERS := libchromaprint-tools                                 # what the benchmarks compare with
APT := $(APT_PYTHON) $(APT_SYSTEMD_PYTHON) $(APT_SOUND) $(APT_PLATFORM) $(APT_FIREWALL) $(APT_DATABASE) $(APT_MUSIC) $(APT_VIRTUAL_CARD) $(APT_UNITS) $(APT_BROWSER) $(APT_CARDS) $(APT_SMALL_CARDS) $(APT_PEERS)

# For the image only: the emulator, what packs file systems, what makes and signs updates.
APT_IMAGE := qemu-user-static qemu-system-arm erofs-utils e2fsprogs kmod rauc squashfs-tools openssl git

# Many tests wait for real time, a broker or a service manager, so that two processes leave two cores idle for a good part.
WORKERS ?= 3

export UV_PYTHON_PREFERENCE := only-system
export UV_NO_PROGRESS := 1
export SIZES
# Where the environment forbids it, each process compiles anew whatever it imports: several times the work of importing.
export PYTHONDONTWRITEBYTECODE :=
# A second BLAS thread on two cores spins more than it adds.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1

.PHONY: help setup demo test test-training chaos fuzz bench unplugs evaluation image bundle boot-test lint format train clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 10

setup: .venv/.ready .venv/.node-ready ## install what everything else needs (the others call it)

demo: .venv/.ready ## an evening in a simulated hall, from sound to receipt (MUSIC=folder, MIC=1)
	$(PYTHON) -m demo

test: setup ## all tests, or some (TESTS=, WORKERS=)
	$(PYTHON) -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

test-training: setup ## tests of what needs PyTorch (installs it: gigabytes), on an accelerator too where there is one
	$(UV) sync --frozen --quiet --inexact $(EXTRAS) --extra training
	$(PYTHON) -m pytest tests/with_torch

chaos: setup ## a season under faults, and whether every event is accounted for (SEED= MINUTES= DATABASE=)
	$(PYTHON) -m tests.chaos

fuzz: setup ## look for inputs that a reader stumbles over, led by coverage (TARGET= SECONDS=)
	$(PYTHON) -m tests.fuzz $(or $(TARGET),each) --seconds $(or $(SECONDS),60)

unplugs: setup ## pull a virtual microphone out a hundred times, into build/bench/unplugs.json (COUNT=)
	$(PYTHON) -m tests.benchmarks unplugs

bench: setup ## measure speed and memory against peers and limits, into build/bench/ (SIZES=1000,1000000 of catalogues)
	$(PYTHON) -m tests.benchmarks

evaluation: setup ## measure recognition by room, noise and length, into build/evaluation/ (an hour; CLIPS=, HOURS=, FLOAT=)
	.venv/bin/estu-central evaluate --corpus test $(if $(CLIPS),--clips $(CLIPS)) $(if $(HOURS),--hours $(HOURS)) \
		$(if $(FLOAT),--float $(FLOAT))

image: setup build/.apt-image ## build the card's image for a Pi, into build/image/ (as root; RELEASE_KEY= KERNEL= CERTIFICATE= VERSION= FRESH=1)
	$(SUDO) env PYTHONPATH=firmware-image $(PYTHON) -m estu_image image $(if $(KERNEL),--kernel $(KERNEL)) \
		$(if $(CERTIFICATE),--certificate $(CERTIFICATE)) $(if $(VERSION),--version $(VERSION)) $(if $(FRESH),--fresh) \
		$(if $(RELEASE_KEY),--release-key $(RELEASE_KEY))

bundle: setup build/.apt-image ## make a signed update of the image that was built last (CERTIFICATE= KEY=)
	$(SUDO) env PYTHONPATH=firmware-image $(PYTHON) -m estu_image bundle \
		$(if $(CERTIFICATE),--certificate $(CERTIFICATE) --key $(KEY))

boot-test: image ## boot that image in an emulator, from sound to receipt, cut its power, update it (ONLY= CUTS= KILLS=)
	$(SUDO) env PYTHONPATH=firmware-image:. $(PYTHON) -m tests.boot $(if $(ONLY),--only $(ONLY)) $(if $(CUTS),--cuts $(CUTS)) \
		$(if $(KILLS),--kills $(KILLS))

lint: setup ## style, types, direction of imports
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

format: setup ## bring the code into its form
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

train: setup ## install what training needs, and say how to go on
	$(UV) sync --frozen --quiet $(EXTRAS) --extra training
	@$(PYTHON) -m central.training --help

clean: ## remove what was built, keep the cache of fetched music
	rm -rf build .venv .uv $(NODE_FOLDERS:%=%/node_modules)

# $(call installed,PACKAGES): by apt, those that are missing.
define installed
	@mkdir -p build
	@missing=""; for package in $(1); do \
		dpkg-query --show --showformat='$${db:Status-Status}' $$package 2>/dev/null | grep -qx installed \
			|| missing="$$missing $$package"; done; \
	if [ -n "$$missing" ] || ! ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1; then \
		$(SUDO) apt-get update --quiet=2; fi; \
	if [ -n "$$missing" ]; then echo "installing:$$missing"; \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive \
			apt-get install --quiet=2 --yes --no-install-recommends $$missing >build/apt.log 2>&1 \
			|| { tail -20 build/apt.log; exit 1; }; fi
	@touch $@
endef

build/.apt-packages: Makefile
	$(call installed,$(APT))

build/.apt-image: build/.apt-packages
	$(call installed,$(APT_IMAGE))

$(UV): build/.apt-packages
	@python3 -m venv .uv && .uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

.venv/.ready: build/.apt-packages $(UV) pyproject.toml uv.lock
	@$(UV) sync --frozen --quiet --inexact $(EXTRAS)
	@touch $@

.venv/.node-ready: .venv/.ready $(NODE_FOLDERS:%=%/package-lock.json)
	@for folder in $(NODE_FOLDERS); do \
		(cd $$folder && PATH="$(CURDIR)/.venv/bin:$$PATH" npm ci --silent) || exit 1; done
	@touch $@
