import { RuntimeFailedError } from '../../core/errors.ts';
import { memorySource } from '../../core/graph/byte-source.ts';
import { modelGraph } from '../../core/graph/model-graph.ts';
import { readModel } from '../../core/graph/onnx-model.ts';
import type { Clock } from '../../core/mesh/clock.ts';
import {
  type KeptInput,
  type KeptOutput,
  type KeptTensor,
  lastOf,
  ownOf,
  type RunOptions,
  type StageExecutor,
  type StageHandle,
  type StageInput,
  type StageModel,
  type StageResult,
  type WorkerMemory,
} from '../../core/runtime/stage-executor.ts';
import { cutTensor } from '../../core/tensor/cut.ts';
import { joinRows, rowOf } from '../../core/tensor/rows.ts';
import { asFloat32, fromFloat32, type Tensor } from '../../core/tensor/tensor.ts';
import { DEPTH, WORDS } from './toy-models.ts';

type Values = Map<string, Tensor>;
type Weights = ReadonlyMap<string, Float32Array>;

interface Program {
  readonly nodes: readonly {
    readonly opType: string;
    readonly inputs: readonly string[];
    readonly outputs: readonly string[];
  }[];
  readonly weights: readonly { readonly name: string; readonly offset: number; readonly length: number }[];
}

/** Graphs are read once for all devices and schedules. */
const programs = new Map<string, Promise<Program>>();

async function programOf(bytes: Uint8Array<ArrayBuffer>): Promise<Program> {
  const key = Buffer.from(bytes).toString('latin1');
  const known = programs.get(key) ?? read(bytes.slice());
  programs.set(key, known);
  return known;
}

async function read(bytes: Uint8Array<ArrayBuffer>): Promise<Program> {
  const file = await readModel(memorySource(bytes));
  const weights = file.initializers.flatMap(({ name, body }) =>
    body ? [{ name, offset: body.offset, length: body.length }] : [],
  );
  return { nodes: modelGraph(file).nodes, weights };
}

/** Computes the toy models in JavaScript: the same numbers on each device, in no time at all. */
export class ToyExecutor implements StageExecutor {
  readonly #clock: Clock;
  readonly #msPerNode: number;
  readonly #stages = new Map<StageHandle, { program: Program; stage: StageModel; weights: Weights }>();
  readonly kept: Map<number, Tensor> = new Map();
  #next = 1;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock, msPerNode: number) {
    this.#clock = clock;
    this.#msPerNode = msPerNode;
  }

  async open<T>(options: T): Promise<T> {
    return options;
  }

  async load(stage: StageModel): Promise<StageHandle> {
    const program = await programOf(stage.model);
    const { weights: pack } = stage;
    const bytes = pack instanceof Blob ? new Uint8Array(await pack.arrayBuffer()) : pack;
    const weights = new Map(
      program.weights.map(({ name, offset, length }) => [
        name,
        new Float32Array((bytes ?? new Uint8Array(0)).slice(offset, offset + length).buffer),
      ]),
    );
    this.#stages.set(this.#next, { program, stage, weights });
    return this.#next++;
  }

  run(handle: StageHandle, inputs: readonly StageInput[], options: RunOptions = {}): Promise<StageResult> {
    const result = this.#queue.then(() => this.#run(handle, inputs, options));
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #run(
    handle: StageHandle,
    inputs: readonly StageInput[],
    { sends, keeps = [] }: RunOptions,
  ): Promise<StageResult> {
    const loaded = this.#stages.get(handle);
    if (!loaded) throw new Error(`no stage ${handle}`);
    const { program, stage, weights } = loaded;
    const values: Values = new Map();
    for (const [at, { name }] of stage.inputs.entries()) values.set(name, this.#fed(inputs[at]));
    const computeMs = program.nodes.length * this.#msPerNode;
    if (computeMs > 0) await new Promise<void>((resolve) => void this.#clock.setTimeout(resolve, computeMs));
    if (!this.#stages.has(handle)) throw new RuntimeFailedError('The worker was closed.', { step: 'worker' });
    for (const node of program.nodes) compute(node, values, weights);
    const made = (index: number): Tensor => {
      const tensor = values.get(stage.outputs[index]?.name ?? '');
      if (!tensor) throw new Error('an output was not computed');
      return tensor;
    };
    const kept = keeps.flatMap((order) => this.#keep(made(order.output), order));
    for (const each of lastOf(inputs)) this.kept.delete(each);
    const outputs = (sends ?? stage.outputs.map((_, at) => at)).map((at) => ({
      ...made(at),
      data: made(at).data.slice(),
    }));
    return { outputs, kept, computeMs };
  }

  drop(kept: readonly number[]): void {
    this.#queue = this.#queue.then(() => {
      for (const each of kept) this.kept.delete(each);
    });
  }

  async release(handle: StageHandle): Promise<void> {
    this.#stages.delete(handle);
  }

  async memory(): Promise<WorkerMemory> {
    return { heapBytes: 0, bufferBytes: 0, peakBytes: 0 };
  }

  close(): void {
    this.#stages.clear();
    this.kept.clear();
  }

  #keep(tensor: Tensor, { rows }: KeptOutput): KeptTensor[] {
    return Array.from({ length: rows?.count ?? 1 }, (_, at) => {
      const row = rows ? rowOf(tensor, at, rows.count, ownOf(rows, at)) : tensor;
      const kept = this.#next++;
      this.kept.set(kept, row);
      return { kept, dtype: row.dtype, dims: row.dims, bytes: row.data.byteLength };
    });
  }

  #fed(input: StageInput | undefined): Tensor {
    if (!input) throw new Error('an input is missing');
    if ('data' in input) return input;
    if ('kept' in input) return this.#keptTensor(input);
    return joinRows(
      input.rows.map((row) => row && this.#keptTensor(row)),
      input.fill,
    );
  }

  #keptTensor({ kept, cut }: KeptInput): Tensor {
    const held = this.kept.get(kept);
    if (!held) throw new Error(`no kept tensor ${kept}`);
    return cut ? cutTensor(held, cut) : held;
  }
}

