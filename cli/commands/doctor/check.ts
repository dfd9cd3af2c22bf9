/** The result of one check of the machine, with a fix if it fails. */
export interface CheckResult {
  /** Name of the check: `node`, `memory`, … */
  readonly name: string;
  /** `bad`: rnnx cannot run. `poor`: rnnx runs, but a device is unavailable or memory is low. */
  readonly state: "good" | "poor" | "bad";
  readonly message: string;
  /** The fix; empty if none is needed. */
  readonly hint: string;
}

export function good(name: string, message: string): CheckResult {
  return { name, state: "good", message, hint: "" };
}

export function warning(name: string, message: string, hint: string): CheckResult {
  return { name, state: "poor", message, hint };
}

export function failed(name: string, message: string, hint: string): CheckResult {
  return { name, state: "bad", message, hint };
}
