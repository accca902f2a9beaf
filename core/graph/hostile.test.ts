import { describe, expect, it } from 'vitest';
import type { ByteSource } from './byte-source.ts';
import { floats, graphAttribute, graph as graphProto, node, value } from './model-builder.ts';
import { readModel } from './onnx-model.ts';
import { bytesField, concat, textField, varintField } from './protobuf-writer.ts';
import { nested, type Part, recorded, sparseSource } from './sparse-source.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** Of processor time: reading stops early, whatever the size of the file. */
const MAX_MS = 6000;
const HUGE = 4e9;

const x = value('x', 'float32', [4]);
const y = value('y', 'float32', [4]);
const relu = bytesField(1, node('Relu', ['x'], ['y']));
const opset = bytesField(8, textField(1, ''), varintField(2, 17));

const file = (graph: readonly Part[]): ByteSource =>
  sparseSource([varintField(1, 8), ...nested(7, [...graph, bytesField(11, x), bytesField(12, y)]), opset]);

/** The same bytes over and over, to a size that no one reads to its end. */
function repeated(bytes: Bytes, size: number): ByteSource {
  const block = concat(Array<Bytes>(Math.ceil(65_536 / bytes.length)).fill(bytes));
  const read = async (offset: number, length: number): Promise<Bytes> => {
    const out = new Uint8Array(length);
    for (let done = -(offset % bytes.length); done < length; done += block.length) {
      out.set(
        done < 0 ? block.subarray(-done, length - done) : block.subarray(0, length - done),
        Math.max(0, done),
      );
    }
    return out;
  };
  return { size, read };
}

/** A source whose first bytes are `head` and whose others come from `tail`. */
function prefixed(head: Bytes, tail: ByteSource): ByteSource {
  const read = async (offset: number, length: number): Promise<Bytes> => {
    const first = head.subarray(offset, offset + length);
    const from = Math.max(0, offset - head.length);
    return concat([first, await tail.read(from, length - first.length)]);
  };
  return { size: head.length + tail.size, read };
}

async function refusal(source: ByteSource): Promise<{ message: string; bytes: number }> {
  const watched = recorded(source);
  const before = process.cpuUsage();
  const error: unknown = await readModel(watched).then(
    () => null,
    (reason: unknown) => reason,
  );
  const { user, system } = process.cpuUsage(before);
  expect(error).toMatchObject({ name: 'ModelFormatError' });
  expect((user + system) / 1000).toBeLessThan(MAX_MS);
  return {
    message: (error as Error).message,
    bytes: watched.reads.reduce((sum, { length }) => sum + length, 0),
  };
}

/** The tag and the length of a field that has no end. */
const opened = (number: number): Bytes => concat(nested(number, [HUGE]).slice(0, 2) as Bytes[]);

describe('a file of gigabytes', () => {
  const inGraph = concat([varintField(1, 8), opened(7)]);
  it.each([
    ['of empty fields of the model', new Uint8Array(0), Uint8Array.of(26, 0)],
    ['of unknown numbers', new Uint8Array(0), Uint8Array.of(0xf8, 0x7f, 1)],
    ['of empty nodes', inGraph, Uint8Array.of(10, 0)],
    ['of the smallest nodes', inGraph, bytesField(1, textField(4, 'A'))],
    ['of empty weights', inGraph, Uint8Array.of(42, 0)],
    ['of empty inputs', inGraph, Uint8Array.of(90, 0)],
    ['of unknown fields of the graph', inGraph, Uint8Array.of(0xf8, 0x7f, 1)],
    ['of sizes of one weight', concat([inGraph, opened(5)]), Uint8Array.of(8, 1)],
    ['of attributes of one node', concat([inGraph, opened(1), textField(4, 'A')]), Uint8Array.of(42, 0)],
    ['of integers of one weight', concat([inGraph, opened(5)]), Uint8Array.of(40, 1)],
  ])('%s is refused early', async (_, head, body) => {
    const { bytes } = await refusal(prefixed(head, repeated(body, HUGE)));
    expect(bytes).toBeLessThan(32e6);
  });

  it('with one name, node, or description that fills it is refused before it is read', async () => {
    for (const number of [1, 2, 11, 13, 15]) {
      const { bytes } = await refusal(file([...nested(number, [HUGE]), relu]));
      expect(bytes).toBeLessThan(1e6);
    }
  });
});

describe('a node', () => {
  const nodeOf = (...fields: Bytes[]): ByteSource =>
    file([bytesField(1, textField(4, 'A'), ...fields), relu]);
  const many = (field: Bytes, count: number): Bytes => {
    const whole = new Uint8Array(field.length * count);
    whole.set(field);
    for (let done = field.length; done < whole.length; done *= 2) whole.copyWithin(done, 0, done);
    return whole;
  };

  it.each([
    ['inputs', many(textField(1, 'a'), 20_000)],
    ['outputs', many(textField(2, 'a'), 20_000)],
    ['attributes', many(bytesField(5), 2000)],
    ['numbers in an attribute', bytesField(5, many(varintField(8, 1), 17_000_000))],
    [
      'nodes in its body',
      bytesField(5, graphAttribute('body', many(bytesField(1, textField(4, 'A')), 500_000))),
    ],
    ['captured values', bytesField(5, graphAttribute('body', captures(20_000)))],
  ])('with very many %s is refused', async (_, field) => {
    expect((await refusal(nodeOf(field))).message).toContain('too large');
  });

  it('whose bodies lie 40 deep is refused, one with 20 is not', async () => {
    expect((await refusal(nodeOf(nestedBodies(40)))).message).toContain('too large');
    const { nodes } = await readModel(nodeOf(nestedBodies(20)));
    expect(nodes[0]?.reads).toEqual(['x']);
  });

  it('without an operator is refused', async () => {
    expect((await refusal(file([bytesField(1, textField(1, 'x')), relu]))).message).toContain('no operator');
  });
});

function captures(count: number): Bytes {
  const nodes = Array.from({ length: count }, (_, index) =>
    node('Relu', [`outer${index}`], [`inner${index}`]),
  );
  return graphProto({ nodes, inputs: [], outputs: [] });
}

function nestedBodies(depth: number): Bytes {
  let body = graphProto({ nodes: [node('Relu', ['x'], ['y'])], inputs: [], outputs: [y] });
  for (let level = 1; level < depth; level++) {
    const outer = node('If', [], ['y'], [graphAttribute('then_branch', body)]);
    body = graphProto({ nodes: [outer], inputs: [], outputs: [y] });
  }
  return bytesField(5, graphAttribute('then_branch', body));
}

it('a weight whose length goes past the file is refused', async () => {
  const weight = floats('w', [2000], Array(2000).fill(1));
  const cut = concat([varintField(1, 8), ...(nested(7, nested(5, [weight])) as Bytes[])]).slice(0, 4000);
  expect((await refusal(sparseSource([cut]))).message).toContain('cut short');
});
