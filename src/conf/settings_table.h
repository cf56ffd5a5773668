/* Every setting of gatehouse.yaml, one row each. Included with SETTING defined; from these rows come the
 * fields of struct settings, the parser and its error texts, `gatehouse config show`, the manual page and the
 * fuzz dictionary.
 *
 *   SETTING(kind, "name", field, "preset as in the file", low, high, "words", change, check, "one sentence")
 *
 *   kind    BOOL bool, INT uint32_t, SIZE uint64_t bytes, SECONDS uint32_t, STRING and PATH struct str,
 *           ENUM int (position among the words), ADDRESSES struct settings_addresses,
 *           DOMAINS and TEXTS struct settings_strings
 *   words   of an ENUM: a|b|c. Of an INT: its unit, or the word that stands for 0 after a colon (":auto")
 *   change  LIVE: a reload is enough. RESTART: takes effect when the server starts
 *   check   a further check of settings_value.c, or NULL
 *
 * Rows with one prefix stand together; SECTION gives the prefix a heading. */

SETTING(DOMAINS, "domains", domains, "[]", 1, 64, "", RESTART, NULL,
	"The domains this server answers for: the part of every address behind the @.")
SETTING(INT, "loops", loops, "auto", 0, 64, ":auto", RESTART, NULL,
	"Event loops of the gate, each a thread; auto takes one for each processor the server may use.")

SECTION("listen", "Where clients connect. Each list holds \"ip:port\" or \"[ip6]:port\".")
SETTING(ADDRESSES, "listen.starttls", listen_starttls, "[\"0.0.0.0:5222\", \"[::]:5222\"]", 0, 32, "",
	RESTART, NULL,
	"Addresses for clients that begin in the clear and must switch to TLS at once (RFC 6120, port 5222).")
SETTING(ADDRESSES, "listen.direct_tls", listen_direct_tls, "[\"0.0.0.0:5223\", \"[::]:5223\"]", 0, 32, "",
	RESTART, NULL, "Addresses for clients that speak TLS from the first byte (XEP-0368, port 5223).")
SETTING(ADDRESSES, "listen.plaintext", listen_plaintext, "[]", 0, 8, "", RESTART, check_loopback,
	"For tests on this machine only: addresses without TLS; anything but loopback is refused.")
SETTING(INT, "listen.backlog", listen_backlog, "1024", 1, 65535, "connections", RESTART, NULL,
	"Connections the system may hold before the server accepts them.")

SECTION("tls", "The server's certificate.")
SETTING(PATH, "tls.certificate", tls_certificate, "tls/server.crt", 0, 0, "", LIVE, check_nonempty,
	"PEM file with the server's certificate and the chain behind it.")
SETTING(PATH, "tls.key", tls_key, "tls/server.key", 0, 0, "", LIVE, check_nonempty,
	"PEM file with the certificate's private key.")
SETTING(ENUM, "tls.min_version", tls_min_version, "\"1.2\"", 0, 0, "1.2|1.3", LIVE, NULL,
	"The oldest TLS version a client may speak.")

SETTING(ENUM, "tls.client_certificates", tls_client_certificates, "never", 0, 0, "never|optional|required", LIVE,
	NULL,
	"Ask clients for a certificate, with which they can log in (SASL EXTERNAL); required: who has none cannot connect.")
SETTING(PATH, "tls.client_ca", tls_client_ca, "tls/clients.crt", 0, 0, "", LIVE, check_nonempty,
	"PEM file with the authorities whose client certificates are good for logging in.")
SETTING(PATH, "tls.client_crl", tls_client_crl, "\"\"", 0, 0, "", LIVE, NULL,
	"PEM file with their revocation lists, read at the start and at a reload; a list that has run out refuses all.")

SECTION("sasl", "How clients log in.")
SETTING(BOOL, "sasl.plain", sasl_plain, "false", 0, 0, "", LIVE, NULL,
	"Offer PLAIN inside TLS beside SCRAM: the server then sees the password during a login.")
SETTING(ENUM, "sasl.scram_sha_512", sasl_scram_sha_512, "auto", 0, 0, "auto|always|never", LIVE, NULL,
	"Offer SCRAM-SHA-512; auto: as long as every account that may log in has a verifier for it.")
SETTING(ENUM, "sasl.scram_sha_256", sasl_scram_sha_256, "always", 0, 0, "auto|always|never", LIVE, NULL,
	"Offer SCRAM-SHA-256; auto as above. It is offered in any case when nothing else would be.")
SETTING(ENUM, "sasl.scram_sha_1", sasl_scram_sha_1, "always", 0, 0, "auto|always|never", LIVE, NULL,
	"Offer SCRAM-SHA-1, for clients that know nothing else; auto as above.")
SETTING(BOOL, "sasl.external_mail", sasl_external_mail, "false", 0, 0, "", LIVE, NULL,
	"Where a client certificate names no XMPP address, take its mail address for one.")
SETTING(INT, "sasl.iterations", sasl_iterations, "10000", 4096, 10000000, "rounds", LIVE, NULL,
	"SCRAM iteration count for passwords set from now on; a higher count costs thieves and clients more.")
SETTING(INT, "sasl.password_min", sasl_password_min, "8", 8, 128, "characters", LIVE, NULL,
	"Characters a new password must have.")
SETTING(INT, "sasl.attempts", sasl_attempts, "6", 1, 20, "attempts", LIVE, NULL,
	"Failed logins on one connection before it is closed.")
SETTING(INT, "sasl.throttle_account_failures", sasl_throttle_account_failures, "20", 1, 100000, "failures",
	LIVE, NULL,
	"Failed logins of one account before it is delayed and refused to addresses that do not know it.")
