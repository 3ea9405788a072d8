#pragma once
#include <mongoc/mongoc.h>
#include <stdlib.h>
#include <time.h>

// What Swift cannot do with libmongoc by itself: bson_t wants an alignment of 128 bytes that Swift does not give a
// local, and a C array member is imported as a tuple.

static inline const char *cmongoc_error_message(const bson_error_t *error) { return error->message; }

static inline const char *cmongoc_host_and_port(const mongoc_host_list_t *host) { return host->host_and_port; }

static inline const mongoc_host_list_t *cmongoc_next_host(const mongoc_host_list_t *host) { return host->next; }

static inline void cmongoc_sleep(long milliseconds) {
  struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  nanosleep(&time, NULL);
}

// Inserts documents where they lie: the bytes of number i start at starts[i] and are lengths[i] long.
// reply is initialised in every case.
static inline bool cmongoc_insert_many(mongoc_collection_t *collection, const uint8_t *const *starts,
                                       const size_t *lengths, size_t count, const bson_t *opts, bson_t *reply,
                                       bson_error_t *error) {
  bson_t *documents = (bson_t *)aligned_alloc(128, count * sizeof(bson_t));
  const bson_t **pointers = (const bson_t **)malloc(count * sizeof(bson_t *));
  bool ok = documents && pointers;
  if (!ok) bson_set_error(error, MONGOC_ERROR_BSON, MONGOC_ERROR_BSON_INVALID, "out of memory");
  for (size_t i = 0; ok && i < count; i++) {
    ok = bson_init_static(&documents[i], starts[i], lengths[i]);
    if (!ok) bson_set_error(error, MONGOC_ERROR_BSON, MONGOC_ERROR_BSON_INVALID, "document %zu is no BSON", i);
    pointers[i] = &documents[i];
  }
  if (ok) {
    ok = mongoc_collection_insert_many(collection, pointers, count, opts, reply, error);
  } else {
    bson_init(reply);
  }
  free(pointers);
  free(documents);
  return ok;
}

static inline bool cmongoc_bulk_insert(mongoc_bulk_operation_t *bulk, const uint8_t *bytes, size_t length,
                                       const bson_t *opts, bson_error_t *error) {
  bson_t document;
  return bson_init_static(&document, bytes, length) &&
         mongoc_bulk_operation_insert_with_opts(bulk, &document, opts, error);
}

static inline bool cmongoc_bulk_replace(mongoc_bulk_operation_t *bulk, const uint8_t *filter, size_t filter_length,
                                        const uint8_t *bytes, size_t length, const bson_t *opts,
                                        bson_error_t *error) {
  bson_t selector, document;
  return bson_init_static(&selector, filter, filter_length) && bson_init_static(&document, bytes, length) &&
         mongoc_bulk_operation_replace_one_with_opts(bulk, &selector, &document, opts, error);
}

static inline bool cmongoc_bulk_update(mongoc_bulk_operation_t *bulk, const uint8_t *filter, size_t filter_length,
                                       const uint8_t *bytes, size_t length, bool many, const bson_t *opts,
                                       bson_error_t *error) {
  bson_t selector, update;
  if (!bson_init_static(&selector, filter, filter_length) || !bson_init_static(&update, bytes, length)) return false;
  return many ? mongoc_bulk_operation_update_many_with_opts(bulk, &selector, &update, opts, error)
              : mongoc_bulk_operation_update_one_with_opts(bulk, &selector, &update, opts, error);
}

static inline bool cmongoc_bulk_remove(mongoc_bulk_operation_t *bulk, const uint8_t *filter, size_t filter_length,
                                       bool many, const bson_t *opts, bson_error_t *error) {
  bson_t selector;
  if (!bson_init_static(&selector, filter, filter_length)) return false;
  return many ? mongoc_bulk_operation_remove_many_with_opts(bulk, &selector, opts, error)
              : mongoc_bulk_operation_remove_one_with_opts(bulk, &selector, opts, error);
}
