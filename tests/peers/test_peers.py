#!/usr/bin/env python3
"""Tests of the scripts in this folder that need neither a model nor a built Ingot. Run: python3 tests/peers/test_peers.py"""
import unittest

import numpy as np
from compare import judge
from model_inputs import InputError, make_inputs, parse_pairs, ragged_mask


class Judge(unittest.TestCase):
    def setUp(self):
        self.reference = np.linspace(1, 2, 100).reshape(10, 10)
        self.peer = (self.reference + 1e-5).astype(np.float32)

    def test_up_to_twice_the_peers_error_passes(self):
        self.assertTrue(judge((self.reference + 1.9e-5).astype(np.float32), self.peer, self.reference)["passed"])
        self.assertFalse(judge((self.reference + 2.2e-5).astype(np.float32), self.peer, self.reference)["passed"])

    def test_one_bad_element_fails_on_the_largest_error(self):
        ours = self.peer.copy()
        ours[3, 4] += 1e-3
        result = judge(ours, self.peer, self.reference)
        self.assertFalse(result["passed"])
        self.assertGreater(result["ratio"]["max"], 50)

    def test_errors_below_the_floor_pass_even_against_a_perfect_peer(self):
        self.assertTrue(judge(self.reference + 1e-8, self.reference, self.reference)["passed"])
        self.assertFalse(judge(self.reference + 1e-5, self.reference, self.reference)["passed"])

    def test_other_shapes_and_lost_values_fail_with_a_reason(self):
        self.assertIn("shape", judge(self.peer[:5], self.peer, self.reference)["problem"])
        ours = self.peer.copy()
        ours[0, 0] = np.nan
        result = judge(ours, self.peer, self.reference)
        self.assertIn("finite", result["problem"])
        self.assertFalse(result["passed"])


class Inputs(unittest.TestCase):
    DECLARED = [
        ("input_ids", "tensor(int64)", ["batch", "seq"]),
        ("attention_mask", "tensor(int64)", ["batch", "seq"]),
        ("x", "tensor(float)", ["batch", 4]),
    ]

    def test_same_seed_same_inputs_in_range(self):
        dims = {"batch": 3, "seq": 9}
        one, two = (make_inputs(self.DECLARED, dims, seed=7, limits={"input_ids": 5}) for _ in range(2))
        for name in one:
            np.testing.assert_array_equal(one[name], two[name])
        self.assertLess(one["input_ids"].max(), 5)
        self.assertEqual(one["x"].shape, (3, 4))

    def test_masks_are_ragged_and_never_empty(self):
        mask = ragged_mask(np.random.default_rng(0), [50, 16], np.int64)
        self.assertTrue((mask[:, 0] == 1).all() and mask[0].all())
        self.assertTrue((np.diff(mask, axis=1) <= 0).all())
        self.assertGreater(len(set(mask.sum(axis=1))), 5)

    def test_missing_and_unknown_names_are_errors(self):
        with self.assertRaisesRegex(InputError, "seq"):
            make_inputs(self.DECLARED, {"batch": 1}, seed=0)
        with self.assertRaisesRegex(InputError, "sequence"):
            make_inputs(self.DECLARED, {"batch": 1, "seq": 1, "sequence": 1}, seed=0)
        with self.assertRaisesRegex(InputError, "NAME=NUMBER"):
            parse_pairs(["batch"])
        self.assertEqual(parse_pairs(["batch=3,seq=128", "a=1"]), {"batch": 3, "seq": 128, "a": 1})


if __name__ == "__main__":
    unittest.main()
