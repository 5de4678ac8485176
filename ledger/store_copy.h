/*
 * A copy of the store's file, made while others write.
 *
 * The copy holds one committed state, page by page as it is stored: not compacted. So what verifies there
 * verifies here and what is damaged there is damaged here, the read is straight through the file, and no walk
 * of LMDB's trees decides what is worth copying. Free pages come along; a journal has few of them, because only
 * tiles and the pages above the newest rows are ever replaced.
 */
#ifndef LEDGER_STORE_COPY_H
#define LEDGER_STORE_COPY_H

#include "ledger/store_lmdb.h"

/* Called now and then with bytes written and bytes there are to write; never after the copy has returned. */
typedef void (*store_copy_progress)(void *arg, uint64_t done, uint64_t total);

/*
 * Writes the newest committed state to `fd`, an empty file, and syncs it. Waits for the group that is being
 * written, then for nobody: writers go on while the pages are copied, and the file grows by what they replace
 * meanwhile, since the snapshot keeps its pages. *bytes is the copy's size: as long as its newest meta page
 * says, which is what store_open() demands, and no longer, however large the map is. ERR_IO: the disk of the
 * copy is full (found before anything is written, if its file system can tell), or the system refused; or the
 * journal was written while it was read without its lock file. After an error the file's content is undefined.
 */
MUST_USE enum err_code store_copy(struct store *s, int fd, store_copy_progress progress, void *arg,
                                  uint64_t *bytes, struct err *err);

#endif
