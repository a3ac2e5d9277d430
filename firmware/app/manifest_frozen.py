# SPDX-License-Identifier: Apache-2.0
#
# The same and a folder of the user's: make FROZEN=DIR

include("manifest.py")
freeze("$(FROZEN_DIR)")
