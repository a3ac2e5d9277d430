#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# IDF_PATH can point at this folder: scripts that call, say,
# `python $IDF_PATH/components/esptool_py/esptool/espsecure.py ...` then start
# Fusebox's own program of that name. Each tool is a link to this file.
import os
import sys

tool = os.path.splitext(os.path.basename(sys.argv[0]))[0]
root = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
path = os.path.join(root, "build", "bin", tool)
try:
    os.execv(path, [tool] + sys.argv[1:])
except OSError as error:
    sys.exit("%s: %s: %s; run `make` in %s first" % (tool, path, error.strerror, root))
