/* Binary searches in the generated runs. The common case, ASCII, never comes here. */
#include "jid/precis_table.h"

uint16_t precis_word(uint32_t code_point)
{
	unsigned low = 0, high = precis_runs_len;

	if (code_point > 0x10FFFF)
		return PRECIS_DISALLOWED;
	while (high - low > 1) {
		unsigned middle = low + (high - low) / 2;

		if (precis_runs[middle] >> 8 <= code_point)
			low = middle;
		else
			high = middle;
	}
	return precis_words[precis_runs[low] & 0xFF];
}

static uint32_t map_with(const struct precis_mapping *table, unsigned len, uint32_t code_point)
{
	unsigned low = 0, high = len;

	while (high - low > 1) {
		unsigned middle = low + (high - low) / 2;

		if (table[middle].first <= code_point)
			low = middle;
		else
			high = middle;
	}
	uint32_t offset = code_point - table[low].first;

	if (code_point < table[low].first || offset % table[low].step ||
		offset / table[low].step >= table[low].count)
		return code_point;
	return (uint32_t)((int64_t)code_point + table[low].delta);
}

uint32_t precis_map_width(uint32_t code_point)
{
	return map_with(precis_width, precis_width_len, code_point);
}

uint32_t precis_map_lower(uint32_t code_point)
{
	return map_with(precis_lower, precis_lower_len, code_point);
}

enum precis_class precis_class_of(uint32_t code_point)
{
	return precis_word_class(precis_word(code_point));
}

const char *precis_unicode_version(void)
{
	return precis_data_version;
}
