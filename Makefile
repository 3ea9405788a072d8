# fhirline: what `make` can do here
#
#   make setup         installs the Debian packages that are missing (nothing else needs root)
#   make build         debug build: warnings are errors, and so is an import that Package.swift does not declare
#   make release       optimised build: .build/release/fhirline
#   make test          everything that is missing, a MongoDB server, and every test; FILTER=BSONTests runs some of them
#   make test-fast     the tests that need no server
#   make torture       kills imports and other commands at random moments (KILLS=100), takes their server away, and compares what is left
#   make lint          swift-format, shellcheck, lengths of files
#   make demo          imports Samples/ into MongoDB, exports them, and shows that nothing was lost
#   make bench         measures every stage; DATA=folder names the input, BENCH=--no-large is shorter
#   make conformance   HL7's validator cases and other suites below SUITES; writes docs/conformance.md; CASE=name shows one
#   make fuzz          feeds a reader with made-up inputs: TARGET=json|skipping|xml|fhirpath|package|mapping SECONDS=600
#   make rules         writes docs/rules.md from the texts of `fhirline explain`
#   make ci            lint, build, test: what .ci/run calls
#   make tables        compiles HL7's packages and UCUM's table into ours; PACKAGES=folder holds them
#   make mongo-start   starts the MongoDB server of tests and demo (or takes MONGODB_URI) and prints its URI
#   make mongo-uri     prints its URI
#   make mongo-stop    stops it
#   make clean         removes what was built and stops the server; its data (.mongo/) and program (.tools/) stay
#   make clean-all     removes those too

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help setup build release test test-fast torture lint demo bench conformance fuzz rules ci tables mongo-start mongo-uri \
        mongo-stop clean clean-all

PACKAGES ?= ../shared/definitions
SUITES ?= ../shared/conformance
TARGET ?= json
SECONDS ?= 600
KILLS ?= 100

help:
	@sed -n '1,/^$$/s/^# \{0,1\}//p' Makefile

setup:
	@scripts/setup.sh

build: setup
	swift build --build-tests --explicit-target-dependency-import-check error

# With the Swift runtime inside, the program starts faster, and runs where no Swift is installed. Swift's library of files calls
# what the linker warns of, though we do not.
release: setup
	@[[ -x .build/release/fhirline ]] || echo "The first optimised build takes some minutes." >&2
	swift build -c release --product fhirline --static-swift-stdlib > >(grep -v 'use of .mktemp. is dangerous')

test: setup
	@scripts/test.sh $(FILTER)

test-fast: setup
	swift test --skip DocumentStoreTests

torture: setup
	@FHIRLINE_TORTURE=$(KILLS) scripts/test.sh 'TortureTests|KilledCommandTests|ConcurrentImportTests|OutageTests|PageCutTests|ArrivalPropertyTests|TransactionSetbackTests|FullDiskTests'

lint:
	@scripts/lint.sh

demo: release
	@scripts/demo.sh

bench: release
	@scripts/bench.sh $(BENCH) $(DATA)

conformance: setup
	@swift build --product conformance
	@.build/debug/conformance $(SUITES) $(if $(CASE),--case $(CASE),--page docs/conformance.md)

fuzz: setup
	@scripts/fuzz.sh $(TARGET) $(SECONDS)

rules: setup
	@swift build --product fhirline
	@.build/debug/fhirline explain --markdown >docs/rules.md

ci: lint build test

tables: setup
	swift run compile-definitions --core "$(PACKAGES)/hl7.fhir.r4.core.tgz" \
	  --expansions "$(PACKAGES)/hl7.fhir.r4.expansions.tgz" --output Sources/CDefinitions/r4.table \
	  --conformance Sources/CDefinitions/r4.conformance
	swift run compile-units "$(PACKAGES)/ucum-essence.xml" Sources/UCUM/Units/UnitFacts.swift

mongo-start:
	@scripts/mongo.sh start

mongo-uri:
	@scripts/mongo.sh uri

mongo-stop:
	@scripts/mongo.sh stop

clean:
	@scripts/mongo.sh stop
	rm -rf .build

clean-all: clean
	rm -rf .mongo .tools
