/* The calendar: the day on which each month of the years 0 to 9999 begins. */
#include "values.h"

#define YEAR_ZERO (-719528) /* 0000-01-01 in the proleptic Gregorian calendar */

int32_t month_starts[MONTHS + 1];

static int32_t days_in(int32_t year, int32_t month) {
    if (month == 2) return 28 + (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    return 30 + ((month + (month >> 3)) & 1);
}

__attribute__((constructor)) static void fill(void) {
    int32_t day = YEAR_ZERO;
    for (int32_t i = 0; i <= MONTHS; i++) {
        month_starts[i] = day;
        day += days_in(i / 12, i % 12 + 1);
    }
}
