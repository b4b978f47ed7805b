/* The song table: a hash table from names to ids and buckets. */
#define _GNU_SOURCE
#include "kernel.h"
#include "names.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The entries are contiguous, in the order of their ids, in one range of reserved addresses, so that none ever moves. A slot
 * of the hash table is a tag of 24 bits and the offset of the entry in units of 8 bytes plus 1; 0 is free. Readers take no
 * lock: what they do not find they look up again under the lock. A table that became too small releases its pages but not
 * its addresses: a reader that still uses it sees free slots, and so takes the lock as well. */

#define FIRST_SLOTS ((uint64_t)1 << 14)
#define MOST_TABLES 40
#define UNIT 8
#define PLACE_BITS 40
#define PLACE_MASK (((uint64_t)1 << PLACE_BITS) - 1)

typedef struct {
    uint64_t mask;
    _Atomic uint64_t *slots;
} table_t;

struct songs {
    uint64_t seed;
    byte *entries;
    uint64_t entries_reserved, entries_used;
    uint64_t most_bytes, name_bytes;
    uint32_t count;
    _Atomic(table_t *) table;
    table_t tables[MOST_TABLES];
    int table_count;
    pthread_mutex_t lock;
    byte *borders;
    uint32_t *border_ends;
    uint32_t border_count;
};

static void *reserve(uint64_t bytes) {
    void *found = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (found == MAP_FAILED) return NULL;
    madvise(found, bytes, MADV_HUGEPAGE);
    return found;
}

static table_t *table_new(songs_t *songs, uint64_t slots) {
    if (songs->table_count == MOST_TABLES) return NULL;
    table_t *table = &songs->tables[songs->table_count];
    table->slots = reserve(slots * sizeof(uint64_t));
    if (!table->slots) return NULL;
    table->mask = slots - 1;
    songs->table_count++;
    return table;
}

songs_t *songs_new(uint64_t seed, const byte *borders, const uint32_t *border_ends, uint32_t border_count,
                   uint64_t most_bytes) {
    songs_t *songs = calloc(1, sizeof *songs);
    if (!songs) return NULL;
    uint64_t border_bytes = border_count ? border_ends[border_count - 1] : 0;
    songs->seed = seed;
    songs->most_bytes = most_bytes;
    songs->entries_reserved = most_bytes + WORD_BYTES; /* for reading past the last name */
    songs->border_count = border_count;
    songs->borders = malloc(border_bytes + 1);
    songs->border_ends = malloc((border_count + 1) * sizeof(uint32_t));
    songs->entries = reserve(songs->entries_reserved);
    table_t *table = table_new(songs, FIRST_SLOTS);
    if (!songs->borders || !songs->border_ends || !songs->entries || !table || pthread_mutex_init(&songs->lock, NULL)) {
        songs_free(songs);
        return NULL;
    }
    memcpy(songs->borders, borders, border_bytes);
    memcpy(songs->border_ends, border_ends, border_count * sizeof(uint32_t));
    atomic_store(&songs->table, table);
    return songs;
}

void songs_free(songs_t *songs) {
    if (!songs) return;
    for (int i = 0; i < songs->table_count; i++)
        munmap((void *)songs->tables[i].slots, (songs->tables[i].mask + 1) * sizeof(uint64_t));
    if (songs->entries) munmap(songs->entries, songs->entries_reserved);
    free(songs->borders);
    free(songs->border_ends);
    pthread_mutex_destroy(&songs->lock);
    free(songs);
}

uint64_t songs_seed(const songs_t *songs) { return songs->seed; }
uint32_t songs_count(songs_t *songs) { return songs->count; }
uint64_t songs_name_bytes(songs_t *songs) { return songs->name_bytes; }

static uint64_t table_bytes(const songs_t *songs) {
    return (atomic_load(&songs->table)->mask + 1) * sizeof(uint64_t);
}

void songs_prefetch(const songs_t *songs, uint64_t hash) {
    const table_t *table = atomic_load_explicit(&songs->table, memory_order_acquire);
    __builtin_prefetch((const void *)&table->slots[hash & table->mask]);
}

static const song_t *entry_at(const songs_t *songs, uint64_t slot) {
    return (const song_t *)(songs->entries + ((slot & PLACE_MASK) - 1) * UNIT);
}

void songs_prefetch_entry(const songs_t *songs, uint64_t hash) {
    const table_t *table = atomic_load_explicit(&songs->table, memory_order_acquire);
    uint64_t slot = atomic_load_explicit(&table->slots[hash & table->mask], memory_order_relaxed);
    if (slot) __builtin_prefetch(entry_at(songs, slot));
}

