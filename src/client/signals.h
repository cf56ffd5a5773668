/* What a session shows of the program behind it, in the order of worth given in docs/clients.md. Everything here is a claim:
 * whoever writes a client can make it say anything. Views, owned by whoever gathers them; empty: not seen. */
#pragma once

#include <stdbool.h>

#include "base/str.h"

/* How far a question that the server has put to the client has come. */
enum signal_answer {
	SIGNAL_UNASKED,
	SIGNAL_WAITING,
	SIGNAL_RESULT,
	SIGNAL_ERROR, /* it answers, but not this */
};

struct client_signals {
	/* XEP-0115 of its presence. `caps_verified`: what it answered hashes to it. */
	struct str caps_hash, caps_ver, caps_node;
	bool caps_verified;
	/* XEP-0030: its first identity; XEP-0232: the form beside it. */
	struct str disco_category, disco_type, disco_name;
	struct str form_software, form_version, form_os, form_os_version;
	enum signal_answer disco;
	/* XEP-0092. */
	struct str version_name, version_version, version_os;
	enum signal_answer version;
	/* XEP-0388 <user-agent/>. */
	struct str agent_id, agent_software, agent_device;
	struct str resource; /* as bound */
	struct str ja4;      /* of the ClientHello (client/ja4.h) */
};
