/** Signals that stop a command: the first ends its work, the second the process. */
import { expect, test, vi } from "vitest";
import { stopOnSignal } from "../../cli/signals.js";

test("the second signal prints the state in which it ends the process", () => {
  const kill = vi.spyOn(process, "kill").mockReturnValue(true);
  const lines: string[] = [];
  const others = process.listenerCount("SIGINT");
  const { signal } = stopOnSignal(
    (text) => lines.push(text),
    new AbortController().signal,
    () => "Nothing was written.",
  );
  const send = process.listeners("SIGINT")[others];
  send?.("SIGINT");
  expect(signal.aborted).toBe(true);
  expect(lines).toEqual([expect.stringContaining("Stopping after a checkpoint.")]);
  send?.("SIGINT");
  expect(lines[1]).toBe("Nothing was written.");
  expect(kill).toHaveBeenCalledExactlyOnceWith(process.pid, "SIGINT");
  expect(process.listenerCount("SIGINT")).toBe(others);
  kill.mockRestore();
});
