# SPDX-License-Identifier: Apache-2.0
#
# Python modules in the image (MicroPython docs, "MicroPython manifest files").

include("$(MPY_DIR)/extmod/asyncio")
