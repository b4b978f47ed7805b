/* Where a block may be cut: at the end of a record, never inside quotes. */
#include "fields.h"

/* Return the end of the record that begins at ``at``; NULL if the bytes to come could move it. */
static const byte *record_end(const form_t *form, const byte *at, const byte *end) {
    const byte *start = at, *found = NULL;
    for (; !found; at = found ? at : field_start(form, at + 1, end)) {
        if (at < end && *at == form->quote) {
            field_t field;
            at = quoted_end(form, at, end, &field);
            if (!at && field.open_at_end) return NULL;
            if (!at) break;
        } else {
            at = plain_end(at, end, (byte)form->delimiter);
        }
        if (at == end) return NULL;
        if (is_line_end(*at)) found = after_line_end(at, end);
    }
    if (!found) found = next_line(start, end); /* a quote that does not close properly makes its line a bad one */
    /* A CR at the very end may be half of a CRLF. */
    return found == end && found[-1] != '\n' ? NULL : found;
}

uint64_t last_record_end(const form_t *form, const byte *data, uint64_t size) {
    const byte *at = data, *end = data + size, *next = data;
    while (next && next < end) {
        at = next;
        next = record_end(form, at, end);
    }
    return (uint64_t)((next ? next : at) - data);
}
