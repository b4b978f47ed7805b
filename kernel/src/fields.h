/* Fields and line ends, by the rules of processing/dialect/tokenizer.py. */
#ifndef PLAYTALLY_FIELDS_H
#define PLAYTALLY_FIELDS_H

#include "kernel.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define MAX_QUOTED_RUN ((size_t)1 << 20) /* as in processing/dialect/tokenizer.py */

typedef struct {
    const byte *start;
    size_t length;
    int doubled;     /* contains doubled quotes */
    int open_at_end; /* does not close, but could if more bytes followed */
} field_t;

static inline int is_line_end(byte one) { return one == '\n' || one == '\r'; }

static inline const byte *after_line_end(const byte *at, const byte *end) {
    if (at < end && *at == '\r') {
        at++;
        return at < end && *at == '\n' ? at + 1 : at;
    }
    return at < end ? at + 1 : at;
}

#ifdef __SSE2__
static inline uint32_t ends_among_16(const byte *at, byte delimiter) {
    const __m128i mark = _mm_set1_epi8((char)delimiter), lf = _mm_set1_epi8('\n'), cr = _mm_set1_epi8('\r');
    __m128i text = _mm_loadu_si128((const __m128i *)at);
    __m128i line_end = _mm_or_si128(_mm_cmpeq_epi8(text, lf), _mm_cmpeq_epi8(text, cr));
    return (uint32_t)_mm_movemask_epi8(_mm_or_si128(line_end, _mm_cmpeq_epi8(text, mark)));
}
#endif

static inline uint64_t count_line_ends(const byte *at, const byte *end) {
    uint64_t count = 0;
    while (at < end) {
        while (at < end && !is_line_end(*at)) at++;
        count += at < end;
        at = after_line_end(at, end);
    }
    return count;
}

/* Return the first delimiter or line end, or the end. */
static inline const byte *plain_end(const byte *at, const byte *end, byte delimiter) {
#ifdef __SSE2__
    while (end - at >= 32) {
        uint32_t places = ends_among_16(at, delimiter) | ends_among_16(at + 16, delimiter) << 16;
        if (places) return at + __builtin_ctz(places);
        at += 32;
    }
#endif
    while (at < end && *at != delimiter && !is_line_end(*at)) at++;
    return at;
}

static inline const byte *next_line(const byte *at, const byte *end) {
    while (at < end && !is_line_end(*at)) at++;
    return after_line_end(at, end);
}

/* Return the beginning of the field after a delimiter. */
static inline const byte *field_start(const form_t *form, const byte *at, const byte *end) {
    if (form->skips_blanks)
        while (at < end && (*at == ' ' || *at == '\t') && *at != form->delimiter) at++;
    return at;
}

/* Read a field that opens with a quote at ``at``; return the byte after its closing quote, NULL if there is none. */
static inline const byte *quoted_end(const form_t *form, const byte *at, const byte *end, field_t *field) {
    const byte quote = (byte)form->quote, *run = at + 1;
    field->start = run;
    field->doubled = field->open_at_end = 0;
    for (;;) {
        size_t left = (size_t)(end - run);
        const byte *found = memchr(run, quote, left > MAX_QUOTED_RUN ? MAX_QUOTED_RUN + 1 : left);
        if (!found) {
            field->open_at_end = left <= MAX_QUOTED_RUN;
            return NULL;
        }
        const byte *after = found + 1;
        if (after < end && *after == quote) {
            field->doubled = 1;
            run = after + 1;
            continue;
        }
        if (after < end && *after != (byte)form->delimiter && !is_line_end(*after)) return NULL;
        field->length = (size_t)(found - field->start);
        return after;
    }
}

#endif
