/* Packing: rows sorted by bucket, in the formats of ROW_FORMATS in processing/reading/kernel.py. */
#include "kernel.h"

#include <string.h>

typedef struct {
    uint32_t song;
    uint16_t day; /* after the first */
    uint16_t plays;
} small_t;

typedef struct {
    uint32_t song;
    int32_t day;
    uint32_t plays;
} middle_t;

typedef struct {
    uint32_t song;
    int32_t day;
    int64_t plays;
} large_t;

/* A counting sort. ends[b] becomes the number of rows up to the end of bucket b. */
void pack_rows(const columns_t *columns, uint64_t rows, uint32_t buckets, int32_t form, int32_t first_day,
               uint64_t *ends, byte *packed) {
    memset(ends, 0, buckets * sizeof *ends);
    for (uint64_t i = 0; i < rows; i++) ends[columns->bucket[i]]++;
    uint64_t start = 0;
    for (uint32_t b = 0; b < buckets; b++) {
        uint64_t count = ends[b];
        ends[b] = start;
        start += count;
    }
    for (uint64_t i = 0; i < rows; i++) {
        uint64_t to = ends[columns->bucket[i]]++;
        uint32_t song = columns->song[i];
        int32_t day = columns->day[i];
        int64_t plays = columns->plays[i];
        if (form == PACK_SMALL)
            ((small_t *)packed)[to] = (small_t){song, (uint16_t)(day - first_day), (uint16_t)plays};
        else if (form == PACK_MIDDLE)
            ((middle_t *)packed)[to] = (middle_t){song, day, (uint32_t)plays};
        else
            ((large_t *)packed)[to] = (large_t){song, day, plays};
    }
}
