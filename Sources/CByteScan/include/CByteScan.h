#ifndef POSTERN_CBYTESCAN_H
#define POSTERN_CBYTESCAN_H

#include <stddef.h>
#include <stdint.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// Where the parts of a header's line end (RFC 9110, sections 5.1 and 5.5), sixteen bytes at a time where the processor
// has SSE2, as every x86-64 has. In C because comparisons of `SIMD16` compile to one lane after another in Swift. The
// bytes that are looked at are those before `count`.

#define POSTERN_INLINE static inline __attribute__((always_inline))

/// Whether a byte may stand in a token (RFC 9110, section 5.6.2).
POSTERN_INLINE _Bool postern_is_token(uint8_t byte) {
  // "!#$%&'*+-." and the digits; then A–Z "^_`" a–z "|~"
  uint64_t mask = byte < 64 ? 0x03ff6cfa00000000u : byte < 128 ? 0x57ffffffc7fffffeu : 0;
  return mask >> (byte & 63) & 1;
}

/// Whether a byte may stand in a value: no control character but the tab.
POSTERN_INLINE _Bool postern_is_value(uint8_t byte) { return (byte >= 0x20 && byte != 0x7f) || byte == '\t'; }

/// The first byte at or behind `from` that may not stand in a token; `count` where there is none.
POSTERN_INLINE size_t postern_token_end(const uint8_t *bytes, size_t from, size_t count) {
#if defined(__SSE2__)
  while (from + 16 <= count) {
    // Letters, digits and hyphens are nearly all bytes of nearly all names; the others are looked at one by one.
    __m128i x = _mm_loadu_si128((const __m128i *)(bytes + from));
    __m128i letter = _mm_sub_epi8(_mm_or_si128(x, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
    __m128i digit = _mm_sub_epi8(x, _mm_set1_epi8('0'));
    __m128i usual = _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(25)), letter);
    usual = _mm_or_si128(usual, _mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit));
    usual = _mm_or_si128(usual, _mm_cmpeq_epi8(x, _mm_set1_epi8('-')));
    unsigned others = (unsigned)_mm_movemask_epi8(usual) ^ 0xffff;
    if (others == 0) {
      from += 16;
      continue;
    }
    from += (size_t)__builtin_ctz(others);
    if (bytes[from] == ':' || !postern_is_token(bytes[from])) return from;
    from++;
  }
#endif
  while (from < count && postern_is_token(bytes[from])) from++;
  return from;
}

/// The first byte at or behind `from` that may not stand in a value; `count` where there is none.
POSTERN_INLINE size_t postern_value_end(const uint8_t *bytes, size_t from, size_t count) {
#if defined(__SSE2__)
  __m128i highest = _mm_set1_epi8(0x1f);
  while (from + 16 <= count) {
    __m128i x = _mm_loadu_si128((const __m128i *)(bytes + from));
    __m128i control = _mm_cmpeq_epi8(_mm_max_epu8(x, highest), highest);
    control = _mm_andnot_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('\t')), control);
    unsigned found = (unsigned)_mm_movemask_epi8(_mm_or_si128(control, _mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f))));
    if (found != 0) return from + (size_t)__builtin_ctz(found);
    from += 16;
  }
#endif
  while (from < count && postern_is_value(bytes[from])) from++;
  return from;
}

#endif
