#pragma once
#include <stddef.h>
#include <stdint.h>

// The layout of a definition table: fixed-size little-endian records in sections, read in place.
// `compile-definitions` writes it, FHIRModel's DefinitionTable reads it. Raise DEFINITION_FORMAT when a record changes.

#define DEFINITION_FORMAT 2
#define DEFINITION_NONE 0xFFFF        // no such 16-bit id
#define DEFINITION_UNBOUNDED 0xFFFF   // max "*"

enum definition_section {
  DEFINITION_STRING_BYTES,  // uint8_t: UTF-8, not terminated
  DEFINITION_STRINGS,       // definition_string
  DEFINITION_NAMES,         // uint32_t: string of a NameID; id 0 is the empty name of a root
  DEFINITION_NAME_SLOTS,    // uint16_t: open addressing by definition_name_hash; NameID, 0 is empty; power of two
  DEFINITION_TYPES,         // definition_type
  DEFINITION_TYPE_SLOTS,    // uint16_t: open addressing by definition_hash of the name; TypeID + 1, 0 is empty
  DEFINITION_ELEMENTS,      // definition_element: those of one type together, in the order of the definition
  DEFINITION_TYPE_REFS,     // definition_type_ref: those of one element together
  DEFINITION_TARGETS,       // uint16_t: TypeIDs a Reference or canonical may point to
  DEFINITION_CHILD_SLOTS,   // definition_child: each type's own open addressing by NameID
  DEFINITION_BINDINGS,      // definition_binding
  DEFINITION_VALUE_SETS,    // definition_value_set
  DEFINITION_VALUE_SET_SLOTS, // uint16_t: open addressing by definition_hash of the URL; index + 1, 0 is empty
  DEFINITION_CODES,         // definition_code
  DEFINITION_CODE_SLOTS,    // uint32_t: each value set's own open addressing by definition_hash of the code;
                            //   index within the value set's codes + 1, 0 is empty
  DEFINITION_INVARIANT_REFS,// uint16_t: indexes into DEFINITION_INVARIANTS
  DEFINITION_INVARIANTS,    // definition_invariant
  DEFINITION_PACKAGES,      // definition_package: what the table was made from
  DEFINITION_SECTIONS
};

typedef struct { uint32_t offset, count; } definition_range;

typedef struct {
  uint8_t magic[8];  // "FHIRLINE"
  uint32_t format;   // DEFINITION_FORMAT
  uint32_t size;     // of the whole table in bytes
  definition_range sections[DEFINITION_SECTIONS];  // offset in bytes from the table's start, 8-aligned; count of records
} definition_header;

typedef struct { uint32_t offset, length; } definition_string;

enum definition_kind { DEFINITION_PRIMITIVE, DEFINITION_DATATYPE, DEFINITION_BACKBONE, DEFINITION_RESOURCE };

// What a primitive's text must look like; 0 for types that are no primitive.
enum definition_grammar {
  GRAMMAR_NONE, GRAMMAR_BOOLEAN, GRAMMAR_INTEGER, GRAMMAR_POSITIVE_INT, GRAMMAR_UNSIGNED_INT, GRAMMAR_DECIMAL,
  GRAMMAR_STRING, GRAMMAR_MARKDOWN, GRAMMAR_CODE, GRAMMAR_ID, GRAMMAR_URI, GRAMMAR_URL, GRAMMAR_CANONICAL,
  GRAMMAR_OID, GRAMMAR_UUID, GRAMMAR_BASE64, GRAMMAR_DATE, GRAMMAR_DATETIME, GRAMMAR_INSTANT, GRAMMAR_TIME,
  GRAMMAR_XHTML
};

#define TYPE_ABSTRACT 1
#define TYPE_CONSTRAINT 2      // a profile that counts as a datatype: SimpleQuantity, MoneyQuantity

typedef struct {
  uint32_t name;             // string: "Patient", "HumanName", "string", "Patient.contact" (a backbone element)
  uint16_t base;             // TypeID of baseDefinition, or NONE
  uint8_t kind;              // definition_kind
  uint8_t flags;             // TYPE_…
  uint32_t first_element;
  uint32_t first_child_slot;
  uint16_t element_count;    // inherited elements included: a type's list is whole
  uint16_t child_slot_mask;  // slots of this type less one
  uint32_t first_invariant_ref;  // invariants of every element of the type, inherited ones included
  uint16_t invariant_count;
  uint8_t grammar;           // definition_grammar
  uint8_t reserved;
  uint32_t url;              // string: its canonical URL; empty for a backbone element
  uint32_t binding;          // index + 1 of a binding on the type as a whole (Age, Distance, Duration), 0 is none
} definition_type;

#define ELEMENT_CHOICE 1      // value[x]: `name` is "value", the JSON names stand in the type refs
#define ELEMENT_ATTRIBUTE 2   // an attribute in XML (id, url)
#define ELEMENT_MODIFIER 4
#define ELEMENT_SUMMARY 8
#define ELEMENT_RESOURCE 16   // holds a resource: contained, Bundle.entry.resource, Parameters.parameter.resource

typedef struct {
  uint16_t name;             // NameID
  uint16_t flags;            // ELEMENT_…
  uint16_t min, max;
  uint32_t first_type_ref;
  uint16_t type_ref_count;
  uint16_t owner;            // TypeID whose list this stands in
  uint32_t path;             // string: "Patient.contact.name"
  uint32_t binding;          // index + 1, 0 is none
  uint32_t first_invariant_ref;  // on the element alone, not those of its type or backbone
  uint16_t invariant_count;
  uint16_t order;            // position in the owner's list
} definition_element;

