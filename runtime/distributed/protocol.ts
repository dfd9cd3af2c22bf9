/** What rank 0 tells the other ranks to do. Each thing is done by all ranks together. */
import { broadcastJson, type Communicator } from "./communicator.js";

export type Command =
  /** Opens the trainer. The tensors' numbers follow, one after the other. */
  | { readonly do: "start"; readonly step: number; readonly tensors: readonly TensorHeader[] }
  | { readonly do: "run-steps"; readonly first: number; readonly steps: number; readonly learningRateScale: number }
  | { readonly do: "restart" }
  | { readonly do: "read"; readonly role: "parameter" | "slot" | "state" }
  /** The examples follow, then the parameters in the manifest's order. */
  | { readonly do: "evaluate"; readonly examples: number; readonly batchSize: number }
  | { readonly do: "end" };

export interface TensorHeader {
  readonly group: "parameters" | "slots" | "states";
  readonly name: string;
  readonly shape: readonly number[];
}

export function broadcastCommand(communicator: Communicator, command: Command): void {
  broadcastJson(communicator, command);
}

export function receiveCommand(communicator: Communicator): Command {
  // What rank 0 says replaces what the others would.
  return broadcastJson<Command>(communicator, { do: "end" });
}

/** What the ranks learn of one another after an advance. */
export interface StepReport {
  /** Whether one of them was asked to stop. */
  readonly stopRequested: boolean;
  /** Milliseconds of all ranks together, and how many of them were spent adding up over the ranks. */
  readonly elapsed: number;
  readonly communication: number;
}

export async function runStepsOnAllRanks<T>(
  communicator: Communicator,
  shouldStop: () => boolean,
  runSteps: () => Promise<T>,
): Promise<{ readonly result: T; readonly report: StepReport }> {
  const [startTime, communicationBefore] = [performance.now(), communicator.allReduceTime()];
  const result = await runSteps();
  const sums = Float64Array.of(
    shouldStop() ? 1 : 0,
    performance.now() - startTime,
    communicator.allReduceTime() - communicationBefore,
  );
  communicator.allReduce(sums);
  const [stopCount = 0, elapsed = 0, communication = 0] = sums;
  return { result, report: { stopRequested: stopCount > 0, elapsed, communication } };
}