SETTING(SECONDS, "sasl.throttle_account_seconds", sasl_throttle_account_seconds, "30", 1, 86400, "", LIVE,
	NULL, "Time after which an account over its limit is allowed one more attempt.")
SETTING(INT, "sasl.throttle_address_failures", sasl_throttle_address_failures, "200", 1, 1000000, "failures",
	LIVE, NULL, "Failed logins from one address (IPv6: one /64) before it is refused.")
SETTING(SECONDS, "sasl.throttle_address_seconds", sasl_throttle_address_seconds, "2", 1, 86400, "", LIVE,
	NULL, "Time after which an address over its limit is allowed one more attempt.")
SETTING(INT, "sasl.throttle_delay_ms", sasl_throttle_delay_ms, "4000", 0, 60000, "milliseconds", LIVE, NULL,
	"Longest delay of the answer to a failed login.")

SETTING(ENUM, "sasl.tokens", sasl_tokens, "always", 0, 0, "never|bound|always", LIVE, NULL,
	"Give clients tokens to log in with instead of the password (XEP-0484); bound: only such as are good on TLS connections "
	"to this server's certificate.")
SETTING(SECONDS, "sasl.token_seconds", sasl_token_seconds, "1814400", 60, 31536000, "", LIVE, NULL,
	"How long a token is good; a device that is away for longer needs the password again.")
SETTING(SECONDS, "sasl.token_renew_seconds", sasl_token_renew_seconds, "86400", 1, 31536000, "", LIVE, NULL,
	"Age from which a token is replaced by a new one when it is used.")
SETTING(INT, "sasl.token_devices", sasl_token_devices, "20", 1, 1000, "devices", LIVE, NULL,
	"Devices of one account that may have a token.")

SECTION("devices", "What is told of a device that an account has not been used with before.")
SETTING(BOOL, "devices.tell", devices_tell, "true", 0, 0, "", LIVE, NULL,
	"Tell the person's other devices: a message of the server's with program, time, address and what to do.")
SETTING(BOOL, "devices.mail", devices_mail, "false", 0, 0, "", LIVE, NULL,
	"Write the person a mail, too, where there are mail.server and an address.")
SETTING(BOOL, "devices.mail_admins", devices_mail_admins, "false", 0, 0, "", LIVE, NULL,
	"Write a mail to those in mail.to_admins, too.")
SETTING(ENUM, "devices.confirm", devices_confirm, "off", 0, 0, "off|new|every", LIVE, NULL,
	"Limit a device until another one of the person's, or an administrator, confirms it: nobody, what an account has not been used "
	"with before, or the account's first device, too.")
SETTING(BOOL, "devices.confirm_networks", devices_confirm_networks, "false", 0, 0, "", LIVE, NULL,
	"Limit a session in the same way that makes an account or a device be in use from two networks at once (clients.networks are left "
	"out).")
SETTING(ENUM, "devices.unconfirmed", devices_unconfirmed, "listen", 0, 0, "inside|listen|nothing", LIVE, NULL,
	"What is left to it until then: no files, no history, nobody outside; besides it sends nothing to others; besides nothing that "
	"people write reaches it.")

SECTION("invites", "Invitations, with which people make their own account (XEP-0445).")
SETTING(BOOL, "invites.enabled", invites_enabled, "true", 0, 0, "", LIVE, NULL,
	"Administrators may make invitations, and who has one may make an account; without one nobody can.")
SETTING(INT, "invites.max", invites_max, "1000", 1, 100000, "invitations", LIVE, NULL,
	"Invitations that may be open at the same time.")
SETTING(STRING, "invites.group", invites_group, "\"\"", 0, 128, "", LIVE, NULL,
	"Group of accounts whose members may make invitations with their clients (XEP-0401), as administrators may; \"\" is "
	"nobody.")
SETTING(INT, "invites.max_by_person", invites_max_by_person, "10", 1, 1000, "invitations", LIVE, NULL,
	"Invitations that one member of invites.group may have open at the same time.")
SETTING(BOOL, "sasl.change_password", sasl_change_password, "true", 0, 0, "", LIVE, NULL,
	"Let people change their own password with their clients (XEP-0077).")
SETTING(BOOL, "sasl.remove_account", sasl_remove_account, "false", 0, 0, "", LIVE, NULL,
	"Let people remove their own account with their clients (XEP-0077); its address is never given again.")

SECTION("clients", "Which programs people connect with (docs/client-control.md).")
SETTING(SECONDS, "clients.wait_seconds", clients_wait_seconds, "5", 0, 60, "", LIVE, NULL,
	"How long what a new session sends may be held back until its client has said what it is, where a rule needs to know; "
	"then it counts as silent. 0: nobody waits.")
SETTING(BOOL, "clients.ask", clients_ask, "true", 0, 0, "", LIVE, NULL,
	"Ask clients what they are (XEP-0030, XEP-0092) also where no rule needs to know, for the inventory.")
SETTING(INT, "clients.held_max", clients_held_max, "500", 1, 10000, "stanzas", LIVE, NULL,
	"Stanzas of others that wait for a session until it is judged; beyond it messages wait offline.")
SETTING(INT, "clients.per_account", clients_per_account, "40", 1, 10000, "clients", LIVE, NULL,
	"Installations of programs that are remembered of one account; those not seen for longest go.")
SETTING(INT, "clients.keep_days", clients_keep_days, "400", 1, 36500, "days", LIVE, NULL,
	"How long a client that is not seen any more is remembered.")
SETTING(INT, "clients.hashes", clients_hashes, "2000", 0, 100000, "hashes", LIVE, NULL,
	"Hashes of capabilities that are learnt from the clients of one's own people; 0: none.")
