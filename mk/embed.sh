#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# embed.sh FILE NAME: the text file as a C string, const char NAME[].
set -eu

echo "// From $1; made by mk/embed.sh."
echo "extern const char $2[];"
echo "const char $2[] ="
od -An -v -to1 "$1" | sed 's/ /\\/g; s/.*/"&"/'
echo ';'
