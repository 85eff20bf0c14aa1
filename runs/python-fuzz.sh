#!/bin/sh
# A million random texts through the Python interpreter: none may fail, take 50 ms or allocate 16 MB.
# The tests run a tenth of them. Prints the worst of all; about 3 minutes on one core.
set -eu
cd "$(dirname "$0")/.."
./mvnw -q -pl model -am test -DskipLint -Dtest=PythonFuzzTest,HostileProgramsTest \
  -Dsurefire.failIfNoSpecifiedTests=false -Danechoic.fuzz="${1:-1000000}"
