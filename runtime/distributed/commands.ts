/** What rank 0 tells the other ranks to do. Each thing is done by all ranks together. */
import { agree, type Ranks } from "./ranks.js";

export type Command =
  /** Opens the trainer. The tensors' numbers follow, one after the other. */
  | { readonly do: "start"; readonly step: number; readonly tensors: readonly Announced[] }
  | { readonly do: "advance"; readonly first: number; readonly steps: number; readonly rateScale: number }
  | { readonly do: "restart" }
  | { readonly do: "read"; readonly role: "parameter" | "slot" | "state" }
  /** The examples follow, then the parameters in the manifest's order. */
  | { readonly do: "evaluate"; readonly examples: number; readonly batchSize: number }
  | { readonly do: "end" };

export interface Announced {
  readonly of: "parameters" | "slots" | "states";
  readonly name: string;
  readonly shape: readonly number[];
}

export function tell(ranks: Ranks, command: Command): void {
  agree(ranks, command);
}

export function listen(ranks: Ranks): Command {
  // What rank 0 says replaces what the others would.
  return agree<Command>(ranks, { do: "end" });
}

/** What the ranks learn of one another after an advance. */
export interface Report {
  /** Whether one of them was asked to stop. */
  readonly stop: boolean;
  /** Milliseconds of all ranks together, and how many of them were spent adding up over the ranks. */
  readonly spent: number;
  readonly summing: number;
}

export async function advanceTogether<T>(
  ranks: Ranks,
  stopping: () => boolean,
  advance: () => Promise<T>,
): Promise<{ readonly made: T; readonly report: Report }> {
  const [before, summed] = [performance.now(), ranks.summing()];
  const made = await advance();
  const sums = Float64Array.of(stopping() ? 1 : 0, performance.now() - before, ranks.summing() - summed);
  ranks.sum(sums);
  const [stops = 0, spent = 0, summing = 0] = sums;
  return { made, report: { stop: stops > 0, spent, summing } };
}
