import { createHash } from 'node:crypto';
import { packBlob } from '../../core/graph/pack.ts';
import { piecesOf } from '../../core/graph/pieces.ts';
import type { Sha256 } from '../../core/ids.ts';
import type { OpenModel } from '../../core/runtime/open-model.ts';
import { holdersOf } from '../../core/session/holders.ts';
import type { Device, World } from './world.ts';

/** Everybody holds layers of the plan that runs. */
export function runsOnAll({ living }: World): boolean {
  return living.every(({ state, member }) => {
    const { plan } = state();
    const holders = new Set(plan?.stages.flatMap((stage) => holdersOf(stage).map(({ peer }) => peer)));
    return plan?.status === 'running' && holders.size === living.length && member.asker.plan !== null;
  });
}

/** Everybody who is left follows one leader under one plan, and nothing is under way. */
export function isSettled({ living }: World): boolean {
  const leaders = living.filter(({ leader }) => leader);
  const epochs = new Set(living.map(({ member }) => member.asker.plan?.epoch));
  const follows = living.every(
    ({ state }) => state().leader === leaders[0]?.peer && state().phase.kind === 'open',
  );
  const open = living.some(({ member }) => member.asker.open > 0 || member.host.queue > 0);
  return leaders.length === 1 && follows && epochs.size === 1 && !epochs.has(undefined) && !open;
}

/** {@link isSettled}, and nobody holds anything of what is over. */
export function isAtRest(world: World): boolean {
  const holds = ({ member, executors }: Device): boolean =>
    member.host.sequences > 0 || executors.some((executor) => executor.kept.size > 0);
  return isSettled(world) && !world.living.some(holds);
}

/** Everybody could lead next, with no weights lost. */
export function hasHeirs({ living }: World): boolean {
  const followers = living.filter(({ leader }) => !leader);
  return followers.every(({ member }) => member.card.heir) && followers.length === living.length - 1;
}

const hashes = new Map<OpenModel, Promise<readonly Sha256[]>>();

function hashesOf(model: OpenModel): Promise<readonly Sha256[]> {
  const { graph, blocks, blobOf } = model;
  const found =
    hashes.get(model) ??
    Promise.all(
      piecesOf(graph, blocks).all.map(async (piece) => {
        const bytes = blobOf ? await packBlob([piece], blobOf).arrayBuffer() : new ArrayBuffer(0);
        return createHash('sha256').update(new Uint8Array(bytes)).digest('hex') as Sha256;
      }),
    );
  hashes.set(model, found);
  return found;
}

/** How many devices of those that are left have the piece of the model that the fewest have. */
export async function fewestCopies({ living }: World, model: OpenModel): Promise<number> {
  const counts = (await hashesOf(model)).map(async (hash) => {
    const found = await Promise.all(living.map(({ shelf }) => shelf.peek(hash)));
    return found.filter((blob) => blob !== null).length;
  });
  return Math.min(...(await Promise.all(counts)));
}
