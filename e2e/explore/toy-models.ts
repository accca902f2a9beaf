import { floats, model, node, value } from '../../core/graph/model-builder.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** So large that each weight is a piece of its own in the file, and travels. */
export const WIDTH = 512;
/** The toy decoder's words, and the numbers that stand for each. */
export const WORDS = 64;
export const DEPTH = 8;
const LAYERS = 4;

const noise = (seed: number, count: number): number[] =>
  Array.from({ length: count }, (_, at) => Math.fround(Math.sin(seed * 97 + at * 13.7)));

/** y = ((x + w0) * w1 + w2) …: a stream's model. */
export function toyStream(): Bytes {
  const layers = Array.from({ length: 2 * LAYERS - 1 }, (_, at) => at);
  return model({
    nodes: layers.map((at) =>
      node(
        at % 2 === 0 ? 'Plus' : 'Times',
        [at === 0 ? 'x' : `h${at}`, `w${at}`],
        [nameOf(at, layers.length)],
        [],
        'toy',
      ),
    ),
    inputs: [value('x', 'float32', [1, WIDTH])],
    outputs: [value('y', 'float32', [1, WIDTH])],
    weights: layers.map((at) => floats(`w${at}`, [WIDTH], noise(at + 1, WIDTH))),
    values: layers.slice(0, -1).map((at) => value(`h${at + 1}`, 'float32', [1, WIDTH])),
  });
}

function nameOf(at: number, count: number): string {
  return at === count - 1 ? 'y' : `h${at + 1}`;
}

/** A decoder that keeps its past: each layer mixes a word with all before it. */
export function toyDecoder(): Bytes {
  const layers = Array.from({ length: LAYERS }, (_, at) => at);
  const hidden = ['batch', 'tokens', DEPTH] as const;
  const kept = (name: string, tokens: string): Bytes => value(name, 'float32', ['batch', 1, tokens, DEPTH]);
  return model({
    nodes: [
      node('Embed', ['input_ids', 'words'], ['h0'], [], 'toy'),
      ...layers.map((at) =>
        node(
          'Mix',
          [`h${at}`, `past_key_values.${at}.key`, `w${at}`],
          [`h${at + 1}`, `present.${at}.key`],
          [],
          'toy',
        ),
      ),
      node('Score', [`h${LAYERS}`, 'words'], ['logits'], [], 'toy'),
    ],
    inputs: [
      value('input_ids', 'int64', ['batch', 'tokens']),
      ...layers.map((at) => kept(`past_key_values.${at}.key`, 'past_sequence_length')),
    ],
    outputs: [
      value('logits', 'float32', ['batch', 'tokens', WORDS]),
      ...layers.map((at) => kept(`present.${at}.key`, 'total')),
    ],
    weights: [
      floats('words', [WORDS, DEPTH], noise(3, WORDS * DEPTH)),
      ...layers.map((at) => floats(`w${at}`, [WORDS, DEPTH], noise(at + 5, WORDS * DEPTH))),
    ],
    values: [...layers, LAYERS].map((at) => value(`h${at}`, 'float32', hidden)),
  });
}
