/** Missing values of a table: their treatment by column, and hints. */
import { hasIndependentRows } from "../../../schema/kinds/columns.js";
import type { NormalTableData } from "../../../schema/normal/index.js";
import { formatCount } from "../../format.js";
import { type ColumnSelection, hasLabels } from "./table-columns.js";

/** `drop_untargeted` leaves out rows of independent examples that have no target. */
export type ColumnPolicy = NormalTableData["missing"] | "drop_untargeted";

/** The treatment of each column of a selection. */
export function missingPolicies(data: NormalTableData, { columns, inputs, targets }: ColumnSelection): ColumnPolicy[] {
  return columns.map(({ kind }, index) => {
    const own = kind?.type === "number" || kind?.type === "boolean" ? kind.missing : null;
    const policy = own ?? data.missing;
    const isMadeUp = policy === "zero" || policy === "mean";
    const ofTargets = targets.filter((target) => target.use !== null && target.columns.includes(index));
    if (ofTargets.length > 0) {
      if (hasIndependentRows(data) && !inputs.includes(index)) return "drop_untargeted";
      const isRepeatedLabel = policy === "previous" && ofTargets.some(hasLabels);
      return isMadeUp || isRepeatedLabel ? "error" : policy;
    }
    // A date has no mean.
    return isMadeUp && kind?.type === "date" ? "error" : policy;
  });
}

/** The hint for a value that is missing. */
export function missingHint(data: NormalTableData): string {
  return hasIndependentRows(data)
    ? 'Set data.missing to "mean" (of the training split), "zero" or "drop" (skip such rows).'
    : 'Set data.missing to "drop" (skip such rows) or "previous" (repeat the value of the previous row).';
}

export function untargetedNotice({ file }: NormalTableData, rows: number): string | null {
  if (rows === 0) return null;
  return `${formatCount(rows, "row")} of "${file}" ${rows === 1 ? "has" : "have"} no target, and ${rows === 1 ? "is" : "are"} left out.`;
}
