/* Text: what may be a song. */
#include "kernel.h"

int32_t kernel_version(void) { return KERNEL_VERSION; }

static int is_tail(byte one) { return (one & 0xC0) == 0x80; }

/* Return whether bytes may be a song: not blank, without a byte order mark before it or NUL, and well-formed UTF-8 by table
 * 3-7 of the Unicode standard (no overlong forms, no surrogates, nothing beyond U+10FFFF). */
int is_text(const byte *text, size_t length) {
    const byte *end = text + length, *at = text;
    while (at < end && (*at == ' ' || *at == '\t')) at++;
    if (at == end || (length >= 3 && text[0] == 0xEF && text[1] == 0xBB && text[2] == 0xBF)) return 0;
    while (text < end) {
        byte first = *text;
        size_t left = (size_t)(end - text);
        if (first < 0x80) {
            if (!first) return 0;
            text += 1;
        } else if (first >= 0xC2 && first <= 0xDF) {
            if (left < 2 || !is_tail(text[1])) return 0;
            text += 2;
        } else if ((first & 0xF0) == 0xE0) {
            if (left < 3 || !is_tail(text[1]) || !is_tail(text[2])) return 0;
            if ((first == 0xE0 && text[1] < 0xA0) || (first == 0xED && text[1] > 0x9F)) return 0;
            text += 3;
        } else if (first >= 0xF0 && first <= 0xF4) {
            if (left < 4 || !is_tail(text[1]) || !is_tail(text[2]) || !is_tail(text[3])) return 0;
            if ((first == 0xF0 && text[1] < 0x90) || (first == 0xF4 && text[1] > 0x8F)) return 0;
            text += 4;
        } else {
            return 0;
        }
    }
    return 1;
}