SETTING(INT, "clients.vouchers", clients_vouchers, "3", 1, 100, "accounts", LIVE, NULL,
	"Accounts whose clients must have said the same before a learnt hash is believed; one that an administrator confirmed is at once.")

SETTING(TEXTS, "clients.networks", clients_networks, "[]", 0, 64, "", LIVE, check_networks,
	"Networks of the organisation, its offices and its VPN, such as 192.0.2.0/24. Who uses an account from several of them at once, "
	"or goes from one to another, is not told of.")
SETTING(ENUM, "clients.takeover", clients_takeover, "present", 0, 0, "never|present|always", LIVE, NULL,
	"Tell somebody's other devices when a connection has taken over a session of his: where whoever had it is still there or the new "
	"one is less protected, or always when it comes from another network. The record has all of them.")
SETTING(ENUM, "clients.parallel", clients_parallel, "record", 0, 0, "off|record|tell", LIVE, NULL,
	"Accounts in use from two networks at once that are not in clients.networks: write it into the record, or also to mail.to_admins.")

SECTION("channels", "What would be less protected on its way than what people write: refuse it, report it in the record, or allow it.")
SETTING(ENUM, "channels.weak_calls", channels_weak_calls, "refuse", 0, 0, "refuse|report|allow", LIVE, NULL,
	"Offers of calls, and their acceptance, without DTLS-SRTP (XEP-0320).")
SETTING(ENUM, "channels.weak_files", channels_weak_files, "refuse", 0, 0, "refuse|report|allow", LIVE, NULL,
	"Files over plain HTTP or FTP, and over SOCKS5 straight between two devices (XEP-0065, XEP-0260).")
SETTING(ENUM, "channels.in_band_files", channels_in_band_files, "allow", 0, 0, "refuse|report|allow", LIVE, NULL,
	"Files inside the stream of stanzas (XEP-0047, XEP-0095, XEP-0261): protected and recorded like messages.")

SECTION("lockdown", "Switching things off in an emergency (docs/client-control.md).")
SETTING(STRING, "lockdown.break_glass_group", lockdown_break_glass_group, "\"\"", 0, 128, "", LIVE, NULL,
	"Group of accounts that keep talking when a switch is for all or for a group: the security team; \"\" is nobody.")

SECTION("limits", "Ceilings that protect the server and everybody else from one client.")
SETTING(SIZE, "limits.stanza_bytes_before_login", limits_stanza_bytes_before_login, "10000", 2048, 1048576,
	"", LIVE, NULL, "Bytes of one stanza before the client has logged in.")
SETTING(SIZE, "limits.stanza_bytes", limits_stanza_bytes, "262144", 10000, 4194304, "", LIVE, NULL,
	"Bytes of one stanza after login (RFC 6120 section 13.12 asks for at least 10,000).")
SETTING(INT, "limits.depth", limits_depth, "64", 8, 200, "elements", LIVE, NULL,
	"Elements inside each other in one stanza.")
SETTING(INT, "limits.attributes", limits_attributes, "64", 16, 1000, "attributes", LIVE, NULL,
	"Attributes of one element.")
SETTING(SIZE, "limits.attribute_bytes", limits_attribute_bytes, "16384", 3072, 1048576, "", LIVE, NULL,
	"Bytes of one attribute's value.")
SETTING(SIZE, "limits.name_bytes", limits_name_bytes, "1024", 64, 65536, "", LIVE, NULL,
	"Bytes of one element's or attribute's name.")
SETTING(INT, "limits.children", limits_children, "1000", 16, 100000, "elements", LIVE, NULL,
	"Children of one element.")
SETTING(INT, "limits.nodes", limits_nodes, "10000", 64, 1000000, "nodes", LIVE, NULL,
	"Elements and texts of one stanza together.")
SETTING(SIZE, "limits.parcel_bytes", limits_parcel_bytes, "8388608", 65536, 268435456, "", LIVE, NULL,
	"Memory one stanza may take on its way through the server.")
SETTING(SIZE, "limits.output_bytes", limits_output_bytes, "4194304", 65536, 1073741824, "", LIVE, NULL,
	"Bytes that may wait for a client that does not read before its connection is closed.")
SETTING(INT, "limits.waiting", limits_waiting, "256", 1, 65536, "stanzas", LIVE, NULL,
	"Stanzas of one session that may wait for the record before its input is no longer read.")
SETTING(SECONDS, "limits.record_seconds", limits_record_seconds, "30", 1, 3600, "", LIVE, NULL,
	"How long a stanza may wait for the record before the log says so; it goes on waiting, its sender with it.")
SETTING(SECONDS, "limits.tls_seconds", limits_tls_seconds, "10", 1, 300, "", LIVE, NULL,
	"Time a client has to finish the TLS handshake.")
SETTING(SECONDS, "limits.login_seconds", limits_login_seconds, "30", 1, 600, "", LIVE, NULL,
	"Time a client has from connecting until its session is bound.")
SETTING(INT, "limits.connections", limits_connections, "20000", 1, 1000000, "connections", LIVE, NULL,
	"Connections at the same time.")
SETTING(INT, "limits.connections_per_address", limits_connections_per_address, "200", 1, 1000000,
	"connections", LIVE, NULL, "Connections at the same time from one address (IPv6: one /64).")
SETTING(INT, "limits.unauthenticated_per_address", limits_unauthenticated_per_address, "50", 1, 1000000,
	"connections", LIVE, NULL, "Connections from one address that have not logged in yet.")
