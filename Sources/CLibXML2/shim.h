#pragma once
// Debian's libxml2 is built with ICU, and its headers bring ICU's: a second definition of what Foundation brings of its own,
// which a file that imports both cannot have. Only the tail of a struct that is never made here depends on it.
#include <libxml/xmlversion.h>
#undef LIBXML_ICU_ENABLED
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlerror.h>

/// Byte offset, from the first byte fed, of what the parser reads next.
///
/// Holds only where libxml2 does not convert the input, that is for UTF-8: `consumed` counts what was dropped from the
/// buffer's front, `cur - base` what was read of the rest.
static inline long clibxml2_offset(const xmlParserCtxt *context) {
  const xmlParserInput *input = context->input;
  return input ? (long)input->consumed + (long)(input->cur - input->base) : 0;
}

/// Byte offset of the `<` of the start tag whose attributes the parser has just read.
///
/// No `<` can stand inside a tag of well-formed XML, so it is the nearest one before the place reached.
static inline long clibxml2_tag_offset(const xmlParserCtxt *context) {
  const xmlParserInput *input = context->input;
  const xmlChar *p = input->cur;
  if (p >= input->end) p = input->end - 1;
  while (p > input->base && *p != '<') p--;
  return (long)input->consumed + (long)(p - input->base);
}
