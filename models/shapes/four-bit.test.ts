import { expect, it } from 'vitest';
import { tensor } from '../../core/tensor/tensor.ts';
import { wholeModel } from '../../tools/split/model-file.ts';
import { runWhole } from '../../tools/split/runs.ts';
import { GraphDraft } from './draft.ts';
import { fourBitGather, fourBitLinear } from './four-bit.ts';
import { withFile } from './temporary-file.ts';

const SIZE = 128;

it('4-bit products and tables have weights around zero of the size that fp32 ones have', async () => {
  const draft = new GraphDraft();
  const table = { rows: SIZE, size: SIZE };
  const rows = fourBitGather(draft, 'table', draft.input('ids', 'int64', [SIZE]), table);
  draft.node('Identity', '/Identity', [rows], { outputs: [draft.output('rows', 'float32', [SIZE, SIZE])] });
  const x = draft.input('x', 'float32', [SIZE, SIZE]);
  const output = draft.output('product', 'float32', [SIZE, SIZE]);
  fourBitLinear(draft, 'head', x, { from: SIZE, to: SIZE }, output);
  const ids = new Uint8Array(BigInt64Array.from({ length: SIZE }, (_, row) => BigInt(row)).buffer);
  const one = Float32Array.from({ length: SIZE * SIZE }, (_, at) => (at % (SIZE + 1) === 0 ? 1 : 0));
  const inputs = [tensor('int64', [SIZE], ids), tensor('float32', [SIZE, SIZE], new Uint8Array(one.buffer))];
  const outputs = await withFile(draft, true, async (file) =>
    runWhole(await wholeModel(file), file.graph, inputs),
  );
  for (const { data } of outputs) {
    const values = new Float32Array(data.slice().buffer);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    expect(Math.abs(mean) * Math.sqrt(SIZE)).toBeLessThan(0.05);
    expect(deviation * Math.sqrt(SIZE)).toBeCloseTo(1, 1);
  }
  expect(outputs).toHaveLength(2);
});
