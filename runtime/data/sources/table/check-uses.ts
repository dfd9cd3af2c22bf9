/** The problems of a table whose outputs read its windows otherwise than its scale, horizon and decoding allow. */
import type { NormalTableData } from "../../../../schema/normal/index.js";
import type { RunProblem } from "../../../problem.js";
import type { Uses } from "../../source.js";
import { checkFutureUses } from "./future.js";
import { checkRolloutUses } from "./rollout.js";
import { checkScaledUses } from "./window-scaling.js";

export function checkUses(data: NormalTableData, uses: ReadonlyMap<string, Uses>): readonly RunProblem[] {
  return [checkScaledUses, checkFutureUses, checkRolloutUses].flatMap((check) => check(data, uses));
}
