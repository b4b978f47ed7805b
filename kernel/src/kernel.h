/* Reading rows of plays into buckets: what processing/kernel.py calls. Plain C11, no Python in it.
 *
 * Only what is beyond doubt is read here. Each record that is not, by the rules of processing/rows.py, is handed back by its
 * byte range, and Python judges it. */
#ifndef PLAYTALLY_KERNEL_H
#define PLAYTALLY_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#define KERNEL_VERSION 5

typedef uint8_t byte;
typedef struct songs songs_t;

/* A song as the table keeps it. Never moves, never changes. */
typedef struct {
    uint32_t id;     /* 0 upwards, in the order in which songs came up */
    uint32_t length; /* bytes of the name */
    uint16_t bucket;
    byte name[];
} song_t;

typedef struct {
    const byte *text;
    size_t length;
    uint64_t words[3]; /* the first bytes, zeros behind the name */
    uint64_t hash;
} name_t;

enum { SONG_OK = 0, SONGS_FULL = -1, SONG_NOT_TEXT = -2, NO_MEMORY = -3 };

/* songs.c: the table of all songs that came up; adding is safe from several threads. */
songs_t *songs_new(uint64_t seed, const byte *borders, const uint32_t *border_ends, uint32_t border_count,
                   uint64_t most_bytes);
void songs_free(songs_t *songs);
uint64_t songs_seed(const songs_t *songs);
uint32_t songs_count(songs_t *songs);
/* Two steps ahead of songs_find: bring the slot near, then what it points to. */
void songs_prefetch(const songs_t *songs, uint64_t hash);
void songs_prefetch_entry(const songs_t *songs, uint64_t hash);
/* The song's entry, which is added if it is new; NULL with *status set where it cannot be. */
const song_t *songs_find(songs_t *songs, const name_t *name, int32_t *status);
/* For Python: the same by text alone; the id, or a negative status. */
int64_t songs_add(songs_t *songs, const byte *text, uint64_t length, uint16_t *bucket);
uint64_t songs_name_bytes(songs_t *songs);
/* All songs in the order of their ids, as the columns of an Arrow string array and their buckets. */
void songs_export(songs_t *songs, int32_t *offsets, byte *names, uint16_t *buckets);

int32_t kernel_version(void);

/* text.c */
int is_text(const byte *text, size_t length);

/* rows.c: the records of a block. */
typedef struct {
    uint32_t fields; /* of each record */
    uint32_t song, date, plays; /* their places */
    int32_t delimiter, quote;    /* bytes; quote -1: none */
    int32_t skips_blanks;        /* behind a delimiter */
    int32_t is_plain;            /* dates are ISO without times and numbers are digits, but for a few */
    int32_t date_order, date_mark; /* DATE_...; the byte between year, month and day */
    int32_t thousands;           /* the byte between them; 0: none */
    uint32_t named;              /* fields behind so many must be empty */
} form_t;

enum { DATE_ISO = 0, DATE_COMPACT = 1, DATE_YEAR_FIRST = 2, DATE_DAY_FIRST = 3, DATE_MONTH_FIRST = 4 };

typedef struct {
    uint32_t *song;
    uint16_t *bucket;
    int32_t *day; /* since 1970-01-01 */
    int64_t *plays;
    uint32_t *odd_start, *odd_end; /* byte ranges of the records that Python judges */
    uint32_t *odd_line;            /* the line ends before them */
    uint64_t most_rows, most_odd;
} columns_t;

typedef struct {
    uint64_t consumed; /* bytes; fewer than there are when a column or the table of songs is full */
    uint64_t rows, odd;
    uint64_t lines; /* line ends in the consumed bytes */
    uint64_t plays_low, plays_high; /* their exact sum */
    int64_t most_plays;
    int32_t first_day, last_day;
    int32_t status;
} result_t;

void read_rows(songs_t *songs, const form_t *form, const byte *data, uint64_t size, const columns_t *columns,
               result_t *result);

/* cuts.c: how many bytes are whole records, whatever comes behind them. */
uint64_t last_record_end(const form_t *form, const byte *data, uint64_t size);

/* pack.c: rows in the order of their buckets, for scratch. */
enum { PACK_SMALL = 0, PACK_MIDDLE = 1, PACK_LARGE = 2 };
void pack_rows(const columns_t *columns, uint64_t rows, uint32_t buckets, int32_t form, int32_t first_day,
               uint64_t *ends, byte *packed);

#endif