SETTING(INT, "limits.sessions_per_account", limits_sessions_per_account, "20", 1, 1000, "sessions", LIVE,
	NULL, "Sessions of one account at the same time.")
SETTING(INT, "limits.roster_items", limits_roster_items, "1000", 1, 100000, "contacts", LIVE, NULL,
	"Contacts in one roster; those who only ask to be one take half of it at most.")
SETTING(INT, "limits.blocked_items", limits_blocked_items, "1000", 1, 100000, "addresses", LIVE, NULL,
	"Addresses one account may block.")
SETTING(INT, "limits.directed_presence", limits_directed_presence, "500", 1, 100000, "addresses", LIVE, NULL,
	"Addresses outside its roster one session may keep informed of its presence.")
SETTING(INT, "limits.stanzas_per_second", limits_stanzas_per_second, "1000", 1, 1000000, "stanzas", LIVE, NULL,
	"Stanzas a session may send each second for long; a faster one is slowed down, not refused.")
SETTING(INT, "limits.stanza_burst", limits_stanza_burst, "5000", 1, 10000000, "stanzas", LIVE, NULL,
	"Stanzas a session may send at once before it is slowed down.")
SETTING(INT, "limits.account_stanzas_per_second", limits_account_stanzas_per_second, "2000", 1, 10000000, "stanzas", LIVE, NULL,
	"Stanzas that all sessions of one account may send each second for long; more, and they are slowed down.")
SETTING(INT, "limits.account_stanza_burst", limits_account_stanza_burst, "20000", 100, 10000000, "stanzas", LIVE, NULL,
	"Stanzas that all sessions of one account may send at once.")
SETTING(INT, "limits.address_stanzas_per_second", limits_address_stanzas_per_second, "100000", 1, 10000000, "stanzas", LIVE, NULL,
	"Stanzas that may come from one network address (IPv6: one /64) each second for long; more, and all of its sessions are "
	"slowed down.")
SETTING(INT, "limits.address_stanza_burst", limits_address_stanza_burst, "1000000", 100, 100000000, "stanzas", LIVE, NULL,
	"Stanzas that may come from one network address at once.")
SETTING(SIZE, "limits.bytes_per_second", limits_bytes_per_second, "1048576", 1024, 1073741824, "", LIVE, NULL,
	"Bytes a session may send each second for long.")
SETTING(SIZE, "limits.bytes_burst", limits_bytes_burst, "8388608", 4096, 4294967296, "", LIVE, NULL,
	"Bytes a session may send at once before it is slowed down.")
SETTING(INT, "limits.presence_price", limits_presence_price, "10", 1, 32, "stanzas", LIVE, NULL,
	"What a presence to all who may see it counts as, for it is sent to each of them.")
SETTING(INT, "limits.domain_stanzas_per_second", limits_domain_stanzas_per_second, "500000", 1, 100000000, "stanzas", LIVE, NULL,
	"Stanzas that may come from all people of one of the domains each second for long; more, and they are slowed down.")
SETTING(INT, "limits.domain_stanza_burst", limits_domain_stanza_burst, "5000000", 100, 1000000000, "stanzas", LIVE, NULL,
	"Stanzas that may come from one of the domains at once.")
SETTING(SIZE, "limits.content_bytes_per_hour", limits_content_bytes_per_hour, "1073741824", 65536, 1099511627776, "", LIVE, NULL,
	"Bytes of messages, files in them and the like, which the record keeps, that one account may send in an hour; beyond it they are "
	"refused (resource-constraint, wait).")
SETTING(INT, "limits.room_joins", limits_room_joins, "1000", 2, 1000000, "rooms", LIVE, NULL,
	"Rooms that all sessions of one account may enter at once; beyond it they are refused (resource-constraint, wait).")
SETTING(INT, "limits.room_joins_per_minute", limits_room_joins_per_minute, "300", 1, 1000000, "rooms", LIVE, NULL,
	"Rooms they may enter each minute for long.")
SETTING(INT, "limits.nick_changes", limits_nick_changes, "10", 2, 100000, "changes", LIVE, NULL,
	"Changes of the nickname in one room that an account may make at once; beyond it they are refused (resource-constraint, wait).")
SETTING(INT, "limits.nick_change_seconds", limits_nick_change_seconds, "5", 1, 86400, "seconds", LIVE, NULL,
	"Time after which one more of them may be made.")
SETTING(INT, "limits.requests_per_second", limits_requests_per_second, "500", 1, 1000000, "requests", LIVE, NULL,
	"Requests (IQ) of others that the server answers for one account each second for long; beyond it they are refused "
	"(resource-constraint, wait).")
SETTING(INT, "limits.requests_burst", limits_requests_burst, "5000", 2, 10000000, "requests", LIVE, NULL,
	"Such requests at once.")

SECTION("sm", "Stream management: resuming a session after the connection broke (XEP-0198).")
SETTING(INT, "sm.unacked_max", sm_unacked_max, "1000", 16, 100000, "stanzas", LIVE, NULL,
	"Stanzas kept for a client that does not acknowledge them.")
SETTING(SECONDS, "sm.resume_seconds", sm_resume_seconds, "300", 0, 86400, "", LIVE, NULL,
	"How long a session waits for its client to come back; 0 switches resumption off.")
SETTING(ENUM, "sm.resume_from", sm_resume_from, "same-class", 0, 0, "any|same-class|same-network", LIVE, NULL,
	"From where a session may be resumed: with TLS and a login no weaker than those it began with, or besides that from the same "
	"network. Whoever may not begins a new session.")

SECTION("csi", "Clients that say nobody is looking at them (XEP-0352).")
SETTING(INT, "csi.held_max", csi_held_max, "500", 0, 10000, "stanzas", LIVE, NULL,
	"Presence and chat states held back for such a client, messages never; 0 switches this off.")

