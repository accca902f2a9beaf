import * as v from 'valibot';
import type { BoundaryTensor } from '../../core/graph/shard.types.ts';
import { isDtype } from '../../core/tensor/dtype.ts';
import { elementCount, type Tensor } from '../../core/tensor/tensor.ts';
import { badRequest } from './door-error.ts';
import { maybe, parseJson } from './parse-json.ts';
import { type JsonNumber, toBytes } from './tensors/number-bytes.ts';

/** As many as may wait at one device. */
const MOST_ITEMS = 256;
const MOST_INPUTS = 256;

/** One run's inputs by name. */
export type Feeds = Readonly<Record<string, Tensor>>;

export interface RunWish {
  /** Null: whichever the room has. */
  readonly model: string | null;
  readonly items: readonly Feeds[];
  /** They came as a list, and their answers go as one. */
  readonly isList: boolean;
}

const dim = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const plainTensor = v.object({
  dtype: maybe(
    v.custom<Tensor['dtype']>((text) => typeof text === 'string' && isDtype(text), 'is no element type'),
  ),
  dims: v.pipe(v.array(dim), v.maxLength(32)),
  // Each of its numbers is checked as it is written; there may be millions.
  data: v.custom<readonly JsonNumber[]>(Array.isArray, 'must be a flat list of numbers'),
});
const inputs = v.pipe(v.record(v.string(), plainTensor), v.maxEntries(MOST_INPUTS));
const item = v.object({ inputs });
const items = v.pipe(v.array(item), v.minLength(1), v.maxLength(MOST_ITEMS));
const model = maybe(v.pipe(v.string(), v.maxLength(1024)));

/** A body of JSON: one item, a list of them, or `{ "items": […] }`. @throws DoorError 400 */
export function parseRun(body: Uint8Array, known: readonly BoundaryTensor[]): RunWish {
  const read = parseJson<Read>(body, schemaOf);
  const list = Array.isArray(read) ? read : 'items' in read ? read.items : null;
  const single = list === null && !Array.isArray(read) && 'inputs' in read ? [read] : [];
  return {
    model: (Array.isArray(read) ? null : read.model) ?? null,
    items: (list ?? single).map(({ inputs: given }) => feedsOf(given, known)),
    isList: list !== null,
  };
}

const one = v.object({ model, inputs });
const many = v.object({ model, items });
type Read = v.InferOutput<typeof one> | v.InferOutput<typeof many> | v.InferOutput<typeof items>;
/** By what is there, so that a mistake is told of the form that was meant. */
const schemaOf: v.GenericSchema<unknown, Read> = v.lazy((value) => {
  if (Array.isArray(value)) return items;
  return typeof value === 'object' && value !== null && 'items' in value ? many : one;
});

function feedsOf(given: v.InferOutput<typeof inputs>, known: readonly BoundaryTensor[]): Feeds {
  const feeds = Object.entries(given).map(([name, { dtype: said, dims, data }]) => {
    const param = `inputs.${name.slice(0, 200)}`;
    const dtype = said ?? known.find((input) => input.name === name)?.dtype;
    if (dtype === undefined) throw badRequest('The model has no such input.', param);
    if (data.length !== elementCount(dims)) {
      throw badRequest(`[${dims}] takes ${elementCount(dims)} numbers, and there are ${data.length}.`, param);
    }
    try {
      return [name, { dtype, dims, data: toBytes(dtype, data) }] as const;
    } catch (error) {
      throw badRequest(`${(error as RangeError).message}.`, param);
    }
  });
  return Object.fromEntries(feeds);
}

/** Items of a file of tensors: named "0/input", "1/input" and so on where its metadata tells how many. @throws DoorError 400 */
export function itemsOf(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>>,
): { readonly items: readonly Feeds[]; readonly isList: boolean } {
  const { items: text } = metadata;
  if (text === undefined) return { items: [Object.fromEntries(tensors)], isList: false };
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > MOST_ITEMS) throw badRequest(`There may be 1 to ${MOST_ITEMS} items.`, 'items');
  const items: [string, Tensor][][] = Array.from({ length: count }, () => []);
  for (const [full, tensor] of tensors) {
    const [, index = '', name = ''] = /^(\d{1,3})\/(.+)$/s.exec(full) ?? [];
    const into = index === '' ? undefined : items[Number(index)];
    if (!into) throw badRequest(`"${full.slice(0, 80)}" does not begin with the number of an item.`, 'items');
    into.push([name, tensor]);
  }
  return { items: items.map((each) => Object.fromEntries(each)), isList: true };
}
