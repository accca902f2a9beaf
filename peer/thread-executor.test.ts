import { mkdtempSync, openAsBlob, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { executorContract } from '../core/runtime/executor-contract.ts';
import { asFloat32, fromFloat32 } from '../core/tensor/tensor.ts';
import { affineStage, identityStage } from '../worker/tiny-onnx.ts';
import { findRuntime, HOW_TO_INSTALL } from './natives.ts';
import { probeInProcess } from './providers.ts';
import { ThreadExecutor } from './thread-executor.ts';
import { processHost } from './worker-host.ts';

const runtimeUrl = await findRuntime();
const make = (): ThreadExecutor => new ThreadExecutor({ runtimeUrl: runtimeUrl ?? '', budgetBytes: 1e9 });

if (runtimeUrl !== null) {
  executorContract('ONNX Runtime for Node in a thread', {
    make,
    options: { provider: 'cpu', threads: 1 },
    affine: affineStage,
    identity: identityStage,
    broken: Uint8Array.of(1, 2, 3),
  });
}

// Where a card is at hand it computes in a process; here the CPU does, with weights of 16 bytes in three parts.
const inProcess = (): ThreadExecutor =>
  new ThreadExecutor({
    ...{ runtimeUrl: runtimeUrl ?? '', budgetBytes: 1e9 },
    hostFor: () => (data, broken) => ({ ...processHost(data, broken), mostBytes: 6 }),
  });
if (runtimeUrl !== null) {
  executorContract('ONNX Runtime for Node in a process', {
    make: inProcess,
    options: { provider: 'cpu', threads: 1 },
    affine: affineStage,
    identity: identityStage,
    broken: Uint8Array.of(1, 2, 3),
  });
}

const notOnGpu = runtimeUrl === null ? 'there is no runtime' : await probeInProcess(runtimeUrl, 'webgpu');
if (notOnGpu === null) {
  executorContract('ONNX Runtime for Node in a process, on WebGPU', {
    make,
    options: { provider: 'webgpu', threads: 1 },
    affine: affineStage,
    identity: identityStage,
    broken: Uint8Array.of(1, 2, 3),
  });
}

describe.skipIf(runtimeUrl === null)('a thread with ONNX Runtime for Node', () => {
  test('many come and go, also in the middle of a run', async () => {
    for (let i = 0; i < 8; i++) {
      const executor = make();
      await executor.open({ provider: 'cpu', threads: 2 });
      const stage = await executor.load(affineStage(new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer)));
      const { outputs } = await executor.run(stage, [fromFloat32([1, 4], Float32Array.of(1, 1, 1, 1))]);
      expect(outputs.map((output) => [...asFloat32(output)])).toEqual([[3, 4, 5, 6]]);
      const cut = executor.run(stage, [fromFloat32([1, 4], Float32Array.of(1, 1, 1, 1))]);
      executor.close();
      await expect(cut).rejects.toThrow(/closed/);
    }
  });
});

describe.skipIf(runtimeUrl === null)('weights on the disk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'potluck-weights-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('are read for the thread, which may not read them itself', async () => {
    const parts = await Promise.all(
      [1, 2, 3, 4].map(async (value) => {
        const path = join(folder, String(value));
        writeFileSync(path, new Uint8Array(Float32Array.of(value).buffer));
        return openAsBlob(path);
      }),
    );
    const executor = make();
    await executor.open({ provider: 'cpu', threads: 1 });
    const stage = await executor.load(affineStage(new Blob(parts)));
    const { outputs } = await executor.run(stage, [fromFloat32([1, 4], Float32Array.of(1, 1, 1, 1))]);
    expect(outputs.map((output) => [...asFloat32(output)])).toEqual([[3, 4, 5, 6]]);
    executor.close();
  });
});

test('a driver that takes its process along does not take the peer', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'potluck-driver-')), 'runtime.mjs');
  writeFileSync(
    file,
    `const create = () => { process.kill(process.pid, 'SIGSEGV'); return new Promise(() => setInterval(() => 0, 1e6)); };
     export default { Tensor: class {}, env: {}, listSupportedBackends: () => [], InferenceSession: { create } };`,
  );
  const executor = new ThreadExecutor({ runtimeUrl: pathToFileURL(file).href, budgetBytes: 1e9 });
  await executor.open({ provider: 'cuda', threads: 1 });
  await expect(executor.load(affineStage(new Uint8Array(16)))).rejects.toThrow(/ended with SIGSEGV/);
  await expect(executor.memory()).rejects.toThrow(/ended with SIGSEGV/);
  executor.close();
  rmSync(dirname(file), { recursive: true });
});

test.runIf(runtimeUrl !== null && notOnGpu !== null)('SKIPPED: WebGPU does not work here', () => {
  console.warn(`SKIPPED: the contract of an executor on WebGPU: ${notOnGpu}.`);
});

// Said aloud: a machine without the package has not tried it.
test.runIf(runtimeUrl === null)('SKIPPED: ONNX Runtime for Node is not installed', () => {
  console.warn(`SKIPPED: the tests of peer/thread-executor need the native runtime. ${HOW_TO_INSTALL}`);
});