function compute(node: Program['nodes'][number], values: Values, weights: Weights): void {
  const [first = '', second = '', third = ''] = node.inputs;
  const x = values.get(first);
  const [y = '', present = ''] = node.outputs;
  if (!x) throw new Error(`${node.opType} lacks ${first}`);
  if (node.opType === 'Embed') values.set(y, embed(x, weightOf(weights, second)));
  else if (node.opType === 'Mix') {
    const past = values.get(second);
    if (!past) throw new Error(`Mix lacks ${second}`);
    const made = mix(x, past, weightOf(weights, third));
    values.set(y, made.hidden);
    values.set(present, made.present);
  } else if (node.opType === 'Score') values.set(y, score(x, weightOf(weights, second)));
  else {
    const w = weightOf(weights, second);
    const add = node.opType === 'Plus';
    values.set(
      y,
      fromFloat32(
        x.dims,
        asFloat32(x).map((v, at) => (add ? v + (w[at] ?? 0) : v * (w[at] ?? 0))),
      ),
    );
  }
}

function weightOf(weights: Weights, name: string): Float32Array {
  const found = weights.get(name);
  if (!found) throw new Error(`no weight ${name}`);
  return found;
}

function embed({ dims, data }: Tensor, words: Float32Array): Tensor {
  const ids = new BigInt64Array(data.slice().buffer);
  const out = new Float32Array(ids.length * DEPTH);
  for (const [at, id] of ids.entries())
    out.set(words.subarray(Number(id) * DEPTH, (Number(id) + 1) * DEPTH), at * DEPTH);
  return fromFloat32([...dims, DEPTH], out);
}

function mix(x: Tensor, past: Tensor, w: Float32Array): { hidden: Tensor; present: Tensor } {
  const tokens = x.dims[1] ?? 0;
  const before = past.dims[2] ?? 0;
  const all = new Float32Array((before + tokens) * DEPTH);
  all.set(asFloat32(past));
  all.set(asFloat32(x), before * DEPTH);
  const out = new Float32Array(tokens * DEPTH);
  for (let t = 0; t < tokens; t++) {
    for (let d = 0; d < DEPTH; d++) {
      let sum = 0;
      for (let at = 0; at <= before + t; at++)
        sum += (all[at * DEPTH + d] ?? 0) * (w[(at % WORDS) * DEPTH + d] ?? 0);
      out[t * DEPTH + d] = Math.sin(3 * sum + (all[(before + t) * DEPTH + ((d + 1) % DEPTH)] ?? 0));
    }
  }
  return { hidden: fromFloat32(x.dims, out), present: fromFloat32([1, 1, before + tokens, DEPTH], all) };
}

function score(x: Tensor, words: Float32Array): Tensor {
  const tokens = x.dims[1] ?? 0;
  const h = asFloat32(x);
  const out = new Float32Array(tokens * WORDS);
  for (let t = 0; t < tokens; t++)
    for (let word = 0; word < WORDS; word++)
      for (let d = 0; d < DEPTH; d++)
        out[t * WORDS + word] =
          (out[t * WORDS + word] ?? 0) + (h[t * DEPTH + d] ?? 0) * (words[word * DEPTH + d] ?? 0);
  return fromFloat32([1, tokens, WORDS], out);
}
