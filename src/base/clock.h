/* Time. Durations and timeouts use the monotonic clock; what people and the record see is UTC. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

uint64_t clock_mono_ms(void);
uint64_t clock_mono_us(void);
uint64_t clock_utc_us(void); /* microseconds since 1970 */

/* 2026-11-22T15:04:05.123456Z (RFC 3339, always 27 bytes). */
void clock_put_us(struct buf *b, uint64_t utc_us);
/* 2026-11-22T15:04:05Z (XEP-0082). */
void clock_put(struct buf *b, uint64_t utc_us);
/* 2026-11-22 15:04 UTC, for people. */
void clock_put_minute(struct buf *b, uint64_t utc_us);

/* A DateTime of XEP-0082: CCYY-MM-DDThh:mm:ss[.s...](Z|+hh:mm|-hh:mm). What lies before 1970 is 1. False, *out untouched:
 * it is none, or there is no such day. */
[[nodiscard]] bool clock_parse(struct str text, uint64_t *out_us);
