/** The two voices of a command: results on stdout, as text or as one JSON object per line, and everything else on stderr. */
import colors from "picocolors";
import type { Colors } from "picocolors/types.js";

export type { Colors };

export interface Output {
  readonly json: boolean;
  /** One JSON line on stdout; silent unless `--json` was given. */
  record(value: object): void;
  /** Text on stdout; silent when `--json` was given. */
  print(text: string): void;
  /** Text on stdout as it is, without a line's end; silent when `--json` was given. */
  write(text: string): void;
  /** A line on stderr. */
  note(text: string): void;
  /** Aborted when nobody reads any more (`| head`): no failure, but no reason to go on for long either. */
  readonly closed: AbortSignal;
  /** Colours for stdout and for stderr: none when it is not a terminal, or when NO_COLOR asks for none. */
  readonly colors: { readonly print: Colors; readonly note: Colors };
}

export function openOutput(json: boolean): Output {
  const closed = new AbortController();
  const write = (stream: NodeJS.WriteStream, text: string): void => {
    if (!closed.signal.aborted) stream.write(text);
  };
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      closed.abort();
    });
  }
  return {
    json,
    record: (value) => {
      if (json) write(process.stdout, `${JSON.stringify(value)}\n`);
    },
    print: (text) => {
      if (!json) write(process.stdout, `${text}\n`);
    },
    write: (text) => {
      if (!json) write(process.stdout, text);
    },
    note: (text) => write(process.stderr, `${text}\n`),
    closed: closed.signal,
    colors: { print: colorsFor(process.stdout), note: colorsFor(process.stderr) },
  };
}

function colorsFor(stream: { readonly isTTY?: boolean }): Colors {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  const forced = FORCE_COLOR !== undefined && FORCE_COLOR !== "" && FORCE_COLOR !== "0";
  const supported = stream.isTTY === true && TERM !== "dumb";
  return colors.createColors((NO_COLOR === undefined || NO_COLOR === "") && (forced || supported));
}
