/** The training loop. */
import type { TrainEvent, TrainRequest } from "./events.js";
import type { TrainOutcome } from "./outcome.js";

export interface Watcher {
  /** One burst of events, in order. */
  readonly emit: (events: readonly TrainEvent[]) => void;
  /** Asked between calls of the session: true saves a checkpoint and ends the run. */
  readonly stopping: () => boolean;
}

export declare function runTraining(request: TrainRequest, watcher: Watcher): Promise<TrainOutcome>;
