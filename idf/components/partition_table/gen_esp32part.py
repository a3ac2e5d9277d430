#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# For scripts that call `python $IDF_PATH/components/partition_table/gen_esp32part.py`:
# starts Fusebox's own gen_esp32part with the same arguments.
import os
import sys

root = os.path.realpath(os.path.join(os.path.dirname(os.path.realpath(__file__)), *[".."] * 3))
tool = os.path.join(root, "build", "bin", "gen_esp32part")
try:
    os.execv(tool, ["gen_esp32part"] + sys.argv[1:])
except OSError as error:
    sys.exit("gen_esp32part: %s: %s; run `make` in %s first" % (tool, error.strerror, root))