SECTION("ping", "Noticing connections that died silently.")
SETTING(SECONDS, "ping.interval_seconds", ping_interval_seconds, "30", 1, 3600, "", LIVE, NULL,
	"Silence after which the server asks a client for a sign of life.")
SETTING(SECONDS, "ping.timeout_seconds", ping_timeout_seconds, "20", 1, 600, "", LIVE, NULL,
	"Time the client has to give one.")

SECTION("offline", "Messages for people who are not there.")
SETTING(INT, "offline.max", offline_max, "1000", 0, 1000000, "messages", LIVE, NULL,
	"Messages kept for one account; a sender beyond it is told so.")

SECTION("history", "People's own copies of their conversations, which their clients read (XEP-0313).")
SETTING(BOOL, "history.enabled", history_enabled, "true", 0, 0, "", LIVE, NULL,
	"Keep what people write and receive for their own clients; the record is kept in any case.")
SETTING(INT, "history.days", history_days, "forever", 0, 36500, ":forever", LIVE, NULL,
	"Days after which messages go from people's history; nothing goes from the record by it.")
SETTING(INT, "history.page", history_page, "100", 10, 1000, "messages", LIVE, NULL,
	"Messages of one answer to a client that asks for history.")

SECTION("contact", "Whom people may turn to, for their clients to show (XEP-0157): mailto:, xmpp: or https: addresses.")
SETTING(TEXTS, "contact.abuse", contact_abuse, "[]", 0, 16, "", LIVE, check_uris, "To report abuse to.")
SETTING(TEXTS, "contact.admin", contact_admin, "[]", 0, 16, "", LIVE, check_uris, "The administrators.")
SETTING(TEXTS, "contact.feedback", contact_feedback, "[]", 0, 16, "", LIVE, check_uris, "For praise and complaints.")
SETTING(TEXTS, "contact.security", contact_security, "[]", 0, 16, "", LIVE, check_uris,
	"To report weaknesses to.")
SETTING(TEXTS, "contact.status", contact_status, "[]", 0, 16, "", LIVE, check_uris,
	"Where it is told whether the service runs.")
SETTING(TEXTS, "contact.support", contact_support, "[]", 0, 16, "", LIVE, check_uris, "For help.")
SECTION("personal", "What people keep for themselves and show of themselves (XEP-0049, 0054, 0163).")
SETTING(SIZE, "personal.private_bytes", personal_private_bytes, "262144", 1024, 67108864, "", LIVE, NULL,
	"Private XML of one account, all of it together.")
SETTING(SIZE, "personal.vcard_bytes", personal_vcard_bytes, "131072", 1024, 4194304, "", LIVE, NULL,
	"Bytes of one account's vCard, its picture included.")
SETTING(INT, "personal.nodes", personal_nodes, "200", 1, 10000, "nodes", LIVE, NULL,
	"Nodes of personal eventing one account may have.")
SETTING(INT, "personal.items", personal_items, "1000", 1, 100000, "items", LIVE, NULL,
	"Items of one node; beyond it the oldest go.")
SETTING(SIZE, "personal.item_bytes", personal_item_bytes, "131072", 1024, 4194304, "", LIVE, NULL,
	"Bytes of one item.")
SETTING(SIZE, "personal.bytes", personal_bytes, "2097152", 10000, 1073741824, "", LIVE, NULL,
	"Items of one account, all of them together.")

SECTION("flood", "Many senders, one victim: what comes from people whom the recipient does not know. He knows his contacts, who is "
	"in a group with him, and whom he has written to.")
SETTING(INT, "flood.senders", flood_senders, "60", 0, 100000, ":off", LIVE, NULL,
	"People one does not know who may write or ask at once; with more, the server holds all of them off for a while. 0 never "
	"does.")
SETTING(INT, "flood.sender_seconds", flood_sender_seconds, "2", 1, 3600, "seconds", LIVE, NULL,
	"Time after which one more of them may write.")
SETTING(INT, "flood.per_second", flood_per_second, "1000", 1, 1000000, "stanzas", LIVE, NULL,
	"Stanzas of all of them together that one person gets each second for long, before they are held off.")
SETTING(INT, "flood.burst", flood_burst, "20000", 1, 10000000, "stanzas", LIVE, NULL,
	"Stanzas of all of them together at once.")
SETTING(SECONDS, "flood.seconds", flood_seconds, "600", 10, 86400, "", LIVE, NULL,
	"How long there has to be peace before they may write again.")
SETTING(STRING, "flood.exempt_group", flood_exempt_group, "\"\"", 0, 128, "", LIVE, NULL,
	"Group of accounts to which everybody may write as much as he likes, such as services that answer by themselves; \"\" is "
	"nobody.")

SECTION("outbreak", "A link or file that spreads from person to person as worms do (docs/client-control.md).")
SETTING(ENUM, "outbreak.action", outbreak_action, "hold", 0, 0, "off|tell|hold", LIVE, NULL,
	"hold: it is switched off by itself for a while, and administrators are asked; tell: they are told; off: nobody looks.")
SETTING(INT, "outbreak.recipients", outbreak_recipients, "30", 3, 100, "people", LIVE, NULL,
	"People who get the same link or file, each in a message of his own, until it is one.")
SETTING(INT, "outbreak.relayed", outbreak_relayed, "8", 3, 100, "people", LIVE, NULL,
	"How many these are when two of those who got it send it on.")
SETTING(SECONDS, "outbreak.seconds", outbreak_seconds, "300", 10, 86400, "", LIVE, NULL,
	"The time in which they get it.")
