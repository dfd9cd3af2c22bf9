/** Chance that is the same every time: the generator of the gallery's data. */

/** Uniform numbers in [0, 1) (mulberry32), and what is made of them. */
export function chance(seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    uniform,
    /** About standard normal: a sum of twelve uniform numbers, the same bits on any machine. */
    normal: () => Array.from({ length: 12 }, uniform).reduce((sum, value) => sum + value, -6),
    /** A whole number from `low` to `high`. */
    whole: (low, high) => low + Math.floor(uniform() * (high - low + 1)),
    one: (list) => list[Math.floor(uniform() * list.length)],
    maybe: (probability) => uniform() < probability,
  };
}
