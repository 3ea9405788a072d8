#pragma once
#include <stddef.h>
#include <stdint.h>

/// The R4 definition table, as `compile-definitions` wrote it; 64-byte aligned, alive as long as the process.
const uint8_t *definitions_r4_bytes(void);
size_t definitions_r4_size(void);
