// SPDX-License-Identifier: Apache-2.0
//
// Does what a plan says, step by step, to a board. A rehearsal and a burn run
// this same code. It can be interrupted anywhere and called again: what is done
// is found done, what is half done is continued, and a bit that neither the
// plan nor the board it was made for has, stops it.

#ifndef TOOLS_FUSEBOX_PLAN_EXECUTE_H
#define TOOLS_FUSEBOX_PLAN_EXECUTE_H

#include "tools/fusebox/plan/execution.h"

// The board does not answer. Is it because the plan has closed the UART
// (UART_DOWNLOAD_DIS) and was interrupted then? True: it is, and boots.
bool execute_closed(struct execution *e);

// All of it.
enum execute_result execute_plan(struct execution *e);

#endif
