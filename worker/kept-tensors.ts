import type { Tensor as OrtTensor, TensorConstructor } from 'onnxruntime-common';
import { RuntimeFailedError } from '../core/errors.ts';
import {
  type JoinedInput,
  type KeptInput,
  type KeptRows,
  type KeptTensor,
  ownOf,
} from '../core/runtime/stage-executor.ts';
import { cutTensor } from '../core/tensor/cut.ts';
import { isDtype } from '../core/tensor/dtype.ts';
import { type Fill, joinRows, rowOf } from '../core/tensor/rows.ts';
import { type Tensor, tensorBytes } from '../core/tensor/tensor.ts';
import { fromOrt, toOrt } from './feeds.ts';
import type { MemoryMeter } from './memory-meter.ts';

/** A result of the runtime, which is freed when none of its rows is wanted any more. */
interface Sheet {
  readonly value: OrtTensor;
  readonly bytes: number;
  readonly rows: number;
  wanted: number;
}

interface Held {
  readonly sheet: Sheet;
  readonly row: number;
  /** What of the row is its own; null: all. */
  readonly own: Fill | null;
}

/**
 * The runtime's tensors that stay in the worker between runs, wherever they are: in its memory or on the GPU. Rows that
 * one run made together are fed together again as they lie there; others are copied together on the CPU.
 */
export class KeptTensors {
  readonly #meter: MemoryMeter;
  readonly #held: Map<number, Held> = new Map();
  #next = 1;

  constructor(meter: MemoryMeter) {
    this.#meter = meter;
  }

  /** Takes a result over. @throws RuntimeFailedError for elements that are no numbers, or other rows. */
  keep(name: string, value: OrtTensor, rows: KeptRows | null): KeptTensor[] {
    const { type: dtype, dims } = value;
    const count = rows?.count ?? 1;
    const [batch = 1, ...rest] = dims;
    if (!isDtype(dtype) || (rows && batch % count !== 0)) {
      value.dispose();
      const expected = `a tensor of numbers in ${count} rows`;
      const data = { step: 'run', expected, actual: `${dtype} [${dims}]` };
      throw new RuntimeFailedError(`The state "${name}" is not what can be kept.`, data);
    }
    const sheet = { value, bytes: tensorBytes(dtype, dims), rows: count, wanted: count };
    this.#meter.take(sheet.bytes);
    return Array.from({ length: count }, (_, row) => {
      const own = ownOf(rows, row);
      const kept = this.#next++;
      this.#held.set(kept, { sheet, row, own });
      const whole = rows ? [batch / count, ...rest] : dims;
      const shape = whole.map((size, d) => (d === own?.axis ? own.length : size));
      return { kept, dtype, dims: shape, bytes: sheet.bytes / count };
    });
  }

  /** As an input of a run. What is cut, or put together anew, comes to the CPU for it. @throws RuntimeFailedError */
  async feed(make: TensorConstructor, input: KeptInput | JoinedInput): Promise<OrtTensor> {
    const rows = 'rows' in input ? input.rows : [input];
    const fill = 'rows' in input ? input.fill : null;
    const asItLies = this.#sheetOf(rows, fill);
    if (asItLies) return asItLies.value;
    const parts: (Tensor | null)[] = [];
    // One after another: the runtime does not bring one tensor from the GPU twice at a time.
    for (const row of rows) parts.push(row && (await this.#tensor(row)));
    const [first] = parts;
    return toOrt(make, 'rows' in input || !first ? joinRows(parts, fill) : first);
  }

  drop(kept: Iterable<number>): void {
    for (const each of kept) {
      const sheet = this.#held.get(each)?.sheet;
      this.#held.delete(each);
      if (!sheet) continue;
      sheet.wanted--;
      if (sheet.wanted === 0) this.#discard(sheet);
      // A few rows of texts that rest do not keep the whole of it.
      else if (sheet.wanted <= sheet.rows / 2 && sheet.value.location === 'cpu') this.#comeApart(sheet);
    }
  }

  #discard(sheet: Sheet): void {
    sheet.value.dispose();
    this.#meter.giveBack(sheet.bytes);
  }

  /** Gives each row that is wanted a sheet of its own. */
  #comeApart(sheet: Sheet): void {
    const all = fromOrt('state', sheet.value);
    for (const [kept, held] of this.#held) {
      if (held.sheet !== sheet) continue;
      const row = rowOf(all, held.row, sheet.rows, held.own);
      const bytes = row.data.byteLength;
      this.#meter.take(bytes);
      const value = toOrt(sheet.value.constructor as TensorConstructor, row);
      this.#held.set(kept, { sheet: { value, bytes, rows: 1, wanted: 1 }, row: 0, own: null });
    }
    this.#discard(sheet);
  }

  /** The result whose rows are just these, in order, equally filled up. */
  #sheetOf(rows: readonly (KeptInput | null)[], fill: Fill | null): Sheet | null {
    const [first] = rows;
    const sheet = first && this.#found(first).sheet;
    if (!sheet || sheet.rows !== rows.length) return null;
    if (fill && sheet.value.dims[fill.axis] !== fill.length) return null;
    const together = rows.every((row, at) => {
      if (!row || row.cut) return false;
      const held = this.#found(row);
      return held.sheet === sheet && held.row === at && (!held.own || !fill || held.own.side === fill.side);
    });
    return together ? sheet : null;
  }

  async #tensor({ cut, ...row }: Pick<KeptInput, 'kept' | 'cut'>): Promise<Tensor> {
    const { sheet, row: at, own } = this.#found(row);
    await sheet.value.getData();
    const all = fromOrt('state', sheet.value);
    const whole = sheet.rows === 1 && !own ? all : rowOf(all, at, sheet.rows, own);
    return cut ? cutTensor(whole, cut) : whole;
  }

  #found({ kept }: Pick<KeptInput, 'kept'>): Held {
    const held = this.#held.get(kept);
    if (held) return held;
    const data = { step: 'run', expected: 'a kept tensor', actual: `none of the number ${kept}` };
    throw new RuntimeFailedError('The worker no longer has this state.', data);
  }
}
