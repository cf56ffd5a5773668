/* The fingerprint of a ClientHello given in hexadecimal digits, for check_ja4.py. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "client/ja4.h"

int main(int argc, char **argv)
{
	struct str hex = str_from(argc > 1 ? argv[1] : NULL);
	char *bytes = malloc(hex.len / 2 + 1), out[JA4_LEN];

	if (!bytes || !hex_parse(hex, bytes, hex.len / 2))
		return 2;
	if (ja4_of_hello(str_of(bytes, hex.len / 2), out))
		printf("%.*s\n", JA4_LEN, out);
	else
		printf("none\n");
	free(bytes);
	return 0;
}
