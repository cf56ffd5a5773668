#include "client/os.h"

#include <stdbool.h>
#include <string.h>

/* A word of the text that begins like this means that; the first row that fits counts. */
static const struct {
	const char *word, *family;
} families[] = {
	{"android", "Android"},
	{"lineageos", "Android"},
	{"grapheneos", "Android"},
	{"harmonyos", "HarmonyOS"},
	{"kaios", "KaiOS"},
	{"sailfish", "Sailfish OS"},
	{"cros", "ChromeOS"},
	{"chromeos", "ChromeOS"},
	{"chrome os", "ChromeOS"},
	{"iphone", "iOS"},
	{"ios", "iOS"},
	{"ipados", "iOS"},
	{"ipad", "iOS"},
	{"watchos", "iOS"},
	{"macos", "macOS"},
	{"mac os", "macOS"},
	{"macintosh", "macOS"},
	{"osx", "macOS"},
	{"os x", "macOS"},
	{"darwin", "macOS"},
	{"windows", "Windows"},
	{"win32", "Windows"},
	{"win64", "Windows"},
	{"winnt", "Windows"},
	{"win1", "Windows"},
	{"win7", "Windows"},
	{"win8", "Windows"},
	{"win ", "Windows"},
	{"mingw", "Windows"},
	{"cygwin", "Windows"},
	{"freebsd", "FreeBSD"},
	{"openbsd", "OpenBSD"},
	{"netbsd", "NetBSD"},
	{"dragonfly", "DragonFly BSD"},
	{"sunos", "Solaris"},
	{"solaris", "Solaris"},
	{"haiku", "Haiku"},
	{"linux", "Linux"},
	{"debian", "Linux"},
	{"ubuntu", "Linux"},
	{"fedora", "Linux"},
	{"red hat", "Linux"},
	{"redhat", "Linux"},
	{"rhel", "Linux"},
	{"centos", "Linux"},
	{"rocky", "Linux"},
	{"almalinux", "Linux"},
	{"opensuse", "Linux"},
	{"suse", "Linux"},
	{"sles", "Linux"},
	{"arch", "Linux"},
	{"manjaro", "Linux"},
	{"gentoo", "Linux"},
	{"alpine", "Linux"},
	{"nixos", "Linux"},
	{"mint", "Linux"},
	{"slackware", "Linux"},
	{"void", "Linux"},
	{"raspbian", "Linux"},
	{"kde neon", "Linux"},
	{"pop!_os", "Linux"},
	{"elementary", "Linux"},
	{"devuan", "Linux"},
	{"trisquel", "Linux"},
	{"kali", "Linux"},
	{"guix", "Linux"},
	{"mageia", "Linux"},
	{"solus", "Linux"},
	{"postmarketos", "Linux"},
	{"purism", "Linux"},
	{"pureos", "Linux"},
	{"zorin", "Linux"},
	{"deepin", "Linux"},
	{"flatpak", "Linux"},
	{"freedesktop", "Linux"},
	{"gnu", "Linux"},
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_alnum(char c)
{
	return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');
}

static bool has_word(struct str text, struct str word)
{
	for (size_t i = 0; i + word.len <= text.len; i++)
		if ((i == 0 || !is_alnum(text.data[i - 1])) && str_eq_nocase(str_cut(text, i, i + word.len), word))
			return true;
	return false;
}

/* A release of the kernel alone: "6.1.0-18-amd64". */
static bool is_kernel_release(struct str text)
{
	static const char *const ends[] = {
		"amd64", "x86_64", "arm64", "aarch64", "generic", "arch1-1", "lts", "cloud", "rpi-v8", "686-pae"};

	if (text.len == 0 || text.data[0] < '2' || text.data[0] > '9' || str_find(text, '.', 0) == text.len)
		return false;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (str_ends(text, str_from(ends[i])))
			return true;
	return false;
}

struct str os_family(struct str text)
{
	text = str_trim(text);
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (has_word(text, str_from(families[i].word)))
			return str_from(families[i].family);
	return is_kernel_release(text) ? STR("Linux") : text;
}

static bool is_among(const char *const *list, size_t len, const char *name)
{
	for (size_t i = 0; i < len; i++)
		if (strcmp(list[i], name) == 0)
			return true;
	return false;
}

size_t os_families(const char *out[OS_FAMILIES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]) && n < OS_FAMILIES_MAX; i++)
		if (!is_among(out, n, families[i].family))
			out[n++] = families[i].family;
	return n;
}
