/** The two voices of a command: results on stdout, as text or as one JSON object per line, and everything else on stderr. */
import colors from "picocolors";

export type Colors = ReturnType<typeof colors.createColors>;

export interface Output {
  readonly json: boolean;
  /** One JSON line on stdout; silent unless `--json` was given. */
  record(value: object): void;
  /** Text on stdout; silent when `--json` was given. */
  print(text: string): void;
  /** A line on stderr. */
  note(text: string): void;
  /** Colours for stdout and for stderr: none when it is not a terminal, or when NO_COLOR asks for none. */
  readonly colors: { readonly print: Colors; readonly note: Colors };
}

export function openOutput(json: boolean): Output {
  return {
    json,
    record: (value) => void (json && process.stdout.write(`${JSON.stringify(value)}\n`)),
    print: (text) => void (json || process.stdout.write(`${text}\n`)),
    note: (text) => void process.stderr.write(`${text}\n`),
    colors: { print: colorsFor(process.stdout), note: colorsFor(process.stderr) },
  };
}

function colorsFor(stream: { readonly isTTY?: boolean }): Colors {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  const wanted = FORCE_COLOR !== undefined && FORCE_COLOR !== "" && FORCE_COLOR !== "0";
  const capable = stream.isTTY === true && TERM !== "dumb";
  return colors.createColors((NO_COLOR === undefined || NO_COLOR === "") && (wanted || capable));
}
