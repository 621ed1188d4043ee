// Compiles JSON Schemas with ajv in strict mode, and fails where it has anything to say.
const { readFileSync } = require("node:fs");
const Ajv = require("ajv/dist/2020").default;
const addFormats = require("ajv-formats").default;

const complain = (message) => {
  throw new Error(message);
};
for (const file of process.argv.slice(2)) {
  const ajv = new Ajv({ strict: true, logger: { log: complain, warn: complain, error: complain } });
  addFormats(ajv);
  try {
    ajv.compile(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    console.error(`${file}: ${error.message}`);
    process.exitCode = 1;
  }
}
