/** The commands that rank 0 broadcasts; all ranks execute each of them together. */
import { broadcastJson, type Communicator } from "./communicator.js";

export type Command =
  /** Creates the trainer. The tensors' values follow. */
  | { readonly type: "start"; readonly step: number; readonly tensors: readonly TensorHeader[] }
  | { readonly type: "run-steps"; readonly first: number; readonly steps: number; readonly learningRateScale: number }
  | { readonly type: "reset_states" }
  | { readonly type: "gather"; readonly role: "parameter" | "slot" | "state" }
  /** The example indices follow, then the parameters in the order of the manifest. */
  | { readonly type: "evaluate"; readonly examples: number; readonly batchSize: number }
  | { readonly type: "end" };

export interface TensorHeader {
  readonly group: "parameters" | "slots" | "states";
  readonly name: string;
  readonly shape: readonly number[];
}

export function broadcastCommand(communicator: Communicator, command: Command): void {
  broadcastJson(communicator, command);
}

export function receiveCommand(communicator: Communicator): Command {
  // The value of the other ranks is ignored.
  return broadcastJson<Command>(communicator, { type: "end" });
}

/** Sums over all ranks after a call. */
export interface StepReport {
  /** True when a rank was asked to stop. */
  readonly stopRequested: boolean;
  /** Milliseconds of all ranks in total, and those spent in allReduce. */
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
