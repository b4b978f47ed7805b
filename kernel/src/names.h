/* A song's name as it is looked up: its first bytes as words, and its hash. Nearly all names fit into the words, which are
 * processed without a branch on the length, since lengths are hard to predict. */
#ifndef PLAYTALLY_NAMES_H
#define PLAYTALLY_NAMES_H

#include "kernel.h"

#include <string.h>

#define WORDS 3
#define WORD_BYTES (WORDS * 8)

static inline uint64_t low_bytes(size_t length, size_t word) {
    static const uint64_t masks[9] = {0,          0xFF,         0xFFFF,         0xFFFFFF,        0xFFFFFFFF,
                                      0xFFFFFFFFFF, 0xFFFFFFFFFFFF, 0xFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF};
    size_t skipped = word * 8, left = length > skipped ? length - skipped : 0;
    return masks[left < 8 ? left : 8];
}

static inline uint64_t word_at(const byte *text) {
    uint64_t word;
    memcpy(&word, text, 8);
    return word;
}

static inline uint64_t folded(uint64_t one, uint64_t other) {
    __uint128_t product = (__uint128_t)one * other;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* A multiply-and-fold hash. The seed is random for each run, so that nobody can prepare names that collide. */
static inline uint64_t hash_of(const uint64_t *words, const byte *text, size_t length, uint64_t seed) {
    const uint64_t first = 0x9E3779B97F4A7C15u, second = 0xD6E8FEB86659FD93u, third = 0xA0761D6478BD642Fu;
    uint64_t hash = folded(words[0] ^ seed, words[1] ^ first) ^ folded(words[2] ^ second, length ^ seed);
    for (size_t at = WORD_BYTES; at < length; at += 8) {
        uint64_t word = 0;
        memcpy(&word, text + at, length - at < 8 ? length - at : 8);
        hash = folded(hash ^ word ^ seed, third);
    }
    return folded(hash ^ first, third);
}

/* ``readable``: number of bytes from the beginning of the name on that may be read. */
static inline void name_set(name_t *name, const byte *text, size_t length, size_t readable, uint64_t seed) {
    byte padded[WORD_BYTES];
    const byte *from = text;
    if (readable < WORD_BYTES) {
        memset(padded, 0, sizeof padded);
        memcpy(padded, text, length < WORD_BYTES ? length : WORD_BYTES);
        from = padded;
    }
    name->text = text;
    name->length = length;
    for (size_t i = 0; i < WORDS; i++) name->words[i] = word_at(from + 8 * i) & low_bytes(length, i);
    name->hash = hash_of(name->words, text, length, seed);
}

/* Return whether an entry, after which WORD_BYTES may be read, has the name. */
static inline int name_is(const name_t *name, const song_t *song) {
    if (song->length != name->length) return 0;
    uint64_t differ = 0;
    for (size_t i = 0; i < WORDS; i++)
        differ |= (word_at(song->name + 8 * i) ^ name->words[i]) & low_bytes(name->length, i);
    return !differ && (name->length <= WORD_BYTES ||
                       !memcmp(song->name + WORD_BYTES, name->text + WORD_BYTES, name->length - WORD_BYTES));
}

#endif