SETTING(SECONDS, "outbreak.hold_seconds", outbreak_hold_seconds, "1800", 10, 604800, "", LIVE, NULL,
	"How long it is held unless somebody decides before.")
SETTING(DOMAINS, "outbreak.trusted_hosts", outbreak_trusted_hosts, "[]", 0, 64, "", LIVE, NULL,
	"Hosts whose links are never counted, with all names below them, such as your own pages.")

SECTION("privacy", "Who reaches whom at once. What strangers send is held, and told of in a quiet message now and then.")
SETTING(ENUM, "privacy.reach", privacy_reach, "organisation", 0, 0, "contacts|organisation|anyone", LIVE, NULL,
	"Who reaches a person at once: contacts (also who is in a shown group with him, and whom he has written to), everybody "
	"inside as well, or anybody.")
SETTING(TEXTS, "privacy.groups", privacy_groups, "[]", 0, 64, "", LIVE, check_reaches,
	"Groups of accounts for whom something else holds, such as \"directors=contacts\"; who is in several has the strictest.")
SETTING(ENUM, "privacy.last_activity", privacy_last_activity, "contacts", 0, 0, "nobody|contacts", LIVE, NULL,
	"Who learns how long ago somebody was there (XEP-0012): nobody, or contacts who may see his presence.")
SETTING(ENUM, "privacy.publish", privacy_publish, "open", 0, 0, "open|presence|roster|whitelist", LIVE, NULL,
	"To whom people may open what they publish (XEP-0163) at most; what is open to more is treated as if it were not. open: to everybody.")
SETTING(TEXTS, "privacy.people_choose", privacy_people_choose, "[]", 0, 8, "", LIVE, check_choices,
	"What people may choose for themselves with their clients, never less strictly than is said here: reach, last_activity. [] is "
	"nothing: all of it is locked.")
SETTING(ENUM, "privacy.strangers", privacy_strangers, "hold", 0, 0, "hold|refuse", LIVE, NULL,
	"What becomes of requests for a subscription and messages of all others: held until the person adds or answers them, or "
	"refused.")
SETTING(INT, "privacy.digest_hours", privacy_digest_hours, "6", 1, 168, "hours", LIVE, NULL,
	"A person is told of what is held at most once in so many hours.")
SETTING(INT, "privacy.held_max", privacy_held_max, "100", 1, 10000, "messages", LIVE, NULL,
	"Messages of strangers that are held for one person.")
SETTING(INT, "privacy.held_by_sender", privacy_held_by_sender, "3", 1, 1000, "messages", LIVE, NULL,
	"Messages of one stranger that are held for one person, in privacy.held_days.")
SETTING(INT, "privacy.held_days", privacy_held_days, "14", 1, 365, "days", LIVE, NULL,
	"Days after which what is held is let go; the record keeps it.")

SECTION("names", "Names that could be taken for somebody else's: letters that look the same count as the same (UTS 39).")
SETTING(TEXTS, "names.reserved", names_reserved,
	"[admin, administrator, root, security, helpdesk, support, postmaster, abuse, gatehouse]", 0, 256, "", LIVE, NULL,
	"Names that nobody may go by, nor by one that looks like it, but who is in names.reserved_group or has the name in "
	"his own address.")
SETTING(STRING, "names.reserved_group", names_reserved_group, "administrators", 0, 128, "", LIVE, NULL,
	"Group of accounts whose members may go by reserved names; \"\" is nobody.")
SETTING(ENUM, "names.requests", names_requests, "mark", 0, 0, "refuse|mark|allow", LIVE, NULL,
	"A request for a subscription, or the first message of somebody from outside, that goes by a colleague's or a reserved "
	"name: refused, or delivered with a warning in front of its text.")
SETTING(ENUM, "names.rooms", names_rooms, "refuse", 0, 0, "refuse|mark|allow", LIVE, NULL,
	"A nickname in a room that is another's there, a colleague's or a reserved name; mark lets it in and notes it in the "
	"record.")
SETTING(BOOL, "names.from_account", names_from_account, "false", 0, 0, "", LIVE, NULL,
	"The full name in what people publish about themselves (FN of a vCard) is the one the account has, if it has one.")
SETTING(ENUM, "names.profiles", names_profiles, "refuse", 0, 0, "refuse|mark|allow", LIVE, NULL,
	"A nickname or vCard published under a colleague's or a reserved name; mark lets it through and notes it in the record.")
SETTING(ENUM, "names.mixed_scripts", names_mixed_scripts, "mark", 0, 0, "refuse|mark|allow", LIVE, NULL,
	"A name, wherever it is looked at, of which a word mixes scripts that nobody mixes, such as Latin and Cyrillic (UTS 39, beyond "
	"Highly Restrictive), though it is nobody's: refused, or delivered with a warning and noted in the record.")

SECTION("search", "Finding people (XEP-0055).")
SETTING(INT, "search.results", search_results, "50", 0, 1000, "people", LIVE, NULL,
	"People a search tells of at most; 0 switches searching off.")

SECTION("rosters", "Lists of contacts.")
SETTING(TEXTS, "rosters.groups", rosters_groups, "[]", 0, 64, "", RESTART, check_labels,
	"Groups of accounts whose members have each other in their rosters without asking, with presence: \"sales\", with "
	"another name \"sales=Our sellers\", or \"*\" for every group.")

SECTION("rooms", "Rooms, in which many talk (XEP-0045).")
SETTING(DOMAINS, "rooms.service", rooms_service, "[\"rooms.<domain>\"]", 0, 64, "<domain>", RESTART, NULL,
	"Addresses of the rooms, one service a domain with \"rooms.<domain>\"; an empty list switches rooms off.")
