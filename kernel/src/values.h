/* Dates and numbers of plays, by the rules of processing/dialect/rows.py; inline, since each row needs both. */
#ifndef PLAYTALLY_VALUES_H
#define PLAYTALLY_VALUES_H

#include "kernel.h"

#include <string.h>

#define DATE_BYTES 10

static inline int is_blank(byte one) { return one == ' ' || one == '\t'; }

/* calendar.c: the days since 1970-01-01 on which each month of the years 0 to 9999, and one more, begins. */
#define MONTHS (10000 * 12)
extern int32_t month_starts[MONTHS + 1];

/* Read the ten bytes of a date like 2024-03-31; return 0 if they are not valid. */
static inline int read_date(const byte *text, int32_t *day) {
    uint64_t front;
    memcpy(&front, text, 8); /* little-endian: the first byte is the lowest */
    front ^= 0x2D30302D30303030u; /* digits become 0 to 9, the dashes 0 */
    uint32_t tens = (uint32_t)text[8] - '0', ones = (uint32_t)text[9] - '0';
    if ((front | (front + 0x7F76767F76767676u)) & 0x8080808080808080u || tens > 9 || ones > 9) return 0;
    uint32_t year = (uint32_t)((front & 0xFF) * 1000 + (front >> 8 & 0xFF) * 100 + (front >> 16 & 0xFF) * 10 +
                               (front >> 24 & 0xFF));
    uint32_t month = (uint32_t)((front >> 40 & 0xFF) * 10 + (front >> 48 & 0xFF)) - 1; /* 0 to 11 */
    int32_t of_month = (int32_t)(tens * 10 + ones);
    if (!year || month > 11) return 0;
    const int32_t *start = &month_starts[year * 12 + month];
    if (of_month < 1 || of_month > start[1] - start[0]) return 0;
    *day = start[0] + of_month - 1;
    return 1;
}

/* Read all digits into *plays and return the byte after them; NULL if there are none, or too many to be certain. */
static inline const byte *read_digits(const byte *text, const byte *end, int64_t *plays) {
    if (end - text >= 8) { /* all at once, without a branch on their number */
        uint64_t digits;
        memcpy(&digits, text, 8);
        digits ^= 0x3030303030303030u;
        uint64_t others = (digits | (digits + 0x7676767676767676u)) & 0x8080808080808080u;
        if (others & ~(uint64_t)0x80) { /* one to seven digits, or none */
            int count = __builtin_ctzll(others) / 8;
            if (!count) return NULL;
            digits <<= 64 - 8 * count;
            digits = digits * 10 + (digits >> 8);
            digits = ((digits & 0x000000FF000000FFu) * 0x000F424000000064u +
                      (digits >> 16 & 0x000000FF000000FFu) * 0x0000271000000001u) >> 32;
            *plays = (int64_t)digits;
            return text + count;
        }
    }
    const byte *at = text;
    uint64_t value = 0;
    while (at < end && (byte)(*at - '0') <= 9) value = value * 10 + (uint64_t)(*at++ - '0');
    if (at == text || at - text > 18) return NULL;
    *plays = (int64_t)value;
    return at;
}

#endif
