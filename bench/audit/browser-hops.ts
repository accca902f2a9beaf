import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { differenceOf } from '../../core/audit/difference.ts';
import { numberTraits } from '../../core/audit/number-traits.ts';
import { type Runtime, toleranceFor } from '../../core/audit/tolerance.ts';
import { isDtype } from '../../core/tensor/dtype.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';
import { feedsFor } from '../../e2e/lab/input.ts';
import { openReference, type ReferenceTab, serveReference } from '../../e2e/lab/reference-tab.ts';
import type { NamedTensor } from '../../e2e/lab/verify.ts';
import { ROOT, SHARED } from '../../e2e/repository.ts';
import { modelOf } from '../../worker/room-under-test.ts';
import { digit } from './detection.ts';
import { type HonestHops, HopTally } from './honest-hops.ts';

/** Software WebGPU runs on this machine's cores: minutes for the large ones. */
const MODELS: readonly { readonly path: string; readonly seconds: number; readonly most: number }[] = [
  { path: join(ROOT, 'public/models/digits.onnx'), seconds: 150, most: 3000 },
  { path: join(SHARED, 'models/squeezenet1.0.onnx'), seconds: 40, most: 200 },
  { path: join(SHARED, 'models/mobilenetv2-fp32.onnx'), seconds: 40, most: 200 },
  { path: join(SHARED, 'models/mobilenetv2-int8-qdq.onnx'), seconds: 30, most: 200 },
];

/** Whom the tab with one thread of WASM is compared with. */
const OTHERS: readonly (Runtime & { readonly name: string })[] = [
  { name: 'software WebGPU', provider: 'webgpu', runtime: 'jspi', threads: 1 },
  { name: 'WASM with 2 threads', provider: 'wasm', runtime: 'wasm', threads: 2 },
  { name: 'WASM of the WebGPU build', provider: 'wasm', runtime: 'jspi', threads: 1 },
];
const ONE: Runtime = { provider: 'wasm', runtime: 'wasm', threads: 1 };

/** Honest runs of whole models in real browsers, WASM with one thread against other runtimes. */
export async function browserHops(): Promise<HonestHops[]> {
  const models = MODELS.filter(({ path }) => existsSync(path));
  const server = await serveReference(models.map(({ path }) => path));
  const told: HonestHops[] = [];
  try {
    for (const { path, seconds, most } of models) {
      const { graph, card } = await modelOf('model', new Uint8Array(readFileSync(path)));
      const traits = numberTraits(graph);
      const inputOf = (item: number): Readonly<Record<string, Tensor>> => {
        const [input] = graph.inputs;
        return path.includes('digits') && input ? { [input.name]: digit(item) } : feedsFor(card, item);
      };
      for (const other of OTHERS) {
        const tabs: ReferenceTab[] = [];
        const tab = async (runtime: Runtime): Promise<ReferenceTab> => {
          const opened = await openReference(server.origin, runtime.provider === 'webgpu');
          tabs.push(opened);
          const { provider, threads } = runtime;
          const bundle = runtime.runtime === 'jspi' ? 'jspi' : 'wasm';
          const options = { provider: provider === 'webgpu' ? 'webgpu' : 'wasm', threads, bundle } as const;
          await opened.load({ url: server.urlOf(path), external: [] }, options, inputOf(0));
          return opened;
        };
        try {
          const [one, another] = [await tab(ONE), await tab(other)];
          const tally = new HopTally();
          const end = performance.now() + seconds * 1000 * (other.provider === 'webgpu' ? 1 : 0.2);
          for (let item = 0; item < most && performance.now() < end; item++) {
            const feeds = inputOf(item);
            const [a, b] = await Promise.all([one.run(feeds), another.run(feeds)]);
            tally.add(differenceOf(b.map(asTensor), a.map(asTensor)), traits, ONE, other);
          }
          const what = `${path.split('/').at(-1)}, WASM against ${other.name}`;
          told.push(tally.told(what, toleranceFor(ONE, other, traits).relative));
          console.error(`audit: ${what} done`);
        } finally {
          for (const opened of tabs) await opened.close();
        }
      }
    }
  } finally {
    await server.close();
  }
  return told;
}

/** Arrays come from a page as what Playwright makes of them. */
function asTensor({ dtype, dims, data }: NamedTensor): Tensor {
  if (!isDtype(dtype)) throw new TypeError(`a tensor of type ${dtype}`);
  return { dtype, dims, data: new Uint8Array(data) };
}
