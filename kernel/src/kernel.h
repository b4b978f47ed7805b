/* The kernel: reads rows of plays into buckets for processing/reading/kernel.py. Plain C11, no Python in it.
 *
 * It reads only records that are certain by the rules of processing/dialect/rows.py. Each other one is odd: it is handed back
 * by its byte range, and Python judges it. */
#ifndef PLAYTALLY_KERNEL_H
#define PLAYTALLY_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#define KERNEL_VERSION 5

typedef uint8_t byte;
typedef struct songs songs_t;

/* A song as stored in the table; never moves, never changes. */
typedef struct {
    uint32_t id;     /* from 0, in order of appearance */
    uint32_t length; /* bytes of the name */
    uint16_t bucket;
    byte name[];
} song_t;

typedef struct {
    const byte *text;
    size_t length;
    uint64_t words[3]; /* the first bytes, zeros after the name */
    uint64_t hash;
} name_t;

enum { SONG_OK = 0, SONGS_FULL = -1, SONG_NOT_TEXT = -2, NO_MEMORY = -3 };

/* songs.c: the hash table of all songs that appeared; adding is thread-safe. */
songs_t *songs_new(uint64_t seed, const byte *borders, const uint32_t *border_ends, uint32_t border_count,
                   uint64_t most_bytes);
void songs_free(songs_t *songs);
uint64_t songs_seed(const songs_t *songs);
uint32_t songs_count(songs_t *songs);
/* Two steps ahead of songs_find: prefetch the slot, then the entry to which it points. */
void songs_prefetch(const songs_t *songs, uint64_t hash);
void songs_prefetch_entry(const songs_t *songs, uint64_t hash);
/* Return the song's entry, which is added if it is new; NULL with *status set if it cannot be added. */
const song_t *songs_find(songs_t *songs, const name_t *name, int32_t *status);
/* For Python: do the same by text alone; return the id, or a negative status. */
int64_t songs_add(songs_t *songs, const byte *text, uint64_t length, uint16_t *bucket);
uint64_t songs_name_bytes(songs_t *songs);
/* Write all songs in the order of their ids, as the buffers of an Arrow string array, and their buckets. */
void songs_export(songs_t *songs, int32_t *offsets, byte *names, uint16_t *buckets);

int32_t kernel_version(void);

/* text.c: whether bytes may be a song. */
int is_text(const byte *text, size_t length);

/* rows.c: the records of a block. */
typedef struct {
    uint32_t fields; /* of each record */
    uint32_t song, date, plays; /* their indices among the fields */
    int32_t delimiter, quote;    /* bytes; quote -1: none */
    int32_t skips_blanks;        /* after a delimiter */
    int32_t is_plain;            /* dates are ISO without times and numbers are digits, with few exceptions */
    int32_t date_order, date_mark; /* DATE_...; the byte between year, month and day */
    int32_t thousands;           /* their separator; 0: none */
    uint32_t named;              /* fields after this many must be empty */
} form_t;

enum { DATE_ISO = 0, DATE_COMPACT = 1, DATE_YEAR_FIRST = 2, DATE_DAY_FIRST = 3, DATE_MONTH_FIRST = 4 };

typedef struct {
    uint32_t *song;
    uint16_t *bucket;
    int32_t *day; /* since 1970-01-01 */
    int64_t *plays;
    uint32_t *odd_start, *odd_end; /* byte ranges of the records that Python judges */
    uint32_t *odd_line;            /* number of line ends before them */
    uint64_t most_rows, most_odd;
} columns_t;

typedef struct {
    uint64_t consumed; /* bytes; fewer than given if a column or the song table is full */
    uint64_t rows, odd;
    uint64_t lines; /* line ends in the consumed bytes */
    uint64_t plays_low, plays_high; /* their exact sum */
    int64_t most_plays;
    int32_t first_day, last_day;
    int32_t status;
} result_t;

void read_rows(songs_t *songs, const form_t *form, const byte *data, uint64_t size, const columns_t *columns,
               result_t *result);

/* cuts.c: return how many bytes are whole records, whatever follows them. */
uint64_t last_record_end(const form_t *form, const byte *data, uint64_t size);

/* pack.c: rows sorted by bucket, for scratch. */
enum { PACK_SMALL = 0, PACK_MIDDLE = 1, PACK_LARGE = 2 };
void pack_rows(const columns_t *columns, uint64_t rows, uint32_t buckets, int32_t form, int32_t first_day,
               uint64_t *ends, byte *packed);

#endif
