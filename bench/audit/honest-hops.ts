import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-web/wasm';
import { type Difference, differenceOf } from '../../core/audit/difference.ts';
import { numberTraits } from '../../core/audit/number-traits.ts';
import {
  canCompare,
  isWithin,
  type NumberTraits,
  type Runtime,
  toleranceFor,
} from '../../core/audit/tolerance.ts';
import { packBlob } from '../../core/graph/pack.ts';
import { makeShard } from '../../core/graph/shard.ts';
import type { Stage } from '../../core/runtime/stage.ts';
import { runStage } from '../../core/runtime/stage.ts';
import { termsAlone } from '../../core/runtime/terms.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';
import { ROOT } from '../../e2e/repository.ts';
import { modelOf } from '../../worker/room-under-test.ts';
import { StageWorker } from '../../worker/stage-worker.ts';
import { digit } from './detection.ts';

/** What honest devices showed on one model. */
export interface HonestHops {
  readonly what: string;
  readonly hops: number;
  readonly alarms: number;
  /** False for pairs that are never set against each other. */
  readonly compared: boolean;
  /** Bit for bit the same. */
  readonly equal: number;
  readonly largest: number;
  readonly largestSteps: number;
  readonly tolerance: number;
}

const WASM: Runtime = { provider: 'wasm', runtime: 'wasm', threads: 1 };

/** Counts differences against what the two runtimes may have. */
export class HopTally {
  #hops = 0;
  #alarms = 0;
  #compared = true;
  #equal = 0;
  #largest = 0;
  #largestSteps = 0;

  add(difference: Difference, traits: NumberTraits, a: Runtime, b: Runtime): void {
    this.#hops++;
    this.#compared &&= canCompare(a, b, traits);
    if (this.#compared && !isWithin(difference, toleranceFor(a, b, traits))) this.#alarms++;
    if (difference.equal) this.#equal++;
    this.#largest = Math.max(this.#largest, difference.relative);
    this.#largestSteps = Math.max(this.#largestSteps, difference.steps);
  }

  told(what: string, tolerance: number): HonestHops {
    return {
      what,
      hops: this.#hops,
      alarms: this.#alarms,
      compared: this.#compared,
      equal: this.#equal,
      largest: this.#largest,
      largestSteps: this.#largestSteps,
      tolerance,
    };
  }
}

/** So many runs of the stages of the digits, each also on another executor, which holds its weights the other way. */
export async function honestHops(hops: number): Promise<HonestHops> {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'fatal';
  const file = new Uint8Array(readFileSync(join(ROOT, 'public/models/digits.onnx')));
  const { graph, blocks } = await modelOf('Digits', file);
  const traits = numberTraits(graph);
  const blob = new Blob([file]);
  const cuts = [0, 1, Math.ceil(blocks.count / 2), blocks.count];
  const loaded = async (start: number, end: number, prepack: boolean): Promise<Stage> => {
    const shard = makeShard(graph, blocks, start, end);
    const executor = new StageWorker(async (options) => ({ ort, options }));
    await executor.open({ provider: 'wasm', threads: 1 });
    const weights = shard.weights.length > 0 ? packBlob(shard.weights, () => blob) : null;
    const { model, inputs, outputs } = shard;
    return {
      terms: termsAlone(shard),
      executor,
      handle: await executor.load({ model, weights, inputs, outputs }, { prepack }),
    };
  };
  const pairs: (readonly [Stage, Stage])[] = [];
  for (let at = 0; at + 1 < cuts.length; at++) {
    const [start = 0, end = 0] = cuts.slice(at, at + 2);
    if (start < end) pairs.push([await loaded(start, end, true), await loaded(start, end, false)]);
  }
  const tally = new HopTally();
  for (let item = 0; item * pairs.length < hops; item++) {
    let tensors: readonly Tensor[] = [digit(item)];
    for (const [holder, auditor] of pairs) {
      const copy = tensors.map((each) => ({ ...each, data: each.data.slice() }));
      const made = await runStage(holder, tensors);
      const again = await runStage(auditor, copy);
      tally.add(differenceOf(made.tensors, again.tensors), traits, WASM, WASM);
      tensors = made.tensors;
    }
  }
  for (const [a, b] of pairs) for (const { executor } of [a, b]) executor.close();
  const { relative } = toleranceFor(WASM, WASM, traits);
  return tally.told('stages of digits, WASM, weights prepacked or not', relative);
}
