/** Named streams of random numbers: draws from one stream do not affect any other. */
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

export interface RandomStream {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** Uniform integer in [0, limit). */
  below(limit: number): number;
}

/** The stream of a seed and a name. Equal arguments give equal streams in any process on any machine. */
export function randomStream(seed: number, ...name: readonly (string | number)[]): RandomStream {
  const hash = sha256(utf8ToBytes(JSON.stringify([seed, ...name])));
  const generator = xoroshiro128plus(new DataView(hash.buffer).getInt32(hash.byteOffset, true));
  const uniform = () => uniformFloat64(generator);
  let cachedNormal: number | undefined;
  return {
    uniform,
    normal() {
      if (cachedNormal !== undefined) {
        const value = cachedNormal;
        cachedNormal = undefined;
        return value;
      }
      // Box–Muller; 1 - u is in (0, 1], so its logarithm is finite.
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      cachedNormal = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
    below: (limit) => uniformInt(generator, 0, limit - 1),
  };
}
