/* What the model wants to know of a file, and what can be said without the model. Nothing here knows Ingot.
 *
 * Follows version 3 of the magika package's own extraction, byte for byte; tests/peers/magika_agreement.py compares the
 * two.
 */
#ifndef MAGIKA_FILE_FEATURES_H_
#define MAGIKA_FILE_FEATURES_H_

#include <stddef.h>
#include <stdint.h>

#include "labels.h"

typedef enum magika_outcome {
  MAGIKA_ASK_MODEL, /* the features are filled in */
  MAGIKA_KNOWN,     /* the type is known without the model */
  MAGIKA_NOT_FOUND, /* no such file (or a link to none) */
  MAGIKA_NO_PERMISSION,
  MAGIKA_READ_ERROR, /* errno says why */
} magika_outcome_t;

/* Looks at `path`. MAGIKA_ASK_MODEL: `features` holds MAGIKA_FEATURES tokens (bytes, or MAGIKA_PADDING). MAGIKA_KNOWN:
 * `*type` is set. Reads at most the file's first and last MAGIKA_BLOCK_SIZE bytes. `follow_links` 0: a symbolic link is
 * a type of its own. */
magika_outcome_t magika_examine(const char *path, int follow_links, int32_t *features, const magika_type_t **type);

/* Length of the UTF-8 sequence at the start of `text` (1 to 4), or 0 when there is no valid one within `size` bytes. */
size_t magika_utf8_length(const unsigned char *text, size_t size);

#endif /* MAGIKA_FILE_FEATURES_H_ */
