import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Blocks, blocksOf } from '../../core/graph/blocks.ts';
import { piecesOf } from '../../core/graph/pieces.ts';
import { makeShard, type PiecePlaces } from '../../core/graph/shard.ts';
import { PACK_LOCATION, type Shard } from '../../core/graph/shard.types.ts';
import type { Sha256 } from '../../core/ids.ts';
import type { PublishedOrigin } from '../../core/protocol/parse-published.ts';
import { type ModelFile, openModelFile } from './model-file.ts';

const MODEL = 'model.onnx';

/** Writes the whole model's graph beside the stages, and tells the hashes of the pieces as pages will cut them. */
export async function writeOrigin(
  folder: string,
  { graph }: ModelFile,
  blocks: Blocks,
  shards: readonly Shard[],
  stages: readonly { readonly name: string }[],
): Promise<PublishedOrigin> {
  const places = placesIn(shards, stages);
  await writeFile(join(folder, MODEL), makeShard(graph, blocks, 0, blocks.count, places).model);
  // A page sees the written model, so its pieces are the ones that count.
  const written = await openModelFile(join(folder, MODEL));
  const pieces: PublishedOrigin['pieces'][number][] = [];
  for (const { file, offset, length } of piecesOf(written.graph, blocksOf(written.graph)).all) {
    const bytes = await written.sourceOf(file).read(offset, length);
    const sha256 = createHash('sha256').update(bytes).digest('hex') as Sha256;
    pieces.push({ file, offset, length, sha256 });
  }
  return { model: MODEL, pieces };
}

/** Where each piece lies; one that several stages hold lies in the first of them. */
function placesIn(shards: readonly Shard[], stages: readonly { readonly name: string }[]): PiecePlaces {
  const places = new Map<number, { location: string; offset: number }>();
  for (const [index, shard] of shards.entries()) {
    const location = `${stages[index]?.name ?? ''}/${PACK_LOCATION}`;
    let offset = 0;
    for (const piece of shard.weights) {
      if (!places.has(piece.id)) places.set(piece.id, { location, offset });
      offset += piece.length;
    }
  }
  return places;
}
