/**
 * Loaded before the command (`--import`): stdout and stderr are one terminal of RNNX_TEST_COLUMNS columns, recorded byte by byte
 * on stdout.
 */
const columns = Number(process.env.RNNX_TEST_COLUMNS);
const record = process.stdout.write.bind(process.stdout);
for (const stream of [process.stdout, process.stderr]) {
  Object.defineProperty(stream, "isTTY", { value: true });
  Object.defineProperty(stream, "columns", { value: columns });
  stream.write = (...args) => record(...args);
}