SETTING(STRING, "rooms.create", rooms_create, "everyone", 1, 128, "", LIVE, NULL,
	"Who may create rooms: everyone, or the name of a group of accounts, such as administrators.")
SETTING(STRING, "rooms.admin_group", rooms_admin_group, "administrators", 0, 128, "", LIVE, NULL,
	"Group of accounts whose members own every room and may always create one; \"\" is nobody.")
SETTING(INT, "rooms.max", rooms_max, "10000", 1, 1000000, "rooms", LIVE, NULL, "Rooms at the same time.")
SETTING(INT, "rooms.max_by_person", rooms_max_by_person, "200", 1, 1000000, "rooms", LIVE, NULL,
	"Rooms at the same time that one person has made; who owns every room by rooms.admin_group may make more.")
SETTING(SIZE, "rooms.history_bytes", rooms_history_bytes, "262144", 4096, 67108864, "", LIVE, NULL,
	"Bytes of the latest messages, 100 at most, that a room keeps in memory and shows to who enters.")
SETTING(SIZE, "rooms.presence_bytes", rooms_presence_bytes, "8192", 1024, 262144, "", LIVE, NULL,
	"Bytes of what one occupant's presence may hold; all of them are shown to who enters.")
SETTING(INT, "rooms.sessions_max", rooms_sessions_max, "1000", 2, 20000, "sessions", LIVE, NULL,
	"Sessions in one room at the same time.")
SETTING(INT, "rooms.affiliations_max", rooms_affiliations_max, "5000", 10, 1000000, "people", LIVE, NULL,
	"Owners, admins, members and banned of one room together.")

SECTION("admin", "Administration by people with their clients (XEP-0133).")
SETTING(STRING, "admin.group", admin_group, "administrators", 0, 128, "", LIVE, NULL,
	"Group of accounts whose members may administer the server with their clients; \"\" is nobody.")
SECTION("components", "External components (XEP-0114): gateways to other networks and services in programs of their own. "
	"Each is trusted to speak for every address of its domain.")
SETTING(DOMAINS, "components.outside", components_outside, "[]", 0, 32, "", RESTART, NULL,
	"Domains of components whose people count as outside for rules and walls.")
SETTING(DOMAINS, "components.inside", components_inside, "[]", 0, 32, "", RESTART, NULL,
	"Domains of components whose people count as inside.")
SETTING(ADDRESSES, "components.listen", components_listen, "[\"127.0.0.1:5347\"]", 0, 8, "", RESTART, NULL,
	"Where components connect, without TLS: anything but loopback crosses the network in the clear. Opened only "
	"when there is a component.")
SETTING(PATH, "components.secrets", components_secrets, "keys/components", 0, 0, "", LIVE, check_nonempty,
	"Folder with one file for each component, named as its domain, that holds the secret it shares with the "
	"server (16 to 1000 characters); only its owner may read it.")
SETTING(INT, "components.stanzas_per_second", components_stanzas_per_second, "2000", 1, 1000000, "stanzas", LIVE,
	NULL, "Stanzas a component may send each second for long; a faster one is slowed down, not refused.")
SETTING(INT, "components.stanza_burst", components_stanza_burst, "10000", 1, 10000000, "stanzas", LIVE, NULL,
	"Stanzas a component may send at once before it is slowed down.")
SETTING(SIZE, "components.bytes_per_second", components_bytes_per_second, "2097152", 1024, 1073741824, "", LIVE,
	NULL, "Bytes a component may send each second for long.")
SETTING(SIZE, "components.bytes_burst", components_bytes_burst, "16777216", 4096, 4294967296, "", LIVE, NULL,
	"Bytes a component may send at once before it is slowed down.")
SETTING(INT, "components.presence_max", components_presence_max, "100000", 10, 10000000, "pairs", LIVE, NULL,
	"How many pairs of one of its addresses and somebody who sees it as available are remembered for a component, "
	"to be made unavailable when it goes away; presence beyond it is refused.")

SECTION("record", "The record of every message.")
SETTING(PATH, "record.dir", record_dir, "record", 0, 0, "", RESTART, check_nonempty,
	"Folder of the record's segments; only the recorder may open it.")
SETTING(PATH, "record.key", record_key, "keys/record.key", 0, 0, "", RESTART, check_nonempty,
	"Ed25519 key that signs the record's checkpoints.")
SETTING(SIZE, "record.segment_bytes", record_segment_bytes, "67108864", 65536, 17179869184, "", RESTART, NULL,
	"Size at which a segment is sealed and the next one begins.")
SETTING(ENUM, "record.flush", record_flush, "auto", 0, 0, "auto|direct|buffered", RESTART, NULL,
	"How entries reach the disk: direct bypasses the page cache, buffered writes and then syncs, auto "
	"measures.")
SETTING(INT, "record.gather_us", record_gather_us, "0", 0, 1000, "microseconds", RESTART, NULL,
	"Longest wait for further entries before a flush under low load.")
SETTING(SIZE, "record.min_free_bytes", record_min_free_bytes, "16777216", 0, 1099511627776, "", RESTART, NULL,
	"Free disk space below which no more entries are accepted and senders are told to wait.")
SETTING(PATH, "record.checkpoint_file", record_checkpoint_file, "\"\"", 0, 0, "", RESTART, NULL,
	"File outside this folder, best on another machine and in a folder of its own, to which every checkpoint is "
	"appended as well. It may be moved away (rotated): it is made anew.")
SETTING(BOOL, "record.syslog", record_syslog, "false", 0, 0, "", RESTART, NULL,
	"Send every checkpoint to syslog as well.")
