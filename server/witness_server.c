#include "server/witness_server.h"

#include "server/listener.h"

#include <stdlib.h>
#include <string.h>

#define CHECKPOINT "/checkpoint"

struct witness_server {
    struct witness_server_options options;
    struct listener *listener;
};

static void put(struct listener_answer *answer, unsigned status, const char *type, const char *bytes,
                size_t size)
{
    answer->body = malloc(size);
    if (!answer->body)
        return; /* 500 */
    memcpy(answer->body, bytes, size);
    answer->status = status;
    answer->content_type = type;
    answer->size = size;
}

static void put_words(struct listener_answer *answer, unsigned status, const char *words)
{
    put(answer, status, WITNESS_TEXT, words, strlen(words));
}

static void add_checkpoint(const struct witness_server *s, const struct listener_request *request,
                           struct listener_answer *answer)
{
    struct witness_answer a;

    witness_add_checkpoint(s->options.witness, request->body, request->body_size, &a);
    put(answer, a.status, a.content_type, a.body, a.size);
    if (s->options.say)
        s->options.say(s->options.say_arg, a.said);
}

/* "/HEX/checkpoint" */
static void find_checkpoint(const struct witness_server *s, const char *path, struct listener_answer *answer)
{
    char note[NOTE_MAX_SIZE];
    size_t size = 0;

    if (strlen(path) == 1 + WITNESS_HEX_SIZE + sizeof CHECKPOINT - 1 &&
        strcmp(path + 1 + WITNESS_HEX_SIZE, CHECKPOINT) == 0 &&
        witness_find_checkpoint(s->options.witness, path + 1, WITNESS_HEX_SIZE, note, &size))
        put(answer, 200, WITNESS_TEXT, note, size);
    else
        put_words(answer, 404, "nothing is here\n");
}

static void handle(void *self, const struct listener_request *request, struct listener_answer *answer)
{
    const struct witness_server *const s = self;
    const bool is_post = strcmp(request->method, "POST") == 0;
    const bool is_get = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;

    if (strcmp(request->path, "/add-checkpoint") == 0) {
        if (is_post)
            add_checkpoint(s, request, answer);
        else
            put_words(answer, 405, "POST only\n");
    } else if (is_get) {
        find_checkpoint(s, request->path, answer);
    } else {
        put_words(answer, is_post ? 404 : 405, "nothing is here\n");
    }
}

enum err_code witness_server_start(struct witness_server **s, const struct witness_server_options *options,
                                   struct err *err)
{
    struct witness_server *const made = calloc(1, sizeof *made);

    if (!made)
        return err_set(err, ERR_MEMORY, "out of memory");
    made->options = *options;
    const struct listener_options listener = {.address = options->address,
                                              .body_max = WITNESS_BODY_MAX,
                                              .timeout_ms = options->timeout_ms,
                                              .handle = handle,
                                              .arg = made};
    const enum err_code rc = listener_start(&made->listener, &listener, err);
    if (rc) {
        free(made);
        return rc;
    }
    *s = made;
    return ERR_OK;
}

void witness_server_stop(struct witness_server *s)
{
    if (!s)
        return;
    listener_stop(s->listener);
    free(s);
}

const char *witness_server_url(const struct witness_server *s)
{
    return listener_url(s->listener);
}
