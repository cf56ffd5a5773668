#include "client/products.h"

enum {
	GLIB = TLS_GNUTLS | TLS_OPENSSL, /* glib-networking has both */
	BROWSER = TLS_BORING | TLS_NSS | TLS_APPLE,
	QT = TLS_OPENSSL | TLS_APPLE | TLS_WINDOWS,
	PURPLE = TLS_NSS | TLS_GNUTLS | TLS_WINDOWS,
	ANDROID = TLS_BORING | TLS_JAVA,
};

const struct product client_products[] = {
	{.name = "Gajim", .nodes = "gajim.org", .resources = "gajim", .tls = GLIB | TLS_WINDOWS},
	{.name = "Dino", .nodes = "dino.im", .resources = "dino", .tls = GLIB},
	{.name = "Conversations", .names = "Conversations Legacy", .nodes = "conversations.im", .resources = "conversations",
		.tls = ANDROID, .os = "Android"},
	{.name = "Quicksy", .resources = "quicksy", .kin = "Conversations", .tls = ANDROID, .os = "Android"},
	{.name = "Cheogram", .resources = "cheogram", .kin = "Conversations", .tls = ANDROID, .os = "Android"},
	{.name = "blabber.im", .names = "blabber", .nodes = "blabber.im", .resources = "blabber",
		.kin = "Conversations|Pix-Art Messenger", .tls = ANDROID, .os = "Android"},
	{.name = "monocles chat", .names = "monocles|monocles messenger", .nodes = "monocles.de", .resources = "monocles",
		.kin = "Conversations|blabber.im", .tls = ANDROID, .os = "Android"},
	{.name = "Pix-Art Messenger", .nodes = "jabber.pix-art.de", .resources = "pix-art",
		.kin = "Conversations", .tls = ANDROID, .os = "Android"},
	{.name = "Snikket", .resources = "snikket", .kin = "Conversations|Siskin IM", .tls = ANDROID | TLS_APPLE},
	{.name = "Monal", .names = "Monal IM", .nodes = "monal.im|monal-im.org", .resources = "monal",
		.tls = TLS_APPLE | TLS_OPENSSL},
	{.name = "Siskin IM", .names = "SiskinIM|Siskin", .resources = "siskin",
		.kin = "Tigase", .tls = TLS_APPLE | TLS_OPENSSL, .os = "iOS"},
	{.name = "Beagle IM", .names = "BeagleIM|Beagle", .resources = "beagle",
		.kin = "Tigase", .tls = TLS_APPLE | TLS_OPENSSL, .os = "macOS"},
	{.name = "Tigase", .names = "Tigase Messenger", .nodes = "tigase.org/messenger|tigase.org", .resources = "tigase", .library = true},
	{.name = "ChatSecure", .resources = "chatsecure", .tls = TLS_APPLE, .os = "iOS"},
	{.name = "Profanity", .nodes = "profanity-im.github.io|profanity.im", .resources = "profanity",
		.tls = TLS_OPENSSL | TLS_GNUTLS},
	{.name = "Pidgin", .nodes = "pidgin.im", .resources = "pidgin", .kin = "libpurple", .tls = PURPLE},
	{.name = "Finch", .resources = "finch", .kin = "libpurple|Pidgin", .tls = PURPLE},
	{.name = "Adium", .nodes = "adium.im|adiumx.com", .resources = "adium",
		.kin = "libpurple|Pidgin", .tls = TLS_APPLE | PURPLE, .os = "macOS"},
	{.name = "libpurple", .tls = PURPLE, .library = true},
	{.name = "BitlBee", .nodes = "bitlbee.org/xmpp", .resources = "bitlbee",
		.kin = "libpurple|Pidgin", .tls = PURPLE | TLS_OPENSSL},
	{.name = "Spectrum", .names = "Spectrum 2", .nodes = "spectrum.im", .resources = "spectrum",
		.kin = "libpurple|Pidgin"},
	{.name = "Instantbird", .nodes = "instantbird.com", .resources = "instantbird",
		.kin = "libpurple|Pidgin", .tls = TLS_NSS},
	{.name = "Thunderbird", .names = "Mozilla Thunderbird", .resources = "thunderbird", .kin = "Instantbird", .tls = TLS_NSS},
	{.name = "Converse.js", .names = "Converse|conversejs", .nodes = "conversejs.org", .resources = "converse.js|conversejs",
		.tls = BROWSER},
	{.name = "JSXC", .nodes = "jsxc.org", .resources = "jsxc", .tls = BROWSER},
	{.name = "Jappix", .nodes = "jappix.com|jappix.org", .resources = "jappix", .tls = BROWSER},
	{.name = "Movim", .nodes = "movim.eu|moxl.movim.eu", .resources = "movim"},
	{.name = "Psi", .nodes = "psi-im.org|psi-im.org/caps", .resources = "psi", .tls = QT},
	{.name = "Psi+", .names = "Psi Plus|PsiPlus|Psi-plus", .nodes = "psi-plus.com|psi-dev.googlecode.com", .resources = "psi+|psi-plus",
		.kin = "Psi", .tls = QT},
	{.name = "Swift", .nodes = "swift.im", .resources = "swift", .tls = QT},
	{.name = "mcabber", .nodes = "mcabber.com", .resources = "mcabber", .tls = TLS_GNUTLS | TLS_OPENSSL},
	{.name = "go-sendxmpp", .resources = "go-sendxmpp", .tls = TLS_GO},
	{.name = "slixmpp", .nodes = "slixmpp.com", .tls = TLS_OPENSSL, .library = true},
	{.name = "Poezio", .nodes = "poez.io", .resources = "poezio", .kin = "slixmpp", .tls = TLS_OPENSSL},
	{.name = "sendxmpp", .resources = "sendxmpp", .tls = TLS_OPENSSL},
	{.name = "Smack", .nodes = "igniterealtime.org/projects/smack", .resources = "smack",
		.tls = ANDROID, .library = true},
	{.name = "Spark", .nodes = "igniterealtime.org/project/spark|igniterealtime.org/projects/spark", .resources = "spark",
		.kin = "Smack", .tls = TLS_JAVA},
	{.name = "aTalk", .nodes = "android.atalk.org|atalk.org", .resources = "atalk",
		.kin = "Smack|Jitsi", .tls = ANDROID, .os = "Android"},
	{.name = "Jitsi", .names = "Jitsi Desktop", .nodes = "jitsi.org", .resources = "jitsi",
		.kin = "Smack", .tls = TLS_JAVA},
	{.name = "Jicofo", .nodes = "jitsi.org/jicofo", .kin = "Smack|Jitsi", .tls = TLS_JAVA},
	{.name = "Xabber", .nodes = "xabber.com", .resources = "xabber", .kin = "Smack", .tls = ANDROID | TLS_APPLE},
	{.name = "yaxim", .nodes = "yaxim.org", .resources = "yaxim", .kin = "Smack", .tls = ANDROID, .os = "Android"},
	{.name = "Bruno", .nodes = "yaxim.org/bruno", .resources = "bruno",
		.kin = "Smack|yaxim", .tls = ANDROID, .os = "Android"},
	{.name = "QXmpp", .names = "qxmpp", .nodes = "org.qxmpp.caps|github.com/qxmpp-project/qxmpp|doc.qxmpp.org",
		.tls = QT, .library = true},
	{.name = "Kaidan", .resources = "kaidan", .kin = "QXmpp", .tls = QT},
	{.name = "LeechCraft", .names = "LeechCraft Azoth", .nodes = "leechcraft.org/azoth", .resources = "leechcraft",
		.kin = "QXmpp", .tls = QT},
	{.name = "Vacuum-IM", .names = "Vacuum|Vacuum IM", .nodes = "vacuum-im.googlecode.com|code.google.com/p/vacuum-im|vacuum-im.org", .resources = "vacuum-im",
		.tls = QT},
	{.name = "qutIM", .nodes = "qutim.org", .resources = "qutim", .tls = QT},
	{.name = "Miranda NG", .nodes = "miranda-ng.org", .resources = "miranda",
		.tls = TLS_WINDOWS | TLS_OPENSSL, .os = "Windows"},
	{.name = "Miranda IM", .names = "Miranda", .nodes = "miranda-im.org", .resources = "miranda",
		.tls = TLS_WINDOWS | TLS_OPENSSL, .os = "Windows"},
	{.name = "Tkabber", .nodes = "tkabber.jabber.ru", .resources = "tkabber", .tls = TLS_OPENSSL},
	{.name = "Coccinella", .nodes = "coccinella.sourceforge.net", .resources = "coccinella", .tls = TLS_OPENSSL},
	{.name = "Kopete", .nodes = "kopete.kde.org", .resources = "kopete", .tls = QT},
	{.name = "Telepathy", .names = "Empathy|KDE Telepathy", .nodes = "telepathy.freedesktop.org|live.gnome.org/empathy",
		.tls = GLIB},
	{.name = "emacs-jabber", .names = "jabber.el|Emacs Jabber Client", .nodes = "emacs-jabber.sourceforge.net",
		.tls = TLS_GNUTLS},
	{.name = "Exodus", .nodes = "exodus.jabberstudio.org", .resources = "exodus",
		.tls = TLS_WINDOWS | TLS_OPENSSL, .os = "Windows"},
	{.name = "Pandion", .nodes = "pandion.im", .resources = "pandion", .tls = TLS_WINDOWS, .os = "Windows"},
	{.name = "JAJC", .names = "Just Another Jabber Client", .nodes = "jajc.jrudevels.org", .resources = "jajc",
		.tls = TLS_WINDOWS | TLS_OPENSSL, .os = "Windows"},
	{.name = "Trillian", .nodes = "trillian.im", .resources = "trillian"},
	{.name = "iChat", .nodes = "apple.com/ichat", .resources = "ichat", .tls = TLS_APPLE, .os = "macOS"},
	{.name = "Libervia", .names = "Salut à Toi", .nodes = "salut-a-toi.org", .resources = "libervia",
		.tls = TLS_OPENSSL},

		{.name = "BombusMod", .names = "Bombus", .nodes = "bombusmod.net.ru|bombus-im.org|ex-im.name", .resources = "bombusmod|bombus"},
	{.name = "Asterisk", .nodes = "asterisk.org/xmpp", .resources = "asterisk", .tls = TLS_OPENSSL | TLS_GNUTLS},
	{.name = "JWChat", .resources = "jwchat", .tls = BROWSER},
	{.name = "UWPX", .resources = "uwpx", .tls = TLS_WINDOWS | TLS_OPENSSL, .os = "Windows"},
	{.name = "CoyIM", .resources = "coyim", .tls = TLS_GO},
};
const size_t client_products_count = sizeof(client_products) / sizeof(client_products[0]);

