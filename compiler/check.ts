/** What is wrong with a spec, without compiling it: nothing of the stages behind the first is loaded for it. */
import type { Problem } from "../schema/diagnostics/index.js";
import type { SourceMap } from "../schema/diagnostics/source-map.js";
import type { NormalSpec } from "../schema/normal/index.js";
import { elaborate } from "./elaborate/index.js";
import { verify } from "./graph/verify.js";
import type { Signature } from "./signature.js";

/**
 * Everything that can be known of a spec without its data.
 *
 * @param signature may hold symbols (`vocabulary`) where only the data knows.
 */
export function check(spec: NormalSpec, signature: Signature, origins?: SourceMap): readonly Problem[] {
  const elaborated = elaborate(spec, signature, "training", origins);
  if (!elaborated.ok) return elaborated.problems;
  verify(elaborated.program.graph, "elaborate");
  return [];
}
