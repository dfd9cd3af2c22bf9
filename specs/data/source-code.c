/* A pool of strings, a map from strings to numbers, and a reader of small tables: plain C, written for these pages. */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POOL_BLOCK 4096
#define MAP_FIRST_SIZE 16
#define MAP_FULL(count, size) ((count) * 4 >= (size) * 3)
#define MAX_FIELD 256

struct block {
	struct block *next;
	size_t used;
	size_t size;
	char bytes[];
};

struct pool {
	struct block *first;
	size_t total;
};

struct entry {
	const char *key;
	uint64_t hash;
	double value;
};

struct map {
	struct entry *entries;
	size_t count;
	size_t size;
	struct pool *pool;
};

enum status { OK = 0, NO_MEMORY, NOT_FOUND, BAD_NUMBER, TOO_LONG };

static const char *const messages[] = {
	[OK] = "all is well",
	[NO_MEMORY] = "out of memory",
	[NOT_FOUND] = "no such key",
	[BAD_NUMBER] = "not a number",
	[TOO_LONG] = "field is too long",
};

const char *status_text(enum status status)
{
	if (status < OK || status > TOO_LONG)
		return "unknown status";
	return messages[status];
}

/* Takes bytes from the newest block, or from a new one when they do not fit. */
static void *pool_take(struct pool *pool, size_t size)
{
	struct block *block = pool->first;

	size = (size + 7) & ~(size_t)7;
	if (block == NULL || block->size - block->used < size) {
		size_t room = size > POOL_BLOCK ? size : POOL_BLOCK;

		block = malloc(sizeof(*block) + room);
		if (block == NULL)
			return NULL;
		block->next = pool->first;
		block->used = 0;
		block->size = room;
		pool->first = block;
		pool->total += room;
	}
	block->used += size;
	return block->bytes + block->used - size;
}

static char *pool_copy(struct pool *pool, const char *text, size_t length)
{
	char *copy = pool_take(pool, length + 1);

	if (copy == NULL)
		return NULL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

static void pool_free(struct pool *pool)
{
	struct block *block = pool->first;

	while (block != NULL) {
		struct block *next = block->next;

		free(block);
		block = next;
	}
	pool->first = NULL;
	pool->total = 0;
}

/* FNV-1a: one multiplication for each byte. */
static uint64_t hash_of(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (; *text != '\0'; text++) {
		hash ^= (unsigned char)*text;
		hash *= 0x100000001b3u;
	}
	return hash;
}

/* The place of a key, or the free place where it would stand. The size is a power of two and never full. */
static struct entry *map_place(struct entry *entries, size_t size, const char *key, uint64_t hash)
{
	size_t index = hash & (size - 1);

	while (entries[index].key != NULL) {
		struct entry *entry = &entries[index];

		if (entry->hash == hash && strcmp(entry->key, key) == 0)
			return entry;
		index = (index + 1) & (size - 1);
	}
	return &entries[index];
}

static enum status map_grow(struct map *map)
{
	size_t size = map->size == 0 ? MAP_FIRST_SIZE : map->size * 2;
	struct entry *entries = calloc(size, sizeof(*entries));

	if (entries == NULL)
		return NO_MEMORY;
	for (size_t i = 0; i < map->size; i++) {
		struct entry *old = &map->entries[i];

		if (old->key != NULL)
			*map_place(entries, size, old->key, old->hash) = *old;
	}
	free(map->entries);
	map->entries = entries;
	map->size = size;
	return OK;
}

enum status map_set(struct map *map, const char *key, double value)
{
	uint64_t hash = hash_of(key);
	struct entry *entry;

	if (map->size == 0 || MAP_FULL(map->count, map->size)) {
		enum status status = map_grow(map);

		if (status != OK)
			return status;
	}
	entry = map_place(map->entries, map->size, key, hash);
	if (entry->key == NULL) {
		entry->key = pool_copy(map->pool, key, strlen(key));
		if (entry->key == NULL)
			return NO_MEMORY;
		entry->hash = hash;
		map->count++;
	}
	entry->value = value;
	return OK;
}

enum status map_get(const struct map *map, const char *key, double *value)
{
	const struct entry *entry;

	if (map->size == 0)
		return NOT_FOUND;
	entry = map_place(map->entries, map->size, key, hash_of(key));
	if (entry->key == NULL)
		return NOT_FOUND;
	*value = entry->value;
	return OK;
}

static enum status parse_number(const char *text, double *number)
{
	char *end;

	errno = 0;
	*number = strtod(text, &end);
	while (isspace((unsigned char)*end))
		end++;
	if (end == text || *end != '\0' || errno == ERANGE)
		return BAD_NUMBER;
	return OK;
}

/* Reads a line of the form "key = number". Lines that begin with '#' and empty ones say nothing. */
static enum status read_line(struct map *map, char *line)
{
	char key[MAX_FIELD];
	char *equals;
	size_t length;
	double number;
	enum status status;

	while (isspace((unsigned char)*line))
		line++;
	if (*line == '\0' || *line == '#')
		return OK;
	equals = strchr(line, '=');
	if (equals == NULL)
		return BAD_NUMBER;
	length = (size_t)(equals - line);
	while (length > 0 && isspace((unsigned char)line[length - 1]))
		length--;
	if (length >= sizeof(key))
		return TOO_LONG;
	memcpy(key, line, length);
	key[length] = '\0';
	status = parse_number(equals + 1, &number);
	return status == OK ? map_set(map, key, number) : status;
}

static bool by_value(const struct entry *a, const struct entry *b)
{
	if (a->value != b->value)
		return a->value < b->value;
	return strcmp(a->key, b->key) < 0;
}

/* Insertion sort: tables are small, and most come in order. */
static void sort_entries(struct entry **entries, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct entry *entry = entries[i];
		size_t j = i;

		for (; j > 0 && by_value(entry, entries[j - 1]); j--)
			entries[j] = entries[j - 1];
		entries[j] = entry;
	}
}

int main(int argc, char **argv)
{
	struct pool pool = { NULL, 0 };
	struct map map = { NULL, 0, 0, &pool };
	struct entry **sorted;
	char line[1024];
	size_t count = 0;
	int number = 0;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		enum status status = read_line(&map, line);

		number++;
		if (status != OK) {
			fprintf(stderr, "%s: line %d: %s\n", argv[0], number, status_text(status));
			return EXIT_FAILURE;
		}
	}
	for (int i = 1; i < argc; i++) {
		double value;

		if (map_get(&map, argv[i], &value) == OK)
			printf("%s is %g\n", argv[i], value);
		else
			printf("%s is not there\n", argv[i]);
	}
	sorted = malloc((map.count + 1) * sizeof(*sorted));
	if (sorted == NULL)
		return EXIT_FAILURE;
	for (size_t i = 0; i < map.size; i++)
		if (map.entries[i].key != NULL)
			sorted[count++] = &map.entries[i];
	sort_entries(sorted, count);
	for (size_t i = 0; i < count; i++)
		printf("%-20s %12.4f\n", sorted[i]->key, sorted[i]->value);
	free(sorted);
	free(map.entries);
	pool_free(&pool);
	return EXIT_SUCCESS;
}