SETTING(PATH, "record.copy_dir", record_copy_dir, "\"\"", 0, 0, "", RESTART, NULL,
	"Second place to which sealed segments are copied.")
SETTING(STRING, "record.retention_class", record_retention_class, "default", 1, 64, "", RESTART, check_word,
	"Retention class written into entries that no rule gives another one.")

SECTION("store", "Accounts, rosters, offline messages.")
SETTING(PATH, "store.file", store_file, "store/gatehouse.db", 0, 0, "", RESTART, check_nonempty,
	"The store's SQLite file.")

SECTION("control", "The socket through which the gatehouse command reaches the running server.")
SETTING(PATH, "control.socket", control_socket, "run/control.sock", 0, 0, "", RESTART, check_socket_path,
	"The control socket.")
SETTING(STRING, "control.admin_group", control_admin_group, "\"\"", 0, 64, "", LIVE, check_account_name,
	"System group whose members may administer the server; root and the server's own user always may.")
SETTING(STRING, "control.record_group", control_record_group, "gatehouse-record", 1, 64, "", LIVE,
	check_account_name, "System group whose members may read the record; being root is not enough.")

SECTION("mail", "Mails to people and administrators, sent through a mail server of yours (docs/administration.md).")
SETTING(STRING, "mail.server", mail_server, "\"\"", 0, 253, "", LIVE, check_host,
	"Name or network address of the mail server that takes them; \"\" sends none.")
SETTING(INT, "mail.port", mail_port, "auto", 0, 65535, ":auto", LIVE, NULL,
	"Its port; auto is 587, 465 with mail.tls: direct, 25 with mail.tls: never.")
SETTING(ENUM, "mail.tls", mail_tls, "required", 0, 0, "required|direct|never", LIVE, NULL,
	"required: STARTTLS, or nothing is sent; direct: TLS from the first byte; never: in the clear, to this machine only.")
SETTING(BOOL, "mail.in_the_clear", mail_in_the_clear, "false", 0, 0, "", LIVE, NULL,
	"Allow mail.tls: never also to another machine: names, addresses, texts and the password cross the network readable.")
SETTING(STRING, "mail.user", mail_user, "\"\"", 0, 255, "", LIVE, NULL,
	"Name to log in with at the mail server; \"\" does without.")
SETTING(PATH, "mail.password_file", mail_password_file, "\"\"", 0, 0, "", LIVE, NULL,
	"File that holds the password for mail.user in one line; only its owner may read it.")
SETTING(STRING, "mail.from", mail_from, "\"\"", 0, 400, "", LIVE, check_mailbox,
	"Whom they are from: an address, or \"Name <address>\". What cannot be delivered comes back to it.")
SETTING(TEXTS, "mail.to_admins", mail_to_admins, "[]", 0, 16, "", LIVE, check_mailboxes,
	"Addresses of administrators who are told of new devices and outbreaks where policy says so.")
SETTING(PATH, "mail.ca_file", mail_ca_file, "\"\"", 0, 0, "", LIVE, NULL,
	"PEM file with the authorities that the mail server's certificate may come from; \"\" is the system's.")
SETTING(INT, "mail.rate_per_minute", mail_rate_per_minute, "60", 1, 6000, "mails", LIVE, NULL,
	"Mails that go out in a minute.")
SETTING(SECONDS, "mail.timeout_seconds", mail_timeout_seconds, "60", 2, 600, "", LIVE, NULL,
	"Time the mail server has for one mail.")
SETTING(SECONDS, "mail.retry_seconds", mail_retry_seconds, "60", 1, 3600, "", LIVE, NULL,
	"Wait before a mail that could not be sent is tried again; it doubles each time, up to two hours.")
SETTING(INT, "mail.give_up_hours", mail_give_up_hours, "48", 1, 720, "hours", LIVE, NULL,
	"Time after which a mail that could not be sent is given up.")
SETTING(INT, "mail.queue_max", mail_queue_max, "10000", 10, 1000000, "mails", LIVE, NULL,
	"Mails that may wait at the same time; beyond it no more are queued, and the log says so.")

SETTING(INT, "mail.client_days", mail_client_days, "30", 1, 365, "days", LIVE, NULL,
	"People are written to about programs that they have used within so many days (policy/clients/).")

SECTION("metrics", "Figures for monitoring (docs/metrics.md).")
SETTING(ADDRESSES, "metrics.listen", metrics_listen, "[]", 0, 1, "", RESTART, check_loopback,
	"Loopback address on which Prometheus may read the server's figures at /metrics; an empty list switches it off.")

SECTION("users", "System users the processes run as when the server is started as root.")
SETTING(STRING, "users.gate", users_gate, "gatehouse-gate", 1, 64, "", RESTART, check_account_name,
	"User of the gate, which faces the network.")
SETTING(STRING, "users.recorder", users_recorder, "gatehouse-recorder", 1, 64, "", RESTART,
	check_account_name, "User of the recorder and the reader, who alone may open the record.")
SETTING(STRING, "users.courier", users_courier, "gatehouse-courier", 1, 64, "", RESTART, check_account_name,
	"User of the courier, which sends mails.")

SECTION("policy", "Rules for what may be said.")
SETTING(PATH, "policy.dir", policy_dir, "policy", 0, 0, "", RESTART, check_nonempty,
	"Folder with rules/*.yaml and dictionaries/*.txt; a reload reads what is in it anew.")

SECTION("log", "What the server tells its operator.")
SETTING(ENUM, "log.level", log_level, "info", 0, 0, "error|warn|info|debug", LIVE, NULL,
	"The least important lines that are still written.")
