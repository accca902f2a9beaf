import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { findRuntime } from './natives.ts';
import { chooseProviders, keepPrecision, probeInProcess } from './providers.ts';

const folder = mkdtempSync(join(tmpdir(), 'potluck-providers-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A runtime that lists these, and does with each what its line of code says; `fine` where a session runs. */
function runtime(providers: Readonly<Record<string, string>>): string {
  const path = join(folder, `${Object.keys(providers).join('-')}-${Math.random()}.mjs`);
  const cases = Object.entries(providers).map(([name, code]) => `case '${name}': ${code}; break;`);
  writeFileSync(
    path,
    `class Tensor { constructor(type, data, dims) { Object.assign(this, { type, data, dims }); } }
     const fine = { inputNames: ['image'], run: async ({ image }) => {
       if (!(image instanceof Tensor) || image.data.length !== 784) throw new Error('wrong input');
       return {};
     } };
     const InferenceSession = { create: async (model, { executionProviders: [{ name }] }) => {
       if (!(model instanceof Uint8Array) || model.length < 1000) throw new Error('no model');
       switch (name) { ${cases.join(' ')} default: throw new Error('backend not found'); }
       return fine;
     } };
     const listSupportedBackends = () => ${JSON.stringify(Object.keys(providers).map((name) => ({ name, bundled: true })))};
     export default { Tensor, InferenceSession, listSupportedBackends, env: {} };`,
  );
  return pathToFileURL(path).href;
}

const onCpu = [4, 7, 1].map((threads) => ({ provider: 'cpu', threads }));

describe('what a peer computes on', () => {
  test('the CPU, unless something else is asked for: nothing is probed', async () => {
    const never = () => Promise.reject(new Error('probed'));
    const choice = await chooseProviders('cpu', 'file:///nowhere', [4, 7, 1], never);
    expect(choice).toEqual({ candidates: onCpu, unusable: [] });
  });

  test('auto: what the runtime lists and works is measured after the CPU', async () => {
    const url = runtime({ cpu: '', webgpu: '', cuda: '', tensorrt: '' });
    expect(await chooseProviders('auto', url, [4, 7, 1])).toEqual({
      candidates: [...onCpu, { provider: 'cuda', threads: 4 }, { provider: 'webgpu', threads: 4 }],
      unusable: [],
    });
  });

  test('auto: what is listed and does not work is left out, with the reason', async () => {
    const cuda = "throw new Error('/src/a.cc:7 f() was false.\\n Failed to load\\nshared library\\n')";
    const webgpu = 'process.kill(process.pid, "SIGSEGV"); await new Promise(() => setInterval(() => 0, 1e6))';
    const url = runtime({ cpu: '', cuda, webgpu });
    expect(await chooseProviders('auto', url, [4, 7, 1])).toEqual({
      candidates: onCpu,
      unusable: [
        { provider: 'cuda', why: 'Failed to load shared library' },
        { provider: 'webgpu', why: 'a first run ended its process (SIGSEGV)' },
      ],
    });
  });

  test('auto: what is not listed is not even told', async () => {
    const url = runtime({ cpu: '' });
    expect(await chooseProviders('auto', url, [4, 7, 1])).toEqual({ candidates: onCpu, unusable: [] });
  });

  test('what is asked for by name is the only one', async () => {
    const url = runtime({ cpu: '', cuda: '' });
    const choice = await chooseProviders('cuda', url, [4, 7, 1]);
    expect(choice).toEqual({ candidates: [{ provider: 'cuda', threads: 4 }], unusable: [] });
  });

  test('what is asked for by name and does not work ends the peer, in words', async () => {
    const broken = runtime({ cpu: '', webgpu: "throw new Error('no adapter')" });
    await expect(chooseProviders('webgpu', broken, [1])).rejects.toThrow(
      'This computer cannot compute on WebGPU: no adapter',
    );
    await expect(chooseProviders('cuda', broken, [1])).rejects.toThrow(
      'cannot compute on CUDA: the installed ONNX Runtime does not have it, but cpu, webgpu',
    );
  });

  test('a runtime whose session is made and then breaks is found out', async () => {
    const url = runtime({ webgpu: "fine.run = async () => { throw new Error('device lost') }" });
    expect(await probeInProcess(url, 'webgpu')).toBe('device lost');
    expect(await probeInProcess(runtime({ webgpu: '' }), 'webgpu')).toBeNull();
  });

  test('a reason is one line that a card has room for', async () => {
    const url = runtime({ webgpu: "throw new Error('x\\n'.repeat(1000))" });
    const why = await probeInProcess(url, 'webgpu');
    expect(why).toHaveLength(300);
    expect(why).not.toContain('\n');
  });

  test('CUDA keeps its precision, unless somebody says otherwise', () => {
    const env: NodeJS.ProcessEnv = {};
    keepPrecision({ candidates: [{ provider: 'webgpu', threads: 1 }], unusable: [] }, env);
    expect(env).toEqual({});
    const cuda = { candidates: [{ provider: 'cuda', threads: 1 }] as const, unusable: [] };
    keepPrecision(cuda, env);
    expect(env).toEqual({ NVIDIA_TF32_OVERRIDE: '0' });
    const own = { NVIDIA_TF32_OVERRIDE: '1' };
    keepPrecision(cuda, own);
    expect(own.NVIDIA_TF32_OVERRIDE).toBe('1');
  });
});

const runtimeUrl = await findRuntime();
test.skipIf(runtimeUrl === null)(
  'the real runtime computes on the CPU, and says what it does not have',
  async () => {
    expect(await probeInProcess(runtimeUrl ?? '', 'cpu')).toBeNull();
    expect(await probeInProcess(runtimeUrl ?? '', 'wasm')).toMatch(/backend not found/);
  },
);
