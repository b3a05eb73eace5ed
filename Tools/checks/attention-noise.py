#!/usr/bin/env python3
"""What each rounding of a quantized attention costs, on random queries, keys and values.

    Tools/checks/attention-noise.py        needs numpy

Prints signal to noise in decibels, the signal being the result of attention in floats less the mean of the
values, with one of q, k, p (probabilities) and v rounded as `ck_attention_u8s8_args` says, then all of them.
"""
import numpy

QUERIES, ROUNDS = 32, 20


def rows_of_7_bits(x):
    low = numpy.minimum(x.min(1, keepdims=True), 0)
    high = numpy.maximum(x.max(1, keepdims=True), 0)
    scale = (high - low) / 127
    zero = numpy.rint(-low / scale)
    return (numpy.clip(numpy.rint(x / scale) + zero, 0, 127) - zero) * scale


def rows_of_8_bits(x, words):
    """Rounded rows; `words` [n, 4] says which elements make a word."""
    bound = numpy.abs(x).max(1) / 127
    for run in range(0, len(words), 4):
        for half in (0, 2):
            members = [i for i in words[run : run + 4, half : half + 2].ravel() if i < x.shape[1]]
            part = x[:, members]
            for sign in (part, -part):
                bound = numpy.maximum(bound, numpy.maximum(sign, 0).sum(1) / 254)
    scale = bound[:, None]
    return numpy.rint(x / scale) * scale


def probabilities(scores):
    return numpy.exp(scores - scores.max(1, keepdims=True))


def mix(p, v):
    return p @ v / p.sum(1, keepdims=True)


def noise(keys, width, gain, random):
    energies = {}
    count = (keys + 3) // 4
    quarters = numpy.array([[i + part * count for part in range(4)] for i in range(count)])
    fours = numpy.arange(width).reshape(-1, 4)
    for _ in range(ROUNDS):
        q, k = (random.normal(size=(n, width)) * gain for n in (QUERIES, keys))
        v = random.normal(size=(keys, width))
        k, v = k - k.mean(0), v - v.mean(0)
        scale = width**-0.5
        q7, k8, v8 = rows_of_7_bits(q), rows_of_8_bits(k, fours), rows_of_8_bits(v.T, quarters).T
        exact = probabilities(q @ k.T * scale)
        right = mix(exact, v)
        found = {
            "q": mix(probabilities(q7 @ k.T * scale), v),
            "k": mix(probabilities(q @ k8.T * scale), v),
            "p": mix(numpy.rint(127 * exact), v),
            "v": mix(exact, v8),
            "all": mix(numpy.rint(127 * probabilities(q7 @ k8.T * scale)), v8),
        }
        for name, y in found.items():
            signal, error = energies.get(name, (0, 0))
            energies[name] = (signal + (right**2).sum(), error + ((right - y) ** 2).sum())
    return {name: 10 * numpy.log10(signal / error) for name, (signal, error) in energies.items()}


random = numpy.random.default_rng(0)
print("keys  deviation of scores   q     k     p     v    all")
for keys in (64, 197, 1182):
    for gain in (1, 2):
        found = noise(keys, 64, gain, random)
        print(f"{keys:4}  {gain * gain:19}  " + "  ".join(f"{found[n]:4.1f}" for n in ("q", "k", "p", "v", "all")))
