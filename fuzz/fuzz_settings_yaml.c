/*
 * Any bytes as a configuration file: refused with file, line, column and words, the target untouched; or settings
 * whose canonical text reads back as the same settings.
 */
#include "book/configuration.h"
#include "book/settings_yaml.h"

#include "fuzz.h"

#include <string.h>

static void check_refusal(const struct err *err)
{
    REQUIRE(err->code == ERR_INPUT && strncmp(err->text, "f.yaml:", 7) == 0);
    REQUIRE(err->text[7 + strspn(err->text + 7, "0123456789: ")] != '\0');
}

static void check_text(const struct configuration *c)
{
    static char text[CONFIGURATION_TEXT_MAX];
    static char again[CONFIGURATION_TEXT_MAX];
    static struct configuration back;
    struct err err = {0};
    size_t size = 0;
    size_t size_again = 0;

    REQUIRE(configuration_text(c, text, sizeof text, &size, &err) == ERR_OK);
    REQUIRE(configuration_parse(&back, text, size, &err) == ERR_OK);
    REQUIRE(configuration_text(&back, again, sizeof again, &size_again, &err) == ERR_OK);
    REQUIRE(size == size_again && memcmp(text, again, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct configuration c;
    static struct configuration before;
    struct err err = {0};

    memset(&c, 0, sizeof c);
    if (configuration_read_yaml(&c, "f.yaml", (const char *)data, size, &err)) {
        check_refusal(&err);
        REQUIRE(memcmp(&c, &before, sizeof c) == 0);
        return 0;
    }
    check_text(&c);
    return 0;
}
