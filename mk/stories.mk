# SPDX-License-Identifier: Apache-2.0
#
# Forty boards that died: foreseen by the checks, then confirmed.

STORIES := build/host-test/tests/stories/stories_test

.PHONY: stories
## make stories             boards that died: does check foresee them?
stories: $(STORIES)
	@$(STORIES)
