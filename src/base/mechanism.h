/* The SASL mechanisms of the server by name: those that account/ speaks, and what rules about clients may name. */
#pragma once

enum mechanism {
	MECHANISM_PLAIN,
	MECHANISM_EXTERNAL,
	MECHANISM_SCRAM_SHA_1, /* in the order of enum scram_mechanism */
	MECHANISM_SCRAM_SHA_1_PLUS,
	MECHANISM_SCRAM_SHA_256,
	MECHANISM_SCRAM_SHA_256_PLUS,
	MECHANISM_SCRAM_SHA_512,
	MECHANISM_SCRAM_SHA_512_PLUS,
	MECHANISM_HT_NONE, /* in the order of enum ht_mechanism */
	MECHANISM_HT_END_POINT,
	MECHANISM_HT_EXPORTER,
	MECHANISMS,
};

extern const char *const mechanism_names[MECHANISMS];
