/* A person's state on the home loop: roster, block list, preferences, sessions. Loaded from the store on first need; what
 * arrives meanwhile waits in order. Unloaded when it has been without a session for a while. */
#pragma once

#include "account/directory.h"
#include "route/contacts.h"
#include "route/home.h"

enum {
	SUB_TO = STORE_SUB_TO,
	SUB_FROM = STORE_SUB_FROM,
	SUB_OUT = 4, /* our request waits for an answer */
	SUB_IN = 8,  /* their request waits for an answer */
};

struct user {
	struct home *home;
	struct str bare;
	uint64_t hash;       /* map_hash() of it */
	struct list idle;    /* in home->idle */
	uint64_t idle_since; /* loop_seconds() */
	bool ready;          /* loaded */
	bool failed;         /* the store could not be read: requests are refused until it is tried again */
	bool has_crew;       /* is in a group that is shown in rosters */
	unsigned busy;       /* requests under way that refer to this user */
	struct task *waiting, **waiting_end;
	const struct person *person; /* counted; as the directory had it; NULL: none. crew.h */
	struct crew_link *crews;     /* owned; one a group of `person`, while there is a session */
	struct list unpushed;        /* items whose pushes are to come (crew.c) */
	struct list pushing;         /* in home->pushing */
	struct contacts roster;
	uint64_t roster_version;
	struct map blocked; /* JID -> its bytes (heap) */
	struct arena *prefs_arena;       /* owned; of `prefs` */
	const struct store_prefs *prefs; /* what stands in the archive (XEP-0441); NULL: everything */
	struct pep *pep;                 /* owned; pep.h; NULL: not in memory */
	struct map *sharers;             /* owned; sharers.h; NULL: none */
	struct store_privacy privacy;    /* what he has chosen; see privacy.h for what holds */
	char *photo;                     /* heap; SHA-1 of the picture shown (XEP-0153) in hex; NULL: none */
	unsigned queries;                /* for history, under way */
	unsigned archived;               /* messages that went into the archive while in memory */
	struct list sessions;
	unsigned session_count;
	unsigned carbons;     /* sessions that want carbons */
	uint64_t flooded_seq; /* offline messages up to here are in a session's hands */
	uint64_t withheld_seq; /* the first offline message a switch keeps from him (lock.h); 0: none */
	uint64_t drained;     /* flooded_seq + 1 when the store was seen to hold none beyond it; 0: unknown */
	uint64_t kept_back;   /* the oldest offline message below flooded_seq that a session could not have; 0: none */
	unsigned queued;      /* writes to the offline queue asked for */
	bool looking, look_again; /* what is held of strangers is being read; and has changed meanwhile (strangers.c) */
	uint64_t told_at;     /* loop_seconds() when his devices were last told of a takeover; 0: never */
	uint64_t parallel_at;   /* parallel.c: loop_seconds() when two networks at once were last found; 0: never */
	uint32_t parallel_pair; /*   which */
	bool greeted, greeting; /* has got what there is to be said (postings.h); is being asked about */
	bool flooding;        /* offline messages are being handed over; new ones wait in `held` */
	struct task *held, **held_end;
	char bytes[]; /* bare */
};

/* Loads it when it is not there. NULL: memory is out. */
struct user *user_get(struct home *h, struct str bare);
/* The same for a recipient: NULL also when there is no such account or it is disabled. `hash` is map_hash(bare), 0: not made yet. */
struct user *user_of_account(struct home *h, struct str bare, uint64_t hash);
/* NULL unless it is in memory and loaded. */
struct user *user_find(struct home *h, struct str bare);
/* Runs the task at once, or when the user has been loaded; in order of the calls. */
void user_when_ready(struct user *u, struct task *task);
/* One request under way more, or less: keeps the user in memory. */
void user_busy(struct user *u, int by);
/* To be called when the last session has gone. */
void user_rest(struct user *u);
void user_free(struct user *u);
/* Frees users that have been idle for long. */
void users_unload(struct home *h);

/* The account is there and may be reached. Sessions make it certain; else the directory is asked. */
bool user_exists(struct home *h, struct str bare);

/* False: there is none, *out is as it was. Views of the roster, until it changes. `out` may be NULL. */
bool user_contact(const struct user *u, struct str bare, struct contact *out);
/* SUB_ bits, 0 for somebody unknown; of a mate (crew.h) always both. */
unsigned user_state(const struct user *u, struct str bare);

/* Replaces or adds the contact in memory; *out (may be NULL) is it then. What `like` has of the roster is valid no more.
 * False: memory is out. */
bool user_put_contact(struct user *u, const struct contact *like, struct contact *out);
void user_drop_contact(struct user *u, struct str bare);

/* XEP-0441: from now on; takes the arena, in which they are. */
void user_set_prefs(struct user *u, const struct store_prefs *prefs, struct arena *arena);

/* XEP-0153: the picture shown from now on, empty: none. False: it is the same as before. */
bool user_set_photo(struct user *u, struct str hash);

/* XEP-0191: does one of the four forms of the address stand on the block list? */
bool user_blocks(const struct user *u, const struct jid *jid);
