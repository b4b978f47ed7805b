/* Dates and numbers in other styles, by the rules of processing/dialect/dates.py and processing/dialect/numbers.py, to which
 * rare forms are left. */
#ifndef PLAYTALLY_STYLES_H
#define PLAYTALLY_STYLES_H

#include "values.h"

static inline int is_digit(byte one) { return (byte)(one - '0') <= 9; }

/* Read ``least`` to ``most`` digits at *at, which moves past them; return -1 if there are fewer. */
static inline int32_t digits_at(const byte **at, const byte *end, int least, int most) {
    int32_t value = 0;
    int count = 0;
    while (count < most && *at < end && is_digit(**at)) value = value * 10 + (*(*at)++ - '0'), count++;
    return count < least ? -1 : value;
}

static inline int is_at(const byte **at, const byte *end, byte mark) {
    if (*at < end && **at == mark) return (*at)++, 1;
    return 0;
}

/* Read hours, minutes and possibly seconds; return 0 if they are not valid. */
static inline int clock_at(const byte **at, const byte *end, int hour_digits, int comma) {
    int32_t hour = digits_at(at, end, hour_digits, 2);
    if (hour < 0 || hour > 23 || !is_at(at, end, ':')) return 0;
    int32_t minute = digits_at(at, end, 2, 2);
    if (minute < 0 || minute > 59) return 0;
    if (!is_at(at, end, ':')) return 1;
    int32_t second = digits_at(at, end, 2, 2);
    if (second < 0 || second > 59) return 0;
    if (is_at(at, end, '.') || (comma && is_at(at, end, ','))) return digits_at(at, end, 1, 9) >= 0;
    return 1;
}

/* Return whether the bytes are a time that may follow an ISO date, like T10:15:00.5+02:00. */
static inline int is_iso_time(const byte *at, const byte *end) {
    if (!is_at(&at, end, 'T') && !is_at(&at, end, ' ')) return 0;
    if (!clock_at(&at, end, 2, 1)) return 0;
    is_at(&at, end, ' ');
    if (at == end || is_at(&at, end, 'Z')) return at == end;
    if (!is_at(&at, end, '+') && !is_at(&at, end, '-')) return 0;
    if (digits_at(&at, end, 2, 2) < 0) return 0;
    if (at == end) return 1;
    is_at(&at, end, ':');
    return digits_at(&at, end, 2, 2) >= 0 && at == end;
}

static inline int is_time(const byte *at, const byte *end) {
    return is_at(&at, end, ' ') && clock_at(&at, end, 1, 0) && at == end;
}

static inline int civil(int32_t year, int32_t month, int32_t of_month, int32_t *day) {
    if (year < 1 || month < 1 || month > 12) return 0;
    const int32_t *start = &month_starts[year * 12 + month - 1];
    if (of_month < 1 || of_month > start[1] - start[0]) return 0;
    *day = start[0] + of_month - 1;
    return 1;
}

static inline int read_styled_date(const form_t *form, const byte *at, size_t length, int32_t *day) {
    const byte *end = at + length;
    int32_t one, two, three;
    if (form->date_order == DATE_ISO) {
        if (length < DATE_BYTES || !read_date(at, day)) return 0;
        return length == DATE_BYTES || is_iso_time(at + DATE_BYTES, end);
    }
    if (form->date_order == DATE_COMPACT) {
        if (length != 8) return 0;
        one = digits_at(&at, end, 4, 4), two = digits_at(&at, end, 2, 2), three = digits_at(&at, end, 2, 2);
        return one >= 0 && two >= 0 && three >= 0 && civil(one, two, three, day);
    }
    int year_first = form->date_order == DATE_YEAR_FIRST;
    one = year_first ? digits_at(&at, end, 4, 4) : digits_at(&at, end, 1, 2);
    if (one < 0 || !is_at(&at, end, (byte)form->date_mark)) return 0;
    two = digits_at(&at, end, 1, 2);
    if (two < 0 || !is_at(&at, end, (byte)form->date_mark)) return 0;
    three = year_first ? digits_at(&at, end, 1, 2) : digits_at(&at, end, 4, 4);
    if (three < 0 || (at != end && !is_time(at, end))) return 0;
    if (year_first) return civil(one, two, three, day);
    return form->date_order == DATE_DAY_FIRST ? civil(three, two, one, day) : civil(three, one, two, day);
}

/* Return the length of the thousands separator here; 0 if there is none. */
static inline size_t thousands_at(const form_t *form, const byte *at, const byte *end) {
    if (at == end) return 0;
    if (*at == form->thousands) return 1;
    if (form->thousands == ' ' && end - at >= 2 && at[0] == 0xC2 && at[1] == 0xA0) return 2;
    if (end - at < 3 || at[0] != 0xE2 || at[1] != 0x80) return 0;
    if (form->thousands == ' ') return at[2] == 0x89 || at[2] == 0xAF ? 3 : 0;
    return form->thousands == '\'' && at[2] == 0x99 ? 3 : 0;
}

/* Read a number without its sign, of up to 18 digits. */
static inline int read_styled_number(const form_t *form, const byte *at, const byte *end, int64_t *plays) {
    int64_t value = 0;
    int digits = 0, groups = 0;
    size_t mark;
    while (at < end && is_digit(*at) && digits < 18) value = value * 10 + (*at++ - '0'), digits++;
    if (!digits || (at < end && is_digit(*at))) return 0;
    int leading = digits;
    while (form->thousands && (mark = thousands_at(form, at, end))) {
        at += mark;
        int32_t group = digits_at(&at, end, 3, 3);
        digits += 3;
        groups++;
        if (group < 0 || digits > 18) return 0;
        value = value * 1000 + group;
    }
    if (groups && leading > 3) return 0;
    if (at < end && (*at == '.' || *at == ',')) { /* decimals that are all zero */
        if (*at == form->thousands || (form->thousands == ',' && *at != '.') || (form->thousands == '.' && *at != ',')) return 0;
        const byte *zeros = ++at;
        while (at < end && *at == '0') at++;
        if (at == zeros || (!form->thousands && at - zeros == 3)) return 0;
    }
    *plays = value;
    return at == end;
}

#endif
