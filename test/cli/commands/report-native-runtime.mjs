/** Preloaded into a command: at its exit, says whether the native runtime was loaded. */
process.on("exit", () => {
  process.report.excludeNetwork = true;
  const { sharedObjects } = process.report.getReport();
  process.stderr.write(`runtime loaded: ${sharedObjects.some((file) => file.includes("onnxruntime"))}\n`);
});
