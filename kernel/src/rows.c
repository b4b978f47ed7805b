/* The records of a block: each becomes a row in the columns, or is handed back as odd. */
#include "kernel.h"
#include "fields.h"
#include "names.h"
#include "styles.h"
#include "values.h"

#define AT_ONCE 64 /* songs looked up together, so that their cache misses overlap */
#define MOST_UNESCAPED 4096

typedef struct {
    const byte *start, *end; /* of the record, line end included */
    uint64_t line;           /* number of line ends before it */
    uint64_t inner_lines;    /* number of those inside its quotes */
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
    uint32_t waiting_count; /* rows whose day and plays are in the columns after result->rows */
    uint64_t lines; /* line ends so far */
    uint64_t seed;
    byte unescaped[MOST_UNESCAPED + WORD_BYTES];
} reader_t;

enum { RECORD_READ, RECORD_ODD };

static void trim(field_t *field) {
    while (field->length && is_blank(*field->start)) field->start++, field->length--;
    while (field->length && is_blank(field->start[field->length - 1])) field->length--;
}

static int read_plays(const form_t *form, field_t *field, int64_t *plays) {
    const byte *at = field->start, *end = at + field->length;
    int negative = 0;
    if (at < end && (*at == '+' || *at == '-')) negative = *at++ == '-';
    if (at == end) return 0;
    int read = (form->is_plain && read_digits(at, end, plays) == end) || read_styled_number(form, at, end, plays);
    return read && !(negative && *plays);
}

static int read_day(const form_t *form, const field_t *field, int32_t *day) {
    if (form->is_plain && field->length == DATE_BYTES) return read_date(field->start, day);
    return read_styled_date(form, field->start, field->length, day);
}

/* Read any record, with any quotes and columns, and set its end. */
static int read_record(const reader_t *reader, waiting_t *record, int32_t *day, int64_t *plays) {
    const form_t *form = reader->form;
    const byte *at = record->start, *end = reader->end;
    field_t date = {0}, number = {0};
    uint32_t count = 0;
    int overhangs = 0;
    for (;; at = field_start(form, at + 1, end), count++) {
        field_t field = {.start = at};
        if (at < end && *at == form->quote) {
            at = quoted_end(form, at, end, &field);
            if (!at) {
                record->end = next_line(record->start, end);
                record->inner_lines = 0;
                return RECORD_ODD;
            }
            record->inner_lines += count_line_ends(field.start, field.start + field.length);
        } else {
            at = plain_end(at, end, (byte)form->delimiter);
            field.length = (size_t)(at - field.start);
        }
        if (count >= form->named && field.length) overhangs = 1;
        if (count == form->song) record->song = field;
        if (count == form->date) date = field;
        if (count == form->plays) number = field;
        if (at == end || is_line_end(*at)) break;
    }
    record->end = after_line_end(at, end);
    if (count + 1 != form->fields || overhangs || !record->song.length || date.doubled || number.doubled) return RECORD_ODD;
    trim(&date);
    trim(&number);
    if (!read_day(form, &date, day) || !read_plays(form, &number, plays)) return RECORD_ODD;
    return record->song.doubled && record->song.length > MOST_UNESCAPED ? RECORD_ODD : RECORD_READ;
}

/* Read song,date,plays without quotes and blanks, as in nearly all records; return 0 to leave it to read_record. */
static int read_usual(const reader_t *reader, waiting_t *record, int32_t *day, int64_t *plays) {
    const byte delimiter = (byte)reader->form->delimiter, *end = reader->end;
    const byte *at = plain_end(record->start, end, delimiter);
    record->song = (field_t){.start = record->start, .length = (size_t)(at - record->start)};
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

/* Hand a record back to Python; the caller has checked that there is room. */
static void hand_back(reader_t *reader, const byte *start, const byte *end, uint64_t line) {
    result_t *result = reader->result;
    reader->columns->odd_line[result->odd] = (uint32_t)line;
    reader->columns->odd_start[result->odd] = (uint32_t)(start - reader->data);
    reader->columns->odd_end[result->odd++] = (uint32_t)(end - reader->data);
}

/* Number the songs of the waiting rows; return 0 to stop, with the rows from result->consumed on unread. */
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
            hand_back(reader, row->start, row->end, row->line);
            continue;
        }
        if (!song) {
            result->status = status;
            result->consumed = (uint64_t)(row->start - reader->data);
            result->lines = row->line;
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

/* Read one record into the waiting rows or the odd ones; return the byte after it, NULL to stop. */
static const byte *take(reader_t *reader, const byte *at) {
    uint64_t row = reader->result->rows + reader->waiting_count;
    int32_t *day = &reader->columns->day[row];
    int64_t *plays = &reader->columns->plays[row];
    waiting_t *record = &reader->waiting[reader->waiting_count];
    const form_t *form = reader->form;
    record->start = at;
    int usual = form->is_plain && form->fields == 3 && !form->song && form->date == 1 && *at != form->quote;
    record->line = reader->lines;
    record->inner_lines = 0;
    int read = (usual && read_usual(reader, record, day, plays)) || read_record(reader, record, day, plays) == RECORD_READ;
    reader->lines += record->inner_lines + is_line_end(record->end[-1]);
    if (!read) {
        const byte *end = record->end;
        uint64_t line = record->line;
        if (!flush(reader)) return NULL; /* which overwrites the record */
        hand_back(reader, at, end, line);
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
        if (is_line_end(*at)) { /* a blank line */
            at = after_line_end(at, reader.end);
            reader.lines++;
        } else {
            at = take(&reader, at);
        }
    }
    if (at && flush(&reader)) {
        result->consumed = (uint64_t)(at - data);
        result->lines = reader.lines;
    }
    result->plays_low = (uint64_t)reader.plays;
    result->plays_high = (uint64_t)(reader.plays >> 64);
}
