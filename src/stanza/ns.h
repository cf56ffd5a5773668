/* Namespace names as they stand on the wire, one constant each: a folder that handles a protocol compares
 * with these and never spells a name a second time. The value is a struct str. */
#pragma once

#include "base/str.h"

/* Streams (RFC 6120). */
#define NS_STREAMS STR("http://etherx.jabber.org/streams")
#define NS_CLIENT STR("jabber:client")
#define NS_SERVER STR("jabber:server")
#define NS_COMPONENT STR("jabber:component:accept") /* XEP-0114 */
#define NS_STREAM_ERRORS STR("urn:ietf:params:xml:ns:xmpp-streams")
#define NS_STANZA_ERRORS STR("urn:ietf:params:xml:ns:xmpp-stanzas")
#define NS_TLS STR("urn:ietf:params:xml:ns:xmpp-tls")
#define NS_SASL STR("urn:ietf:params:xml:ns:xmpp-sasl")
#define NS_SASL_CB STR("urn:xmpp:sasl-cb:0") /* XEP-0440 */
#define NS_SASL2 STR("urn:xmpp:sasl:2")      /* XEP-0388 */
#define NS_BIND2 STR("urn:xmpp:bind:0")      /* XEP-0386 */
#define NS_FAST STR("urn:xmpp:fast:0")       /* XEP-0484 */
#define NS_BIND STR("urn:ietf:params:xml:ns:xmpp-bind")
#define NS_SESSION STR("urn:ietf:params:xml:ns:xmpp-session") /* RFC 3921, kept for old clients */
#define NS_SM STR("urn:xmpp:sm:3")                            /* XEP-0198 */
#define NS_CSI STR("urn:xmpp:csi:0")                          /* XEP-0352 */

/* Rosters, presence, privacy (RFC 6121). */
#define NS_ROSTER STR("jabber:iq:roster")
#define NS_ROSTERVER STR("urn:xmpp:features:rosterver")
#define NS_PRE_APPROVAL STR("urn:xmpp:features:pre-approval")
#define NS_CAM STR("urn:xmpp:cam:0") /* XEP-0494 */
#define NS_BLOCKING STR("urn:xmpp:blocking") /* XEP-0191 */
#define NS_BLOCKING_ERRORS STR("urn:xmpp:blocking:errors")
#define NS_PRIVATE STR("jabber:iq:private")            /* XEP-0049 */
#define NS_VCARD STR("vcard-temp")                     /* XEP-0054 */
#define NS_VCARD_UPDATE STR("vcard-temp:x:update")     /* XEP-0153 */
#define NS_NICK STR("http://jabber.org/protocol/nick") /* XEP-0172 */

/* Asking about an entity. */
#define NS_DISCO_INFO STR("http://jabber.org/protocol/disco#info")   /* XEP-0030 */
#define NS_DISCO_ITEMS STR("http://jabber.org/protocol/disco#items") /* XEP-0030 */
#define NS_CAPS STR("http://jabber.org/protocol/caps")               /* XEP-0115 */
#define NS_PING STR("urn:xmpp:ping")                                 /* XEP-0199 */
#define NS_VERSION STR("jabber:iq:version")                          /* XEP-0092 */
#define NS_LAST STR("jabber:iq:last")                                /* XEP-0012 */
#define NS_TIME STR("urn:xmpp:time")                                 /* XEP-0202 */
#define NS_COMMANDS STR("http://jabber.org/protocol/commands")       /* XEP-0050 */
#define NS_DATA_FORMS STR("jabber:x:data")                           /* XEP-0004 */
#define NS_REGISTER STR("jabber:iq:register")                        /* XEP-0077 */
#define NS_PARS STR("urn:xmpp:pars:0")                               /* XEP-0379, XEP-0445 */
#define NS_SEARCH STR("jabber:iq:search")                             /* XEP-0055 */
#define NS_REPORTING STR("urn:xmpp:reporting:1")                      /* XEP-0377 */
#define NS_AUTH STR("jabber:iq:auth")                                /* XEP-0078, refused */

