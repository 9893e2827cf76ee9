/* Names the types of the files given to it: a complete program around a model that Ingot compiled.
 *
 * The model (input `bytes`, int32 [N, 2048]; output `target_label`, float [N, 214]) is linked in as one object, its
 * weights included: this program opens nothing but the files it is asked about and links libc and libm alone.
 * file_features.c says what the model sees of a file, labels.h (made by labels.py) holds the names and thresholds, and
 * this file runs the model and decides. Test: tests/peers/magika_agreement.py compares labels and scores with the
 * magika package's own.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file_features.h"
#include "ingot/runtime.h"

extern const ingot_program_desc_t ingot_program_magika;

enum { BATCH = 16 }; /* files per run: one compiled program serves every size up to it */

typedef enum trust { HIGH_CONFIDENCE, MEDIUM_CONFIDENCE, BEST_GUESS } trust_t;

typedef struct options {
  int json, follow_links;
  trust_t trust;
  unsigned threads;
} options_t;

typedef struct answer {
  magika_outcome_t outcome;
  int error;                 /* errno of MAGIKA_READ_ERROR */
  const magika_type_t *type; /* what to report */
  const char *raw;           /* the model's own label, or "undefined" where it was not asked */
  double score;
} answer_t;

typedef struct model {
  ingot_program_t *program;
  ingot_pool_t *pool;
  ingot_context_t *context;
  int32_t features[BATCH][MAGIKA_FEATURES];
  float scores[BATCH][MAGIKA_NUM_LABELS];
} model_t;

static int report(const ingot_status_t *status) {
  fprintf(stderr, "magika: %s\n", status->message);
  return -1;
}

static int model_open(model_t *model, unsigned threads) {
  ingot_status_t status = {0};
  ingot_context_options_t options = {.struct_size = sizeof options};
  if (ingot_program_load(&ingot_program_magika, NULL, &model->program, &status) != INGOT_OK) return report(&status);
  if (threads != 1) {
    if (ingot_pool_create(threads, &model->pool, &status) != INGOT_OK) return report(&status);
    options.pool = model->pool;
  }
  if (ingot_context_create(model->program, &options, &model->context, &status) != INGOT_OK) return report(&status);
  return 0;
}

static void model_close(model_t *model) {
  ingot_context_free(model->context);
  ingot_pool_free(model->pool);
  ingot_program_free(model->program);
}

/* Scores the first `rows` rows of features. */
static int model_run(model_t *model, int rows) {
  ingot_status_t status = {0};
  ingot_tensor_t input = {.data = model->features, .dtype = INGOT_I32, .rank = 2, .dims = {rows, MAGIKA_FEATURES}};
  ingot_tensor_t output = {.data = model->scores, .bytes = sizeof model->scores};
  input.bytes = (size_t)rows * sizeof model->features[0];
  if (ingot_context_run(model->context, &input, &output, &status) != INGOT_OK) return report(&status);
  if (output.dtype != INGOT_F32 || output.rank != 2 || output.dims[0] != rows || output.dims[1] != MAGIKA_NUM_LABELS) {
    fprintf(stderr, "magika: the model does not give %d scores per file: labels.h belongs to another model\n",
            MAGIKA_NUM_LABELS);
    return -1;
  }
  return 0;
}

/* From scores to an answer: the best label if it is trusted, else plain text or unknown, whichever the label's kind
 * suggests. */
static void decide(const float *scores, trust_t trust, answer_t *answer) {
  int best = 0;
  for (int i = 1; i < MAGIKA_NUM_LABELS; ++i)
    if (scores[i] > scores[best]) best = i;
  const magika_label_t *label = &magika_labels[best];
  const double needed = trust == BEST_GUESS          ? 0.0
                        : trust == MEDIUM_CONFIDENCE ? MAGIKA_MEDIUM_CONFIDENCE
                                                     : label->threshold;
  answer->raw = label->raw;
  answer->score = scores[best];
  answer->type = answer->score >= needed ? &label->type : label->type.is_text ? &magika_txt : &magika_unknown;
}

/* A JSON string; bytes that are not UTF-8 become U+FFFD. */
static void print_json_string(const char *text) {
  const unsigned char *p = (const unsigned char *)text;
  size_t left = strlen(text);
  putchar('"');
  while (left > 0) {
    const size_t length = magika_utf8_length(p, left);
    if (length == 0)
      fputs("\\ufffd", stdout);
    else if (*p == '"' || *p == '\\')
      printf("\\%c", *p);
    else if (*p < 0x20)
      printf("\\u%04x", *p);
    else
      fwrite(p, 1, length, stdout);
    p += length ? length : 1;
    left -= length ? length : 1;
  }
  putchar('"');
}