static const song_t *look_up(const songs_t *songs, const table_t *table, const name_t *name) {
    uint64_t tag = name->hash >> PLACE_BITS;
    for (uint64_t at = name->hash & table->mask;; at = (at + 1) & table->mask) {
        uint64_t slot = atomic_load_explicit(&table->slots[at], memory_order_acquire);
        if (!slot) return NULL;
        if (slot >> PLACE_BITS == tag && name_is(name, entry_at(songs, slot))) return entry_at(songs, slot);
    }
}

/* Return the index of the first border above the name: a border belongs to the bucket that begins with it. */
static uint16_t bucket_of(const songs_t *songs, const byte *name, size_t length) {
    uint32_t low = 0, high = songs->border_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        uint32_t start = middle ? songs->border_ends[middle - 1] : 0;
        size_t border = songs->border_ends[middle] - start;
        int order = memcmp(songs->borders + start, name, border < length ? border : length);
        if (order < 0 || (order == 0 && border <= length))
            low = middle + 1;
        else
            high = middle;
    }
    return (uint16_t)low;
}

static uint64_t entry_bytes(size_t length) {
    return (offsetof(song_t, name) + length + UNIT - 1) / UNIT * UNIT;
}

static void put(table_t *table, const songs_t *songs, const song_t *entry, uint64_t hash) {
    uint64_t at = hash & table->mask;
    while (atomic_load_explicit(&table->slots[at], memory_order_relaxed)) at = (at + 1) & table->mask;
    uint64_t place = (uint64_t)((const byte *)entry - songs->entries) / UNIT + 1;
    atomic_store_explicit(&table->slots[at], hash >> PLACE_BITS << PLACE_BITS | place, memory_order_release);
}

static int grow(songs_t *songs) {
    table_t *old = atomic_load(&songs->table);
    if (songs->count < (old->mask + 1) / 2) return SONG_OK;
    if (songs->entries_used + 2 * table_bytes(songs) > songs->most_bytes) return SONGS_FULL;
    table_t *new = table_new(songs, 2 * (old->mask + 1));
    if (!new) return NO_MEMORY;
    for (uint64_t at = 0; at < songs->entries_used;) {
        const song_t *entry = (const song_t *)(songs->entries + at);
        name_t name;
        name_set(&name, entry->name, entry->length, WORD_BYTES, songs->seed);
        put(new, songs, entry, name.hash);
        at += entry_bytes(entry->length);
    }
    atomic_store_explicit(&songs->table, new, memory_order_release);
    madvise((void *)old->slots, (old->mask + 1) * sizeof(uint64_t), MADV_DONTNEED);
    return SONG_OK;
}

static const song_t *add(songs_t *songs, const name_t *name, int32_t *status) {
    /* Another thread may have added it in the meantime. */
    const song_t *found = look_up(songs, atomic_load(&songs->table), name);
    if (found) return found;
    uint64_t bytes = entry_bytes(name->length);
    if (!is_text(name->text, name->length)) {
        *status = SONG_NOT_TEXT;
    } else if (songs->entries_used + bytes + table_bytes(songs) > songs->most_bytes || songs->count >= INT32_MAX ||
               songs->name_bytes + name->length > INT32_MAX) {
        *status = SONGS_FULL;
    } else {
        *status = grow(songs);
    }
    if (*status) return NULL;
    song_t *entry = (song_t *)(songs->entries + songs->entries_used);
    entry->id = songs->count++;
    entry->length = (uint32_t)name->length;
    entry->bucket = bucket_of(songs, name->text, name->length);
    memcpy(entry->name, name->text, name->length);
    songs->entries_used += bytes;
    songs->name_bytes += name->length;
    put(atomic_load(&songs->table), songs, entry, name->hash);
    return entry;
}

const song_t *songs_find(songs_t *songs, const name_t *name, int32_t *status) {
    const song_t *found = look_up(songs, atomic_load_explicit(&songs->table, memory_order_acquire), name);
    if (found) return found;
    pthread_mutex_lock(&songs->lock);
    found = add(songs, name, status);
    pthread_mutex_unlock(&songs->lock);
    return found;
}

int64_t songs_add(songs_t *songs, const byte *text, uint64_t length, uint16_t *bucket) {
    int32_t status = SONG_OK;
    name_t name;
    name_set(&name, text, length, 0, songs->seed);
    const song_t *found = songs_find(songs, &name, &status);
    if (!found) return status;
    *bucket = found->bucket;
    return found->id;
}

void songs_export(songs_t *songs, int32_t *offsets, byte *names, uint16_t *buckets) {
    uint64_t at = 0;
    int32_t end = 0;
    for (uint32_t id = 0; id < songs->count; id++) {
        const song_t *entry = (const song_t *)(songs->entries + at);
        offsets[id] = end;
        buckets[id] = entry->bucket;
        memcpy(names + end, entry->name, entry->length);
        end += (int32_t)entry->length;
        at += entry_bytes(entry->length);
    }
    offsets[songs->count] = end;
}
