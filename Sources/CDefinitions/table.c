#include "CDefinitions.h"

// C23's #embed places the file in the binary's read-only pages: nothing is decoded or copied at start.
static const _Alignas(64) uint8_t table[] = {
#embed "r4.table"
};

const uint8_t *definitions_r4_bytes(void) { return table; }
size_t definitions_r4_size(void) { return sizeof table; }

static const _Alignas(64) uint8_t conformance[] = {
#embed "r4.conformance"
};

const uint8_t *conformance_r4_bytes(void) { return conformance; }
size_t conformance_r4_size(void) { return sizeof conformance; }
