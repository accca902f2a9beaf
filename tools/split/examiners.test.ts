import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { model, node, value } from '../../core/graph/model-builder.ts';
import { Examiners } from './examiners.ts';

it('a file that takes too long is reported, and the next one is examined', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'examiners-'));
  const path = join(folder, 'relu.onnx');
  const x = value('x', 'float32', [4]);
  await writeFile(
    path,
    model({ nodes: [node('Relu', ['x'], ['y'])], inputs: [x], outputs: [value('y', 'float32')] }),
  );
  const task = { path, inputs: null, dims: {}, limitS: 60 };
  const hurried = await new Examiners(() => undefined).examine({ ...task, limitS: 0.001 });
  expect(hurried).toMatchObject({
    verdict: 'failed',
    reason: expect.stringContaining('longer than 0.001 s'),
  });
  const examiners = new Examiners(() => undefined);
  expect((await examiners.examine(task)).verdict).toBe('whole');
  expect((await examiners.examine(task)).verdict).toBe('whole');
  examiners.end();
  await rm(folder, { recursive: true });
}, 60_000);
