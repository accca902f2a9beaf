import { readFile } from 'node:fs/promises';

// Whether ONNX Runtime really computes on a provider, in a process of its own: where drivers and libraries do not fit
// together, native code may end its process, or hang. Arguments: the runtime's address and the provider's name. Prints
// why not, and ends with 1.
const [url, name] = process.argv.slice(2);
try {
  const module = await import(url);
  const { InferenceSession, Tensor } = module.default ?? module;
  const model = await readFile(new URL('../public/models/digits.onnx', import.meta.url));
  const options = { executionProviders: [{ name }], logSeverityLevel: 4 };
  const session = await InferenceSession.create(new Uint8Array(model), options);
  await session.run({ image: new Tensor('float32', new Float32Array(784), [1, 1, 28, 28]) });
} catch (error) {
  console.log(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
// Drivers keep threads of their own.
process.exit();
