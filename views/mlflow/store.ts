/** MLflow as a store of training runs: parameters, metrics by step, and files. */

export interface MlflowMetric {
  readonly key: string;
  readonly value: number;
  readonly step: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
}

export interface MlflowRun {
  /** The page of the server, or the folder of the run. */
  readonly address: string;
  logParameters(parameters: Readonly<Record<string, string>>): Promise<void>;
  logMetrics(metrics: readonly MlflowMetric[]): Promise<void>;
  /** Adds a file; a notice where the store keeps no files from here. */
  logFile(name: string, path: string): Promise<string | undefined>;
  end(status: RunStatus): Promise<void>;
}

export type RunStatus = "FINISHED" | "FAILED" | "KILLED";

/** An experiment, which is created if it does not exist. */
export interface MlflowStore {
  startRun(description: RunDescription): Promise<MlflowRun>;
}

export interface RunDescription {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Thrown for a store that cannot be reached, or that refuses a request; the message is a sentence. */
export class MlflowError extends Error {
  constructor(
    message: string,
    readonly hint = "",
  ) {
    super(message);
  }
}
