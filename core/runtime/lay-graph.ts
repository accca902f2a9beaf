import type { LoadStage } from '../protocol/messages.ts';
import type { Shelf } from '../weights/shelf.ts';

/** A stage's graph travels in pieces of this size; one is enough but for graphs with large tables inside. */
const GRAPH_PIECE_BYTES = 4 * 1024 ** 2;

/** Lays a stage's small model out on the leader's shelf, from where its holder asks for it. */
export async function layGraph(
  shelf: Shelf,
  owner: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<LoadStage['graph']> {
  const graph: LoadStage['graph'][number][] = [];
  for (let at = 0; at < bytes.byteLength; at += GRAPH_PIECE_BYTES) {
    const piece = bytes.slice(at, at + GRAPH_PIECE_BYTES);
    const hash = await shelf.digest(piece);
    shelf.lay(owner, hash, new Blob([piece]));
    graph.push({ hash, length: piece.byteLength });
  }
  return graph;
}
