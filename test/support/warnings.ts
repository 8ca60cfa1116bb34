/** Node's warnings (a listener leak, a deprecated call) fail the test run; `vitest.config.ts` loads this into every file. */
process.on("warning", (warning) => {
  if (warning.name !== "ExperimentalWarning") throw warning;
});