/* What a message carries. */
#define NS_CARBONS STR("urn:xmpp:carbons:2")                       /* XEP-0280 */
#define NS_FORWARD STR("urn:xmpp:forward:0")                       /* XEP-0297 */
#define NS_DELAY STR("urn:xmpp:delay")                             /* XEP-0203 */
#define NS_DELAY_OLD STR("jabber:x:delay")                         /* XEP-0091 */
#define NS_SID STR("urn:xmpp:sid:0")                               /* XEP-0359 */
#define NS_HINTS STR("urn:xmpp:hints")                             /* XEP-0334 */
#define NS_RECEIPTS STR("urn:xmpp:receipts")                       /* XEP-0184 */
#define NS_CHAT_MARKERS STR("urn:xmpp:chat-markers:0")             /* XEP-0333 */
#define NS_CHATSTATES STR("http://jabber.org/protocol/chatstates") /* XEP-0085 */
#define NS_CORRECT STR("urn:xmpp:message-correct:0")               /* XEP-0308 */
#define NS_RETRACT STR("urn:xmpp:message-retract:1")               /* XEP-0424 */
#define NS_MODERATE STR("urn:xmpp:message-moderate:1")             /* XEP-0425 */
#define NS_MODERATE_OLD STR("urn:xmpp:message-moderate:0")         /* XEP-0425 0.2 */
#define NS_RETRACT_OLD STR("urn:xmpp:message-retract:0")           /* XEP-0424 0.2 */
#define NS_FASTEN STR("urn:xmpp:fasten:0")                         /* XEP-0422, as these two use it */
#define NS_FALLBACK STR("urn:xmpp:fallback:0")                     /* XEP-0428 */
#define NS_REPLY STR("urn:xmpp:reply:0")                           /* XEP-0461 */
#define NS_REACTIONS STR("urn:xmpp:reactions:0")                   /* XEP-0444 */
#define NS_ATTENTION STR("urn:xmpp:attention:0")                   /* XEP-0224 */
#define NS_XHTML_IM STR("http://jabber.org/protocol/xhtml-im")     /* XEP-0071 */
#define NS_XHTML STR("http://www.w3.org/1999/xhtml")
#define NS_OOB STR("jabber:x:oob")                           /* XEP-0066 */
#define NS_CONFERENCE STR("jabber:x:conference")             /* XEP-0249 */
#define NS_EME STR("urn:xmpp:eme:0")                         /* XEP-0380 */
#define NS_OMEMO STR("eu.siacs.conversations.axolotl")       /* XEP-0384 before 0.8 */
#define NS_OMEMO2 STR("urn:xmpp:omemo:2")                    /* XEP-0384 */
#define NS_OPENPGP STR("urn:xmpp:openpgp:0")                 /* XEP-0373 */
#define NS_PGP_ENCRYPTED STR("jabber:x:encrypted")           /* XEP-0027 */
#define NS_ADDRESS STR("http://jabber.org/protocol/address") /* XEP-0033 */

/* Rooms, publishing, history. */
#define NS_MUC STR("http://jabber.org/protocol/muc") /* XEP-0045 */
#define NS_MUC_USER STR("http://jabber.org/protocol/muc#user")
#define NS_MUC_ADMIN STR("http://jabber.org/protocol/muc#admin")
#define NS_MUC_OWNER STR("http://jabber.org/protocol/muc#owner")
#define NS_OCCUPANT_ID STR("urn:xmpp:occupant-id:0")       /* XEP-0421 */
#define NS_PUBSUB STR("http://jabber.org/protocol/pubsub") /* XEP-0060 */
#define NS_PUBSUB_EVENT STR("http://jabber.org/protocol/pubsub#event")
#define NS_PUBSUB_ERRORS STR("http://jabber.org/protocol/pubsub#errors")
#define NS_PUBSUB_OWNER STR("http://jabber.org/protocol/pubsub#owner")
#define NS_MAM STR("urn:xmpp:mam:2")                 /* XEP-0313 */
#define NS_AVATAR_DATA STR("urn:xmpp:avatar:data") /* XEP-0084 */
#define NS_AVATAR_METADATA STR("urn:xmpp:avatar:metadata")
#define NS_BOOKMARKS STR("urn:xmpp:bookmarks:1")    /* XEP-0402 */
#define NS_BOOKMARKS_OLD STR("storage:bookmarks")   /* XEP-0048 */
#define NS_RSM STR("http://jabber.org/protocol/rsm") /* XEP-0059 */
