/* What a run of the generator is asked to do. */
#ifndef BENCH_OPTION_H
#define BENCH_OPTION_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define OPTION_STEPS 8

struct option_set {
	const char *mode; /* chat, idle, login, presence */

	/* the server */
	struct sockaddr_in server; /* loopback only */
	bool starttls;             /* else TLS from the first byte */
	bool floor;                /* no XMPP login: the trivial hello of the floor */
	const char *domain;
	const char *mechanism; /* SCRAM-SHA-256, SCRAM-SHA-1 or PLAIN */
	const char *user;      /* accounts are <user>0, <user>1, ... */
	const char *password;  /* of all of them */
	const char *keys;      /* file of salted keys, or NULL */
	unsigned first;        /* number of the first account */
	unsigned accounts;     /* how many there are; sessions go round them */
	bool roster;           /* ask for the roster and announce presence when logging in */

	/* the work */
	unsigned connections;
	unsigned window;              /* unanswered messages of one sender (closed loop) */
	unsigned concurrency;         /* logins at one time */
	bool furnished;               /* `idle`: with carbons, stream management, client state, eventing */
	unsigned background;          /* idle sessions held during `login`; those that are reached in `shut` */
	const char *product;          /* the program that these say they are (XEP-0092), or NULL */
	unsigned contacts;            /* of each person in `presence` */
	unsigned occupants;           /* of each room */
	const char *service;          /* of rooms: SERVICE.DOMAIN */
	unsigned pad;                 /* bytes added to each message in a room */
	double rate;                  /* messages a second over all (open loop); 0: closed loop */
	double warm;                  /* seconds before measuring */
	double seconds;               /* measured */
	double drain;                 /* seconds to wait for what is still under way */
	double settle;                /* seconds of rest before memory is read */
	unsigned steps[OPTION_STEPS]; /* numbers of connections at which `idle` reads memory */
	unsigned step_count;
	unsigned shortest, longest; /* bodies, in bytes */
	unsigned per_source;        /* connections from each address 127.0.x.y */
	unsigned limit;             /* seconds after which the run is given up */

	/* the observer */
	const char *watch; /* name:pid,... */
	int core;
	bool quiet; /* JSON only */
};

/* Reads the command line; prints the usage and exits with 2 when it is wrong. */
void option_read(struct option_set *out, int argc, char **argv);

#endif