typedef struct {
  uint16_t type;             // TypeID of the value: a primitive, datatype, backbone, or Resource
  uint16_t json_name;        // NameID under which JSON and XML write it ("valueQuantity"; the plain name if no choice)
  uint32_t first_target;
  uint16_t target_count;     // 0: any
  uint16_t profile;          // TypeID the value must conform to as well (SimpleQuantity), or NONE
} definition_type_ref;

typedef struct {
  uint16_t name;             // NameID; 0 is an empty slot
  uint16_t type_ref;         // offset within the element's type refs
  uint32_t element;          // index into DEFINITION_ELEMENTS
} definition_child;

enum definition_strength { BINDING_EXAMPLE, BINDING_PREFERRED, BINDING_EXTENSIBLE, BINDING_REQUIRED };

typedef struct {
  uint32_t value_set;        // index into DEFINITION_VALUE_SETS
  uint32_t max_value_set;    // index + 1 of the value set that is required where `strength` is less, 0 is none
  uint8_t strength;          // definition_strength
  uint8_t reserved[3];
} definition_binding;

enum definition_codes {
  CODES_UNKNOWN,   // nothing is known offline: the verdict is "cannot tell"
  CODES_LISTED,    // exactly the codes listed
  CODES_LANGUAGE,  // BCP 47
  CODES_MIME,      // RFC 6838 type/subtype
  CODES_UCUM,      // a UCUM unit, perhaps of one dimension only
  CODES_ANY        // any code of any system
};

typedef struct {
  uint32_t url;              // string
  uint32_t version;          // string, may be empty
  uint8_t codes;             // definition_codes
  uint8_t reserved[3];
  uint32_t first_code, code_count;
  uint32_t first_slot, slot_mask;
} definition_value_set;

typedef struct { uint32_t system, code; } definition_code;  // strings

enum definition_severity { INVARIANT_ERROR, INVARIANT_WARNING };

#define INVARIANT_BEST_PRACTICE 1

typedef struct {
  uint32_t key;              // string: "pat-1"
  uint32_t expression;       // string: FHIRPath
  uint32_t source;           // string: the canonical URL of the definition that states it, may be empty
  uint8_t severity;          // definition_severity
  uint8_t flags;             // INVARIANT_…
  uint8_t reserved[2];
} definition_invariant;

typedef struct { uint32_t name, version; } definition_package;  // strings

/// The hash of a name or a code: 64-bit FNV-1a, folded. Used alike by the writer and the reader of a table.
static inline uint32_t definition_hash(const uint8_t *bytes, size_t count) {
  uint64_t h = 0xcbf29ce484222325u;
  for (size_t i = 0; i < count; i++) h = (h ^ bytes[i]) * 0x100000001b3u;
  return (uint32_t)(h ^ (h >> 32));
}

/// The hash of an element name on the hot path: its first and last eight bytes and its length.
static inline uint32_t definition_name_hash(const uint8_t *bytes, size_t count) {
  uint64_t a = 0, b = 0;
  if (count >= 8) {
    __builtin_memcpy(&a, bytes, 8);
    __builtin_memcpy(&b, bytes + count - 8, 8);
  } else if (count >= 4) {
    uint32_t x, y;
    __builtin_memcpy(&x, bytes, 4);
    __builtin_memcpy(&y, bytes + count - 4, 4);
    a = x, b = y;
  } else if (count > 0) {
    a = bytes[0] | (uint64_t)bytes[count / 2] << 8 | (uint64_t)bytes[count - 1] << 16;
  }
  uint64_t h = (a ^ (b << 7 | b >> 57) ^ count) * 0x9E3779B97F4A7C15u;
  return (uint32_t)(h >> 32);
}

/// The first slot of a child: name hashed for a type's own table of mask + 1 slots.
static inline uint32_t definition_child_hash(uint16_t name) { return (uint32_t)name * 0x9E3779B1u >> 16; }

/// The R4 definition table, as `compile-definitions` wrote it; 64-byte aligned, alive as long as the process.
const uint8_t *definitions_r4_bytes(void);
size_t definitions_r4_size(void);

// The layout of a conformance file: resources stripped to their facts, as JSON, in blocks that are zipped one by one.
// `compile-definitions` writes it, FHIRDefinitions' ConformanceFile reads it in place.

#define CONFORMANCE_FORMAT 1

typedef struct {
  uint8_t magic[8];  // "FHIRCONF"
  uint32_t format;   // CONFORMANCE_FORMAT
  uint32_t size;     // of the whole file in bytes
  definition_range entries;  // conformance_entry, sorted by kind, URL, version
  definition_range blocks;   // conformance_block
  definition_range strings;  // uint8_t: UTF-8, not terminated
} conformance_header;

typedef struct {
  uint32_t offset, stored;  // a gzip member: where it stands in the file, and its bytes
  uint32_t length;          // unzipped
} conformance_block;

typedef struct {
  uint32_t kind;            // ConformanceKind's number
  definition_string url, version;  // of the strings
  uint32_t block;
  uint32_t start, length;   // the resource's JSON within the unzipped block
} conformance_entry;

/// The stripped conformance resources of R4, as `compile-definitions` wrote them; alive as long as the process.
const uint8_t *conformance_r4_bytes(void);
size_t conformance_r4_size(void);
