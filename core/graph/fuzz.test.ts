import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { blocksOf } from './blocks.ts';
import { memorySource } from './byte-source.ts';
import {
  external,
  floats,
  graph,
  graphAttribute,
  intAttribute,
  longs,
  model,
  node,
  tensorAttribute,
  value,
  weight,
} from './model-builder.ts';
import { modelGraph } from './model-graph.ts';
import { mutateModel } from './mutate-model.ts';
import { readModel } from './onnx-model.ts';
import { seededRandom } from './seeded-random.ts';
import { makeShard } from './shard.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** Replay one case with `FUZZ_CASE=n npx vitest run core/graph/fuzz`; another seed with `FUZZ_SEED`. */
const SEED = Number(process.env.FUZZ_SEED ?? 1);
const ONE_CASE = process.env.FUZZ_CASE;
const CASES = 24_000;
/** Of processor time, so that a busy machine does not count; the median is under one. */
const MAX_CASE_MS = 1000;
const MAX_GROWTH_BYTES = 600 * 1024 * 1024;

const MB = 1024 * 1024;
const SHARED = new URL('../../../shared/models/', import.meta.url);
const seeds: readonly Bytes[] = [...built(), ...shared()];

describe('any mutation of a model', () => {
  it(`is read and cut, or refused with a typed error, in bounded time and memory (${CASES} cases)`, async () => {
    const first = ONE_CASE === undefined ? 0 : Number(ONE_CASE);
    const end = ONE_CASE === undefined ? CASES : first + 1;
    const outcomes = new Map<string, number>();
    const slowest = { ms: 0, number: -1 };
    const rss = process.resourceUsage().maxRSS;
    for (let number = first; number < end; number++) {
      const bytes = caseOf(number);
      const before = process.cpuUsage();
      const outcome = await outcomeOf(bytes, number);
      const { user, system } = process.cpuUsage(before);
      const ms = (user + system) / 1000;
      if (ms > slowest.ms) Object.assign(slowest, { ms, number });
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    const growth = (process.resourceUsage().maxRSS - rss) * 1024;
    console.info(
      `seed ${SEED}: ${[...outcomes].map(([name, count]) => `${count} ${name}`).join(', ')};`,
      `slowest: case ${slowest.number}, ${slowest.ms.toFixed(0)} ms; memory grew by ${Math.round(growth / MB)} MB`,
    );
    expect(slowest.ms, `case ${slowest.number} of seed ${SEED}`).toBeLessThan(MAX_CASE_MS);
    expect(growth).toBeLessThan(MAX_GROWTH_BYTES);
    // The mutations are neither all harmless nor all fatal.
    if (ONE_CASE === undefined)
      for (const kind of ['cut', 'whole', 'ModelFormatError'])
        expect(outcomes.get(kind)).toBeGreaterThan(CASES / 50);
  }, 120_000);
});

function caseOf(number: number): Bytes {
  const random = seededRandom(SEED * 1_000_003 + number);
  // Large seeds are slow and seldom tell more.
  const seed = seeds[Math.floor(random() ** 1.5 * seeds.length)] ?? new Uint8Array(0);
  return mutateModel(seed, seeds, random);
}

async function outcomeOf(bytes: Bytes, number: number): Promise<string> {
  try {
    const source = (): ReturnType<typeof memorySource> => memorySource(new Uint8Array(4096));
    const graph = modelGraph(await readModel(memorySource(bytes), { externalSource: source }));
    const blocks = blocksOf(graph);
    for (let parts = 1; parts <= Math.min(3, blocks.count); parts++) {
      for (let part = 0; part < parts; part++) {
        const start = Math.floor((part * blocks.count) / parts);
        const end = Math.floor(((part + 1) * blocks.count) / parts);
        makeShard(graph, blocks, start, end);
      }
    }
    return blocks.uncuttable ? 'whole' : 'cut';
  } catch (error) {
    const name = error instanceof Error ? error.name : 'no error';
    if (name === 'ModelFormatError' || name === 'UncuttableError') return name;
    throw new Error(`case ${number} of seed ${SEED}: ${error}`, { cause: error });
  }
}

/** Smallest first. */
function shared(): Bytes[] {
  if (!existsSync(SHARED)) {
    console.warn('../shared is missing: mutating only the models built here');
    return [];
  }
  const small = readdirSync(new URL('torture/', SHARED))
    .filter((name) => name.endsWith('.onnx'))
    .map((name) => new Uint8Array(readFileSync(new URL(`torture/${name}`, SHARED))))
    .filter((bytes) => bytes.length < 4096);
  const mnist = new Uint8Array(readFileSync(new URL('mnist-8.onnx', SHARED)));
  return [...small.sort((a, b) => a.length - b.length), mnist];
}

/** One model for each way to hold values and to hand them on. */
function built(): Bytes[] {
  const x = value('x', 'float32', ['N', 4]);
  const y = value('y', 'float32', ['N', 4]);
  const square = floats('w', [4, 4], Array(16).fill(0.5));
  const large = weight('large', 'float32', [20, 20], new Uint8Array(1600));
  const branch = (op: string): Bytes =>
    graph({ nodes: [node(op, ['b', 'w'], ['o'])], inputs: [], outputs: [value('o', 'float32')] });
  const chain = Array.from({ length: 6 }, (_, at) =>
    node('MatMul', [at ? `v${at}` : 'x', 'w'], [`v${at + 1}`]),
  );
  return [
    model({
      nodes: [...chain, node('Softmax', ['v6'], ['y'])],
      inputs: [x],
      outputs: [y],
      weights: [square],
    }),
    model({
      nodes: [
        node('MatMul', ['x', 'w'], ['a']),
        node('Relu', ['a'], ['b']),
        node('Shape', ['x'], ['s']),
        node('Cast', ['s'], ['f'], [intAttribute('to', 1)]),
        node('ReduceSum', ['f'], ['sum']),
        node('Greater', ['sum', 'w'], ['c']),
        node(
          'If',
          ['c'],
          ['d'],
          [graphAttribute('then_branch', branch('Add')), graphAttribute('else_branch', branch('Mul'))],
        ),
        node('Reshape', ['d', 'shape'], ['e']),
        node('MatMul', ['e', 'w'], ['y']),
      ],
      inputs: [x],
      outputs: [y, value('b', 'float32')],
      weights: [square, longs('shape', [-1, 4])],
      values: [value('d', 'float32', ['N', 4])],
    }),
    model({
      nodes: [
        node('Constant', [], ['k'], [tensorAttribute('value', large)]),
        node('MatMul', ['x', 'far'], ['a']),
        node('MatMul', ['a', 'k'], ['b']),
        node('Add', ['b', 'near'], ['y']),
      ],
      inputs: [x],
      outputs: [y],
      weights: [
        external('far', 'float32', [4, 20], { location: 'w.bin', offset: 0, length: 320 }),
        external('near', 'float32', [20], { location: 'w.bin', offset: 512, length: 80 }),
        large,
      ],
    }),
  ];
}
