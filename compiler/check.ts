/** Validation of a spec without compiling it. Imports no later stage than elaboration. */
import type { Problem } from "../schema/diagnostics/index.js";
import type { SourceMap } from "../schema/diagnostics/source-map.js";
import type { NormalSpec } from "../schema/normal/index.js";
import { elaborate } from "./elaborate/index.js";
import { verify } from "./graph/verify.js";
import type { Signature } from "./signature.js";

/**
 * The mistakes in a spec that can be found without its data.
 *
 * @param signature may have symbols (`vocabulary`) for sizes that only the data defines.
 * @returns the problems; empty for a valid spec.
 */
export function check(spec: NormalSpec, signature: Signature, origins?: SourceMap): readonly Problem[] {
  const elaborated = elaborate(spec, signature, "training", origins);
  if (!elaborated.ok) return elaborated.problems;
  verify(elaborated.program.graph, "elaborate");
  return [];
}
