/* ledger snapshot: stores the state now, so that a replay can begin there. */
#include "cli/cli.h"

#include "agent/desk.h"
#include "book/snapshot.h"
#include "ledger/hex.h"

static enum err_code put_written(const struct snapshot_written *w, bool json, struct err *err)
{
    char digest[HEX_LENGTH(HASH_SIZE) + 1];
    struct json_out out;

    hex_encode(digest, w->digest.bytes, HASH_SIZE);
    if (!json) {
        printf("the state after entry %llu is stored: %llu bytes, digest %s\nentry %llu vouches for it\n",
               (unsigned long long)w->covered, (unsigned long long)w->bytes, digest,
               (unsigned long long)w->seq);
        return ERR_OK;
    }
    json_out_init(&out);
    json_out_object(&out);
    json_out_key(&out, "seq");
    json_out_u64(&out, w->seq);
    json_out_key(&out, "covered");
    json_out_u64(&out, w->covered);
    json_out_key(&out, "digest");
    json_out_text(&out, digest);
    json_out_key(&out, "bytes");
    json_out_u64(&out, w->bytes);
    json_out_object_end(&out);
    const enum err_code rc = cli_put_json(&out, err);
    json_out_release(&out);
    return rc;
}

enum err_code cmd_snapshot(struct cli *cli, struct err *err)
{
    bool json = false;
    const struct cli_option options[] = {{.name = "json", .flag = &json}};
    struct cli_progress progress;
    struct journal *j = NULL;
    struct desk d = {0};
    struct snapshot_written w;
    enum err_code rc = cli_options(cli, options, 1, NULL, 0, NULL, err);

    if (!rc)
        rc = cli_open_to_write(cli, &j, err);
    cli_progress_init(&progress, "snapshot");
    if (!rc)
        rc = desk_init(&d, j, cli_progress_draw, &progress, err);
    if (!rc)
        rc = snapshot_write(j, &d.book, &w, err);
    cli_progress_end(&progress);
    cli_put_remark(d.book.snapshots.remark);
    if (!rc)
        rc = put_written(&w, json, err);
    desk_release(&d);
    journal_close(j);
    return rc;
}
