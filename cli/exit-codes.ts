/** What the process's exit code says. */
export const exitCodes = {
  /** All went well. */
  success: 0,
  /** The run failed, or rnnx did. */
  failure: 1,
  /** The input was wrong: spec, data or flags. */
  invalidInput: 2,
  /** A signal, or a reader that left, ended the work, a run after a checkpoint: 128 and the signal's number. */
  interrupted: { SIGINT: 130, SIGPIPE: 141, SIGTERM: 143 },
} as const;
