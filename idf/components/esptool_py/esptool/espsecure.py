#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# For scripts that call `python $IDF_PATH/components/esptool_py/esptool/espsecure.py`:
# starts Fusebox's own espsecure with the same arguments.
import os
import sys

root = os.path.realpath(os.path.join(os.path.dirname(os.path.realpath(__file__)), *[".."] * 4))
tool = os.path.join(root, "build", "bin", "espsecure")
try:
    os.execv(tool, ["espsecure"] + sys.argv[1:])
except OSError as error:
    sys.exit("espsecure: %s: %s; run `make` in %s first" % (tool, error.strerror, root))
