// Debian's libxml2 is built with ICU, whose headers clash with Foundation's own; nothing here needs them.
#include <libxml/xmlversion.h>
#undef LIBXML_ICU_ENABLED
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/tree.h>
#include <libxml/xmlschemas.h>
#include <libxslt/documents.h>
#include <libxslt/extensions.h>
#include <libxslt/extra.h>
#include <libxslt/security.h>
#include <libxslt/transform.h>
#include <libxslt/variables.h>
#include <libxslt/xslt.h>
#include <libxslt/xsltInternals.h>
#include <libxslt/xsltutils.h>
#include <stdarg.h>
#include <stdio.h>

// What libxslt says while it works. It calls with variable arguments, which Swift cannot take.
struct CXSLTMessages {
  char text[4096];
  size_t length;
};

// Frees what libxml2 allocated: its own name is a variable that Swift does not trust.
static inline void cxslt_free(void *memory) { xmlFree(memory); }

static void cxslt_append(void *context, const char *format, ...) {
  struct CXSLTMessages *messages = context;
  if (messages == NULL || messages->length + 1 >= sizeof messages->text) return;
  va_list arguments;
  va_start(arguments, format);
  size_t room = sizeof messages->text - messages->length;
  int written = vsnprintf(messages->text + messages->length, room, format, arguments);
  va_end(arguments);
  if (written > 0) messages->length += (size_t)written < room ? (size_t)written : room - 1;
}

// Messages about stylesheets, of the whole process; NULL drops them.
static inline void cxslt_capture(struct CXSLTMessages *messages) { xsltSetGenericErrorFunc(messages, cxslt_append); }

// Messages of one transformation.
static inline void cxslt_capture_of(xsltTransformContextPtr transformation, struct CXSLTMessages *messages) {
  xsltSetTransformErrorFunc(transformation, messages, cxslt_append);
}
