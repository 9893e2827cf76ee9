#!/usr/bin/env python3
"""Writes the C header with the model's labels and thresholds from the tables that come with the model.

Why: the program should carry its tables as constant data and parse nothing at run time. CMakeLists.txt runs this when it builds.
usage: labels.py config.min.json content_types_kb.min.json OUT.h
"""
import json
import os
import sys

SPECIAL = ("txt", "unknown", "empty", "directory", "symlink", "undefined")
PREAMBLE = """/* Made by labels.py from config.min.json and content_types_kb.min.json: do not edit. */
#ifndef MAGIKA_LABELS_H_
#define MAGIKA_LABELS_H_

/* What file_features.c feeds the model: BEGIN_SIZE bytes from the start and END_SIZE from the end, each out of a block of BLOCK_SIZE. */
#define MAGIKA_BEGIN_SIZE {beg_size}
#define MAGIKA_END_SIZE {end_size}
#define MAGIKA_FEATURES (MAGIKA_BEGIN_SIZE + MAGIKA_END_SIZE)
#define MAGIKA_BLOCK_SIZE {block_size}
#define MAGIKA_PADDING {padding_token}
#define MAGIKA_MIN_FILE_SIZE {min_file_size_for_dl}
#define MAGIKA_MEDIUM_CONFIDENCE {medium_confidence_threshold!r}
#define MAGIKA_NUM_LABELS {count}

typedef struct magika_type {{
  const char *label, *group;
  int is_text;
}} magika_type_t;

/* One output of the model: its own name, the type to report for it, and the score from which on it is trusted. */
typedef struct magika_label {{
  const char *raw;
  magika_type_t type;
  double threshold;
}} magika_label_t;
"""


def quoted(text):
    """A C string literal; the tables hold plain ASCII names."""
    if not text.isascii() or not text.isprintable() or '"' in text or "\\" in text:
        raise ValueError(f"label or group {text!r} is not a plain name")
    return f'"{text}"'


def type_of(label, types):
    info = types[label]
    return f"{{{quoted(label)}, {quoted(info['group'] or 'unknown')}, {int(info['is_text'])}}}"


def check(config):
    """This program extracts features the way version 3 of the model wants them: refuse anything else."""
    problems = [
        f"{key} is {config.get(key)!r} instead of {wanted!r}"
        for key, wanted in (("version_major", 3), ("mid_size", 0), ("use_inputs_at_offsets", False))
        if config.get(key) != wanted
    ]
    if (
        not 0 < config["min_file_size_for_dl"] <= config["beg_size"] < config["block_size"]
        or not 0 < config["end_size"] < config["block_size"]
    ):
        problems.append("block sizes do not fit each other")
    if problems:
        sys.exit("labels.py: error: config.min.json is of another kind of model: " + "; ".join(problems))


def header(config, types):
    labels = config["target_labels_space"]
    lines = [PREAMBLE.format(count=len(labels), **config)]
    for label in SPECIAL:
        lines.append(f"static const magika_type_t magika_{label} = {type_of(label, types)};")
    lines.append("\nstatic const magika_label_t magika_labels[MAGIKA_NUM_LABELS] = {")
    for label in labels:
        reported = config["overwrite_map"].get(label, label)
        threshold = config["thresholds"].get(label, config["medium_confidence_threshold"])
        lines.append(f"    {{{quoted(label)}, {type_of(reported, types)}, {threshold!r}}},")
    lines.append("};\n\n#endif /* MAGIKA_LABELS_H_ */\n")
    return "\n".join(lines)


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__.strip().splitlines()[-1])
    with open(sys.argv[1], encoding="utf-8") as config_file, open(sys.argv[2], encoding="utf-8") as types_file:
        config, types = json.load(config_file), json.load(types_file)
    check(config)
    with open(sys.argv[3] + ".part", "w", encoding="utf-8") as out:
        out.write(header(config, types))
    os.replace(sys.argv[3] + ".part", sys.argv[3])


if __name__ == "__main__":
    main()
