/** Preloaded into a command: reports at exit if the native runtime is loaded. */
process.on("exit", () => {
  process.report.excludeNetwork = true;
  const { sharedObjects } = process.report.getReport();
  process.stderr.write(`runtime loaded: ${sharedObjects.some((file) => file.includes("onnxruntime"))}\n`);
});
