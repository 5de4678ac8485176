#include "ledger/build.h"

#include "ledger/hex.h"

#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#ifndef BUILD_TYPE
#define BUILD_TYPE "unknown build type"
#endif

#if defined(__clang__)
#define BUILD_COMPILER "clang " __clang_version__
#elif defined(__GNUC__)
#define BUILD_COMPILER "gcc " __VERSION__
#else
#define BUILD_COMPILER "unknown compiler"
#endif

struct build_id {
    char text[2 * 20 + 1];
};

/* The note GNU_BUILD_ID of the program itself, which is the first object of the walk. */
static int find_build_id(struct dl_phdr_info *info, size_t size, void *context)
{
    struct build_id *const id = context;

    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *const header = &info->dlpi_phdr[i];
        if (header->p_type != PT_NOTE)
            continue;
        const unsigned char *p = (const unsigned char *)(info->dlpi_addr + header->p_vaddr);
        const unsigned char *const end = p + header->p_memsz;
        while (p + sizeof(ElfW(Nhdr)) <= end) {
            ElfW(Nhdr) note;
            memcpy(&note, p, sizeof note);
            const unsigned char *const name = p + sizeof note;
            const unsigned char *const bytes = name + ((note.n_namesz + 3u) & ~3u);
            if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp(name, "GNU", 4) == 0) {
                hex_encode(id->text, bytes, note.n_descsz < 20 ? note.n_descsz : 20);
                return 1;
            }
            p = bytes + ((note.n_descsz + 3u) & ~3u);
        }
    }
    return 1;
}

size_t build_describe(char *out, size_t capacity)
{
    struct build_id id = {"none"};

    dl_iterate_phdr(find_build_id, &id);
    const int n = snprintf(out, capacity, "%s, %s, build %s", BUILD_COMPILER, BUILD_TYPE, id.text);
    return n < 0 ? 0 : (size_t)n < capacity ? (size_t)n : capacity - 1;
}
