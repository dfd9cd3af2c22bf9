/** The exit codes of the program. */
export const exitCodes = {
  /** The command succeeded. */
  success: 0,
  /** A run failed, or rnnx has a bug. */
  failure: 1,
  /** The spec, the data or an option is invalid. */
  invalidInput: 2,
  /** 128 + signal number. SIGPIPE: the reader of stdout closed it. Training saves a checkpoint first. */
  interrupted: { SIGINT: 130, SIGPIPE: 141, SIGTERM: 143 },
} as const;
