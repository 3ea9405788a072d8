#pragma once
#include <mongoc/mongoc.h>
#include <stdlib.h>

// bson_t wants an alignment of 128 bytes that Swift does not give a local, so these stand in C.

static inline const char *cmongoc_error_message(const bson_error_t *error) { return error->message; }

// Inserts documents that lie at pointers[i], unordered and without libbson's check: the fastest that libmongoc does.
static inline bool cmongoc_insert_raw(mongoc_collection_t *collection, const uint8_t *const *pointers,
                                      const size_t *lengths, size_t count, bson_error_t *error) {
  bson_t *documents = (bson_t *)aligned_alloc(128, count * sizeof(bson_t));
  const bson_t **all = (const bson_t **)malloc(count * sizeof(bson_t *));
  bool ok = documents && all;
  for (size_t i = 0; ok && i < count; i++) {
    ok = bson_init_static(&documents[i], pointers[i], lengths[i]);
    all[i] = &documents[i];
  }
  if (ok) {
    bson_t *opts = BCON_NEW("ordered", BCON_BOOL(false), "validate", BCON_BOOL(false));
    ok = mongoc_collection_insert_many(collection, all, count, opts, NULL, error);
    bson_destroy(opts);
  } else {
    bson_set_error(error, MONGOC_ERROR_BSON, MONGOC_ERROR_BSON_INVALID, "out of memory, or no BSON");
  }
  free(all);
  free(documents);
  return ok;
}

// Calls take with every document of a collection.
static inline bool cmongoc_for_each(mongoc_collection_t *collection, void *context,
                                    void (*take)(void *context, const uint8_t *bytes, size_t length),
                                    bson_error_t *error) {
  bson_t *filter = bson_new();
  mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(collection, filter, NULL, NULL);
  const bson_t *document;
  while (mongoc_cursor_next(cursor, &document)) take(context, bson_get_data(document), document->len);
  bool ok = !mongoc_cursor_error(cursor, error);
  mongoc_cursor_destroy(cursor);
  bson_destroy(filter);
  return ok;
}
