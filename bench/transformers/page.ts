/**
 * The page's side of the rival. Playwright carries these functions into the page one by one, so each
 * stands alone and keeps what it needs on `globalThis`.
 */

import type { TextStreamer } from '@huggingface/transformers';

type Library = typeof import('@huggingface/transformers');
type Decoder = Awaited<ReturnType<Library['AutoModelForCausalLM']['from_pretrained']>>;

interface RivalWindow {
  rival?: { readonly library: Library; readonly model: Decoder };
}

/** Where the page finds things; absolute addresses. */
export interface Addresses {
  /** The library as CDNs serve it: one script, all it needs but the runtime's program. */
  readonly bundle: string;
  /** The runtime's program, and what loads it. */
  readonly mjs: string;
  readonly wasm: string;
  /** Where the folder `model` lies; a path. */
  readonly models: string;
}

/** A prompt, and how many tokens to write after it. */
export interface Writing {
  readonly promptIds: readonly number[];
  readonly newTokens: number;
}

/** What was written, and when each token was there, in milliseconds since 1970. */
export interface Written {
  readonly ids: number[];
  readonly times: number[];
}

/** Loads library and model, for one thread: that of the page, as the library's manual does it. */
export async function loadModel({ bundle, mjs, wasm, models }: Addresses): Promise<void> {
  const library: Library = await import(bundle);
  const { AutoModelForCausalLM, env } = library;
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = models;
  // A second copy on disk would only add to the load.
  env.useBrowserCache = false;
  env.useWasmCache = false;
  const runtime = env.backends.onnx.wasm;
  if (!runtime) throw new Error('The library has no WASM backend here.');
  runtime.numThreads = 1;
  runtime.wasmPaths = { mjs, wasm };
  const model = await AutoModelForCausalLM.from_pretrained('model', {
    dtype: 'fp32',
    device: 'wasm',
    use_external_data_format: true,
  });
  (globalThis as RivalWindow).rival = { library, model };
}

/** Writes greedily, always `newTokens` tokens. */
export async function write({ promptIds, newTokens }: Writing): Promise<Written> {
  const { rival } = globalThis as RivalWindow;
  if (!rival) throw new Error('load first');
  const { Tensor } = rival.library;
  const shape = [1, promptIds.length];
  const ids: number[] = [];
  const times: number[] = [];
  let isPrompt = true;
  const streamer = {
    put: ([row = []]: bigint[][]) => {
      // The library hands over the prompt first.
      if (isPrompt) isPrompt = false;
      else {
        times.push(performance.timeOrigin + performance.now());
        ids.push(...row.map(Number));
      }
    },
    end: () => undefined,
  };
  await rival.model.generate({
    inputs: new Tensor('int64', BigInt64Array.from(promptIds, BigInt), shape),
    attention_mask: new Tensor('int64', new BigInt64Array(promptIds.length).fill(1n), shape),
    do_sample: false,
    min_new_tokens: newTokens,
    max_new_tokens: newTokens,
    // Its type asks for one that decodes, which would cost time; these two methods are all that is called.
    streamer: streamer as unknown as TextStreamer,
  });
  return { ids, times };
}