/* Pidgin's and Finch's identity has no version and their list of features stays as it is for years: Pidgin's hash was seen with
 * 2.10, too. Dino's identity has none either; what the hash says is the release that shows it. */
const struct shipped_hash client_hashes[] = {
	{"mnQV9IXP6bj8/wvKJ+4270fD2eo=", "mcabber", "1.1.2", "1.1.2"},
	{"aHGBcRlWCk0moSumGUB9gYUpEU4=", "Profanity", "0.13.1", "0.13.1"},
	{"Sb0R3dtmZsLSf1CuGFGYkmNdm1k=", "Profanity", "0.13.1", "0.13.1"},
	{"LnqHY7NoTe66rRUAqUoaHlaYL6s=", "Finch", "", ">=2.10, <3"},
	{"AcN1/PEN8nq7AHD+9jpxMV4U6YM=", "Pidgin", "", ">=2.10, <3"},
	{"6ggwrxA97IN314qDlU0ic5OWBEc=", "Dino", "0.4.2", "0.4.*"},
};
const size_t client_hashes_count = sizeof(client_hashes) / sizeof(client_hashes[0]);

const struct shipped_suites client_suites[] = {
	{"e8f1e7e78f70", TLS_OPENSSL}, /* 3.0, as shipped */
	{"d943125447b4", TLS_OPENSSL}, /* the same without TLS 1.3 */
	{"85036bcba153", TLS_OPENSSL}, /* as Python's ssl sets it up */
	{"723694b0fccc", TLS_GNUTLS},  /* 3.7, priority NORMAL */
	{"7415a186c913", TLS_GNUTLS},  /* the same without TLS 1.3 */
	{"948423e5275c", TLS_NSS},     /* 3.87 */
	{"8daaf6152771", TLS_BORING},  /* as in Chromium */
	{"9dc949149365", TLS_GO},      /* crypto/tls */
};
const size_t client_suites_count = sizeof(client_suites) / sizeof(client_suites[0]);
