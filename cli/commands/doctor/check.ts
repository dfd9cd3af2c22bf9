/** What the doctor finds: one thing that was looked at, how it is, and a way out where it is not well. */
export interface CheckResult {
  /** What was looked at: `node`, `memory`, … */
  readonly name: string;
  /** `bad`: rnnx cannot work so. `poor`: it works, and something is out of reach or slow. */
  readonly state: "good" | "poor" | "bad";
  readonly message: string;
  /** What to do about it; empty where nothing is to be done. */
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