static const char *problem_of(const answer_t *answer) {
  switch (answer->outcome) {
    case MAGIKA_NOT_FOUND:
      return "file not found";
    case MAGIKA_NO_PERMISSION:
      return "permission denied";
    default:
      return strerror(answer->error);
  }
}

static void print_answer(const char *path, const answer_t *answer, int json) {
  const int failed = answer->type == NULL;
  if (!json) {
    if (failed)
      fprintf(stderr, "magika: %s: %s\n", path, problem_of(answer));
    else
      printf("%s: %s (%s) %.3f\n", path, answer->type->label, answer->type->group, answer->score);
    return;
  }
  fputs("{\"path\": ", stdout);
  print_json_string(path);
  if (failed)
    printf(", \"error\": \"%s\"}\n", problem_of(answer));
  else
    printf(", \"label\": \"%s\", \"score\": %.7f, \"raw_label\": \"%s\"}\n", answer->type->label, answer->score,
           answer->raw);
}

/* Answers for up to BATCH files, printed in their order. Returns the number of files that could not be read, or -1. */
static int identify(model_t *model, char **paths, int count, const options_t *options) {
  answer_t answers[BATCH];
  int rows = 0, row_of[BATCH], failures = 0;
  for (int i = 0; i < count; ++i) {
    answers[i] = (answer_t){.raw = magika_undefined.label, .score = 1.0};
    answers[i].outcome = magika_examine(paths[i], options->follow_links, model->features[rows], &answers[i].type);
    answers[i].error = errno;
    row_of[i] = answers[i].outcome == MAGIKA_ASK_MODEL ? rows++ : -1;
  }
  if (rows > 0 && model_run(model, rows) != 0) return -1;
  for (int i = 0; i < count; ++i) {
    if (row_of[i] >= 0) decide(model->scores[row_of[i]], options->trust, &answers[i]);
    failures += answers[i].type == NULL;
    print_answer(paths[i], &answers[i], options->json);
  }
  return failures;
}

static void print_usage(FILE *out) {
  fputs(
      "usage: magika [OPTION ...] FILE ...\n"
      "Names the type of each file from its content: `path: label (group) score`.\n"
      "  --json             one JSON object per file: path, label, score, raw_label (or path, error)\n"
      "  --mode=MODE        high-confidence (default), medium-confidence, best-guess\n"
      "  --no-dereference   name symbolic links as such instead of following them\n"
      "  --threads=N        threads per run (default 1; 0: what this process may use)\n"
      "  --                 the rest are files\n"
      "Exit status: 0; 1 when a file could not be read; 2 when the command line or the model is wrong.\n",
      out);
}

/* Returns 0, or the argument that is wrong. */
static const char *parse_option(const char *argument, options_t *options) {
  char *end = NULL;
  if (strcmp(argument, "--json") == 0)
    options->json = 1;
  else if (strcmp(argument, "--no-dereference") == 0)
    options->follow_links = 0;
  else if (strcmp(argument, "--mode=high-confidence") == 0)
    options->trust = HIGH_CONFIDENCE;
  else if (strcmp(argument, "--mode=medium-confidence") == 0)
    options->trust = MEDIUM_CONFIDENCE;
  else if (strcmp(argument, "--mode=best-guess") == 0)
    options->trust = BEST_GUESS;
  else if (strncmp(argument, "--threads=", 10) == 0 && argument[10] >= '0' && argument[10] <= '9') {
    const unsigned long threads = strtoul(argument + 10, &end, 10);
    if (*end != '\0' || threads > 1024) return argument;
    options->threads = (unsigned)threads;
  } else
    return argument;
  return NULL;
}

int main(int argc, char **argv) {
  options_t options = {.follow_links = 1, .threads = 1};
  int next = 1;
  for (; next < argc && strncmp(argv[next], "--", 2) == 0; ++next) {
    if (strcmp(argv[next], "--help") == 0) return print_usage(stdout), 0;
    if (strcmp(argv[next], "--") == 0) {
      ++next;
      break;
    }
    if (parse_option(argv[next], &options) != NULL) {
      fprintf(stderr, "magika: unknown option '%s': see --help\n", argv[next]);
      return 2;
    }
  }
  if (next == argc) return print_usage(stderr), 2;

  static model_t model; /* static: its buffers are too large for some stacks */
  int failures = 0, result = model_open(&model, options.threads);
  for (; result == 0 && next < argc; next += BATCH) {
    const int failed = identify(&model, argv + next, argc - next < BATCH ? argc - next : BATCH, &options);
    if (failed < 0)
      result = -1;
    else
      failures += failed;
  }
  model_close(&model);
  if (fflush(stdout) != 0 || ferror(stdout)) {
    fprintf(stderr, "magika: cannot write the results: %s\n", strerror(errno));
    return 2;
  }
  return result != 0 ? 2 : failures != 0;
}
