#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# For scripts that call `python $IDF_PATH/components/esptool_py/esptool/esptool.py`:
# starts Fusebox's own esptool with the same arguments.
import os
import sys

root = os.path.realpath(os.path.join(os.path.dirname(os.path.realpath(__file__)), *[".."] * 4))
tool = os.path.join(root, "build", "bin", "esptool")
try:
    os.execv(tool, ["esptool"] + sys.argv[1:])
except OSError as error:
    sys.exit("esptool: %s: %s; run `make` in %s first" % (tool, error.strerror, root))
