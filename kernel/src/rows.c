#include "kernel.h"
#include "names.h"
#include "values.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define MAX_QUOTED_RUN ((size_t)1 << 20) /* as processing/tokenizer.py has it */
#define AT_ONCE 64 /* songs looked up together, so that the waits for memory overlap */
#define MOST_UNESCAPED 4096

typedef struct {
    const byte *start;
    size_t length;
    int doubled; /* holds doubled quotes */
} field_t;

typedef struct {
    const byte *start, *end; /* of the record, line end included */
    field_t song;
    name_t name;
} waiting_t;

typedef struct {
    songs_t *songs;
    const form_t *form;
    const byte *data, *end;
    const columns_t *columns;
    result_t *result;
    unsigned __int128 plays;
    waiting_t waiting[AT_ONCE];
    uint32_t waiting_count; /* rows whose day and plays stand in the columns behind result->rows */
    uint64_t seed;
    byte unescaped[MOST_UNESCAPED + WORD_BYTES];
} reader_t;

enum { RECORD_READ, RECORD_ODD };

static int is_line_end(byte one) { return one == '\n' || one == '\r'; }

static const byte *after_line_end(const byte *at, const byte *end) {
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

/* The first delimiter or line end, or the end. */
static const byte *plain_end(const byte *at, const byte *end, byte delimiter) {
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

static const byte *next_line(const byte *at, const byte *end) {
    while (at < end && !is_line_end(*at)) at++;
    return after_line_end(at, end);
}

/* A field that opens with a quote at ``at``; the byte after its closing quote, NULL where it does not close properly. */
static const byte *quoted_end(const reader_t *reader, const byte *at, field_t *field) {
    const byte quote = (byte)reader->form->quote, *run = at + 1;
    field->start = run;
    field->doubled = 0;
    for (;;) {
        size_t left = (size_t)(reader->end - run);
        const byte *found = memchr(run, quote, left > MAX_QUOTED_RUN ? MAX_QUOTED_RUN + 1 : left);
        if (!found) return NULL;
        const byte *after = found + 1;
        if (after < reader->end && *after == quote) {
            field->doubled = 1;
            run = after + 1;
            continue;
        }
        if (after < reader->end && *after != (byte)reader->form->delimiter && !is_line_end(*after)) return NULL;
        field->length = (size_t)(found - field->start);
        return after;
    }
}

static void trim(field_t *field) {
    while (field->length && is_blank(*field->start)) field->start++, field->length--;
    while (field->length && is_blank(field->start[field->length - 1])) field->length--;
}

static int read_plays(field_t *field, int64_t *plays) {
    const byte *at = field->start, *end = at + field->length;
    int negative = 0;
    if (at < end && (*at == '+' || *at == '-')) negative = *at++ == '-';
    return read_digits(at, end, plays) == end && at < end && !(negative && *plays);
}

/* Any record, with quotes and columns as they may be. Sets the record's end. */
static int read_record(const reader_t *reader, waiting_t *record, int32_t *day, int64_t *plays) {
    const form_t *form = reader->form;
    const byte *at = record->start, *end = reader->end;
    field_t date = {0}, number = {0};
    uint32_t count = 0;
    for (;; at++, count++) {
        field_t field = {at, 0, 0};
        if (at < end && *at == form->quote) {
            at = quoted_end(reader, at, &field);
            if (!at) {
                record->end = next_line(record->start, end);
                return RECORD_ODD;
            }
        } else {
            at = plain_end(at, end, (byte)form->delimiter);
            field.length = (size_t)(at - field.start);
        }
        if (count == form->song) record->song = field;
        if (count == form->date) date = field;
        if (count == form->plays) number = field;
        if (at == end || is_line_end(*at)) break;
    }
    record->end = after_line_end(at, end);
    if (count + 1 != form->fields || !record->song.length || date.doubled || number.doubled) return RECORD_ODD;
    trim(&date);
    trim(&number);
    if (date.length != DATE_BYTES || !read_date(date.start, day) || !read_plays(&number, plays)) return RECORD_ODD;
    return record->song.doubled && record->song.length > MOST_UNESCAPED ? RECORD_ODD : RECORD_READ;
}

/* Song,date,plays without quotes and blanks, as nearly all records are; 0 leaves the judgement to read_record. */
static int read_usual(const reader_t *reader, waiting_t *record, int32_t *day, int64_t *plays) {
    const byte delimiter = (byte)reader->form->delimiter, *end = reader->end;
    const byte *at = plain_end(record->start, end, delimiter);
    record->song = (field_t){record->start, (size_t)(at - record->start), 0};
    if (end - at < DATE_BYTES + 3 || *at != delimiter || at[DATE_BYTES + 1] != delimiter || !record->song.length) return 0;
    if (!read_date(at + 1, day)) return 0;
    at = read_digits(at + DATE_BYTES + 2, end, plays);
    if (!at) return 0;
    if (at < end && *at == '\r') at++;
    if (at < end && *at == '\n') at++;
    else if (at < end && at[-1] != '\r') return 0;
    record->end = at;
    return 1;
}

static size_t unescape(const field_t *song, byte quote, byte *into) {
    size_t length = 0;
    for (size_t i = 0; i < song->length; i++) {
        into[length++] = song->start[i];
        if (song->start[i] == quote) i++; /* the second of two */
    }
    return length;
}

static const song_t *song_of(reader_t *reader, const waiting_t *row, int32_t *status) {
    if (!row->song.doubled) return songs_find(reader->songs, &row->name, status);
    name_t name;
    size_t length = unescape(&row->song, (byte)reader->form->quote, reader->unescaped);
    name_set(&name, reader->unescaped, length, MOST_UNESCAPED, reader->seed);
    return songs_find(reader->songs, &name, status);
}

/* At most most_odd: the caller saw to that. */
static void hand_back(reader_t *reader, const byte *start, const byte *end) {
    result_t *result = reader->result;
    reader->columns->odd_start[result->odd] = (uint32_t)(start - reader->data);
    reader->columns->odd_end[result->odd++] = (uint32_t)(end - reader->data);
}

/* Number the songs of the waiting rows. 0: stop, the rows from result->consumed on are not read. */
static int flush(reader_t *reader) {
    const columns_t *columns = reader->columns;
    result_t *result = reader->result;
    uint64_t from = result->rows;
    for (uint32_t i = 0; i < reader->waiting_count; i++) songs_prefetch_entry(reader->songs, reader->waiting[i].name.hash);
    for (uint32_t i = 0; i < reader->waiting_count; i++, from++) {
        const waiting_t *row = &reader->waiting[i];
        int32_t status = SONG_OK;
        const song_t *song = song_of(reader, row, &status);
        if (!song && status == SONG_NOT_TEXT) {
            hand_back(reader, row->start, row->end);
            continue;
        }
        if (!song) {
            result->status = status;
            result->consumed = (uint64_t)(row->start - reader->data);
            return 0;
        }
        uint64_t to = result->rows++;
        int32_t day = columns->day[from];
        int64_t plays = columns->plays[from];
        columns->song[to] = song->id;
        columns->bucket[to] = song->bucket;
        columns->day[to] = day;
        columns->plays[to] = plays;
        reader->plays += (uint64_t)plays;
        if (plays > result->most_plays) result->most_plays = plays;
        if (day < result->first_day) result->first_day = day;
        if (day > result->last_day) result->last_day = day;
    }
    reader->waiting_count = 0;
    return 1;
}

/* One record into the columns, the waiting rows or the odd ones; the byte after it, NULL to stop. */
static const byte *take(reader_t *reader, const byte *at) {
    uint64_t row = reader->result->rows + reader->waiting_count;
    int32_t *day = &reader->columns->day[row];
    int64_t *plays = &reader->columns->plays[row];
    waiting_t *record = &reader->waiting[reader->waiting_count];
    const form_t *form = reader->form;
    record->start = at;
    int usual = form->fields == 3 && !form->song && form->date == 1 && *at != form->quote;
    if (!(usual && read_usual(reader, record, day, plays)) && read_record(reader, record, day, plays) == RECORD_ODD) {
        const byte *end = record->end; /* flushing writes over the record */
        if (!flush(reader)) return NULL;
        hand_back(reader, at, end);
        return end;
    }
    size_t readable = (size_t)(reader->end - record->song.start);
    name_set(&record->name, record->song.start, record->song.length, readable, reader->seed);
    songs_prefetch(reader->songs, record->name.hash);
    const byte *end = record->end;
    return ++reader->waiting_count < AT_ONCE || flush(reader) ? end : NULL;
}

void read_rows(songs_t *songs, const form_t *form, const byte *data, uint64_t size, const columns_t *columns,
               result_t *result) {
    reader_t reader = {.songs = songs, .seed = songs_seed(songs), .form = form, .data = data, .end = data + size, .columns = columns, .result = result};
    *result = (result_t){.first_day = INT32_MAX, .last_day = INT32_MIN, .most_plays = 0};
    const byte *at = data;
    /* A flush can hand back all waiting rows, and one more record. */
    while (at && at < reader.end && result->odd + AT_ONCE < columns->most_odd &&
           result->rows + reader.waiting_count < columns->most_rows) {
        if (is_line_end(*at))
            at++; /* of a blank line */
        else
            at = take(&reader, at);
    }
    if (at && flush(&reader)) result->consumed = (uint64_t)(at - data);
    result->plays_low = (uint64_t)reader.plays;
    result->plays_high = (uint64_t)(reader.plays >> 64);
}
