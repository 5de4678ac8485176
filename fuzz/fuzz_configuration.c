/*
 * Any bytes as the settings of a control.configuration entry: what is refused leaves the target alone; what is read
 * has a canonical text, and that text is a fixed point. The reducer takes its digest from that text.
 */
#include "book/configuration.h"

#include "fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct configuration c;
    static struct configuration before;
    static char text[CONFIGURATION_TEXT_MAX];
    static char again[CONFIGURATION_TEXT_MAX];
    struct err err = {0};
    size_t first = 0;
    size_t second = 0;

    memset(&c, 0, sizeof c);
    const enum err_code rc = configuration_parse(&c, (const char *)data, size, &err);
    if (rc) {
        REQUIRE(err.code == rc && err.text[0] != '\0');
        REQUIRE(memcmp(&c, &before, sizeof c) == 0);
        return 0;
    }
    REQUIRE(configuration_text(&c, text, sizeof text, &first, &err) == ERR_OK);
    REQUIRE(configuration_parse(&c, text, first, &err) == ERR_OK);
    REQUIRE(configuration_text(&c, again, sizeof again, &second, &err) == ERR_OK);
    REQUIRE(first == second && memcmp(text, again, first) == 0);
    return 0;
}
