# SPDX-License-Identifier: Apache-2.0
#
# The report's style sheet, a CSS file in the tree, a C string in the program.

GEN_fusebox += build/gen/report_css.c

build/gen/report_css.c: tools/fusebox/report/report.css mk/embed.sh
	@mkdir -p $(@D)
	mk/embed.sh $< report_css >$@.new
	@mv $@.new $@
