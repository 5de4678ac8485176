/*
 * The journal's key by schedule: when keys.rotate_sessions sessions have closed since the newest key was named, and none
 * is open, the journal hands over to the next one. What counts is what the journal says (control.session), so a loop
 * that starts anew counts on.
 */
#ifndef AGENT_ROTATION_H
#define AGENT_ROTATION_H

#include "agent/presence.h"

/*
 * Rotates if it is time. The desk has no group open; it folds the new entry when it begins its next one. A vault whose
 * passphrase was changed, or an old secret that could not be destroyed yet, is told to `remark`, which may be NULL, and
 * stops nothing.
 */
MUST_USE enum err_code rotation_keep(struct desk *d, presence_remark *remark, void *context, struct err *err);

#endif
