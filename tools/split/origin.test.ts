import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { urlSource } from '../../app/session/origin/url-source.ts';
import { blocksOf } from '../../core/graph/blocks.ts';
import { modelGraph } from '../../core/graph/model-graph.ts';
import { readModel } from '../../core/graph/onnx-model.ts';
import { piecesOf } from '../../core/graph/pieces.ts';
import { sampleInputs } from '../../core/graph/sample-inputs.ts';
import { parsePublished } from '../../core/protocol/parse-published.ts';
import { subtleDigest } from '../../core/weights/digest.ts';
import { MemoryPieceStore } from '../../core/weights/memory-piece-store.ts';
import { Shelf } from '../../core/weights/shelf.ts';
import { startMirror } from '../../e2e/mirror/mirror.ts';
import { openModelFile, wholeModel } from './model-file.ts';
import { runWhole } from './runs.ts';

const ROOT = new URL('../../', import.meta.url).pathname;
const MODEL = join(ROOT, 'public/models/digits.onnx');
const folder = mkdtempSync(join(tmpdir(), 'potluck-origin-'));

beforeAll(() => {
  const command = ['--import', 'tsx', 'tools/split.ts', MODEL, '--parts', '3', '--out', folder];
  execFileSync(process.execPath, command, { cwd: ROOT, stdio: 'ignore' });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('the whole model over the stages’ packs gives what the file gives', async () => {
  const file = await openModelFile(MODEL);
  const written = await openModelFile(join(folder, 'model.onnx'));
  expect(new Set(written.externalFiles).size).toBeGreaterThan(1);
  const inputs = sampleInputs(file.graph.inputs, {}, 0);
  const expected = await runWhole(await wholeModel(file), file.graph, inputs);
  const actual = await runWhole(await wholeModel(written), written.graph, inputs);
  expect(actual).toEqual(expected);
});

it('a page that opens the manifest’s address knows the hash of every piece before it fetches one', async () => {
  const mirror = await startMirror({ folder });
  try {
    const shelf = new Shelf(new MemoryPieceStore(), subtleDigest(crypto.subtle));
    const source = await urlSource(
      mirror.at('/manifest.json'),
      shelf,
      () => undefined,
      new AbortController().signal,
    );
    const graph = modelGraph(await readModel(source.main));
    const { pieces } = parsePublished(readFileSync(join(folder, 'manifest.json'), 'utf8'));
    const { all } = piecesOf(graph, blocksOf(graph));
    expect(all.length).toBe(pieces.length);
    for (const piece of all) expect(source.hashOf(piece)).not.toBeNull();
  } finally {
    await mirror.close();
  }
});
