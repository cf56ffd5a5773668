/* A number with its noun, as one says it: "1 session", "0 sessions", "12 people". */
#pragma once

struct amount {
	char text[64];
};

struct amount amount_of(unsigned long long n, const char *one, const char *many);

/* The text, until the end of the statement it stands in. */
#define AMOUNT(n, one, many) (amount_of((unsigned long long)(n), (one), (many)).text)
